package kernel_test

import (
	"fmt"
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
)

// sizes are odd on purpose: they leave remainders in every blocking factor, and
// cross the block sizes of rows (168) and of the inner dimension (512).
var sizes = []struct{ m, k, n int }{
	{1, 1, 1},
	{1, 7, 33},
	{2, 3, 5},
	{5, 17, 31},
	{6, 16, 16},
	{7, 9, 47},
	{13, 64, 65},
	{14, 32, 32},
	{15, 33, 97},
	{30, 1021, 33},
	{9, 100, 1},
	{2, 31, 1},
	{1, 64, 2},
	{29, 513, 63},
	{169, 5, 34},
	{170, 515, 17},
	{343, 20, 3},
	{3, 1100, 40},
}

// TestPackedMul compares every instruction set with the plain sum, for both
// layouts of the right-hand side, with and without adding.
func TestPackedMul(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for _, isa := range kernel.ISAs() {
		for _, s := range sizes {
			for _, trans := range []bool{false, true} {
				for _, acc := range []bool{false, true} {
					name := fmt.Sprintf("%s/%dx%dx%d/trans=%v/acc=%v", isa.Name, s.m, s.k, s.n, trans, acc)
					t.Run(name, func(t *testing.T) { checkMul(t, rng, isa, s.m, s.k, s.n, trans, acc) })
				}
			}
		}
	}
}

func checkMul(t *testing.T, rng *rand.Rand, isa *kernel.ISA, m, k, n int, trans, acc bool) {
	const alpha = 0.5
	lda, ldc := k+3, n+2
	a, b, c := floats(rng, m*lda), floats(rng, k*n), floats(rng, m*ldc)
	want := make([]float64, len(c))
	for i, v := range c {
		want[i] = float64(v)
	}
	for r := range m {
		for j := range n {
			sum := 0.0
			for i := range k {
				w := b[i*n+j]
				if trans {
					w = b[j*k+i]
				}
				sum += float64(a[r*lda+i]) * float64(w) * alpha
			}
			if acc {
				sum += want[r*ldc+j]
			}
			want[r*ldc+j] = sum
		}
	}
	ld := n
	if trans {
		ld = k
	}
	p := isa.Pack(make([]float32, isa.PackedLen(k, n)), b, k, n, ld, trans, alpha)
	p.Mul(c, ldc, a, lda, m, acc, make([]float32, isa.ScratchLen(m, k)))
	for i, w := range want {
		require.InDelta(t, w, float64(c[i]), 1e-5*float64(k)+1e-5, "element %d", i)
	}
}

func floats(rng *rand.Rand, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = rng.Float32()*2 - 1
	}
	return out
}

// TestPanels: rows filled in one by one give the same as Pack.
func TestPanels(t *testing.T) {
	rng := rand.New(rand.NewSource(2))
	for _, isa := range kernel.ISAs() {
		for _, s := range sizes {
			if s.n == 1 {
				continue
			}
			a, b := floats(rng, s.m*s.k), floats(rng, s.k*s.n)
			want, got := make([]float32, s.m*s.n), make([]float32, s.m*s.n)
			scratch := make([]float32, isa.ScratchLen(s.m, s.k))
			p := isa.Pack(make([]float32, isa.PackedLen(s.k, s.n)), b, s.k, s.n, s.n, false, 1)
			p.Mul(want, s.n, a, s.k, s.m, false, scratch)
			q := isa.Panels(make([]float32, isa.PackedLen(s.k, s.n)), s.k, s.n)
			for j := 0; j*q.Width() < s.n; j++ {
				for i := range s.k {
					copy(q.Row(i, j), b[i*s.n+j*q.Width():(i+1)*s.n])
				}
			}
			q.Mul(got, s.n, a, s.k, s.m, false, scratch)
			require.Equal(t, want, got)
		}
	}
}

// TestPackedMulEmpty: a product over nothing is zero, or leaves what is there.
func TestPackedMulEmpty(t *testing.T) {
	for _, isa := range kernel.ISAs() {
		p := isa.Pack(nil, nil, 0, 2, 2, false, 1)
		c := []float32{1, 2, 3, 4}
		p.Mul(c, 2, nil, 0, 2, true, make([]float32, isa.ScratchLen(2, 0)))
		require.Equal(t, []float32{1, 2, 3, 4}, c)
		p.Mul(c, 2, nil, 0, 2, false, make([]float32, isa.ScratchLen(2, 0)))
		require.Equal(t, []float32{0, 0, 0, 0}, c)
	}
}

