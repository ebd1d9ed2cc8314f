package window

import (
	"cmp"
	"fmt"
	"slices"
)

type first[T any] struct{}

// First is the record that came first, the zero value over none. Arrival
// counts, not event time; [MinBy] the time is the earliest.
func First[T any]() Aggregator[T, Optional[T], T] { return first[T]{} }

func (first[T]) Add(acc *Optional[T], v *T) {
	if !acc.Set {
		acc.Value, acc.Set = *v, true
	}
}

func (first[T]) Merge(dst, src *Optional[T]) {
	if !dst.Set {
		*dst = *src
	}
}

func (first[T]) Result(acc *Optional[T]) T { return acc.Value }

type last[T any] struct{}

// Last is the record that came last, the zero value over none.
func Last[T any]() Aggregator[T, Optional[T], T] { return last[T]{} }

func (last[T]) Add(acc *Optional[T], v *T) { acc.Value, acc.Set = *v, true }

func (last[T]) Merge(dst, src *Optional[T]) {
	if src.Set {
		*dst = *src
	}
}

func (last[T]) Result(acc *Optional[T]) T { return acc.Value }

type reduce[T any] struct{ join func(T, T) T }

// Reduce joins records two by two, the zero value over none. The function gets
// the older one first, must be associative, and must not change its arguments.
func Reduce[T any](join func(older, newer T) T) Aggregator[T, Optional[T], T] { return reduce[T]{join} }

func (r reduce[T]) Add(acc *Optional[T], v *T) { r.offer(acc, *v) }

func (r reduce[T]) Merge(dst, src *Optional[T]) {
	if src.Set {
		r.offer(dst, src.Value)
	}
}

func (r reduce[T]) Result(acc *Optional[T]) T { return acc.Value }

func (r reduce[T]) offer(acc *Optional[T], v T) {
	if acc.Set {
		v = r.join(acc.Value, v)
	}
	acc.Value, acc.Set = v, true
}

// MinBy is the record with the least key, the earliest to come among equals.
func MinBy[T any, O cmp.Ordered](key func(T) O) Aggregator[T, Optional[T], T] {
	return Reduce(func(a, b T) T {
		if cmp.Less(key(b), key(a)) {
			return b
		}
		return a
	})
}

// MaxBy is the record with the greatest key, the earliest to come among equals.
func MaxBy[T any, O cmp.Ordered](key func(T) O) Aggregator[T, Optional[T], T] {
	return Reduce(func(a, b T) T {
		if cmp.Less(key(a), key(b)) {
			return b
		}
		return a
	})
}

// ListAcc is the accumulator of [Collect], [Set] and [TopN].
type ListAcc[V any] struct {
	Values []V
}

type collect[T any] struct{}

// Collect keeps every record in order of arrival: state grows with the window.
func Collect[T any]() Aggregator[T, ListAcc[T], []T] { return collect[T]{} }

func (collect[T]) Add(acc *ListAcc[T], v *T)  { acc.Values = append(acc.Values, *v) }
func (collect[T]) Merge(dst, src *ListAcc[T]) { dst.Values = append(dst.Values, src.Values...) }
func (collect[T]) Grows() bool                { return true }
func (collect[T]) Result(acc *ListAcc[T]) []T { return slices.Clone(acc.Values) }

type set[T any, V cmp.Ordered] struct{ of func(T) V }

// Set keeps the distinct values, sorted. It is exact: its state grows with the
// number of values, and so does the work to enter a new one (a move of what is
// greater); see [Distinct] for counting many. NaN counts as one value.
func Set[T any, V cmp.Ordered](of func(T) V) Aggregator[T, ListAcc[V], []V] { return set[T, V]{of} }

func (s set[T, V]) Add(acc *ListAcc[V], v *T) { s.enter(acc, s.of(*v)) }

func (s set[T, V]) Merge(dst, src *ListAcc[V]) {
	for _, v := range src.Values {
		s.enter(dst, v)
	}
}

func (s set[T, V]) Result(acc *ListAcc[V]) []V { return slices.Clone(acc.Values) }

// enter keeps the list sorted and distinct.
func (s set[T, V]) enter(acc *ListAcc[V], v V) {
	if at, found := slices.BinarySearch(acc.Values, v); !found {
		acc.Values = slices.Insert(acc.Values, at, v)
	}
}

func (s set[T, V]) Grows() bool { return true }

type topN[T any, O cmp.Ordered] struct {
	n  int
	by func(T) O
}

// TopN keeps the n records with the greatest keys, greatest first; among equal
// keys those that came first.
func TopN[T any, O cmp.Ordered](n int, by func(T) O) Aggregator[T, ListAcc[T], []T] {
	return topN[T, O]{n, by}
}

// Validate implements [Validator].
func (t topN[T, O]) Validate() error {
	if t.n > 0 {
		return nil
	}
	return fmt.Errorf("%w: top-n: n is %d; it must be positive", ErrInvalid, t.n)
}

func (t topN[T, O]) Add(acc *ListAcc[T], v *T) {
	l, key := acc.Values, t.by(*v)
	if len(l) >= t.n && (t.n <= 0 || cmp.Compare(t.by(l[len(l)-1]), key) >= 0) {
		return
	}
	at, _ := slices.BinarySearchFunc(l, key, func(have T, key O) int {
		if cmp.Compare(t.by(have), key) >= 0 {
			return -1 // behind those that are equal
		}
		return 1
	})
	if len(l) >= t.n {
		l = l[:len(l)-1]
	}
	acc.Values = slices.Insert(l, at, *v)
}

func (t topN[T, O]) Merge(dst, src *ListAcc[T]) {
	for i := range src.Values {
		t.Add(dst, &src.Values[i])
	}
}

func (t topN[T, O]) Result(acc *ListAcc[T]) []T { return slices.Clone(acc.Values) }
