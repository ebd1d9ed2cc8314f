package kernel_test

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
)

// TestDepthwise compares lines of places with sums taken one by one, for every
// number of places and channel counts around the vectors' widths.
func TestDepthwise(t *testing.T) {
	rng := rand.New(rand.NewSource(6))
	for _, isa := range kernel.ISAs() {
		for _, c := range []int{1, 7, 8, 9, 16, 24, 31, 40, 96} {
			for _, a := range []kernel.Act{{}, {Kind: kernel.Relu}, {Kind: kernel.Clip, A: -0.1, B: 0.3}} {
				const kernels = 5
				w, bias := floats(rng, kernels*c), floats(rng, c)
				d, done := isa.NewDepthwise(w, bias, c, a)
				require.True(t, done)
				for count := 1; count <= kernel.MaxPlaces; count++ {
					const step, first = 2, -1 // places; the taps begin one before the origin
					src := floats(rng, (count*step+kernels)*c)
					var taps []int
					for k := range kernels {
						taps = d.Taps(taps, kernel.Tap{From: (first + k) * c, Row: k})
					}
					got := make([]float32, count*c)
					d.Places(got, src, c, step*c, count, taps)
					for p := range count {
						for ch := range c {
							want := bias[ch]
							for k := range kernels {
								want += w[k*c+ch] * src[(p*step+k)*c+ch]
							}
							if d := a.At(want) - got[p*c+ch]; !(d < 1e-5 && d > -1e-5) {
								require.InDelta(t, a.At(want), got[p*c+ch], 1e-5)
							}
						}
					}
				}
			}
		}
	}
	_, done := kernel.Portable().NewDepthwise(nil, nil, 3, kernel.Act{Kind: kernel.TanhAct})
	require.False(t, done)
}

// TestCopyRows copies rows of every length around the vectors' widths, and nothing
// beside them.
func TestCopyRows(t *testing.T) {
	rng := rand.New(rand.NewSource(7))
	for _, isa := range kernel.ISAs() {
		for n := 0; n <= 40; n++ {
			for rows := range 4 {
				ldd, lds := n+3, n+1
				src, got := floats(rng, rows*lds+1), make([]float32, rows*ldd+1)
				want := append([]float32(nil), got...)
				for r := range rows {
					copy(want[r*ldd:][:n], src[r*lds:])
				}
				isa.CopyRows(got, ldd, src, lds, rows, n)
				require.Equal(t, want, got)
			}
		}
	}
}
