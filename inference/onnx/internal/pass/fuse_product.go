package pass

import (
	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// product turns MatMul and Gemm by a constant float32 matrix into the fused product,
// which can take up what follows.
func product(g *ir.Graph, _ Env) (bool, error) {
	x := newIndex(g)
	for _, n := range g.Nodes {
		w := floats(input(n, 1))
		if w == nil || n.Inputs[0] == nil || n.Inputs[1].Const.Rank() != 2 || n.Inputs[0].Const != nil {
			continue
		}
		switch {
		case is(n, "MatMul"):
			x.put(n, fused(n.Name, "MatMul", n.Outputs[0], n.Inputs[0], n.Inputs[1], nil, nil))
		case is(n, "Gemm"):
			if f := gemm(n); f != nil {
				x.put(n, f)
			}
		}
	}
	return x.finish(), nil
}

// gemm is the fused product for a Gemm, nil where its operands do not allow it.
func gemm(n *ir.Node) *ir.Node {
	w := n.Inputs[1].Const
	columns := w.Dim(1)
	if attrInt(n, "transB", 0) != 0 {
		columns = w.Dim(0)
	}
	if attrInt(n, "transA", 0) != 0 || columns == 0 {
		return nil
	}
	bias := input(n, 2)
	if bias != nil {
		if bias = row(bias, columns, attrFloat(n, "beta", 1)); bias == nil {
			return nil
		}
	}
	f := fused(n.Name, "MatMul", n.Outputs[0], n.Inputs[0], n.Inputs[1], bias, nil)
	for _, name := range []string{"transB", "alpha"} {
		if a := n.Attrs[name]; a != nil {
			f.Attrs[name] = a
		}
	}
	return f
}

// row is a constant scaled and stretched to a row of n; nil where it is no row.
func row(v *ir.Value, n int, scale float32) *ir.Value {
	f := floats(v)
	if f == nil || len(f) != n && len(f) != 1 || len(f) == n && n > 1 && v.Const.Dim(-1) != n {
		return nil
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = f[i%len(f)] * scale
	}
	return constant(v.Name, []int{n}, out)
}

// epilogue moves what follows a fused product or convolution into it: a bias, an
// activation, the addition of another value, and an activation after that.
func epilogue(g *ir.Graph, _ Env) (bool, error) {
	x := newIndex(g)
	for _, n := range g.Nodes {
		for p := n; p != nil && (internal(p, "MatMul") || internal(p, "Conv")); {
			next := x.only(p.Outputs[0])
			if next == nil || x.gone[p] {
				break
			}
			p = x.absorb(p, next)
		}
	}
	return x.finish(), nil
}

// absorb makes one node of p and the node after it, in that one's place; nil where
// it cannot.
func (x *index) absorb(p, next *ir.Node) *ir.Node {
	f := *p
	f.Inputs = append([]*ir.Value(nil), p.Inputs...)
	f.Outputs = next.Outputs
	f.Attrs = map[string]*ir.Attr{}
	for k, a := range p.Attrs {
		f.Attrs[k] = a
	}
	if a, ok := activation(next); ok && next.Inputs[0] == p.Outputs[0] {
		at := "first"
		if f.Inputs[3] != nil {
			at = "after"
		}
		if f.Attrs[at] != nil {
			return nil
		}
		op.SetAct(&f, at, a)
	} else if !is(next, "Add") || !x.addition(p, next, &f) {
		return nil
	}
	x.drop(p)
	x.put(next, &f)
	return &f
}

// addition sets f to p with the other operand of an Add: a constant of the columns
// becomes the bias, anything else the residual.
func (x *index) addition(p, add *ir.Node, f *ir.Node) bool {
	o := other(add, p.Outputs[0])
	if o == nil || f.Inputs[3] != nil {
		return false
	}
	if f.Attrs["first"] == nil && o.Const != nil && o.Const.Rank() <= 1 {
		if b := bias(p, o); b != nil {
			f.Inputs[2] = b
			return true
		}
	}
	f.Inputs[3] = o
	return true
}

// bias is the sum of a node's bias and a constant of its columns, nil where o is
// not that.
func bias(p *ir.Node, o *ir.Value) *ir.Value {
	n := columnsOf(p)
	b := row(o, n, 1)
	if b == nil || p.Inputs[2] == nil {
		return b
	}
	sum := tensor.Slice[float32](b.Const)
	for i, v := range floats(p.Inputs[2]) {
		sum[i] += v
	}
	return b
}

// columnsOf is the size of the last dimension of a fused node's result.
func columnsOf(p *ir.Node) int {
	w := p.Inputs[1].Const
	if internal(p, "MatMul") && attrInt(p, "transB", 0) == 0 {
		return w.Dim(1)
	}
	return w.Dim(0)
}

// setAct is an activation node in the place of several.
func setAct(name string, a kernel.Act, out, in *ir.Value) *ir.Node {
	n := fused(name, "Act", out, in)
	op.SetAct(n, "first", a)
	return n
}
