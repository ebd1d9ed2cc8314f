package pass

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/tensor"
)

// shapes computes the shapes of inputs all of whose dimensions are declared. Those of
// the main graph are checked before each run; no other declaration is believed.
func shapes(g *ir.Graph, e Env) (bool, error) {
	if g != e.main {
		return false, nil
	}
	fixed := map[*ir.Value][]int64{}
	for _, v := range g.Inputs {
		if dims := fixedDims(v.Type); dims != nil {
			fixed[v] = dims
		}
	}
	changed := false
	for _, n := range g.Nodes {
		if !is(n, "Shape") || len(n.Attrs) > 0 || len(n.Inputs) != 1 || fixed[n.Inputs[0]] == nil || n.Outputs[0].Const != nil {
			continue
		}
		n.Outputs[0].Const = tensor.Vector(fixed[n.Inputs[0]]...)
		changed = true
	}
	if changed {
		g.Nodes = slices.DeleteFunc(g.Nodes, func(n *ir.Node) bool { return is(n, "Shape") && n.Outputs[0].Const != nil })
	}
	return changed, nil
}

func fixedDims(t ir.Type) []int64 {
	if t.Kind != tensor.KindTensor || !t.HasShape || len(t.Dims) == 0 {
		return nil
	}
	var dims []int64
	for _, d := range t.Dims {
		if d.Size < 0 {
			return nil
		}
		dims = append(dims, d.Size)
	}
	return dims
}

// branch puts the graph that a constant condition chooses in the place of its If.
func branch(g *ir.Graph, _ Env) (bool, error) {
	var out []*ir.Node
	with := map[*ir.Value]*ir.Value{}
	for _, n := range g.Nodes {
		chosen := chosenGraph(n)
		if chosen == nil {
			out = append(out, n)
			continue
		}
		outer := map[*ir.Value]*ir.Value{}
		for _, c := range chosen.Captures {
			outer[c.Inner] = c.Outer
		}
		lift := func(v **ir.Value) {
			if o := outer[*v]; o != nil {
				*v = o
			}
		}
		for _, inner := range chosen.Nodes {
			inner.Uses(lift)
			out = append(out, inner)
		}
		for i, v := range n.Outputs {
			if v != nil {
				result := chosen.Outputs[i]
				lift(&result)
				with[v] = result
			}
		}
	}
	if len(with) == 0 && len(out) == len(g.Nodes) {
		return false, nil
	}
	g.Nodes = out
	g.Replace(with)
	return true, nil
}

// chosenGraph is the branch that an If always takes, nil where that is not known.
func chosenGraph(n *ir.Node) *ir.Graph {
	if n.Op != "If" || n.Domain != "" || len(n.Inputs) != 1 || n.Inputs[0] == nil || n.Inputs[0].Const == nil {
		return nil
	}
	t := n.Inputs[0].Const
	if t.Elem() != tensor.Bool || t.Len() != 1 {
		return nil
	}
	name := "else_branch"
	if tensor.Slice[bool](t)[0] {
		name = "then_branch"
	}
	a := n.Attrs[name]
	if a == nil || a.G == nil || len(a.G.Outputs) < len(n.Outputs) || len(a.G.Inputs) > 0 {
		return nil
	}
	return a.G
}

// common computes what is computed twice only once: nodes of the same operator with
// the same attributes on the same values, small constants being the same by content.
func common(g *ir.Graph, e Env) (bool, error) {
	seen := map[string]*ir.Node{}
	names := map[*ir.Value]string{}
	with := map[*ir.Value]*ir.Value{}
	gone := map[*ir.Node]bool{}
	for _, n := range g.Nodes {
		n.Uses(func(v **ir.Value) {
			if w := with[*v]; w != nil {
				*v = w
			}
		})
		d := e.Ops.Find(n.Domain, n.Op)
		if d == nil || d.Random || len(n.Subgraphs()) > 0 {
			continue
		}
		key, ok := keyOf(n, names)
		if !ok {
			continue
		}
		first := seen[key]
		if first == nil {
			seen[key] = n
			continue
		}
		for i, v := range n.Outputs {
			with[v] = first.Outputs[i]
		}
		gone[n] = true
	}
	g.Replace(with)
	remove(g, gone)
	return len(gone) > 0, nil
}

// keyOf describes a node so that equal descriptions mean equal results. It is not
// known for nodes with large attributes.
func keyOf(n *ir.Node, names map[*ir.Value]string) (string, bool) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%s-%d(", n.Domain, n.Op, n.Version)
	for _, v := range n.Inputs {
		b.WriteString(nameOf(v, names))
	}
	fmt.Fprintf(&b, ")%d", len(n.Outputs))
	for _, v := range n.Outputs {
		fmt.Fprint(&b, v != nil)
	}
	for _, name := range slices.Sorted(maps.Keys(n.Attrs)) {
		a := n.Attrs[name]
		if a.T != nil || a.G != nil || a.Type != nil || len(a.Floats)+len(a.Ints)+len(a.Strings) > 64 || len(a.Tensors)+len(a.Graphs) > 0 {
			return "", false
		}
		fmt.Fprintf(&b, ";%s=%d,%b,%d,%q,%b,%d,%q", name, a.Kind, a.F, a.I, a.S, a.Floats, a.Ints, a.Strings)
	}
	return b.String(), true
}

// maxNamed is the most bytes of a constant that is compared by content.
const maxNamed = 256

// nameOf is a name for a value, equal for small constants that are equal.
func nameOf(v *ir.Value, names map[*ir.Value]string) string {
	if v == nil {
		return "-,"
	}
	if s, ok := names[v]; ok {
		return s
	}
	s := fmt.Sprintf("#%d,", len(names))
	if t := v.Const; t != nil && t.Elem() != tensor.String && len(t.Bytes()) <= maxNamed {
		s = fmt.Sprintf("%v%v%x,", t.Elem(), t.Shape(), t.Bytes())
	}
	names[v] = s
	return s
}
