package window

import "math"

// VarianceAcc is the accumulator of [Variance] and [StdDev]: Welford's running
// mean and sum of squared deviations, merged as Chan, Golub and LeVeque do,
// which does not cancel for values far from zero.
type VarianceAcc struct {
	Count    int64
	Mean, M2 float64
}

// Add enters v.
func (a *VarianceAcc) Add(v float64) {
	a.Count++
	d := v - a.Mean
	a.Mean += d / float64(a.Count)
	a.M2 += d * (v - a.Mean)
}

// Sample is the sample variance (divided by n-1), 0 for fewer than two values.
func (a *VarianceAcc) Sample() float64 {
	if a.Count < 2 {
		return 0
	}
	return max(a.M2, 0) / float64(a.Count-1)
}

type variance[T any, N Number] struct {
	of   func(T) N
	root bool
}

// Variance is the sample variance of a value (divided by n-1), 0 over fewer
// than two records. Taking records out again costs accuracy where what is taken
// out varied much more than what is left.
func Variance[T any, N Number](of func(T) N) Aggregator[T, VarianceAcc, float64] {
	return variance[T, N]{of: of}
}

// StdDev is the sample standard deviation, the root of [Variance].
func StdDev[T any, N Number](of func(T) N) Aggregator[T, VarianceAcc, float64] {
	return variance[T, N]{of: of, root: true}
}

func (a variance[T, N]) Add(acc *VarianceAcc, v *T) { acc.Add(float64(a.of(*v))) }

func (a variance[T, N]) Merge(dst, src *VarianceAcc) {
	if src.Count == 0 {
		return
	}
	n, m := float64(dst.Count), float64(src.Count)
	d := src.Mean - dst.Mean
	dst.Count += src.Count
	dst.Mean += d * m / (n + m)
	dst.M2 += src.M2 + d*d*n*m/(n+m)
}

func (a variance[T, N]) Result(acc *VarianceAcc) float64 {
	if a.root {
		return math.Sqrt(acc.Sample())
	}
	return acc.Sample()
}

func (a variance[T, N]) Retractable() bool { return true }

func (a variance[T, N]) Retract(acc *VarianceAcc, v *T) {
	if acc.Count <= 1 {
		*acc = VarianceAcc{}
		return
	}
	x := float64(a.of(*v))
	d := x - acc.Mean
	acc.Count--
	acc.Mean -= d / float64(acc.Count)
	acc.M2 -= d * (x - acc.Mean)
}
