package window

import "cmp"

type count[T any] struct{}

// Count counts records.
func Count[T any]() Aggregator[T, int64, int64] { return count[T]{} }

func (count[T]) Add(acc *int64, _ *T)     { *acc++ }
func (count[T]) Merge(dst, src *int64)    { *dst += *src }
func (count[T]) Result(acc *int64) int64  { return *acc }
func (count[T]) Retractable() bool        { return true }
func (count[T]) Retract(acc *int64, _ *T) { *acc-- }

// SumAcc is a sum with its rounding error kept apart (Knuth's two-sum), so that
// the order in which slices are merged does not show in the result beyond the
// last bit, and taking values out does not drift. Comp is always 0 for integers.
type SumAcc[N Number] struct {
	Sum  N
	Comp N // what Sum lacks
}

// Add adds v.
func (s *SumAcc[N]) Add(v N) {
	sum, e := twoSum(s.Sum, v)
	s.Sum, s.Comp = sum, s.Comp+e
}

// twoSum is the rounded sum of two numbers and its exact error.
func twoSum[N Number](a, b N) (sum, err N) {
	sum = a + b
	c := sum - a
	return sum, (a - (sum - c)) + (b - c)
}

func (s *SumAcc[N]) merge(o *SumAcc[N]) {
	s.Add(o.Sum)
	s.Add(o.Comp)
}

// Value is the compensated sum. After an overflow to infinity the error is not
// a number, and the bare sum is the answer.
func (s *SumAcc[N]) Value() N {
	if v := s.Sum + s.Comp; v == v {
		return v
	}
	return s.Sum
}

type sum[T any, N Number] struct{ of func(T) N }

// Sum adds up a value of the records. Integers wrap around as Go's do; floats
// are summed with compensation.
func Sum[T any, N Number](of func(T) N) Aggregator[T, SumAcc[N], N] { return sum[T, N]{of} }

func (s sum[T, N]) Add(acc *SumAcc[N], v *T)     { acc.Add(s.of(*v)) }
func (s sum[T, N]) Result(acc *SumAcc[N]) N      { return acc.Value() }
func (s sum[T, N]) Retractable() bool            { return true }
func (s sum[T, N]) Retract(acc *SumAcc[N], v *T) { acc.Add(-s.of(*v)) }
func (s sum[T, N]) Merge(dst, src *SumAcc[N])    { dst.merge(src) }

// MeanAcc is the accumulator of [Mean].
type MeanAcc struct {
	Count int64
	Sum   SumAcc[float64]
}

type mean[T any, N Number] struct{ of func(T) N }

// Mean is the arithmetic mean, 0 over no record.
func Mean[T any, N Number](of func(T) N) Aggregator[T, MeanAcc, float64] { return mean[T, N]{of} }

func (m mean[T, N]) Add(acc *MeanAcc, v *T) {
	acc.Count++
	acc.Sum.Add(float64(m.of(*v)))
}

func (m mean[T, N]) Merge(dst, src *MeanAcc) {
	dst.Count += src.Count
	dst.Sum.merge(&src.Sum)
}

func (m mean[T, N]) Result(acc *MeanAcc) float64 {
	if acc.Count == 0 {
		return 0
	}
	return acc.Sum.Value() / float64(acc.Count)
}

func (m mean[T, N]) Retractable() bool { return true }
func (m mean[T, N]) Retract(acc *MeanAcc, v *T) {
	acc.Count--
	acc.Sum.Add(-float64(m.of(*v)))
}

// Optional is a value that may not have been seen yet: the accumulator of Min,
// Max, First, Last and Reduce.
type Optional[V any] struct {
	Value V
	Set   bool
}

type extreme[T any, V cmp.Ordered] struct {
	of   func(T) V
	sign int // +1 keeps the greatest, -1 the least
}

// Min is the least value, the zero value over no record. NaN is less than
// every other number, as in package cmp.
func Min[T any, V cmp.Ordered](of func(T) V) Aggregator[T, Optional[V], V] {
	return extreme[T, V]{of, -1}
}

// Max is the greatest value, the zero value over no record.
func Max[T any, V cmp.Ordered](of func(T) V) Aggregator[T, Optional[V], V] {
	return extreme[T, V]{of, +1}
}

func (e extreme[T, V]) Add(acc *Optional[V], v *T) { e.offer(acc, e.of(*v)) }

func (e extreme[T, V]) Merge(dst, src *Optional[V]) {
	if src.Set {
		e.offer(dst, src.Value)
	}
}

func (e extreme[T, V]) Result(acc *Optional[V]) V { return acc.Value }

func (e extreme[T, V]) offer(acc *Optional[V], v V) {
	if !acc.Set || cmp.Compare(v, acc.Value) == e.sign {
		acc.Value, acc.Set = v, true
	}
}
