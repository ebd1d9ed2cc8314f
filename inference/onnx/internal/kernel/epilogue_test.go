package kernel_test

import (
	"fmt"
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
)

var acts = []kernel.Act{
	{},
	{Kind: kernel.Relu},
	{Kind: kernel.Clip, A: -0.5, B: 1.5},
	{Kind: kernel.Leaky, A: 0.1},
	{Kind: kernel.HardSigmoid, A: 0.2, B: 0.5},
	{Kind: kernel.HardSwish, A: 1. / 6, B: 0.5},
	{Kind: kernel.SigmoidAct},
	{Kind: kernel.TanhAct},
	{Kind: kernel.GeluAct},
	{Kind: kernel.GeluTanhAct},
	{Kind: kernel.SiluAct},
}

// TestActivations compares vector loops with the scalar reference, on odd lengths
// and on numbers that overflow, underflow or are none.
func TestActivations(t *testing.T) {
	odd := []float32{0, 1e-30, -1e-30, 5, -5, 30, -30, 88.5, -88.5, 200, -200, 3e38, -3e38, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}
	rng := rand.New(rand.NewSource(3))
	for _, isa := range kernel.ISAs() {
		for _, a := range acts {
			for _, n := range []int{0, 1, 7, 8, 15, 16, 17, 33, 100, 1000} {
				x := floats(rng, n)
				for i := range x {
					x[i] *= 4
				}
				copy(x, odd)
				got := make([]float32, n)
				isa.Apply(a, got, x)
				for i, v := range x {
					want := a.At(v)
					if math.IsNaN(float64(want)) {
						// What infinity times zero gives is nobody's concern.
						continue
					}
					bound := 3e-7 + 4e-7*math.Abs(float64(want))
					require.True(t, want == got[i] || math.Abs(float64(want-got[i])) <= bound, "%s %v of %v: %v, want %v", isa.Name, a, v, got[i], want)
				}
			}
		}
	}
}

// epilogueOf computes what an epilogue does to a product, number by number.
func epilogueOf(sums []float32, n int, e *kernel.Epilogue) []float32 {
	out := make([]float32, len(sums))
	for i, v := range sums {
		if e.Bias != nil {
			v += e.Bias[i%n]
		}
		v = e.First.At(v)
		if e.Residual != nil {
			v = e.After.At(v + e.Residual[i/n*e.Stride+i%n])
		}
		out[i] = v
	}
	return out
}

// TestEpilogues compares products followed by an epilogue with the two done apart.
func TestEpilogues(t *testing.T) {
	rng := rand.New(rand.NewSource(4))
	for _, isa := range kernel.ISAs() {
		for _, s := range [][3]int{{1, 1, 5}, {3, 1, 40}, {1, 37, 9}, {5, 32, 3}, {14, 64, 513}, {29, 45, 17}, {170, 33, 4}, {2, 16, 0}, {3, 70, 1030}} {
			m, n, k := s[0], s[1], s[2]
			for i, a := range acts {
				a2 := acts[(i*3+1)%len(acts)]
				w, x := floats(rng, k*n), floats(rng, m*k)
				p := isa.Pack(make([]float32, isa.PackedLen(k, n)), w, k, n, n, false, 1)
				scratch := make([]float32, isa.ScratchLen(m, k))
				base := floats(rng, m*n)
				for mode := range 8 {
					e := kernel.Epilogue{First: a}
					if mode&1 > 0 {
						e.Bias = isa.PadBias(floats(rng, n))
					}
					if mode&2 > 0 {
						e.Residual, e.Stride, e.After = floats(rng, m*(n+3)), n+3, a2
					}
					acc := mode&4 > 0
					sums, got := append([]float32(nil), base...), append([]float32(nil), base...)
					p.Mul(sums, n, x, k, m, acc, scratch)
					p.MulThen(got, n, x, k, m, acc, scratch, &e)
					for j, want := range epilogueOf(sums, n, &e) {
						if d := math.Abs(float64(want - got[j])); !(d <= 1e-6+1e-5*math.Abs(float64(want))) {
							require.Fail(t, "differ", fmt.Sprint(isa.Name, s, a, a2, mode, j, want, got[j]))
						}
					}
				}
			}
		}
	}
}

// TestCells compares the recurrent cells with their portable form.
func TestCells(t *testing.T) {
	rng := rand.New(rand.NewSource(5))
	plain := kernel.Portable()
	for _, isa := range kernel.ISAs() {
		for _, n := range []int{1, 8, 13, 16, 47, 128} {
			x, r, c, h := floats(rng, 4*n), floats(rng, 3*n), floats(rng, n), floats(rng, n)
			c2, h2 := append([]float32(nil), c...), append([]float32(nil), h...)
			isa.LSTMCell(x, c, h)
			plain.LSTMCell(x, c2, h2)
			require.InDeltaSlice(t, c2, c, 1e-6)
			require.InDeltaSlice(t, h2, h, 1e-6)
			isa.GRUCell(x, r, h)
			plain.GRUCell(x, r, h2)
			require.InDeltaSlice(t, h2, h, 1e-6)
		}
	}
}
