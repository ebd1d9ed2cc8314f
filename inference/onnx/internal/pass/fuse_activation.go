package pass

import (
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
)

// gelu finds x/2 * (1 + erf(x/sqrt 2)) in any order of its factors.
func gelu(g *ir.Graph, _ Env) (bool, error) {
	x := newIndex(g)
	for _, n := range g.Nodes {
		if !is(n, "Erf") || x.gone[n] {
			continue
		}
		in := scaled(x, n.Inputs[0])
		add := x.only(n.Outputs[0])
		if in == nil || add == nil || !is(add, "Add") || !scalar(other(add, n.Outputs[0]), 1) {
			continue
		}
		if last := x.product(add.Outputs[0], in, 0.5); last != nil {
			x.put(last, setAct(n.Name, kernel.Act{Kind: kernel.GeluAct}, last.Outputs[0], in))
		}
	}
	return x.finish(), nil
}

// scaled is v's source where v is x divided by the square root of two.
func scaled(x *index, v *ir.Value) *ir.Value {
	if d := x.made(v, "Div"); d != nil && scalar(input(d, 1), math.Sqrt2) {
		return d.Inputs[0]
	}
	if m := x.made(v, "Mul"); m != nil {
		for i := range m.Inputs {
			if scalar(m.Inputs[i], math.Sqrt2/2) {
				return m.Inputs[1-i]
			}
		}
	}
	return nil
}

// product finds the Mul that completes v * in * k, in whatever order: the last of
// the two, or the only one where its other operand is in * k. nil if there is none.
func (x *index) product(v, in *ir.Value, k float64) *ir.Node {
	m := x.only(v)
	if m == nil || !is(m, "Mul") {
		return nil
	}
	o := other(m, v)
	if o == nil {
		return nil
	}
	if h := x.made(o, "Mul"); h != nil && scalar(other(h, in), k) {
		return m
	}
	next := x.only(m.Outputs[0])
	if next == nil || !is(next, "Mul") {
		return nil
	}
	rest := other(next, m.Outputs[0])
	if rest != nil && (o == in && scalar(rest, k) || rest == in && scalar(o, k)) {
		return next
	}
	return nil
}

// silu finds x * sigmoid(x). It needs to know that x is float32, which the product
// or convolution that makes it says.
func silu(g *ir.Graph, _ Env) (bool, error) {
	x := newIndex(g)
	for _, n := range g.Nodes {
		if !is(n, "Sigmoid") || x.gone[n] {
			continue
		}
		in := n.Inputs[0]
		if m := x.only(n.Outputs[0]); m != nil && is(m, "Mul") && other(m, n.Outputs[0]) == in && float32s(x, in) {
			x.put(m, setAct(n.Name, kernel.Act{Kind: kernel.SiluAct}, m.Outputs[0], in))
			x.drop(n)
		}
	}
	return x.finish(), nil
}

// float32s reports whether the node that makes v can only make float32.
func float32s(x *index, v *ir.Value) bool {
	n := x.maker[v]
	if n == nil {
		return false
	}
	if n.Domain == op.Internal {
		return true
	}
	switch n.Op {
	case "Conv", "MatMul", "Gemm", "Add", "Mul", "BatchNormalization", "LayerNormalization":
		for _, in := range n.Inputs {
			if floats(in) != nil {
				return true
			}
		}
	}
	return false
}
