package kernel

import "math"

// ReduceOp names a reduction.
type ReduceOp uint8

// The reductions. LogSumExp is computed by the caller from its parts.
const (
	ReduceSum ReduceOp = iota
	ReduceProd
	ReduceMax
	ReduceMin
	ReduceL1
	ReduceSquares
)

// Accum is the type a reduction accumulates in: float64 for floats, the type
// itself for integers (with wrap-around).
type Accum interface{ float64 | Integer }

// Start is the value that a reduction of nothing has.
func Start[A Accum](op ReduceOp) A {
	switch op {
	case ReduceProd:
		return 1
	case ReduceMax:
		return lowest[A]()
	case ReduceMin:
		return highest[A]()
	}
	return 0
}

func lowest[A Accum]() A {
	var z A
	switch p := any(&z).(type) {
	case *float64:
		*p = math.Inf(-1)
	case *int8:
		*p = math.MinInt8
	case *int16:
		*p = math.MinInt16
	case *int32:
		*p = math.MinInt32
	case *int64:
		*p = math.MinInt64
	}
	return z
}

func highest[A Accum]() A {
	var z A
	switch p := any(&z).(type) {
	case *float64:
		*p = math.Inf(1)
	case *int8:
		*p = math.MaxInt8
	case *int16:
		*p = math.MaxInt16
	case *int32:
		*p = math.MaxInt32
	case *int64:
		*p = math.MaxInt64
	default:
		z-- // all bits of an unsigned type
	}
	return z
}

// Reduce folds src into acc, which holds Start values. The loops walk src as the
// output, with acc as their operand, which stands still along reduced dimensions.
func Reduce[T Number, A Accum](op ReduceOp, l *Loops, acc []A, src []T) {
	moving := l.Step[0] == 1
	l.Each(func(n, o, i, _, _ int) {
		run := src[o : o+n]
		if moving {
			reduceEach(op, acc[i:i+n], run)
			return
		}
		acc[i] = reduceRun(op, acc[i], run)
	})
}

// reduceRun folds a run into one number.
func reduceRun[T Number, A Accum](op ReduceOp, a A, run []T) A {
	switch op {
	case ReduceSum:
		for _, v := range run {
			a += A(v)
		}
	case ReduceProd:
		for _, v := range run {
			a *= A(v)
		}
	case ReduceMax:
		for _, v := range run {
			a = max(a, A(v))
		}
	case ReduceMin:
		for _, v := range run {
			a = min(a, A(v))
		}
	case ReduceL1:
		for _, v := range run {
			a += absolute(A(v))
		}
	default:
		for _, v := range run {
			a += A(v) * A(v)
		}
	}
	return a
}

func absolute[A Accum](a A) A {
	if a < 0 {
		return -a
	}
	return a
}

// reduceEach folds a run element by element into as many numbers.
func reduceEach[T Number, A Accum](op ReduceOp, acc []A, run []T) {
	acc = acc[:len(run)]
	if op == ReduceSum {
		for i, v := range run {
			acc[i] += A(v)
		}
		return
	}
	for i := range run {
		acc[i] = reduceRun(op, acc[i], run[i:i+1])
	}
}

// SoftmaxRow writes e^x / sum e^x, or its logarithm, of one row.
func SoftmaxRow(dst, src []float32, logarithm bool) {
	isa := Best()
	top := isa.Max(src)
	if logarithm {
		sum := 0.0
		for _, v := range src {
			sum += float64(Exp(v - top))
		}
		shift := top + float32(math.Log(sum))
		for i, v := range src {
			dst[i] = v - shift
		}
		return
	}
	sum := isa.ExpSum(dst, src, top)
	scale := 1 / sum
	for i := range dst {
		dst[i] *= scale
	}
}

// SoftmaxRow64 is SoftmaxRow for float64.
func SoftmaxRow64(dst, src []float64, logarithm bool) {
	top, sum := math.Inf(-1), 0.0
	for _, v := range src {
		top = max(top, v)
	}
	for i, v := range src {
		dst[i] = math.Exp(v - top)
		sum += dst[i]
	}
	if logarithm {
		shift := math.Log(sum)
		for i, v := range src {
			dst[i] = v - top - shift
		}
		return
	}
	for i := range dst {
		dst[i] /= sum
	}
}
