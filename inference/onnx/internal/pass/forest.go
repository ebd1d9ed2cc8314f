package pass

import (
	"maps"
	"slices"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/plan"
	"github.com/turgo-io/turgo/inference/tensor"
)

const mlDomain = "ai.onnx.ml"

// leaves computes at load what a graph does to the result of a single tree, element
// by element, before anything else joins it: the results for all leaves become the
// leaves' weights. Isolation forests are exported that way, with a lookup of each
// leaf's size and depth and a formula over them.
func leaves(g *ir.Graph, e Env) (bool, error) {
	x := newIndex(g)
	at := map[*ir.Node]int{}
	for i, n := range g.Nodes {
		at[n] = i
	}
	for _, n := range g.Nodes {
		t := singleTree(n)
		if t == nil {
			continue
		}
		nodes, exit := x.cone(n.Outputs[0], at)
		if exit == nil {
			continue
		}
		values := evaluateCone(nodes, n.Outputs[0], exit, t.values(), e)
		if values == nil {
			continue
		}
		last := nodes[len(nodes)-1]
		for _, c := range nodes[:len(nodes)-1] {
			x.drop(c)
		}
		x.drop(n)
		x.put(last, t.with(values, exit))
	}
	return x.finish(), nil
}

// tree is a TreeEnsembleRegressor of one tree and one target, whose leaves have one
// weight each.
type tree struct {
	node    *ir.Node
	base    float32
	weights []float32
}

// singleTree is n as a tree, nil where it is none.
func singleTree(n *ir.Node) *tree {
	if !isEnsemble(n) {
		return nil
	}
	ids, weights, base := attrInts(n, "nodes_treeids"), n.Attrs["target_weights"], n.Attrs["base_values"]
	if len(ids) == 0 || slices.ContainsFunc(ids, func(id int64) bool { return id != ids[0] }) || weights == nil {
		return nil
	}
	t := &tree{node: n, weights: weights.Floats}
	if base != nil {
		if len(base.Floats) != 1 {
			return nil
		}
		t.base = base.Floats[0]
	}
	// Leaves without a weight, or with several, count as no tree.
	leaf := map[int64]bool{}
	for _, id := range attrInts(n, "target_nodeids") {
		leaf[id] = true
	}
	count := 0
	if modes := n.Attrs["nodes_modes"]; modes != nil {
		for _, m := range modes.Strings {
			if m == "LEAF" {
				count++
			}
		}
	}
	if len(leaf) != count || len(t.weights) != count {
		return nil
	}
	return t
}

// isEnsemble reports whether n sums trees to one float32 target, with everything
// given in lists of float32.
func isEnsemble(n *ir.Node) bool {
	if n.Domain != mlDomain || n.Op != "TreeEnsembleRegressor" || !one(n) || len(n.Inputs) != 1 || n.Inputs[0] == nil {
		return false
	}
	for name := range n.Attrs {
		if len(name) > 10 && name[len(name)-10:] == "_as_tensor" && name != "nodes_hitrates_as_tensor" {
			return false
		}
	}
	return attrInt(n, "n_targets", 1) == 1 && attrStr(n, "post_transform", "NONE") == "NONE" && attrStr(n, "aggregate_function", "SUM") == "SUM"
}

// values is what the tree gives for each of its weights.
func (t *tree) values() []float32 {
	out := make([]float32, len(t.weights))
	for i, w := range t.weights {
		out[i] = w + t.base
	}
	return out
}

// with is the tree with other results, as the node that makes out.
func (t *tree) with(values []float32, out *ir.Value) *ir.Node {
	f := *t.node
	f.Outputs = []*ir.Value{out}
	f.Attrs = maps.Clone(t.node.Attrs)
	delete(f.Attrs, "base_values")
	f.Attrs["target_weights"] = &ir.Attr{Kind: ir.Floats, Floats: values}
	return &f
}

// elementwise lists the operators that a cone may be made of.
var elementwise = map[string]bool{
	"Cast": true, "Equal": true, "Greater": true, "GreaterOrEqual": true, "Less": true, "LessOrEqual": true, "Not": true, "And": true, "Or": true,
	"Add": true, "Sub": true, "Mul": true, "Div": true, "Max": true, "Min": true, "Pow": true, "Log": true, "Exp": true, "Neg": true, "Abs": true,
	"Sqrt": true, "Floor": true, "Ceil": true, "Round": true, "Where": true, "Reciprocal": true, "Sum": true, "Identity": true, "Clip": true,
}

