package kernel_test

import (
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
)

// operand draws a shape that broadcasts to out.
func operand(t *rapid.T, out []int, name string) []int {
	rank := rapid.IntRange(0, len(out)).Draw(t, name+" rank")
	shape := append([]int(nil), out[len(out)-rank:]...)
	for i := range shape {
		if rapid.Bool().Draw(t, name+" stretched") {
			shape[i] = 1
		}
	}
	return shape
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// at is the element of an operand for coordinates of the output, by numpy's rule.
func at(shape, coord []int) int {
	off := 0
	for i, d := range shape {
		x := coord[len(coord)-len(shape)+i]
		if d == 1 {
			x = 0
		}
		off = off*d + x
	}
	return off
}

// coordinates calls f for each place of a shape, in row-major order.
func coordinates(shape []int, f func(i int, coord []int)) {
	coord := make([]int, len(shape))
	for i := range size(shape) {
		rest := i
		for d := len(shape) - 1; d >= 0; d-- {
			coord[d] = rest % shape[d]
			rest /= shape[d]
		}
		f(i, coord)
	}
}

// TestArithBroadcasts compares every operation with coordinates taken one by one.
func TestArithBroadcasts(t *testing.T) {
	scalar := map[kernel.ArithOp]func(a, b float64) float64{
		kernel.Add: func(a, b float64) float64 { return a + b }, kernel.Sub: func(a, b float64) float64 { return a - b },
		kernel.Mul: func(a, b float64) float64 { return a * b }, kernel.Div: func(a, b float64) float64 { return a / b },
		kernel.Min: math.Min, kernel.Max: math.Max, kernel.Pow: math.Pow, kernel.Fmod: math.Mod,
		kernel.Mod: func(a, b float64) float64 { return a - b*math.Floor(a/b) },
	}
	rapid.Check(t, func(t *rapid.T) {
		out := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 5).Draw(t, "out")
		sa, sb := operand(t, out, "a"), operand(t, out, "b")
		var buf [kernel.MaxRank]int
		shape, err := kernel.BroadcastShape(buf[:], sa, sb)
		require.NoError(t, err)
		rng := rand.New(rand.NewSource(int64(rapid.IntRange(0, 1000).Draw(t, "seed"))))
		a, b, dst := positives(rng, size(sa)), positives(rng, size(sb)), make([]float64, size(shape))
		op := kernel.ArithOp(rapid.IntRange(0, int(kernel.Fmod)).Draw(t, "op"))
		var l kernel.Loops
		l.Init(shape, sa, sb, nil)
		kernel.Arith(op, &l, dst, a, b)
		// float32 has loops of its own.
		a32, b32, dst32 := narrow(a), narrow(b), make([]float32, len(dst))
		kernel.Arith(op, &l, dst32, a32, b32)
		coordinates(shape, func(i int, c []int) {
			want := scalar[op](a[at(sa, c)], b[at(sb, c)])
			require.InDelta(t, want, dst[i], 1e-9)
			if op != kernel.Mod && op != kernel.Fmod { // a remainder jumps where the quotient is nearly whole
				require.InEpsilon(t, want+1, float64(dst32[i])+1, 1e-4)
			}
		})
	})
	// Long runs of all kinds, past the vector's width.
	for _, shapes := range [][2][]int{{{19}, {19}}, {{19}, {1}}, {{1}, {19}}, {{3, 21}, {3, 1}}, {{3, 1}, {3, 21}}, {{2, 8}, {8}}} {
		a, b := make([]float32, size(shapes[0])), make([]float32, size(shapes[1]))
		for i := range a {
			a[i] = float32(i) + 2
		}
		for i := range b {
			b[i] = float32(i) + 0.5
		}
		var buf [kernel.MaxRank]int
		shape, err := kernel.BroadcastShape(buf[:], shapes[0], shapes[1])
		require.NoError(t, err)
		for op, f := range scalar {
			var l kernel.Loops
			l.Init(shape, shapes[0], shapes[1], nil)
			dst := make([]float32, size(shape))
			kernel.Arith(op, &l, dst, a, b)
			coordinates(shape, func(i int, c []int) {
				want := f(float64(a[at(shapes[0], c)]), float64(b[at(shapes[1], c)]))
				require.InDelta(t, want, float64(dst[i]), math.Abs(want)*1e-5, "op %d", op)
			})
		}
	}
}

func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i := range v {
		out[i] = float32(v[i])
	}
	return out
}

func positives(rng *rand.Rand, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 0.5 + rng.Float64()*3
	}
	return out
}

// TestSelectBroadcasts has three operands.
func TestSelectBroadcasts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		out := rapid.SliceOfN(rapid.IntRange(1, 4), 1, 4).Draw(t, "out")
		sc, sa, sb := operand(t, out, "c"), operand(t, out, "a"), operand(t, out, "b")
		var buf [kernel.MaxRank]int
		shape, err := kernel.BroadcastShape(buf[:], sc, sa, sb)
		require.NoError(t, err)
		cond, a, b := make([]bool, size(sc)), make([]int32, size(sa)), make([]int32, size(sb))
		for i := range cond {
			cond[i] = rapid.Bool().Draw(t, "bit")
		}
		for i := range a {
			a[i] = int32(i)
		}
		for i := range b {
			b[i] = int32(-1 - i)
		}
		dst := make([]int32, size(shape))
		var l kernel.Loops
		l.Init(shape, sc, sa, sb)
		kernel.Select(&l, dst, cond, a, b)
		coordinates(shape, func(i int, c []int) {
			want := b[at(sb, c)]
			if cond[at(sc, c)] {
				want = a[at(sa, c)]
			}
			require.Equal(t, want, dst[i])
		})
	})
}

