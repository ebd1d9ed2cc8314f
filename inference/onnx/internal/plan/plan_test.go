package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/onnx/internal/plan"
	"github.com/turgo-io/turgo/inference/tensor"
)

func names(list ...string) []string { return list }

func compile(t *testing.T, g *onnxtest.Graph) *plan.Program {
	t.Helper()
	m, err := ir.Build(g.Model, ir.Config{})
	require.NoError(t, err)
	p, err := plan.Compile(m.Graph, ops.All())
	require.NoError(t, err)
	return p
}

// TestChainUsesTwoBlocks: a long chain needs no more memory than its widest link.
func TestChainUsesTwoBlocks(t *testing.T) {
	g := onnxtest.NewModel(18).Input("x", tensor.Float32, -1)
	last := "x"
	for i := range 50 {
		next := string(rune('A' + i))
		g.Node("Softplus", names(last), names(next))
		last = next
	}
	g.Node("Neg", names(last), names("y")).Output("y", tensor.Float32, -1)
	a := &op.Arena{}
	f := compile(t, g).NewFrame(a)
	x, y := tensor.Vector(make([]float32, 1000)...), &tensor.Tensor{}
	for range 3 {
		require.NoError(t, f.Run([]tensor.Value{x}, []tensor.Value{y}))
		f.Reset()
	}
	require.LessOrEqual(t, a.Held(), int64(2*5120))
	require.Less(t, tensor.Slice[float32](y)[999], float32(0))
}

// TestOutputsOfEveryKind: an output that is an input, a constant, a view, wanted
// twice, or used further on.
func TestOutputsOfEveryKind(t *testing.T) {
	g := onnxtest.NewModel(18).Input("x", tensor.Float32, -1).Const("k", []int64{1}, 5).ConstInts("s", []int64{2}, -1, 1).
		Node("Neg", names("x"), names("n")).Node("Reshape", names("n", "s"), names("v")).Node("Exp", names("n"), names("e")).
		Output("x", tensor.Float32).Output("k", tensor.Float32).Output("n", tensor.Float32).Output("v", tensor.Float32).Output("n", tensor.Float32).Output("e", tensor.Float32)
	f := compile(t, g).NewFrame(&op.Arena{})
	x := tensor.Vector[float32](1, 0)
	out := make([]tensor.Value, 6)
	for i := range out {
		out[i] = &tensor.Tensor{}
	}
	for range 2 {
		require.NoError(t, f.Run([]tensor.Value{x}, out))
		f.Reset()
		want := []string{"float32[2]", "float32[1]", "float32[2]", "float32[2,1]", "float32[2]", "float32[2]"}
		for i, w := range want {
			require.Equal(t, w, out[i].(*tensor.Tensor).String())
		}
		require.Equal(t, []float32{-1, 0}, tensor.Slice[float32](out[2].(*tensor.Tensor)))
		require.Equal(t, tensor.Slice[float32](out[2].(*tensor.Tensor)), tensor.Slice[float32](out[4].(*tensor.Tensor)))
		tensor.Slice[float32](out[0].(*tensor.Tensor))[0] = 42
		tensor.Slice[float32](out[1].(*tensor.Tensor))[0] = 42
	}
	require.Equal(t, float32(1), tensor.Slice[float32](x)[0])
}

// TestErrorsNameTheNode, and leave the frame fit for the next run.
func TestErrorsNameTheNode(t *testing.T) {
	g := onnxtest.NewModel(18).Input("x", tensor.Float32).Input("w", tensor.Float32).Node("MatMul", names("x", "w"), names("y")).Output("y", tensor.Float32)
	a := &op.Arena{}
	f := compile(t, g).NewFrame(a)
	x, err := tensor.New(tensor.Float32, 2, 3)
	require.NoError(t, err)
	bad, err := tensor.New(tensor.Float32, 2, 3)
	require.NoError(t, err)
	good, err := tensor.New(tensor.Float32, 3, 5)
	require.NoError(t, err)
	err = f.Run([]tensor.Value{x, bad}, []tensor.Value{nil})
	require.ErrorContains(t, err, "MatMul_node")
	require.ErrorIs(t, err, op.ErrInput)
	f.Reset()
	require.NoError(t, f.Run([]tensor.Value{x, good}, []tensor.Value{nil}))
	require.Equal(t, "float32[2,5]", f.Output(0).(*tensor.Tensor).String())
	f.Reset()
}

func TestCompileReportsAllNodes(t *testing.T) {
	m, err := ir.Build(onnxtest.NewModel(18).Input("x", tensor.Float32).
		Node("Softmax", names("x"), names("a"), onnxtest.Str("axis", "one")).
		Node("Gelu", names("a"), names("b")).
		Node("LeakyRelu", names("b"), names("y"), onnxtest.Int("slope", 1)).Output("y", tensor.Float32).Model, ir.Config{})
	require.NoError(t, err)
	_, err = plan.Compile(m.Graph, ops.All())
	require.ErrorContains(t, err, "axis is of kind string")
	require.ErrorContains(t, err, "Gelu came with version 20")
	require.ErrorContains(t, err, "slope")
}
