package tensor_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/tensor"
)

// TestF16RoundTrip goes through every half there is.
func TestF16RoundTrip(t *testing.T) {
	for bits := range 1 << 16 {
		h := tensor.F16(bits)
		f := h.Float32()
		if f != f {
			require.NotEqual(t, tensor.F16(0), tensor.ToF16(f)&0x3ff)
			continue
		}
		require.Equal(t, h, tensor.ToF16(f), "%#x is %v", bits, f)
		b := tensor.BF16(bits)
		if g := b.Float32(); g == g {
			require.Equal(t, b, tensor.ToBF16(g))
		}
	}
}

// TestF16Rounds: between two halves the nearer one is taken, the even one of equals.
func TestF16Rounds(t *testing.T) {
	for bits := range 0x7bff {
		lo, hi := tensor.F16(bits), tensor.F16(bits+1)
		mid := (float64(lo.Float32()) + float64(hi.Float32())) / 2
		even := lo
		if bits&1 == 1 {
			even = hi
		}
		require.Equal(t, even, tensor.ToF16(float32(mid)))
		require.Equal(t, hi, tensor.ToF16(math.Nextafter32(float32(mid), 1e9)))
		require.Equal(t, lo, tensor.ToF16(math.Nextafter32(float32(mid), 0)))
	}
	require.Equal(t, tensor.F16(0x7c00), tensor.ToF16(65520))
	require.Equal(t, tensor.F16(0x7bff), tensor.ToF16(65519))
	require.Equal(t, tensor.F16(0xfc00), tensor.ToF16(float32(math.Inf(-1))))
}

var tiny = []tensor.Elem{tensor.Float8E4M3FN, tensor.Float8E4M3FNUZ, tensor.Float8E5M2, tensor.Float8E5M2FNUZ, tensor.Float4E2M1}

// TestTinyRoundTrip goes through every value of every format of 8 bits or less.
func TestTinyRoundTrip(t *testing.T) {
	for _, e := range tiny {
		for bits := range 1 << e.Bits() {
			v := tensor.TinyToFloat32(e, uint8(bits))
			if v != v || math.IsInf(float64(v), 0) {
				continue
			}
			back := tensor.Float32ToTiny(e, v, true)
			require.Equal(t, v, tensor.TinyToFloat32(e, back), "%v %#x", e, bits)
		}
	}
	require.Equal(t, float32(2), tensor.TinyToFloat32(tensor.Float8E8M0, 128))
	require.True(t, math.IsNaN(float64(tensor.TinyToFloat32(tensor.Int8, 1))))
}

// TestTinyNearest compares rounding with a search over all values.
func TestTinyNearest(t *testing.T) {
	for _, e := range tiny {
		for v := float32(-9); v < 9; v += 0.013 {
			got := tensor.TinyToFloat32(e, tensor.Float32ToTiny(e, v, true))
			best := math.Inf(1)
			for bits := range 1 << e.Bits() {
				w := tensor.TinyToFloat32(e, uint8(bits))
				if w == w && !math.IsInf(float64(w), 0) {
					best = min(best, math.Abs(float64(w-v)))
				}
			}
			require.InDelta(t, best, math.Abs(float64(got-v)), 1e-7, "%v of %v is %v", e, v, got)
		}
	}
}

func TestTinyOverflow(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		e        tensor.Elem
		v        float32
		saturate bool
		want     uint8
	}{
		{tensor.Float8E4M3FN, 1e6, true, 0x7e},
		{tensor.Float8E4M3FN, 1e6, false, 0x7f},
		{tensor.Float8E4M3FN, -inf, true, 0xfe},
		{tensor.Float8E5M2, 1e6, true, 0x7b},
		{tensor.Float8E5M2, 1e6, false, 0x7c},
		{tensor.Float8E5M2, -1e6, false, 0xfc},
		{tensor.Float8E4M3FNUZ, 1e6, false, 0x80},
		{tensor.Float8E5M2FNUZ, -1e9, true, 0xff},
		{tensor.Float4E2M1, 100, false, 0x7},
		{tensor.Float8E4M3FNUZ, float32(math.Copysign(0, -1)), true, 0},
		{tensor.Float8E4M3FN, float32(math.NaN()), true, 0x7f},
	} {
		require.Equal(t, c.want, tensor.Float32ToTiny(c.e, c.v, c.saturate), "%v of %v", c.e, c.v)
	}
}

func TestWidenNarrow(t *testing.T) {
	for _, e := range []tensor.Elem{tensor.Float16, tensor.BFloat16} {
		x, err := tensor.New(e, 3)
		require.NoError(t, err)
		tensor.Narrow(x, []float32{1, -2, 0.5})
		got := make([]float32, 3)
		tensor.Widen(got, x)
		require.Equal(t, []float32{1, -2, 0.5}, got)
	}
}
