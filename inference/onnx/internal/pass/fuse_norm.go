package pass

import (
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
)

// layerNorm finds (x - mean) / sqrt(variance + epsilon) * scale + bias along the last
// dimension. The constant scale says that the numbers are float32.
func layerNorm(g *ir.Graph, _ Env) (bool, error) {
	x := newIndex(g)
	for _, n := range g.Nodes {
		if !is(n, "Div") || x.gone[n] || len(n.Inputs) != 2 {
			continue
		}
		in, epsilon := x.normalized(n)
		if in == nil {
			continue
		}
		mul := x.only(n.Outputs[0])
		if mul == nil || !is(mul, "Mul") {
			continue
		}
		scale := other(mul, n.Outputs[0])
		if floats(scale) == nil || scale.Const.Rank() != 1 {
			continue
		}
		f := &ir.Node{Name: n.Name, Op: "LayerNormalization", Version: 17, Attrs: map[string]*ir.Attr{
			"axis": {Kind: ir.Int, I: -1}, "epsilon": {Kind: ir.Float, F: epsilon},
		}}
		f.Inputs = []*ir.Value{in, scale}
		end := mul
		if add := x.only(mul.Outputs[0]); add != nil && is(add, "Add") {
			if b := other(add, mul.Outputs[0]); floats(b) != nil && b.Const.Rank() == 1 && b.Const.Len() == scale.Const.Len() {
				f.Inputs, end = append(f.Inputs, b), add
			}
		}
		f.Outputs = []*ir.Value{end.Outputs[0]}
		x.put(end, f)
	}
	return x.finish(), nil
}

// normalized is x and epsilon where div is (x - mean) / sqrt(variance + epsilon).
func (x *index) normalized(div *ir.Node) (in *ir.Value, epsilon float32) {
	sub := x.made(div.Inputs[0], "Sub")
	root := x.made(div.Inputs[1], "Sqrt")
	if sub == nil || root == nil || len(sub.Inputs) != 2 || x.mean(sub.Inputs[1]) != sub.Inputs[0] {
		return nil, 0
	}
	add := x.made(root.Inputs[0], "Add")
	if add == nil || len(add.Inputs) != 2 {
		return nil, 0
	}
	for i, v := range add.Inputs {
		e := floats(add.Inputs[1-i])
		if len(e) == 1 && x.square(x.mean(v), sub) {
			return sub.Inputs[0], e[0]
		}
	}
	return nil, 0
}

// mean is what v is the mean of along the last dimension, which stays with size one.
func (x *index) mean(v *ir.Value) *ir.Value {
	n := x.made(v, "ReduceMean")
	if n == nil || attrInt(n, "keepdims", 1) != 1 {
		return nil
	}
	axes := attrInts(n, "axes")
	if n.Version >= 18 {
		axes = ints(input(n, 1))
	}
	if len(axes) != 1 || axes[0] != -1 {
		return nil
	}
	return n.Inputs[0]
}

// square reports whether v is the square of a difference: of this one, or of one of
// the same two values.
func (x *index) square(v *ir.Value, sub *ir.Node) bool {
	n := x.maker[v]
	if v == nil || n == nil || len(n.Inputs) != 2 {
		return false
	}
	switch {
	case is(n, "Pow"):
		if !scalar(n.Inputs[1], 2) {
			return false
		}
	case !is(n, "Mul") || n.Inputs[0] != n.Inputs[1]:
		return false
	}
	d := x.made(n.Inputs[0], "Sub")
	return d != nil && len(d.Inputs) == 2 && d.Inputs[0] == sub.Inputs[0] && x.mean(d.Inputs[1]) == sub.Inputs[0]
}

// rmsNorm finds x / sqrt(mean(x²) + epsilon) * scale, in the forms that exporters
// write it.
func rmsNorm(g *ir.Graph, _ Env) (bool, error) {
	x := newIndex(g)
	for _, n := range g.Nodes {
		if !is(n, "Mul") || x.gone[n] || len(n.Inputs) != 2 {
			continue
		}
		for i, scale := range n.Inputs {
			if floats(scale) == nil || scale.Const.Rank() != 1 || scale.Const.Len() < 2 {
				continue
			}
			in, epsilon := x.rms(n.Inputs[1-i])
			if in == nil || x.only(n.Inputs[1-i]) == nil {
				continue
			}
			x.put(n, &ir.Node{Name: n.Name, Op: "RMSNormalization", Version: 23, Inputs: []*ir.Value{in, scale}, Outputs: n.Outputs, Attrs: map[string]*ir.Attr{
				"axis": {Kind: ir.Int, I: -1}, "epsilon": {Kind: ir.Float, F: epsilon},
			}})
			break
		}
	}
	return x.finish(), nil
}

// rms is x and epsilon where v is x divided by its root mean square.
func (x *index) rms(v *ir.Value) (in *ir.Value, epsilon float32) {
	if d := x.made(v, "Div"); d != nil && len(d.Inputs) == 2 {
		return x.rootOf(d.Inputs[0], d.Inputs[1])
	}
	m := x.made(v, "Mul")
	if m == nil || len(m.Inputs) != 2 {
		return nil, 0
	}
	for i, v := range m.Inputs {
		r := x.made(m.Inputs[1-i], "Reciprocal")
		if r != nil {
			return x.rootOf(v, r.Inputs[0])
		}
		// 1/root, written as a division
		if d := x.made(m.Inputs[1-i], "Div"); d != nil && len(d.Inputs) == 2 && scalar(d.Inputs[0], 1) {
			return x.rootOf(v, d.Inputs[1])
		}
	}
	return nil, 0
}

// rootOf is x and epsilon if root is sqrt(mean(x²) + epsilon) of x.
func (x *index) rootOf(in, root *ir.Value) (*ir.Value, float32) {
	s := x.made(root, "Sqrt")
	if s == nil {
		return nil, 0
	}
	add := x.made(s.Inputs[0], "Add")
	if add == nil || len(add.Inputs) != 2 {
		return nil, 0
	}
	for i, v := range add.Inputs {
		e := floats(add.Inputs[1-i])
		square := x.maker[x.mean(v)]
		if len(e) != 1 || math.IsNaN(float64(e[0])) || square == nil || len(square.Inputs) != 2 || square.Inputs[0] != in {
			continue
		}
		if is(square, "Pow") && scalar(square.Inputs[1], 2) || is(square, "Mul") && square.Inputs[1] == in {
			return in, e[0]
		}
	}
	return nil, 0
}