// maxCone bounds the nodes after one tree that are computed at load.
const maxCone = 256

// cone gathers the nodes that depend on nothing but v, element by element, and finds
// the one value through which they are seen from outside; nil if there are several.
func (x *index) cone(v *ir.Value, at map[*ir.Node]int) (nodes []*ir.Node, exit *ir.Value) {
	inside := map[*ir.Value]bool{v: true}
	for queue := []*ir.Value{v}; len(queue) > 0 && len(nodes) < maxCone; queue = queue[1:] {
		for _, n := range x.users[queue[0]] {
			if slices.Contains(nodes, n) || x.gone[n] || !inCone(n, inside) {
				continue
			}
			nodes = append(nodes, n)
			inside[n.Outputs[0]] = true
			queue = append(queue, n.Outputs[0])
		}
	}
	member := map[*ir.Node]bool{}
	for _, n := range nodes {
		member[n] = true
	}
	for u := range inside {
		seen := x.kept[u]
		for _, n := range x.users[u] {
			seen = seen || !member[n]
		}
		if seen {
			if exit != nil || u == v {
				return nil, nil
			}
			exit = u
		}
	}
	slices.SortFunc(nodes, func(a, b *ir.Node) int { return at[a] - at[b] })
	if len(nodes) == 0 || exit == nil || nodes[len(nodes)-1].Outputs[0] != exit {
		return nil, nil
	}
	return nodes, exit
}

// inCone reports whether n works element by element on values inside and single
// numbers only.
func inCone(n *ir.Node, inside map[*ir.Value]bool) bool {
	if !one(n) || len(n.Subgraphs()) > 0 {
		return false
	}
	if is(n, "Reshape") {
		shape := ints(input(n, 1))
		return inside[n.Inputs[0]] && len(shape) == 2 && shape[0] == -1 && shape[1] == 1
	}
	if n.Domain == mlDomain && n.Op != "LabelEncoder" || n.Domain == "" && !elementwise[n.Op] || n.Domain != "" && n.Domain != mlDomain {
		return false
	}
	for _, v := range n.Inputs {
		if v != nil && !inside[v] && (v.Const == nil || v.Const.Len() != 1 || v.Const.Rank() > 2) {
			return false
		}
	}
	return true
}

// evaluateCone computes the nodes of a cone for a column of values; nil where that
// does not give a column of float32.
func evaluateCone(nodes []*ir.Node, v, exit *ir.Value, values []float32, e Env) []float32 {
	column, err := tensor.Of([]int{len(values), 1}, values)
	if err != nil {
		return nil
	}
	known := map[*ir.Value]*ir.Value{v: {Const: column}}
	for _, n := range nodes {
		f := *n
		f.Inputs = slices.Clone(n.Inputs)
		for i, in := range f.Inputs {
			if k := known[in]; k != nil {
				f.Inputs[i] = k
			}
		}
		out := &ir.Value{Name: n.Outputs[0].Name}
		f.Outputs = []*ir.Value{out}
		results, err := plan.Eval(&f, e.Ops, e.FoldBytes)
		if err != nil || results[0] == nil {
			return nil
		}
		out.Const = results[0]
		known[n.Outputs[0]] = out
	}
	t := known[exit].Const
	if t.Elem() != tensor.Float32 || t.Rank() != 2 || t.Dim(0) != len(values) || t.Dim(1) != 1 {
		return nil
	}
	return tensor.Slice[float32](t)
}

// forest makes one ensemble of those whose results are added.
func forest(g *ir.Graph, _ Env) (bool, error) {
	x := newIndex(g)
	for _, n := range g.Nodes {
		if (is(n, "Sum") || is(n, "Add")) && len(n.Inputs) > 1 && !x.gone[n] {
			if f, parts := x.merged(n); f != nil {
				for _, p := range parts {
					x.drop(p)
				}
				x.put(n, f)
			}
		}
	}
	return x.finish(), nil
}

