package operator

import (
	"math"
	"slices"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/window"
)

// openWindow is a window of a key with all that a trigger, lateness and retractions need.
type openWindow[A any] struct {
	Span    window.Span
	Acc     A
	Filled  bool    // something is in Acc
	Trigger []int64 // the trigger's numbers
	Fired   int64   // how often
	Closed  bool    // it has fired at its end or after it
	Last    A       // what the last firing put out, if results are retracted
}

// keyWindows are a key's windows, in order of their ends.
type keyWindows[A any] struct{ All []openWindow[A] }

// windowed is the window operator for everything: any assigner, trigger, mode, either time. It keeps each window by
// itself, and a timer for each time that a trigger or the end of a window asks for.
type windowed[K comparable, T, A, V, R any] struct {
	windowCore[K, T, A, V, R]
	trigger  window.Trigger
	state    state.Value[keyWindows[A]]
	timers   state.Timers
	hash     func(K) uint64 // of windows that are staggered
	shifts   window.Staggered
	byValue  window.ValueAssigner
	timed    window.TimedAggregator[T, A]
	evicts   window.Evicting[A]
	merging  bool
	timeless bool // records need no time
	slots    int
	spans    []window.Span
	moment   window.Moment
}

func (o *windowed[K, T, A, V, R]) Open(c Context, out Receiver[R]) error {
	if err := o.windowCore.Open(c, out); err != nil {
		return err
	}
	o.state = state.NewValue[keyWindows[A]](c, "windows")
	o.timers = state.NewTimers(c)
	o.timed, _ = o.Aggregator.(window.TimedAggregator[T, A])
	o.evicts, _ = o.Aggregator.(window.Evicting[A])
	o.byValue, _ = o.Assigner.(window.ValueAssigner)
	o.merging = o.Assigner.Merging()
	count, counts := o.Assigner.(window.CountWindow)
	switch {
	case o.Trigger != nil:
		o.trigger = o.Trigger
	case counts:
		o.trigger = count.Trigger()
	case o.ProcessingTime:
		o.trigger = window.AtProcessingTime()
	default:
		o.trigger = window.AtWatermark()
	}
	_, global := o.Assigner.(window.GlobalWindow)
	o.timeless = counts || global
	o.slots = o.trigger.Slots()
	if s, ok := o.Assigner.(window.Staggered); ok {
		hasher, err := state.HashOf[K]()
		if err != nil {
			return err
		}
		o.hash, o.shifts = hasher.Hash, s
	}
	return nil
}

// assign makes spans the windows of a record.
func (o *windowed[K, T, A, V, R]) assign(time int64, v *T) {
	o.spans = o.spans[:0]
	switch {
	case o.hash != nil:
		k, _ := o.keys.Current()
		o.spans = o.shifts.AssignShifted(o.spans, time, o.shifts.Shift(o.hash(k)))
	case o.byValue != nil:
		o.spans = o.byValue.AssignValue(o.spans, time, v)
	default:
		o.spans = o.Assigner.Assign(o.spans, time)
	}
}

func (o *windowed[K, T, A, V, R]) now() int64 { return o.Context.env.Clock.Now() }

// gone is the event time at which a window is forgotten.
func (o *windowed[K, T, A, V, R]) gone(s window.Span) int64 {
	at := s.Last()
	if at > math.MaxInt64-int64(o.Lateness) {
		return math.MaxInt64
	}
	return at + int64(o.Lateness)
}

// over says that a record comes too late for a window.
func (o *windowed[K, T, A, V, R]) over(s window.Span) bool {
	return !o.ProcessingTime && o.gone(s) <= o.passed
}

func (o *windowed[K, T, A, V, R]) Push(time int64, v *T) error {
	o.Context.Enter() // aggregator, assigner and trigger may be the user's
	at := time
	switch {
	case o.ProcessingTime:
		at = o.now()
	case time == NoTime && !o.timeless:
		return errNoTime
	}
	o.moment = window.Moment{Time: at, Watermark: o.passed, Now: o.now(), Value: v}
	o.assign(at, v)
	late := len(o.spans) > 0
	for _, s := range o.spans {
		if o.over(s) && !o.rescued(s) {
			continue
		}
		late = false
		if err := o.add(s, at, v); err != nil {
			return err
		}
	}
	if late {
		return o.drop(time, v)
	}
	return nil
}

// rescued says that a late record is in time after all: it goes on with a session that is open.
func (o *windowed[K, T, A, V, R]) rescued(s window.Span) bool {
	if !o.merging {
		return false
	}
	k, _ := o.state.Get()
	return touches(k.All, s)
}

