package stream

import (
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/window"
)

// Windowed is a keyed stream cut into windows. All methods that make an operator have type parameters of their own: a
// method without would be compiled for every stream of a program, used or not.
type Windowed[K comparable, T any] struct {
	input    *Keyed[K, T]
	assigner window.Assigner
	options  window.Options
	late     operator.Side[T]
}

// Window cuts the stream of each key into windows: window.Tumbling, Sliding, Session and others. Options say when they
// fire, and of what time they are:
//
//	views.KeyBy(View.User).
//		Window(window.Session(30*time.Minute), window.Lateness(time.Hour),
//			window.Fire(window.AtWatermark().Early(window.Every(10*time.Second))))
func (k *Keyed[K, T]) Window(assigner window.Assigner, opts ...window.Option) *Windowed[K, T] {
	return &Windowed[K, T]{input: k, assigner: assigner, options: window.With(opts...), late: operator.NewSide[T]("late")}
}

// WindowAll cuts the whole stream into windows, in one subtask. Read K as bool: all records have the key true.
func (s *Stream[T]) WindowAll[K interface{ bool }](assigner window.Assigner, opts ...window.Option) *Windowed[K, T] {
	return s.KeyBy(func(T) K { return true }).Parallelism(1).Window(assigner, opts...)
}

// LateTo puts records that come when all their windows are gone on a side output. Without it they are
// only counted.
func (w *Windowed[K, T]) LateTo(tag operator.Side[T]) *Windowed[K, T] {
	c := *w
	c.late = tag
	return &c
}

// windowOf adds the operator for what is to come of the windows.
func windowOf[K comparable, T, A, V, R any](w *Windowed[K, T], spec operator.WindowSpec[K, T, A, V, R]) *Stream[R] {
	spec.Assigner, spec.Late = w.assigner, w.late
	spec.Trigger, spec.Lateness, spec.Mode = w.options.Trigger, w.options.Lateness, w.options.Mode
	spec.ProcessingTime = w.options.ProcessingTime
	return via(w.input.Stream, operator.NewWindow(spec)).keyed()
}

// Aggregate folds the records of each key and window as they come, and puts out fn of the key, the
// window and the aggregate when the window fires.
func (w *Windowed[K, T]) Aggregate[A, V, R any](a window.Aggregator[T, A, V], fn func(key K, span window.Span, value V) R) *Stream[R] {
	return windowOf(w, operator.WindowSpec[K, T, A, V, R]{Aggregator: a, Result: fn})
}

// Firings is Aggregate for windows that fire more than once: fn is told which firing it is, and of retractions.
func (w *Windowed[K, T]) Firings[A, V, R any](a window.Aggregator[T, A, V], fn func(key K, f window.Firing, value V) R) *Stream[R] {
	return windowOf(w, operator.WindowSpec[K, T, A, V, R]{Aggregator: a, Firing: fn})
}

// Process hands the aggregate of each window, when it fires, to user code with state and side outputs; fn
// makes one for each subtask. With window.Collect the aggregate is all records of the window.
func (w *Windowed[K, T]) Process[A, V, R any](a window.Aggregator[T, A, V], fn func() operator.WindowFunction[K, V, R]) *Stream[R] {
	return windowOf(w, operator.WindowSpec[K, T, A, V, R]{Aggregator: a, Function: fn})
}

// Over gives fn, with each record, the rolling aggregates of value over time ranges that end with the
// key's newest record: count, sum, mean, minimum, maximum, in O(1) a record.
//
//	payments.KeyBy(Payment.Card).Over(window.Range(time.Minute, time.Hour), Payment.Amount,
//		func(p Payment, w *window.Rolling) Features { … w.Stats(0).Count … })
func (k *Keyed[K, T]) Over[U any](ranges window.Ranges, value func(T) float64, fn func(v T, w *window.Rolling) U) *Keyed[K, U] {
	return keep(k, operator.NewOver(ranges, value, fn))
}
