package attention_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/tensor"
)

func noise(seed uint64, shape ...int) *tensor.Tensor {
	rng := rand.New(rand.NewPCG(seed, 1))
	t, _ := tensor.New(tensor.Float32, shape...)
	for i, d := 0, tensor.Slice[float32](t); i < len(d); i++ {
		d[i] = float32(rng.NormFloat64())
	}
	return t
}

// steps is the part [from, to) of dimension axis.
func steps(t *testing.T, x *tensor.Tensor, axis, from, to int64) *tensor.Tensor {
	y, err := onnxtest.One(22, "Slice", nil, x, tensor.Vector(from), tensor.Vector(to), tensor.Vector(axis))
	require.NoError(t, err)
	return y
}

// both runs a node with two outputs.
func both(t *testing.T, op string, attrs []onnxtest.Attribute, in ...*tensor.Tensor) (y, state *tensor.Tensor) {
	g := onnxtest.NewModel(27)
	var names []string
	var values []tensor.Value
	for i, x := range in {
		name := string(rune('a' + i))
		if x == nil {
			names = append(names, "")
			continue
		}
		names, values = append(names, name), append(values, x)
		g.Input(name, x.Elem())
		g.Model.Graph.Inputs[len(g.Model.Graph.Inputs)-1].Type.HasShape = false
	}
	g.Node(op, names, []string{"y", "s"}, attrs...).Output("y", tensor.Float32).Output("s", tensor.Float32)
	out, err := onnxtest.Eval(g.Bytes(), values...)
	require.NoError(t, err)
	return out[0], out[1]
}

func equal(t *testing.T, want, got *tensor.Tensor) {
	t.Helper()
	require.Equal(t, want.Shape(), got.Shape())
	require.InDeltaSlice(t, tensor.Slice[float32](want), tensor.Slice[float32](got), 1e-4)
}

// TestLinearAttentionIsASum: the plain rule is attention without softmax over what
// came before, and may be cut anywhere.
func TestLinearAttentionIsASum(t *testing.T) {
	const batch, n, heads, dk, dv = 2, 7, 2, 3, 4
	q, k, v := noise(1, batch, n, heads*dk), noise(2, batch, n, heads*dk), noise(3, batch, n, heads*dv)
	attrs := []onnxtest.Attribute{onnxtest.Int("q_num_heads", heads), onnxtest.Int("kv_num_heads", heads), onnxtest.Str("update_rule", "linear")}
	y, state := both(t, "LinearAttention", attrs, q, k, v)
	qs, ks, vs, ys := tensor.Slice[float32](q), tensor.Slice[float32](k), tensor.Slice[float32](v), tensor.Slice[float32](y)
	for b := range batch {
		for at := range n {
			for h := range heads {
				for m := range dv {
					sum := 0.0
					for s := range at + 1 {
						dot := 0.0
						for d := range dk {
							dot += float64(qs[((b*n+at)*heads+h)*dk+d]) * float64(ks[((b*n+s)*heads+h)*dk+d])
						}
						sum += dot / math.Sqrt(dk) * float64(vs[((b*n+s)*heads+h)*dv+m])
					}
					require.InDelta(t, sum, ys[((b*n+at)*heads+h)*dv+m], 1e-4)
				}
			}
		}
	}
	_, half := both(t, "LinearAttention", attrs, steps(t, q, 1, 0, 3), steps(t, k, 1, 0, 3), steps(t, v, 1, 0, 3))
	rest, end := both(t, "LinearAttention", attrs, steps(t, q, 1, 3, n), steps(t, k, 1, 3, n), steps(t, v, 1, 3, n), half)
	equal(t, steps(t, y, 1, 3, n), rest)
	equal(t, state, end)
}

// TestGatedDelta: a decay of 0 and a beta of 0 leave the state as it was.
func TestGatedDelta(t *testing.T) {
	q, past := noise(1, 1, 2, 4), noise(2, 1, 2, 2, 3)
	zeros, err := tensor.New(tensor.Float32, 1, 2, 2)
	require.NoError(t, err)
	attrs := []onnxtest.Attribute{onnxtest.Int("q_num_heads", 2), onnxtest.Int("kv_num_heads", 2)}
	_, state := both(t, "LinearAttention", attrs, q, q, noise(3, 1, 2, 6), past, zeros, zeros)
	equal(t, past, state)
	_, err = onnxtest.One(27, "LinearAttention", attrs, q, q, noise(3, 1, 2, 6))
	require.ErrorIs(t, err, onnx.ErrAttribute) // the rule wants both
}

// TestCausalConvMayBeCut: two calls with the state between them are one call.
func TestCausalConvMayBeCut(t *testing.T) {
	x, w, b := noise(1, 2, 3, 9), noise(2, 3, 1, 4), noise(3, 3)
	attrs := []onnxtest.Attribute{onnxtest.Str("activation", "silu")}
	y, state := both(t, "CausalConvWithState", attrs, x, w, b)
	first, half := both(t, "CausalConvWithState", attrs, steps(t, x, 2, 0, 2), w, b)
	rest, end := both(t, "CausalConvWithState", attrs, steps(t, x, 2, 2, 9), w, b, half)
	equal(t, steps(t, y, 2, 0, 2), first)
	equal(t, steps(t, y, 2, 2, 9), rest)
	equal(t, state, end)
}

// TestFlexAttention: without changes it is attention; a subgraph that hides all keys
// but the first gives the first value.
func TestFlexAttention(t *testing.T) {
	q, k, v := noise(1, 1, 4, 3, 8), noise(2, 1, 2, 5, 8), noise(3, 1, 2, 5, 6)
	want, err := onnxtest.One(23, "Attention", nil, q, k, v)
	require.NoError(t, err)
	run := func(attrs ...onnxtest.Attribute) *tensor.Tensor {
		g := onnxtest.NewModel(27).Input("q", 1, 1, 4, 3, 8).Input("k", 1, 1, 2, 5, 8).Input("v", 1, 1, 2, 5, 6)
		g.Model.Opsets = append(g.Model.Opsets, pb.Opset{Domain: "ai.onnx.preview", Version: 1})
		g.Node("ai.onnx.preview:FlexAttention", []string{"q", "k", "v"}, []string{"y"}, attrs...).Output("y", tensor.Float32)
		out, err := onnxtest.Eval(g.Bytes(), q, k, v)
		require.NoError(t, err)
		return out[0]
	}
	equal(t, want, run())
	hide := onnxtest.NewGraph().Input("s", tensor.Float32).Const("m", []int64{1, 1, 1, 5}, 0, -1e9, -1e9, -1e9, -1e9).
		Node("Add", []string{"s", "m"}, []string{"o"}).Output("o", tensor.Float32)
	y := run(hide.Attr("score_mod"))
	require.InDeltaSlice(t, tensor.Slice[float32](v)[:6], tensor.Slice[float32](y)[:6], 1e-5)
}
