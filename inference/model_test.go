package inference_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference"
	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/tensor"
)

func TestOpen(t *testing.T) {
	data := echo(tensor.Float32, -1, 2).encode()
	sum := sha256.Sum256(data)
	dir := fstest.MapFS{"fraud/7/model.onnx": {Data: data}}

	m, err := inference.Open(dir, "fraud/7/model.onnx")
	require.NoError(t, err)
	require.Equal(t, "fraud/7/model.onnx", m.Name())
	require.Equal(t, hex.EncodeToString(sum[:]), m.SHA256())
	require.Equal(t, m.SHA256()[:12], m.Version(), "nothing else tells versions apart")
	require.Equal(t, "x float32[N,2]", m.Inputs()[0].String())
	require.Equal(t, "y float32[N,2]", m.Outputs()[0].String())
	require.NotNil(t, m.ONNX())

	m, err = inference.Open(dir, "fraud/7/model.onnx", inference.Named("fraud"), inference.Versioned("7"))
	require.NoError(t, err)
	require.Equal(t, "fraud@7", m.String())

	_, err = inference.Open(dir, "churn.onnx")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = inference.Open(dir, "fraud/7/model.onnx", inference.Loading(onnx.WithLimits(onnx.Limits{Bytes: 10})))
	require.ErrorIs(t, err, onnx.ErrLimit)
	require.ErrorContains(t, err, "inference: model fraud/7/model.onnx: ")
}

func TestVersionOfTheFile(t *testing.T) {
	f := echo(tensor.Float32, -1)
	f.version = 12
	require.Equal(t, "churn.onnx@12", f.model(t).String())
	loaded, err := onnx.Load(f.encode())
	require.NoError(t, err)
	m := inference.FromONNX(loaded, inference.Named("n"))
	require.Equal(t, "n@12", m.String())
	require.Empty(t, m.SHA256())
	require.Equal(t, []float32{1}, predict[float32, float32](t, m, 1))
}

func TestModelsOfGoCode(t *testing.T) {
	m := inference.Func(strings.ToUpper)
	require.Equal(t, "custom", m.String())
	require.Nil(t, m.ONNX())
	require.Nil(t, m.Inputs())
	require.Nil(t, m.Outputs())
	require.Equal(t, []string{"A", "B"}, predict[string, string](t, m, "a", "b"))
}

// TestMemoryLimit: what a run may cost is bounded by Running.
func TestMemoryLimit(t *testing.T) {
	f := echo(tensor.Float32, -1, 64)
	f.nodes = []node{{op: "Neg", in: []string{"x"}, out: []string{"n"}}, {op: "Exp", in: []string{"n"}, out: []string{"y"}}}
	p, err := inference.Bind[[64]float32, [64]float32](f.model(t, inference.Running(onnx.SessionConfig{MemoryBytes: 16 << 10})))
	require.NoError(t, err)
	in, out := make([][64]float32, 10_000), make([][64]float32, 10_000)
	require.NoError(t, p.Predict(context.Background(), in[:10], out[:10]))
	require.ErrorIs(t, p.Predict(context.Background(), in, out), onnx.ErrMemory)
	require.ErrorContains(t, p.Predict(context.Background(), in, out[:1]), "10000 records in, room for 1")
}