// merged is the ensemble for a sum of ensembles over the same features; nil where
// they are not that.
func (x *index) merged(sum *ir.Node) (f *ir.Node, parts []*ir.Node) {
	f = &ir.Node{Name: sum.Name, Op: "TreeEnsembleRegressor", Domain: mlDomain, Outputs: sum.Outputs, Attrs: map[string]*ir.Attr{}}
	m := &merger{base: 0, attrs: f.Attrs}
	for _, v := range sum.Inputs {
		t := x.maker[v]
		if v == nil || t == nil || !isEnsemble(t) || x.only(v) != sum {
			return nil, nil
		}
		source, columns := x.columns(t.Inputs[0])
		if len(f.Inputs) == 0 {
			f.Inputs, f.Version = []*ir.Value{source}, t.Version
		}
		if f.Inputs[0] != source || !m.add(t, columns) {
			return nil, nil
		}
		parts = append(parts, t)
	}
	m.attrs["base_values"] = &ir.Attr{Kind: ir.Floats, Floats: []float32{m.base}}
	m.attrs["n_targets"] = &ir.Attr{Kind: ir.Int, I: 1}
	return f, parts
}

// columns is where the features of a tree come from, if it sees some columns of
// another value: their numbers there, nil for all.
func (x *index) columns(v *ir.Value) (source *ir.Value, columns []int64) {
	n := x.made(v, "Gather")
	if n == nil || attrInt(n, "axis", 0) != 1 || n.Inputs[0] == nil {
		return v, nil
	}
	list := ints(input(n, 1))
	if list == nil || n.Inputs[1].Const.Rank() != 1 || slices.ContainsFunc(list, func(i int64) bool { return i < 0 }) {
		return v, nil
	}
	return n.Inputs[0], list
}

// merger joins the attribute lists of ensembles.
type merger struct {
	attrs map[string]*ir.Attr
	base  float32
	trees int64 // the first free tree id
}

// add appends an ensemble, and says whether its attributes allow it.
func (m *merger) add(n *ir.Node, columns []int64) bool {
	if b := n.Attrs["base_values"]; b != nil {
		if len(b.Floats) > 1 {
			return false
		}
		for _, v := range b.Floats {
			m.base += v
		}
	}
	count := len(attrInts(n, "nodes_nodeids"))
	features := slices.Clone(attrInts(n, "nodes_featureids"))
	for i, id := range features {
		if columns == nil {
			break
		}
		if id < 0 || id >= int64(len(columns)) {
			return false
		}
		features[i] = columns[id]
	}
	most := int64(0)
	shifted := func(name string) []int64 {
		ids := slices.Clone(attrInts(n, name))
		for i := range ids {
			most = max(most, ids[i])
			ids[i] += m.trees
		}
		return ids
	}
	missing := slices.Clone(attrInts(n, "nodes_missing_value_tracks_true"))
	if missing == nil {
		missing = make([]int64, count)
	}
	lists := map[string][]int64{
		"nodes_treeids": shifted("nodes_treeids"), "target_treeids": shifted("target_treeids"), "nodes_featureids": features,
		"nodes_missing_value_tracks_true": missing, "nodes_nodeids": attrInts(n, "nodes_nodeids"),
		"nodes_truenodeids": attrInts(n, "nodes_truenodeids"), "nodes_falsenodeids": attrInts(n, "nodes_falsenodeids"),
		"target_nodeids": attrInts(n, "target_nodeids"), "target_ids": attrInts(n, "target_ids"),
	}
	for name, list := range lists {
		a := m.list(name, ir.Ints)
		a.Ints = append(a.Ints, list...)
	}
	for _, name := range []string{"nodes_values", "target_weights"} {
		from := n.Attrs[name]
		if from == nil || from.Kind != ir.Floats {
			return false
		}
		a := m.list(name, ir.Floats)
		a.Floats = append(a.Floats, from.Floats...)
	}
	modes := n.Attrs["nodes_modes"]
	if modes == nil || len(modes.Strings) != count {
		return false
	}
	a := m.list("nodes_modes", ir.Strings)
	a.Strings = append(a.Strings, modes.Strings...)
	m.trees += most + 1
	return true
}

func (m *merger) list(name string, kind ir.AttrKind) *ir.Attr {
	if m.attrs[name] == nil {
		m.attrs[name] = &ir.Attr{Kind: kind}
	}
	return m.attrs[name]
}
