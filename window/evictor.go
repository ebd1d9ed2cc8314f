package window

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Timed is a record with its event time, in nanoseconds.
type Timed[T any] struct {
	Time  int64
	Value T
}

// Evictor drops records of a window before its function sees them. It gets them in order of arrival, may reorder and
// shorten the list in place, and returns what stays; what it drops is gone for later firings, too.
type Evictor[T any] func(records []Timed[T]) []Timed[T]

// KeepLast keeps the n records that came last.
func KeepLast[T any](n int) Evictor[T] {
	return func(all []Timed[T]) []Timed[T] {
		return slices.Delete(all, 0, max(0, len(all)-max(n, 0)))
	}
}

// KeepWithin keeps the records whose event time is less than d before the newest one's.
func KeepWithin[T any](d time.Duration) Evictor[T] {
	return func(all []Timed[T]) []Timed[T] {
		newest := int64(math.MinInt64)
		for _, r := range all {
			newest = max(newest, r.Time)
		}
		return slices.DeleteFunc(all, func(r Timed[T]) bool { return r.Time <= satSub(newest, int64(d)) })
	}
}

// KeepNear keeps the records whose value is less than threshold away from that of the record that came last.
func KeepNear[T any](threshold float64, value func(T) float64) Evictor[T] {
	return func(all []Timed[T]) []Timed[T] {
		if len(all) == 0 {
			return all
		}
		last := value(all[len(all)-1].Value)
		return slices.DeleteFunc(all, func(r Timed[T]) bool { return !(math.Abs(value(r.Value)-last) < threshold) })
	}
}

// TimedAggregator is an aggregator that wants the records' event times.
type TimedAggregator[T, A any] interface {
	// AddAt is called in place of Add.
	AddAt(acc *A, time int64, v *T)
}

// Evicting is an aggregator that drops something before each result.
type Evicting[A any] interface {
	// Evict is called before Result when a window fires.
	Evict(acc *A)
}

// TimedAcc is the accumulator of [Evict].
type TimedAcc[T any] struct{ Records []Timed[T] }

type evict[T, A, R any] struct {
	keep Evictor[T]
	of   Aggregator[T, A, R]
}

// Evict is an aggregate over what an evictor keeps. The window has all of its records in state until then.
func Evict[T, A, R any](keep Evictor[T], of Aggregator[T, A, R]) Aggregator[T, TimedAcc[T], R] {
	return evict[T, A, R]{keep, of}
}

// Validate implements [Validator].
func (e evict[T, A, R]) Validate() error {
	if e.keep == nil || e.of == nil {
		return fmt.Errorf("%w: evict: the evictor or the aggregator is nil", ErrInvalid)
	}
	return Validate(e.of)
}

func (e evict[T, A, R]) Add(acc *TimedAcc[T], v *T) { e.AddAt(acc, 0, v) }

func (e evict[T, A, R]) AddAt(acc *TimedAcc[T], time int64, v *T) {
	acc.Records = append(acc.Records, Timed[T]{time, *v})
}

func (e evict[T, A, R]) Merge(dst, src *TimedAcc[T]) {
	dst.Records = append(dst.Records, src.Records...)
}

func (e evict[T, A, R]) Grows() bool { return true }

func (e evict[T, A, R]) Evict(acc *TimedAcc[T]) { acc.Records = e.keep(acc.Records) }

func (e evict[T, A, R]) Result(acc *TimedAcc[T]) R {
	var a A
	for i := range acc.Records {
		e.of.Add(&a, &acc.Records[i].Value)
	}
	return e.of.Result(&a)
}
