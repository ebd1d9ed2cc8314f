package stream

import (
	"fmt"
	"time"

	"github.com/turgo-io/turgo/operator"
)

// TimeOption sets how EventTime makes watermarks.
type TimeOption func(*timeSettings)

type timeSettings struct {
	outOfOrder, idle, every, maxAhead, close, drift time.Duration

	align string
}

// OutOfOrder lets records come up to d of event time after newer ones: the watermark stays that far
// behind. Without it a record older than one before it is late.
func OutOfOrder(d time.Duration) TimeOption { return func(t *timeSettings) { t.outOfOrder = d } }

// Idle lets a split that gives no record for d of processing time hold the watermark back no longer.
func Idle(d time.Duration) TimeOption { return func(t *timeSettings) { t.idle = d } }

// WatermarkEvery sets the least step of event time between watermarks (1 ms).
func WatermarkEvery(d time.Duration) TimeOption { return func(t *timeSettings) { t.every = d } }

// MaxAhead drops, and counts, records further than d ahead of the clock: a wrong timestamp in the future
// would otherwise close every window.
func MaxAhead(d time.Duration) TimeOption { return func(t *timeSettings) { t.maxAhead = d } }

// CloseAfter lets event time go on with the clock when no record has come for d of processing time, so that the last
// window of a quiet stream still comes out. Records that come behind that are late.
func CloseAfter(d time.Duration) TimeOption { return func(t *timeSettings) { t.close = d } }

// AlignWith keeps the sources of a group together in event time: one that is more than drift ahead of the slowest is
// not read until that has caught up, so that a join or a window need not keep what the fast one has given too early.
// EventTime must stand right behind the source.
func AlignWith(group string, drift time.Duration) TimeOption {
	return func(t *timeSettings) { t.align, t.drift = group, drift }
}

// EventTime takes the records' event time from at and makes watermarks: for each split of the source, if
// nothing but operators of the source's parallelism stands between them. Behind a merge or an exchange nobody knows of
// splits: there the records of one split that lag behind those of another are late.
func (s *Stream[T]) EventTime[F ~func(T) time.Time](at F, opts ...TimeOption) *Stream[T] {
	var t timeSettings
	for _, o := range opts {
		o(&t)
	}
	return s.EventTimeBy(operator.Watermarks[T]{
		Time: at, OutOfOrder: t.outOfOrder, Idle: t.idle, Every: t.every, MaxAhead: t.maxAhead,
		Close: t.close, Align: t.align, Drift: t.drift,
	})
}

// EventTimeBy is EventTime with everything that can be said about it, such as a generator of watermarks.
func (s *Stream[T]) EventTimeBy[W interface{ operator.Watermarks[T] }](marks W) *Stream[T] {
	w := operator.Watermarks[T](marks)
	timed := via(s, operator.NewEventTime(w))
	timed.node.BySplit = true
	for _, d := range []time.Duration{w.OutOfOrder, w.Idle, w.Every, w.MaxAhead, w.Close, w.Drift, w.Period} {
		if d < 0 {
			timed.node.Faults = append(timed.node.Faults, fmt.Errorf("a duration of %v: none may be negative", d))
		}
	}
	return check(timed, w.Time == nil)
}
