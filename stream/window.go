package stream

import (
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/window"
)

// Windowed is a keyed stream cut into windows of event time.
type Windowed[K comparable, T any] struct {
	input    *Keyed[K, T]
	assigner window.Assigner
	late     operator.Side[T]
}

// Window cuts the stream of each key into windows: window.Tumbling, Sliding, Session and others.
func (k *Keyed[K, T]) Window(assigner window.Assigner) *Windowed[K, T] {
	return &Windowed[K, T]{input: k, assigner: assigner, late: operator.NewSide[T]("late")}
}

// LateTo puts records that come when all their windows are closed on a side output. Without it they are
// only counted.
func (w *Windowed[K, T]) LateTo(tag operator.Side[T]) *Windowed[K, T] {
	c := *w
	c.late = tag
	return &c
}

// Aggregate folds the records of each key and window as they come, and puts out fn of the key, the
// window and the aggregate when the watermark has passed the window's end.
func (w *Windowed[K, T]) Aggregate[A, V, R any](a window.Aggregator[T, A, V], fn func(key K, span window.Span, value V) R) *Stream[R] {
	return via(w.input.Stream, operator.NewWindow(operator.WindowSpec[K, T, A, V, R]{
		Assigner: w.assigner, Aggregator: a, Result: fn, Late: w.late,
	})).keyed()
}

// Over gives fn, with each record, the rolling aggregates of value over time ranges that end with the
// key's newest record: count, sum, mean, minimum, maximum, in O(1) a record.
//
//	payments.KeyBy(Payment.Card).Over(window.Range(time.Minute, time.Hour), Payment.Amount,
//		func(p Payment, w *window.Rolling) Features { … w.Stats(0).Count … })
func (k *Keyed[K, T]) Over[U any](ranges window.Ranges, value func(T) float64, fn func(v T, w *window.Rolling) U) *Keyed[K, U] {
	return keep(k, operator.NewOver(ranges, value, fn))
}
