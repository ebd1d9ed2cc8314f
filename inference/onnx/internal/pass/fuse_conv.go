package pass

import (
	"maps"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// convPad moves zero padding of the spatial dimensions into the convolution after it.
func convPad(g *ir.Graph, _ Env) (bool, error) {
	x := newIndex(g)
	for _, n := range g.Nodes {
		if !is(n, "Pad") || attrStr(n, "mode", "constant") != "constant" {
			continue
		}
		pads := zeroPads(n)
		conv := x.only(n.Outputs[0])
		if pads == nil || conv == nil || !is(conv, "Conv") || conv.Inputs[0] != n.Outputs[0] || n.Inputs[0] == nil {
			continue
		}
		if f := padded(conv, pads); f != nil {
			f.Inputs[0] = n.Inputs[0]
			x.drop(n)
			x.put(conv, f)
		}
	}
	return x.finish(), nil
}

// zeroPads is the pads of a Pad with zeros whose amounts are known; nil for others.
func zeroPads(n *ir.Node) []int64 {
	if n.Version < 11 {
		if attrFloat(n, "value", 0) != 0 {
			return nil
		}
		return attrInts(n, "pads")
	}
	if v := input(n, 2); v != nil && !scalar(v, 0) || input(n, 3) != nil {
		return nil
	}
	return ints(input(n, 1))
}

// padded is a convolution with more padding; nil where it does not fit.
func padded(conv *ir.Node, pads []int64) *ir.Node {
	w := input(conv, 1)
	if a := attrStr(conv, "auto_pad", "NOTSET"); w == nil || w.Const == nil || a != "NOTSET" && a != "" {
		return nil
	}
	rank := w.Const.Rank()
	if len(pads) != 2*rank || pads[0] != 0 || pads[1] != 0 || pads[rank] != 0 || pads[rank+1] != 0 {
		return nil
	}
	sum := make([]int64, 2*(rank-2))
	copy(sum, attrInts(conv, "pads"))
	for i := range rank - 2 {
		before, after := pads[2+i], pads[rank+2+i]
		if before < 0 || after < 0 {
			return nil
		}
		sum[i] += before
		sum[rank-2+i] += after
	}
	f := *conv
	f.Inputs = append([]*ir.Value(nil), conv.Inputs...)
	f.Attrs = maps.Clone(conv.Attrs)
	f.Attrs["pads"] = &ir.Attr{Kind: ir.Ints, Ints: sum}
	return &f
}

// convNorm moves a BatchNormalization with constant statistics into the weights and
// the bias of the convolution before it.
func convNorm(g *ir.Graph, _ Env) (bool, error) {
	x := newIndex(g)
	for _, n := range g.Nodes {
		if !is(n, "BatchNormalization") || attrInt(n, "training_mode", 0) != 0 || len(n.Inputs) != 5 {
			continue
		}
		conv := x.made(n.Inputs[0], "Conv")
		if conv == nil || x.only(n.Inputs[0]) != n || attrInt(conv, "auto_pad", 0) != 0 {
			continue
		}
		if f := normalized(conv, n); f != nil {
			x.drop(conv)
			x.put(n, f)
		}
	}
	return x.finish(), nil
}

// normalized is a convolution whose weights and bias include a normalization; nil
// where they are not constants that fit.
func normalized(conv, norm *ir.Node) *ir.Node {
	w := floats(input(conv, 1))
	if w == nil || conv.Inputs[1].Const.Rank() < 3 {
		return nil
	}
	shape := conv.Inputs[1].Const.Shape()
	m := shape[0]
	var p [4][]float32 // scale, bias, mean, variance
	for i := range p {
		if p[i] = floats(norm.Inputs[i+1]); len(p[i]) != m {
			return nil
		}
	}
	old := make([]float32, m)
	if b := input(conv, 2); b != nil {
		if old = floats(b); len(old) != m {
			return nil
		}
	}
	epsilon := float64(attrFloat(norm, "epsilon", 1e-5))
	weights, bias := make([]float32, len(w)), make([]float32, m)
	each := len(w) / max(m, 1)
	for i := range m {
		scale := float64(p[0][i]) / math.Sqrt(float64(p[3][i])+epsilon)
		bias[i] = float32((float64(old[i])-float64(p[2][i]))*scale + float64(p[1][i]))
		for k := i * each; k < (i+1)*each; k++ {
			weights[k] = float32(float64(w[k]) * scale)
		}
	}
	f := *conv
	f.Inputs = []*ir.Value{conv.Inputs[0], constant(conv.Inputs[1].Name, shape, weights), constant(norm.Inputs[2].Name, []int{m}, bias)}
	f.Outputs = norm.Outputs
	return &f
}

// lastLayout is what the layout pass knows: values that exist with channels last.
type lastLayout struct {
	last map[*ir.Value]*ir.Value
	// rank is the number of dimensions of the values that are keys of last.
	rank map[*ir.Value]int
	out  []*ir.Node
	any  bool
}

// channelsLast computes convolutions, and what stands between them, with the
// channels last: products then read their input in place, and write whole rows.
func channelsLast(g *ir.Graph, _ Env) (bool, error) {
	l := &lastLayout{last: map[*ir.Value]*ir.Value{}, rank: map[*ir.Value]int{}}
	for _, n := range g.Nodes {
		if internal(n, "ToFirst") {
			l.last[n.Outputs[0]] = n.Inputs[0]
			l.rank[n.Outputs[0]] = int(attrInt(n, "rank", 0))
		}
		if internal(n, "ToLast") {
			l.last[n.Inputs[0]] = n.Outputs[0]
			l.rank[n.Inputs[0]] = int(attrInt(n, "rank", 0))
		}
		if !l.conv(n) && !l.between(n) {
			l.out = append(l.out, n)
		}
	}
	if l.any {
		g.Nodes = l.out
	}
	return l.any, nil
}

// conv rewrites a convolution with constant weights.
func (l *lastLayout) conv(n *ir.Node) bool {
	if !is(n, "Conv") || floats(input(n, 1)) == nil || n.Inputs[0] == nil || input(n, 2) != nil && floats(n.Inputs[2]) == nil {
		return false
	}
	w := n.Inputs[1].Const
	if w.Rank() < 3 || w.Rank() > 5 || w.Len() == 0 {
		return false
	}
	f := fused(n.Name, "Conv", &ir.Value{Name: n.Outputs[0].Name + " last"}, l.toLast(n.Inputs[0], w.Rank()), n.Inputs[1], input(n, 2), nil)
	maps.Copy(f.Attrs, n.Attrs)
	l.emit(f, n.Outputs[0], w.Rank())
	return true
}

// toLast is a value with its channels last.
func (l *lastLayout) toLast(v *ir.Value, rank int) *ir.Value {
	if have := l.last[v]; have != nil {
		return have
	}
	to := &ir.Value{Name: v.Name + " last"}
	n := fused(v.Name, "ToLast", to, v)
	n.Attrs["rank"] = &ir.Attr{Kind: ir.Int, I: int64(rank)}
	l.out = append(l.out, n)
	l.last[v], l.rank[v] = to, rank
	return to
}

// emit adds a node that makes out with the channels last, and the way back for
// those that want it otherwise; if nobody does, it is removed as dead.
func (l *lastLayout) emit(n *ir.Node, out *ir.Value, rank int) {
	back := fused(n.Name, "ToFirst", out, n.Outputs[0])
	back.Attrs["rank"] = &ir.Attr{Kind: ir.Int, I: int64(rank)}
	l.out = append(l.out, n, back)
	l.last[out], l.rank[out] = n.Outputs[0], rank
	l.any = true
}

// between rewrites a node all of whose inputs exist with channels last, or are
// constants that can be turned.
func (l *lastLayout) between(n *ir.Node) bool {
	if len(n.Inputs) == 0 || !one(n) || n.Inputs[0] == nil {
		return false
	}
	rank := 0
	for _, v := range n.Inputs {
		rank = max(rank, l.rank[v])
	}
	if rank == 0 {
		return false
	}
	f := *n
	f.Outputs = []*ir.Value{{Name: n.Outputs[0].Name + " last"}}
	first := l.last[n.Inputs[0]]
	switch _, act := activation(n); {
	case act && first != nil || oneByOne[n.Op] && n.Domain == "" && len(n.Inputs) == 1:
		f.Inputs = append([]*ir.Value{first}, n.Inputs[1:]...)
	case broadcasts[n.Op] && n.Domain == "" && n.Version >= 7:
		if f.Inputs = l.operands(n, rank); f.Inputs == nil {
			return false
		}
	case is(n, "Concat") && axisOf(n, rank) == 1:
		if f.Inputs = l.all(n, rank); f.Inputs == nil {
			return false
		}
		f.Attrs = map[string]*ir.Attr{"axis": {Kind: ir.Int, I: int64(rank - 1)}}
	case is(n, "GlobalAveragePool"), is(n, "MaxPool") && attrInts(n, "kernel_shape") != nil:
		f.Domain, f.Version = op.Internal, 1
		f.Inputs = []*ir.Value{first}
	default:
		return false
	}
	l.emit(&f, n.Outputs[0], rank)
	return true
}

// oneByOne lists operators on single elements that are no activations of kernels.
var oneByOne = map[string]bool{
	"Erf": true, "Exp": true, "Neg": true, "Abs": true, "Sqrt": true, "Softplus": true, "Elu": true, "Selu": true, "Celu": true,
	"Mish": true, "Softsign": true, "Log": true, "Reciprocal": true, "Floor": true, "Ceil": true, "Sign": true, "Identity": true,
}

// broadcasts lists operators that broadcast their operands.
var broadcasts = map[string]bool{
	"Add": true, "Sub": true, "Mul": true, "Div": true, "Max": true, "Min": true, "Sum": true, "Pow": true, "PRelu": true,
}

func axisOf(n *ir.Node, rank int) int {
	a := int(attrInt(n, "axis", 0))
	if a < 0 {
		a += rank
	}
	return a
}

// operands turns the operands of a broadcasting operator.
func (l *lastLayout) operands(n *ir.Node, rank int) []*ir.Value {
	out := make([]*ir.Value, len(n.Inputs))
	for i, v := range n.Inputs {
		switch {
		case v == nil:
			return nil
		case v.Const != nil:
			out[i] = turned(v, rank)
		case l.rank[v] == rank:
			out[i] = l.last[v]
		}
		if out[i] == nil {
			return nil
		}
	}
	return out
}

func (l *lastLayout) all(n *ir.Node, rank int) []*ir.Value {
	for _, v := range n.Inputs {
		if v == nil || v.Const != nil {
			return nil
		}
	}
	return l.operands(n, rank)
}

// turned is a constant operand for values with the channels last, nil where it has
// too many dimensions or another type.
func turned(v *ir.Value, rank int) *ir.Value {
	t := v.Const
	if t.Len() == 1 && t.Rank() <= rank {
		return v
	}
	if t.Rank() > rank || t.Elem() != tensor.Float32 {
		return nil
	}
	full := make([]int, rank)
	for i := range full {
		full[i] = 1
		if k := i - (rank - t.Rank()); k >= 0 {
			full[i] = t.Dim(k)
		}
	}
	shape := append(append([]int{full[0]}, full[2:]...), full[1])
	rows, cols := full[1], 1
	for _, d := range full[2:] {
		cols *= d
	}
	src, dst := tensor.Slice[float32](t), make([]float32, t.Len())
	for n := range full[0] {
		for r := range rows {
			for c := range cols {
				dst[(n*cols+c)*rows+r] = src[(n*rows+r)*cols+c]
			}
		}
	}
	return constant(v.Name, shape, dst)
}