func TestMatMulStrides(t *testing.T) {
	a := []int32{1, 2, 3, 4, 5, 6} // 2x3
	b := []int32{1, 0, 2, 1, 0, 3} // 2x3, used as its transpose 3x2
	c := make([]int32, 4)
	kernel.MatMul(c, a, b, 2, 3, 2, 3, 1, 1, 3)
	require.Equal(t, []int32{7, 10, 16, 22}, c)
	kernel.MatMul(c, []int32{1, 4, 2, 5, 3, 6}, []int32{1, 1, 0, 0, 2, 3}, 2, 3, 2, 1, 2, 2, 1)
	require.Equal(t, []int32{7, 10, 16, 22}, c)
}

func TestExpAndFriends(t *testing.T) {
	for x := float32(-105); x < 88.7; x += 0.37 {
		want := math.Exp(float64(x))
		require.InDelta(t, want, float64(kernel.Exp(x)), want*3e-7+1.5e-45, "exp(%v)", x) // 1.5e-45: one subnormal step
		require.InDelta(t, 1/(1+math.Exp(-float64(x))), float64(kernel.Sigmoid(x)), 1e-7)
		require.InDelta(t, math.Tanh(float64(x)/10), float64(kernel.Tanh(x/10)), 2e-7)
	}
	require.True(t, math.IsNaN(float64(kernel.Exp(float32(math.NaN())))))
	require.True(t, math.IsInf(float64(kernel.Exp(100)), 1))
	require.Zero(t, kernel.Exp(float32(math.Inf(-1))))
}

// TestVectors compares the vector loops of each instruction set with float64, on
// every length up to a few vectors, and in place.
func TestVectors(t *testing.T) {
	rng := rand.New(rand.NewSource(9))
	for _, isa := range kernel.ISAs() {
		for _, f := range []struct {
			name string
			run  func(dst, src []float32)
			want func(float64) float64
			tol  float64
		}{
			{"relu", isa.Relu, func(x float64) float64 { return max(x, 0) }, 0},
			{"exp", isa.Exp, math.Exp, 3e-7},
			{"sigmoid", isa.Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 3e-7},
			{"tanh", isa.Tanh, math.Tanh, 3e-7},
			{"erf", isa.Erf, math.Erf, 4e-7},
		} {
			for n := range 35 {
				src := floats(rng, n)
				for i := range src {
					src[i] *= float32(math.Pow(10, float64(i%5-2)))
				}
				dst := make([]float32, n)
				f.run(dst, src)
				inPlace := append([]float32(nil), src...)
				f.run(inPlace, inPlace)
				require.Equal(t, dst, append([]float32{}, inPlace...))
				for i, v := range src {
					want := f.want(float64(v))
					if want > math.MaxFloat32 {
						require.True(t, math.IsInf(float64(dst[i]), 1))
						continue
					}
					require.InDelta(t, want, float64(dst[i]), f.tol*max(math.Abs(want), 1e-30)+1e-44, "%s %s(%v)", isa.Name, f.name, v)
				}
			}
			special := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, -88, 88.7, -103, 1e-30}
			f.run(special, special)
			require.True(t, math.IsNaN(float64(special[0])), "%s %s", isa.Name, f.name)
			require.Equal(t, float32(f.want(math.Inf(1))), special[1])
			require.Equal(t, float32(f.want(math.Inf(-1))), special[2])
		}
		for n := range 35 {
			x, w := floats(rng, n), floats(rng, n)
			sum, top := 0.0, math.Inf(-1)
			for _, v := range x {
				top, sum = max(top, float64(v)), sum+math.Exp(float64(v)-0.5)
			}
			require.InDelta(t, top, float64(isa.Max(x)), 0)
			require.InDelta(t, sum, float64(isa.ExpSum(make([]float32, n), x, 0.5)), 1e-5)
			y := append([]float32(nil), x...)
			isa.Axpy(y, w, 3)
			for i := range y {
				require.InDelta(t, float64(x[i])+3*float64(w[i]), float64(y[i]), 1e-6)
			}
		}
	}
}

func BenchmarkGemm(b *testing.B) {
	rng := rand.New(rand.NewSource(1))
	for _, isa := range kernel.ISAs() {
		for _, s := range []struct{ m, n, k int }{{512, 512, 512}, {128, 1536, 384}, {8, 1536, 384}, {1, 1536, 384}, {32, 256, 64}, {131, 100, 77}} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d", isa.Name, s.m, s.n, s.k), func(b *testing.B) {
				a, w, c := floats(rng, s.m*s.k), floats(rng, s.k*s.n), make([]float32, s.m*s.n)
				p := isa.Pack(make([]float32, isa.PackedLen(s.k, s.n)), w, s.k, s.n, s.n, false, 1)
				scratch := make([]float32, isa.ScratchLen(s.m, s.k))
				b.ReportAllocs()
				for b.Loop() {
					p.Mul(c, s.n, a, s.k, s.m, false, scratch)
				}
				b.ReportMetric(2*float64(s.m*s.n*s.k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
