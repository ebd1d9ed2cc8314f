package training_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/training"
	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/tensor"
)

// step runs one optimizer on n tensors; in are those after rate 0.1 and step 1.
func step(op string, outputs int, attrs []onnxtest.Attribute, in ...float32) ([]float32, error) {
	g := onnxtest.NewModel(22).Const("r", nil, 0.1).ConstInts("t", nil, 1)
	g.Model.Opsets = append(g.Model.Opsets, pb.Opset{Domain: training.Domain, Version: 1})
	names := []string{"r", "t"}
	for i, v := range in {
		names = append(names, string(rune('a'+i)))
		g.Const(names[i+2], []int64{1}, v)
	}
	var outs []string
	for i := range outputs {
		outs = append(outs, "o"+string(rune('a'+i)))
		g.Output(outs[i], tensor.Float32)
	}
	got, err := onnxtest.Eval(g.Node(training.Domain+":"+op, names, outs, attrs...).Bytes())
	if err != nil {
		return nil, err
	}
	var out []float32
	for _, t := range got {
		out = append(out, tensor.Slice[float32](t)...)
	}
	return out, nil
}

// TestSteps: one step of each rule, worked out by hand; two tensors at once are laid
// out kind by kind.
func TestSteps(t *testing.T) {
	for _, c := range []struct {
		op    string
		attrs []onnxtest.Attribute
		in    []float32
		want  []float32
	}{
		{"Momentum", []onnxtest.Attribute{onnxtest.Float("alpha", 0.9), onnxtest.Float("beta", 1), onnxtest.Str("mode", "standard"), onnxtest.Float("norm_coefficient", 0)}, []float32{1, 2, 0.5}, []float32{0.755, 2.45}},
		{"Momentum", []onnxtest.Attribute{onnxtest.Float("alpha", 0.9), onnxtest.Float("beta", 1), onnxtest.Str("mode", "nesterov"), onnxtest.Float("norm_coefficient", 0)}, []float32{1, 2, 0.5}, []float32{0.5795, 2.45}},
		{"Adagrad", nil, []float32{1, 2, 12}, []float32{0.95, 16}},
		{"Adagrad", nil, []float32{1, 3, 2, 0, 12, 1}, []float32{0.95, 3, 16, 1}},
		{"Adam", nil, []float32{1, 2, 0, 0}, []float32{0.9, 0.2, 0.004}},
	} {
		got, err := step(c.op, len(c.want), c.attrs, c.in...)
		require.NoError(t, err)
		require.InDeltaSlice(t, c.want, got, 1e-5, c.op)
	}
	_, err := step("Adagrad", 2, nil, 1, 2)
	require.ErrorIs(t, err, onnx.ErrInput)
}
