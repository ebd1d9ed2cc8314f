package pass

import (
	"math"
	"slices"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// index answers who makes and who uses the values of a graph. It is kept up to date
// by the functions that change the graph through it.
type index struct {
	graph *ir.Graph
	maker map[*ir.Value]*ir.Node
	users map[*ir.Value][]*ir.Node
	// kept values are outputs of the graph.
	kept map[*ir.Value]bool
	gone map[*ir.Node]bool
	// replaced maps a node to those that take its place in the order.
	replaced map[*ir.Node][]*ir.Node
}

func newIndex(g *ir.Graph) *index {
	x := &index{
		graph: g, maker: map[*ir.Value]*ir.Node{}, users: map[*ir.Value][]*ir.Node{}, kept: map[*ir.Value]bool{},
		gone: map[*ir.Node]bool{}, replaced: map[*ir.Node][]*ir.Node{},
	}
	for _, v := range g.Outputs {
		x.kept[v] = true
	}
	for _, n := range g.Nodes {
		x.add(n)
	}
	return x
}

func (x *index) add(n *ir.Node) {
	for _, v := range n.Outputs {
		if v != nil {
			x.maker[v] = n
		}
	}
	n.Uses(func(v **ir.Value) { x.users[*v] = append(x.users[*v], n) })
}

// drop takes a node out of the graph; its outputs are then made by others or dead.
func (x *index) drop(n *ir.Node) {
	x.gone[n] = true
	n.Uses(func(v **ir.Value) {
		if i := slices.Index(x.users[*v], n); i >= 0 {
			x.users[*v] = slices.Delete(x.users[*v], i, i+1)
		}
	})
	for _, v := range n.Outputs {
		if v != nil && x.maker[v] == n {
			delete(x.maker, v)
		}
	}
}

// put replaces a node by others, in its place.
func (x *index) put(old *ir.Node, list ...*ir.Node) {
	x.drop(old)
	x.replaced[old] = list
	for _, n := range list {
		x.add(n)
	}
}

// finish writes the changes into the graph, and says whether there were any.
func (x *index) finish() bool {
	if len(x.gone) == 0 {
		return false
	}
	var out []*ir.Node
	var emit func(n *ir.Node)
	emit = func(n *ir.Node) {
		if !x.gone[n] {
			out = append(out, n)
			return
		}
		for _, r := range x.replaced[n] {
			emit(r)
		}
	}
	for _, n := range x.graph.Nodes {
		emit(n)
	}
	x.graph.Nodes = out
	return true
}

// only is the one node that uses v, nil if there are more or v is an output.
func (x *index) only(v *ir.Value) *ir.Node {
	if u := x.users[v]; len(u) == 1 && !x.kept[v] {
		return u[0]
	}
	return nil
}

// made is the node that makes v, if it is of the given operator of the standard.
func (x *index) made(v *ir.Value, name string) *ir.Node {
	if n := x.maker[v]; v != nil && n != nil && is(n, name) {
		return n
	}
	return nil
}

// is reports whether a node is an application of an operator of the standard, with
// one output wanted.
func is(n *ir.Node, name string) bool {
	return n.Op == name && n.Domain == "" && one(n)
}

// internal reports whether a node is an operator that passes write.
func internal(n *ir.Node, name string) bool { return n.Op == name && n.Domain == op.Internal }

// one reports whether only the first output of a node is wanted.
func one(n *ir.Node) bool {
	for i, v := range n.Outputs {
		if i == 0 != (v != nil) {
			return false
		}
	}
	return len(n.Outputs) > 0
}

// input is input i of a node, nil where it is absent.
func input(n *ir.Node, i int) *ir.Value {
	if i < len(n.Inputs) {
		return n.Inputs[i]
	}
	return nil
}

// floats is the data of a constant float32 input, nil where it is none.
func floats(v *ir.Value) []float32 {
	if v == nil || v.Const == nil || v.Const.Elem() != tensor.Float32 {
		return nil
	}
	return tensor.Slice[float32](v.Const)
}

// scalar reports whether v is a constant float32 of one element near want.
func scalar(v *ir.Value, want float64) bool {
	f := floats(v)
	return len(f) == 1 && v.Const.Rank() <= 1 && math.Abs(float64(f[0])-want) <= 1e-6*math.Abs(want)
}

// ints is the data of a constant int64 input, nil where it is none.
func ints(v *ir.Value) []int64 {
	if v == nil || v.Const == nil || v.Const.Elem() != tensor.Int64 {
		return nil
	}
	return tensor.Slice[int64](v.Const)
}

// attrInts is a list attribute, nil where it is not given.
func attrInts(n *ir.Node, name string) []int64 {
	if a := n.Attrs[name]; a != nil && a.Kind == ir.Ints {
		return a.Ints
	}
	return nil
}

func attrInt(n *ir.Node, name string, otherwise int64) int64 {
	if a := n.Attrs[name]; a != nil && a.Kind == ir.Int {
		return a.I
	}
	return otherwise
}

func attrFloat(n *ir.Node, name string, otherwise float32) float32 {
	if a := n.Attrs[name]; a != nil && a.Kind == ir.Float {
		return a.F
	}
	return otherwise
}

func attrStr(n *ir.Node, name, otherwise string) string {
	if a := n.Attrs[name]; a != nil && a.Kind == ir.String {
		return a.S
	}
	return otherwise
}

// other is the operand of a node of two that is not v; nil if both are.
func other(n *ir.Node, v *ir.Value) *ir.Value {
	if len(n.Inputs) != 2 || n.Inputs[0] == nil || n.Inputs[1] == nil {
		return nil
	}
	switch {
	case n.Inputs[0] == v && n.Inputs[1] != v:
		return n.Inputs[1]
	case n.Inputs[1] == v && n.Inputs[0] != v:
		return n.Inputs[0]
	}
	return nil
}

// fused makes a node of an internal operator.
func fused(name, opName string, out *ir.Value, in ...*ir.Value) *ir.Node {
	return &ir.Node{Name: name, Op: opName, Domain: op.Internal, Version: 1, Inputs: in, Outputs: []*ir.Value{out}, Attrs: map[string]*ir.Attr{}}
}

// constant makes a float32 constant.
func constant(name string, shape []int, data []float32) *ir.Value {
	t, err := tensor.Of(shape, data)
	if err != nil {
		return nil
	}
	return &ir.Value{Name: name, Const: t}
}

// activation is what a node does to its first input, if that is an activation of
// float32 values with constant numbers.
func activation(n *ir.Node) (a kernel.Act, ok bool) {
	if internal(n, "Act") {
		f := n.Attrs["first"].Floats
		return kernel.Act{Kind: kernel.ActKind(f[0]), A: f[1], B: f[2]}, true
	}
	if n.Domain != "" || !one(n) {
		return a, false
	}
	switch n.Op {
	case "Relu":
		a.Kind = kernel.Relu
	case "Sigmoid":
		a.Kind = kernel.SigmoidAct
	case "Tanh":
		a.Kind = kernel.TanhAct
	case "LeakyRelu":
		a = kernel.Act{Kind: kernel.Leaky, A: attrFloat(n, "alpha", 0.01)}
	case "HardSigmoid":
		a = kernel.Act{Kind: kernel.HardSigmoid, A: attrFloat(n, "alpha", 0.2), B: attrFloat(n, "beta", 0.5)}
	case "HardSwish":
		a = kernel.Act{Kind: kernel.HardSwish, A: 1. / 6, B: 0.5}
	case "Gelu":
		a.Kind = kernel.GeluAct
		if attrStr(n, "approximate", "none") == "tanh" {
			a.Kind = kernel.GeluTanhAct
		}
	case "Clip":
		return clip(n)
	default:
		return a, false
	}
	return a, true
}

// clip reads the bounds of a Clip: inputs, before version 11 attributes.
func clip(n *ir.Node) (kernel.Act, bool) {
	a := kernel.Act{Kind: kernel.Clip, A: float32(math.Inf(-1)), B: float32(math.Inf(1))}
	if n.Version < 11 {
		a.A, a.B = attrFloat(n, "min", a.A), attrFloat(n, "max", a.B)
		return a, true
	}
	for i, bound := range []*float32{&a.A, &a.B} {
		v := input(n, i+1)
		if v == nil {
			continue
		}
		f := floats(v)
		if len(f) != 1 {
			return a, false
		}
		*bound = f[0]
	}
	return a, true
}
