package signal_test

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/tensor"
)

// naive is the transform by its definition.
func naive(x []complex128) []complex128 {
	out := make([]complex128, len(x))
	for k := range out {
		for n, v := range x {
			out[k] += v * cmplx.Rect(1, -2*math.Pi*float64(k*n%len(x))/float64(len(x)))
		}
	}
	return out
}

func noise(n, parts int) *tensor.Tensor {
	rng := rand.New(rand.NewPCG(uint64(n), 1))
	data := make([]float64, n*parts)
	for i := range data {
		data[i] = rng.NormFloat64()
	}
	t, _ := tensor.Of([]int{1, n, parts}, data)
	return t
}

func complexes(t *tensor.Tensor) []complex128 {
	d, parts := tensor.Slice[float64](t), t.Dim(-1)
	out := make([]complex128, len(d)/parts)
	for i := range out {
		out[i] = complex(d[i*parts], 0)
		if parts == 2 {
			out[i] = complex(d[2*i], d[2*i+1])
		}
	}
	return out
}

func near(t *testing.T, want, got []complex128) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		require.Less(t, cmplx.Abs(want[i]-got[i]), 1e-9, "point %d", i)
	}
}

// TestDFT: lengths of all kinds against the definition, and back again.
func TestDFT(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 12, 17, 64, 97, 100, 255} {
		for _, parts := range []int{1, 2} {
			x := noise(n, parts)
			want := naive(complexes(x))
			y, err := onnxtest.One(20, "DFT", nil, x)
			require.NoError(t, err)
			near(t, want, complexes(y))
			back, err := onnxtest.One(20, "DFT", []onnxtest.Attribute{onnxtest.Int("inverse", 1)}, y)
			require.NoError(t, err)
			near(t, complexes(x), complexes(back))
			if parts == 2 {
				continue
			}
			one := onnxtest.Int("onesided", 1)
			half, err := onnxtest.One(20, "DFT", []onnxtest.Attribute{one}, x)
			require.NoError(t, err)
			near(t, want[:n/2+1], complexes(half))
			real, err := onnxtest.One(20, "DFT", []onnxtest.Attribute{one, onnxtest.Int("inverse", 1)}, half, tensor.Scalar(int64(n)))
			require.NoError(t, err)
			near(t, complexes(x), complexes(real))
		}
	}
}

// TestSTFT: each frame is the transform of its samples times the window.
func TestSTFT(t *testing.T) {
	x, window := noise(50, 1), tensor.Vector(0.5, 1, 2, 1, 0.5, 0.25)
	y, err := onnxtest.One(20, "STFT", nil, x, tensor.Scalar(int64(7)), window)
	require.NoError(t, err)
	require.Equal(t, []int{1, 7, 4, 2}, y.Shape())
	all, got := complexes(x), complexes(y)
	for f := range 7 {
		frame := make([]complex128, 6)
		for k := range frame {
			frame[k] = all[f*7+k] * complex(tensor.Slice[float64](window)[k], 0)
		}
		near(t, naive(frame)[:4], got[f*4:f*4+4])
	}
	_, err = onnxtest.One(20, "STFT", nil, x, tensor.Scalar(int64(0)), window)
	require.ErrorIs(t, err, onnx.ErrInput)
	_, err = onnxtest.One(20, "STFT", nil, x, tensor.Scalar(int64(1)), nil, tensor.Scalar(int64(51)))
	require.ErrorIs(t, err, onnx.ErrInput)
}

// TestWindows: symmetric ones end where they begin; absurd sizes are errors.
func TestWindows(t *testing.T) {
	for _, op := range []string{"HannWindow", "HammingWindow", "BlackmanWindow"} {
		y, err := onnxtest.One(20, op, []onnxtest.Attribute{onnxtest.Int("periodic", 0)}, tensor.Scalar(int64(9)))
		require.NoError(t, err)
		d := tensor.Slice[float32](y)
		require.InDelta(t, d[0], d[8], 1e-7)
		require.InDelta(t, 1, d[4], 1e-6)
		_, err = onnxtest.One(20, op, nil, tensor.Scalar(int64(-1)))
		require.ErrorIs(t, err, onnx.ErrInput)
		_, err = onnxtest.One(20, op, nil, tensor.Scalar(int64(1)<<40))
		require.ErrorIs(t, err, onnx.ErrInput)
	}
}

// TestMelRefuses what would take for ever or all memory.
func TestMelRefuses(t *testing.T) {
	i := func(v int64) *tensor.Tensor { return tensor.Scalar(v) }
	f := func(v float32) *tensor.Tensor { return tensor.Scalar(v) }
	inf := float32(math.Inf(1))
	for _, in := range [][]*tensor.Tensor{
		{i(1 << 40), i(16), i(8000), f(0), f(4000)},
		{i(60000), i(1 << 26), i(8000), f(0), f(4000)},
		{i(4), i(16), i(0), f(0), f(4000)},
		{i(4), i(16), i(8000), f(5000), f(4000)},
	} {
		_, err := onnxtest.One(20, "MelWeightMatrix", nil, in...)
		require.Error(t, err)
	}
	_, err := onnxtest.One(20, "MelWeightMatrix", nil, i(4), i(16), i(1), f(0), f(inf))
	require.NotErrorIs(t, err, onnx.ErrInternal)
}
