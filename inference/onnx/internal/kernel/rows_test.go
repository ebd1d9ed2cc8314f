package kernel_test

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
)

// TestRows compares products with rows with sums taken one by one.
func TestRows(t *testing.T) {
	rng := rand.New(rand.NewSource(8))
	for _, isa := range kernel.ISAs() {
		for _, n := range []int{0, 1, 7, 8, 15, 16, 32, 33, 40, 64, 100, 145} {
			for count := range 10 {
				ld := n + 5
				x, w, rows := floats(rng, n), floats(rng, count), floats(rng, count*ld)
				dots, sums := make([]float32, count), make([]float32, n)
				isa.DotRows(dots, x, rows, count, ld)
				isa.SumRows(sums, w, rows, ld)
				wantDots, wantSums := make([]float32, count), make([]float32, n)
				for i := range count {
					for k := range n {
						wantDots[i] += x[k] * rows[i*ld+k]
						wantSums[k] += w[i] * rows[i*ld+k]
					}
				}
				require.InDeltaSlice(t, append(wantDots, 0), append(dots, 0), 1e-4)
				require.InDeltaSlice(t, append(wantSums, 0), append(sums, 0), 1e-4)
			}
		}
	}
}

// TestTransposeBlocks compares blocks and what is left of them with single elements.
func TestTransposeBlocks(t *testing.T) {
	rng := rand.New(rand.NewSource(9))
	for _, isa := range kernel.ISAs() {
		for _, s := range [][2]int{{1, 1}, {8, 8}, {7, 9}, {16, 24}, {3, 100}, {65, 33}, {9, 3}, {3, 1}} {
			rows, cols := s[0], s[1]
			lds, ldd := cols+2, rows+1
			if cols == 100 {
				ldd = rows // the colours of an image
			}
			src, got := floats(rng, rows*lds), make([]float32, cols*ldd)
			isa.Transpose(got, ldd, src, lds, rows, cols)
			for r := range rows {
				for c := range cols {
					require.Equal(t, src[r*lds+c], got[c*ldd+r])
				}
			}
		}
	}
}

// TestNormalizeRow compares the vector loops with plain Go.
func TestNormalizeRow(t *testing.T) {
	rng := rand.New(rand.NewSource(10))
	plain := kernel.Portable()
	for _, isa := range kernel.ISAs() {
		for _, n := range []int{1, 5, 8, 16, 17, 100, 384, 1031} {
			x, scale, bias := floats(rng, n), floats(rng, n), floats(rng, n)
			for i := range x {
				x[i] = 3*x[i] + 10
			}
			got, want := make([]float32, n), make([]float32, n)
			m, v := isa.NormalizeRow(got, x, scale, bias, 1e-5)
			wm, wv := plain.NormalizeRow(want, x, scale, bias, 1e-5)
			require.InDelta(t, wm, m, 1e-5)
			require.InEpsilon(t, wv, v, 1e-4)
			require.InDeltaSlice(t, want, got, 1e-4)
		}
	}
}