// touches says that one of the windows touches s.
func touches[A any](all []openWindow[A], s window.Span) bool {
	return slices.ContainsFunc(all, func(w openWindow[A]) bool { return w.Span.Touches(s) })
}

// add puts a record into a window and asks the trigger.
func (o *windowed[K, T, A, V, R]) add(s window.Span, at int64, v *T) error {
	k := o.state.Ref()
	i, err := o.window(k, s)
	if err != nil {
		return err
	}
	w := &k.All[i]
	if o.timed != nil {
		o.timed.AddAt(&w.Acc, at, v)
	} else {
		o.Aggregator.Add(&w.Acc, v)
	}
	w.Filled = true
	o.moment.Span = w.Span
	if err := o.act(w, o.trigger.OnRecord(&o.moment, w.Trigger)); err != nil {
		return err
	}
	o.plan(w)
	return nil
}

// window returns the place of a window, opened if it is new, merged with those that it touches if windows merge.
func (o *windowed[K, T, A, V, R]) window(k *keyWindows[A], s window.Span) (int, error) {
	for i := range k.All {
		if w := k.All[i].Span; w == s || o.merging && w.Cover(s) == w {
			return i, nil // what lies within a session cannot touch another
		}
	}
	w := o.fresh(s)
	if o.merging {
		var err error
		if w, err = o.merge(k, w); err != nil {
			return 0, err
		}
	}
	return k.insert(w), nil
}

func (o *windowed[K, T, A, V, R]) fresh(s window.Span) openWindow[A] {
	w := openWindow[A]{Span: s}
	if o.slots > 0 {
		w.Trigger = make([]int64, o.slots)
	}
	return w
}

// insert puts a window in its place: by its end, then by its start.
func (k *keyWindows[A]) insert(w openWindow[A]) int {
	i := len(k.All)
	for i > 0 && k.All[i-1].after(&w) {
		i--
	}
	k.All = slices.Insert(k.All, i, w)
	return i
}

func (w *openWindow[A]) after(o *openWindow[A]) bool {
	return w.Span.End > o.Span.End || w.Span.End == o.Span.End && w.Span.Start > o.Span.Start
}

// merge takes the windows out that the new one touches and returns the one that they become, the earlier ones' records
// first. What a merged window had put out is retracted, if results are: its bounds are no more.
func (o *windowed[K, T, A, V, R]) merge(k *keyWindows[A], all openWindow[A]) (openWindow[A], error) {
	s := all.Span
	for i := 0; i < len(k.All); {
		w := k.All[i]
		if !w.Span.Touches(s) {
			i++
			continue
		}
		o.moment.Span = w.Span
		if err := o.retract(&w); err != nil {
			return all, err
		}
		k.All = slices.Delete(k.All, i, i+1)
		all = o.join(all, w)
	}
	return all, nil
}

// join makes one window of two that has not fired: the records of the one that began earlier come first.
func (o *windowed[K, T, A, V, R]) join(a, b openWindow[A]) openWindow[A] {
	if b.Span.Start < a.Span.Start {
		a, b = b, a
	}
	o.Aggregator.Merge(&a.Acc, &b.Acc)
	o.trigger.Merge(a.Trigger, b.Trigger)
	var zero A
	a.Span, a.Filled, a.Fired, a.Closed, a.Last = a.Span.Cover(b.Span), a.Filled || b.Filled, 0, false, zero
	return a
}

// act does what a trigger said.
func (o *windowed[K, T, A, V, R]) act(w *openWindow[A], a window.Action) error {
	if a&window.FireNow != 0 && w.Filled {
		if err := o.fire(w); err != nil {
			return err
		}
	}
	if a&window.PurgeNow != 0 || a&window.FireNow != 0 && o.Mode == window.Discarding {
		var zero A
		w.Acc, w.Filled = zero, false
	}
	return nil
}

// plan sets the timers that a window wants. One that is set already is not set twice.
func (o *windowed[K, T, A, V, R]) plan(w *openWindow[A]) {
	event, processing := o.trigger.Next(&o.moment, w.Trigger)
	if event != window.NoTime {
		o.timers.Set(state.EventTime, event, 0)
	}
	if processing != window.NoTime {
		o.timers.Set(state.ProcessingTime, processing, 0)
	}
	if o.ProcessingTime {
		o.timers.Set(state.ProcessingTime, w.Span.Last(), 0)
		o.timers.Set(state.EventTime, MaxTime, 0) // at the end of the input
		return
	}
	o.timers.Set(state.EventTime, o.gone(w.Span), 0)
}

