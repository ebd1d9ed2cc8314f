package random_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/random"
	"github.com/turgo-io/turgo/inference/tensor"
)

// TestGenerator: the generator's published first output, and what numpy gives.
func TestGenerator(t *testing.T) {
	require.Equal(t, uint32(3499211612), random.New(5489).Uint32())
	g := random.New(42)
	require.Equal(t, 0.3745401188473625, g.Float64())
	require.Equal(t, 0.9507143064099162, g.Float64())
	g.Seed(42)
	for _, want := range []float64{0.4967141530112327, -0.13826430117118466, 0.6476885381006925, 1.5230298564080254} {
		require.InDelta(t, want, g.Normal(), 1e-15)
	}
}

// node is a model of one node without inputs.
func node(t *testing.T, op string, attrs ...onnxtest.Attribute) *onnx.Session {
	g := onnxtest.NewModel(22).Node(op, nil, []string{"y"}, attrs...).Output("y", tensor.Float32)
	m, err := onnx.Load(g.Bytes())
	require.NoError(t, err)
	return m.NewSession(onnx.SessionConfig{})
}

func draw(t *testing.T, s *onnx.Session) []float32 {
	out, err := s.RunNamed(nil)
	require.NoError(t, err)
	return tensor.Slice[float32](out["y"].(*tensor.Tensor))
}

// TestSeeds: a seed gives the reference's numbers in each run, none gives others.
func TestSeeds(t *testing.T) {
	shape := onnxtest.Ints("shape", 3)
	s := node(t, "RandomUniform", shape, onnxtest.Float("seed", 42), onnxtest.Float("low", 1), onnxtest.Float("high", 3))
	for range 2 {
		require.InDeltaSlice(t, []float32{1.74908, 2.901429, 2.463988}, draw(t, s), 1e-6)
	}
	s = node(t, "RandomNormal", shape, onnxtest.Float("seed", 42), onnxtest.Float("mean", 10))
	require.InDeltaSlice(t, []float32{10.496714, 9.861736, 10.647688}, draw(t, s), 1e-5)
	s = node(t, "RandomUniform", shape)
	require.NotEqual(t, draw(t, s), draw(t, s))
}

// TestFrequencies: classes and coins fall as often as they should.
func TestFrequencies(t *testing.T) {
	const n = 4000
	logits, err := tensor.Of([]int{1, 3}, []float64{0, 1.0986122886681098, -50}) // one to three to nothing
	require.NoError(t, err)
	y, err := onnxtest.One(22, "Multinomial", []onnxtest.Attribute{onnxtest.Int("sample_size", n), onnxtest.Float("seed", 1), onnxtest.Int("dtype", 7)}, logits)
	require.NoError(t, err)
	var count [3]float64
	for _, class := range tensor.Slice[int64](y) {
		count[class]++
	}
	require.InDelta(t, 0.25, count[0]/n, 0.03)
	require.Zero(t, count[2])
	p, err := tensor.New(tensor.Float32, n)
	require.NoError(t, err)
	for i, d := 0, tensor.Slice[float32](p); i < n; i++ {
		d[i] = 0.2
	}
	y, err = onnxtest.One(22, "Bernoulli", []onnxtest.Attribute{onnxtest.Float("seed", 1)}, p)
	require.NoError(t, err)
	sum := float32(0)
	for _, v := range tensor.Slice[float32](y) {
		sum += v
	}
	require.InDelta(t, 0.2, sum/n, 0.03)
}

// TestDropout: as trained with numpy's generator; without training it changes nothing.
func TestDropout(t *testing.T) {
	x := tensor.Vector[float32](1, 2, 3, 4)
	attrs := []onnxtest.Attribute{onnxtest.Int("seed", 42)}
	y, err := onnxtest.One(22, "Dropout", attrs, x, tensor.Scalar[float32](0.6), tensor.Scalar(true))
	require.NoError(t, err)
	require.InDeltaSlice(t, []float32{0, 5, 7.5, 0}, tensor.Slice[float32](y), 1e-5) // draws 0.37 0.95 0.73 0.60 (below)
	y, err = onnxtest.One(22, "Dropout", attrs, x, tensor.Scalar[float32](0.6))
	require.NoError(t, err)
	require.Equal(t, []float32{1, 2, 3, 4}, tensor.Slice[float32](y))
	_, err = onnxtest.One(22, "Dropout", attrs, x, tensor.Scalar[float32](1.5), tensor.Scalar(true))
	require.ErrorIs(t, err, onnx.ErrInput)
}
