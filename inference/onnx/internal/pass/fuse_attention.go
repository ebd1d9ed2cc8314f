package pass

import (
	"slices"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
)

// attention finds softmax(q·k'·scale + mask)·v over heads of four dimensions, with
// the transpositions around it. The transposition of k says how many dimensions
// there are, the constant scale that they hold float32.
func attention(g *ir.Graph, _ Env) (bool, error) {
	x := newIndex(g)
	for _, n := range g.Nodes {
		if !is(n, "Softmax") || x.gone[n] || n.Inputs[0] == nil || !lastAxis(n) {
			continue
		}
		if f, end := x.attention(n); f != nil {
			x.put(end, f)
		}
	}
	return x.finish(), nil
}

// lastAxis reports whether a Softmax of four dimensions works along the last.
func lastAxis(n *ir.Node) bool {
	otherwise := int64(-1)
	if n.Version < 13 {
		otherwise = 1
	}
	a := attrInt(n, "axis", otherwise)
	return a == -1 || a == 3
}

// attention is the fused node around a Softmax, and the node whose result it makes;
// nil where the graph around it is another one.
func (x *index) attention(softmax *ir.Node) (f, end *ir.Node) {
	end = x.only(softmax.Outputs[0])
	if end == nil || !is(end, "MatMul") || end.Inputs[0] != softmax.Outputs[0] || end.Inputs[1] == nil {
		return nil, nil
	}
	product, scale, mask := x.scores(softmax.Inputs[0])
	if product == nil {
		return nil, nil
	}
	keys, swappedK := x.keys(product.Inputs[1])
	if keys == nil {
		return nil, nil
	}
	q, swappedQ := x.heads(product.Inputs[0])
	v, swappedV := x.heads(end.Inputs[1])
	swappedY := false
	if t := x.only(end.Outputs[0]); t != nil && is(t, "Transpose") && slices.Equal(attrInts(t, "perm"), headsThird) {
		end, swappedY = t, true
	}
	f = fused(softmax.Name, "Attention", end.Outputs[0], q, keys, v, mask)
	f.Attrs["scale"] = &ir.Attr{Kind: ir.Float, F: scale}
	for name, set := range map[string]bool{"q": swappedQ, "k": swappedK, "v": swappedV, "y": swappedY} {
		if set {
			f.Attrs[name] = &ir.Attr{Kind: ir.Int, I: 1}
		}
	}
	return f, end
}

// headsThird is the permutation between [B, H, S, D] and [B, S, H, D].
var headsThird = []int64{0, 2, 1, 3}

// scores goes back from the Softmax over the mask and the scale to the product of
// queries and keys. The nodes on the way have no other users.
func (x *index) scores(v *ir.Value) (product *ir.Node, scale float32, mask *ir.Value) {
	if add := x.made(v, "Add"); add != nil && x.only(v) != nil {
		for i, in := range add.Inputs {
			if p, s := x.scaled(in); p != nil && add.Inputs[1-i] != in {
				return p, s, add.Inputs[1-i]
			}
		}
		return nil, 0, nil
	}
	product, scale = x.scaled(v)
	return product, scale, nil
}

// scaled is the product of which v is a constant multiple.
func (x *index) scaled(v *ir.Value) (product *ir.Node, scale float32) {
	if v == nil || x.only(v) == nil {
		return nil, 0
	}
	n := x.maker[v]
	if n == nil || !is(n, "Mul") && !is(n, "Div") || len(n.Inputs) != 2 {
		return nil, 0
	}
	for i, in := range n.Inputs {
		k := floats(n.Inputs[1-i])
		p := x.made(in, "MatMul")
		if p == nil || len(k) != 1 || n.Inputs[1-i].Const.Rank() > 1 || x.only(in) == nil || p.Inputs[0] == nil || p.Inputs[1] == nil {
			continue
		}
		switch {
		case n.Op == "Mul":
			return p, k[0]
		case i == 0 && k[0] != 0:
			return p, 1 / k[0]
		}
	}
	return nil, 0
}

// keys is what the transposed keys were before, and whether their heads are third.
func (x *index) keys(v *ir.Value) (keys *ir.Value, swapped bool) {
	t := x.made(v, "Transpose")
	if t == nil {
		return nil, false
	}
	switch perm := attrInts(t, "perm"); {
	case slices.Equal(perm, []int64{0, 1, 3, 2}):
		return x.heads(t.Inputs[0])
	case slices.Equal(perm, []int64{0, 2, 3, 1}):
		return t.Inputs[0], true
	}
	return nil, false
}

// heads is an operand before its heads were brought forward, if they were.
func (x *index) heads(v *ir.Value) (source *ir.Value, swapped bool) {
	if t := x.made(v, "Transpose"); t != nil && slices.Equal(attrInts(t, "perm"), headsThird) {
		return t.Inputs[0], true
	}
	return v, false
}