// fire puts a window's result out.
func (o *windowed[K, T, A, V, R]) fire(w *openWindow[A]) error {
	if err := o.retract(w); err != nil {
		return err
	}
	if o.evicts != nil {
		o.evicts.Evict(&w.Acc)
	}
	o.firing = window.Firing{Span: w.Span, Number: w.Fired, Kind: o.kind(w)}
	if err := o.put(o.resultTime(w.Span), &w.Acc); err != nil {
		return err
	}
	w.Fired++
	w.Closed = w.Closed || o.firing.Kind == window.OnTime
	if o.Mode == window.Retracting {
		var copied A
		o.Aggregator.Merge(&copied, &w.Acc)
		w.Last = copied
	}
	return nil
}

// retract puts the last result out again, as void, if there was one and results are retracted.
func (o *windowed[K, T, A, V, R]) retract(w *openWindow[A]) error {
	if o.Mode != window.Retracting || w.Fired == 0 {
		return nil
	}
	o.firing = window.Firing{Span: w.Span, Number: w.Fired - 1, Kind: o.kind(w), Retraction: true}
	return o.put(o.resultTime(w.Span), &w.Last)
}

func (o *windowed[K, T, A, V, R]) kind(w *openWindow[A]) window.FiringKind {
	end := o.passed >= w.Span.Last()
	if o.ProcessingTime {
		end = o.moment.Now >= w.Span.Last() || o.passed == MaxTime
	}
	switch {
	case w.Closed:
		return window.Late
	case end:
		return window.OnTime
	}
	return window.Early
}

// resultTime is the event time of a window's result.
func (o *windowed[K, T, A, V, R]) resultTime(s window.Span) int64 {
	switch {
	case o.ProcessingTime:
		return NoTime
	case s.End == math.MaxInt64 && o.moment.Value != nil:
		return o.moment.Time
	}
	return s.Last()
}

// Mark fires what a watermark makes due before it hands the watermark on.
func (o *windowed[K, T, A, V, R]) Mark(m Mark) error {
	if m.Kind == Watermark {
		o.passed = m.Value
		if err := o.due(state.EventTime, m.Value); err != nil {
			return err
		}
	}
	return o.Out.Mark(m)
}

// Deadline is the earliest processing time that a window waits for.
func (o *windowed[K, T, A, V, R]) Deadline() int64 {
	at, ok := o.timers.Next(state.ProcessingTime)
	if !ok {
		return 0
	}
	return max(at, 1)
}

// Tick fires what is due by the clock.
func (o *windowed[K, T, A, V, R]) Tick(now int64) error { return o.due(state.ProcessingTime, now) }

// due asks the trigger for the windows of each key that has a timer.
func (o *windowed[K, T, A, V, R]) due(kind state.TimeKind, until int64) error {
	for {
		at, _, ok := o.timers.PopDue(kind, until)
		if !ok {
			return nil
		}
		o.Context.Enter()
		o.moment = window.Moment{Time: at, Watermark: o.passed, Now: o.now()}
		if err := o.wake(kind, at); err != nil {
			return err
		}
	}
}

// wake asks for each window of the current key, and forgets those that are over.
func (o *windowed[K, T, A, V, R]) wake(kind state.TimeKind, at int64) error {
	k := o.state.Ref()
	for i := 0; i < len(k.All); {
		w := &k.All[i]
		o.moment.Span = w.Span
		if err := o.ask(kind, w); err != nil {
			return err
		}
		if !o.ended(kind, at, w.Span) {
			o.plan(w)
			i++
			continue
		}
		if err := o.forget(w); err != nil {
			return err
		}
		k.All = slices.Delete(k.All, i, i+1)
	}
	if len(k.All) == 0 {
		o.state.Clear()
	}
	return nil
}

func (o *windowed[K, T, A, V, R]) ask(kind state.TimeKind, w *openWindow[A]) error {
	if kind == state.EventTime {
		return o.act(w, o.trigger.OnEventTime(&o.moment, w.Trigger))
	}
	return o.act(w, o.trigger.OnProcessingTime(&o.moment, w.Trigger))
}

// ended says that a time is the last that a window waits for.
func (o *windowed[K, T, A, V, R]) ended(kind state.TimeKind, at int64, s window.Span) bool {
	if o.ProcessingTime {
		return kind == state.ProcessingTime && at >= s.Last() || kind == state.EventTime && at == MaxTime
	}
	return kind == state.EventTime && at >= o.gone(s)
}

// forget tells the user's function that a window is over.
func (o *windowed[K, T, A, V, R]) forget(w *openWindow[A]) error {
	f, ok := o.fn.(WindowCleaner[K])
	if !ok {
		return nil
	}
	k, _ := o.keys.Current()
	o.firing = window.Firing{Span: w.Span, Number: w.Fired, Kind: window.Late}
	return f.Clear(WindowContext[K]{RecordContext{o.Context, o.resultTime(w.Span)}, k, o.firing})
}