func TestBroadcastShapeRefuses(t *testing.T) {
	var buf [kernel.MaxRank]int
	_, err := kernel.BroadcastShape(buf[:], []int{2, 3}, []int{2})
	require.ErrorIs(t, err, kernel.ErrBroadcast)
	_, err = kernel.BroadcastShape(buf[:], make([]int, 17))
	require.ErrorIs(t, err, kernel.ErrBroadcast)
}

// TestTranspose compares with coordinates taken one by one.
func TestTranspose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 5).Draw(t, "shape")
		order := make([]int, len(shape))
		for i := range order {
			order[i] = i
		}
		perm := rapid.Permutation(order).Draw(t, "perm")
		src, out := make([]uint16, size(shape)), make([]int, len(shape))
		for i := range src {
			src[i] = uint16(i)
		}
		for i, p := range perm {
			out[i] = shape[p]
		}
		dst := make([]uint16, len(src))
		kernel.Transpose(dst, src, shape, perm)
		coordinates(out, func(i int, c []int) {
			from := make([]int, len(c))
			for k, p := range perm {
				from[p] = c[k]
			}
			require.Equal(t, src[at(shape, from)], dst[i])
		})
	})
	for _, s := range [][2]int{{1, 1}, {3, 17}, {33, 16}, {40, 7}} {
		src := make([]int, s[0]*s[1])
		for i := range src {
			src[i] = i
		}
		dst := make([]int, len(src))
		kernel.Transpose2(dst, src, s[0], s[1])
		for i := range src {
			require.Equal(t, src[i], dst[i%s[1]*s[0]+i/s[1]])
		}
	}
}

// TestReduce compares with sums taken one by one, along any set of dimensions.
func TestReduce(t *testing.T) {
	fold := map[kernel.ReduceOp]func(a, v float64) float64{
		kernel.ReduceSum: func(a, v float64) float64 { return a + v }, kernel.ReduceProd: func(a, v float64) float64 { return a * v },
		kernel.ReduceMax: math.Max, kernel.ReduceMin: math.Min,
		kernel.ReduceL1: func(a, v float64) float64 { return a + math.Abs(v) }, kernel.ReduceSquares: func(a, v float64) float64 { return a + v*v },
	}
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 5).Draw(t, "shape")
		kept := append([]int(nil), shape...)
		for i := range kept {
			if rapid.Bool().Draw(t, "reduced") {
				kept[i] = 1
			}
		}
		op := kernel.ReduceOp(rapid.IntRange(0, int(kernel.ReduceSquares)).Draw(t, "op"))
		rng := rand.New(rand.NewSource(5))
		src := floats(rng, size(shape))
		got, want := make([]float64, size(kept)), make([]float64, size(kept))
		for i := range got {
			got[i], want[i] = kernel.Start[float64](op), kernel.Start[float64](op)
		}
		var l kernel.Loops
		l.Init(shape, kept, nil, nil)
		kernel.Reduce(op, &l, got, src)
		coordinates(shape, func(i int, c []int) {
			k := at(kept, c)
			want[k] = fold[op](want[k], float64(src[i]))
		})
		require.InDeltaSlice(t, want, got, 1e-9)
	})
	require.Equal(t, int8(-128), kernel.Start[int8](kernel.ReduceMax))
	require.Equal(t, uint16(65535), kernel.Start[uint16](kernel.ReduceMin))
}

func TestIntegerDivisionByZero(t *testing.T) {
	var l kernel.Loops
	l.Init([]int{3}, []int{3}, []int{3}, nil)
	dst := make([]int32, 3)
	for _, op := range []kernel.ArithOp{kernel.Div, kernel.Mod, kernel.Fmod} {
		kernel.Arith(op, &l, dst, []int32{1, math.MinInt32, 7}, []int32{0, -1, 0})
		require.Equal(t, []int32{0, dst[1], 0}, dst)
	}
	require.Equal(t, int64(-8), kernel.PowInt(int64(-2), 3))
	require.Equal(t, int64(0), kernel.PowInt(int64(2), -3))
}

func TestSoftmaxAndNormRows(t *testing.T) {
	rng := rand.New(rand.NewSource(3))
	for _, n := range []int{1, 2, 7, 33} {
		x := floats(rng, n)
		x[0] += 50 // the largest is taken out first, so nothing overflows
		got, log := make([]float32, n), make([]float32, n)
		kernel.SoftmaxRow(got, x, false)
		kernel.SoftmaxRow(log, x, true)
		sum := 0.0
		for _, v := range x {
			sum += math.Exp(float64(v))
		}
		x64 := make([]float64, n)
		for i, v := range x {
			require.InDelta(t, math.Exp(float64(v))/sum, float64(got[i]), 1e-6)
			require.InDelta(t, float64(v)-math.Log(sum), float64(log[i]), 1e-4)
			x64[i] = float64(v)
		}
		kernel.SoftmaxRow64(x64, x64, false)
		require.InDelta(t, float64(got[0]), x64[0], 1e-6)

		mean, square := 0.0, 0.0
		for _, v := range x {
			mean += float64(v) / float64(n)
		}
		for _, v := range x {
			square += (float64(v) - mean) * (float64(v) - mean) / float64(n)
		}
		scale, bias, dst := floats(rng, n), floats(rng, n), make([]float32, n)
		m, inv := kernel.NormalizeRow(dst, x, scale, bias, 1e-5, true)
		require.InDelta(t, mean, float64(m), 1e-5)
		require.InEpsilon(t, 1/math.Sqrt(square+1e-5), float64(inv), 1e-4)
		for i := range dst {
			require.InDelta(t, (float64(x[i])-mean)/math.Sqrt(square+1e-5)*float64(scale[i])+float64(bias[i]), float64(dst[i]), 1e-3)
		}
	}
}
