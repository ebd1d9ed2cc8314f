package operator

import (
	"errors"
	"fmt"
	"time"

	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/window"
)

// WindowSpec describes a windowed aggregation of a keyed stream. One of Result, Firing and Function says what comes out.
type WindowSpec[K comparable, T, A, V, R any] struct {
	Assigner   window.Assigner
	Aggregator window.Aggregator[T, A, V]
	// Result makes a record of a window's aggregate.
	Result func(key K, span window.Span, value V) R
	// Firing is Result for windows that fire more than once: it is told which firing this is.
	Firing func(key K, f window.Firing, value V) R
	// Function makes, for each subtask, what takes a window's aggregate and puts any number of records out.
	Function func() WindowFunction[K, V, R]

	// Trigger says when a window fires. Nil: once, when its end has passed.
	Trigger window.Trigger
	// Lateness is how long after its end, in event time, a window takes late records.
	Lateness time.Duration
	// Mode says what a window that fires again puts out.
	Mode window.Mode
	// ProcessingTime cuts windows by the job's clock instead of by event time. Results have no event time then, and what
	// is open at the end of the input fires.
	ProcessingTime bool
	// Late is the side output for records that come when all their windows are gone. They are
	// counted as "late" in any case.
	Late Side[T]

	// dropped, if set, is called for late records in place of Late: the sides of a join are its own.
	dropped func(time int64, v *T) error
	// stateless says that Function wants no call when a window is over.
	stateless bool
}

// NewWindow returns the operator that aggregates the records of each key and window, and emits the result
// when the watermark has passed the window's end, or when a trigger says so. A result's event time is the last instant of
// its window; that of a window without end, fired by a record, is the record's. Of one key, windows come out in order of
// their ends. A record without event time is an error unless windows are of processing time.
//
// Overlapping windows without trigger and lateness share slices: a record costs one addition and a firing about three
// merges, however many windows overlap. Aggregates then see records slice by slice, in order of arrival within a slice.
// All other windows are kept one by one, in order of arrival.
//
// State: for each key its open slices or windows, with an accumulator each.
func NewWindow[K comparable, T, A, V, R any](w WindowSpec[K, T, A, V, R]) Factory[T, R] {
	return windowFactory[K, T, A, V, R]{w}
}

type windowFactory[K comparable, T, A, V, R any] struct{ spec WindowSpec[K, T, A, V, R] }

func (f windowFactory[K, T, A, V, R]) Name() string { return "window" }

func (f windowFactory[K, T, A, V, R]) New() Operator[T, R] {
	core := windowCore[K, T, A, V, R]{WindowSpec: f.spec}
	if f.spec.plain() {
		switch a := f.spec.Assigner.(type) {
		case window.TumblingWindow:
			return &tumbling[K, T, A, V, R]{windowCore: core, window: a}
		case window.Sliced:
			return &slicing[K, T, A, V, R]{windowCore: core, slices: a}
		case window.SessionWindow:
			return &sessions[K, T, A, V, R]{windowCore: core, window: a}
		}
	}
	return &windowed[K, T, A, V, R]{windowCore: core}
}

// plain says that windows fire once, at their end, and are over then.
func (w *WindowSpec[K, T, A, V, R]) plain() bool {
	if w.Lateness != 0 || w.Mode != window.Accumulating || w.ProcessingTime || w.Function != nil && !w.stateless {
		return false
	}
	_, evicts := w.Aggregator.(window.Evicting[A])
	_, timed := w.Aggregator.(window.TimedAggregator[T, A])
	if evicts || timed {
		return false
	}
	if w.Trigger == nil {
		return true
	}
	at, ok := w.Trigger.(window.WatermarkTrigger)
	return ok && at.Plain()
}

// Validate reports what is wrong with the description.
func (f windowFactory[K, T, A, V, R]) Validate() error { return f.spec.validate() }

func (w *WindowSpec[K, T, A, V, R]) validate() error {
	if w.Assigner == nil || w.Aggregator == nil || w.Result == nil && w.Firing == nil && w.Function == nil {
		return errors.New("a window needs an assigner, an aggregator and a result function")
	}
	faults := []error{w.Assigner.Validate(), window.Validate(w.Aggregator)}
	_, evicts := w.Aggregator.(window.Evicting[A])
	if c, counts := w.Assigner.(window.CountWindow); counts && c.Slide != c.Size && !evicts {
		faults = append(faults, fmt.Errorf("%w: count: a window of the last %d records needs window.Evict(window.KeepLast[T](%d), …) around its aggregator",
			window.ErrInvalid, c.Size, c.Size))
	}
	if w.Trigger != nil {
		faults = append(faults, w.Trigger.Validate())
	}
	if w.Lateness < 0 {
		faults = append(faults, fmt.Errorf("%w: the lateness is %v; it must not be negative", window.ErrInvalid, w.Lateness))
	}
	return errors.Join(faults...)
}

// windowCore is what all window operators have: settings, late records, results.
type windowCore[K comparable, T, A, V, R any] struct {
	Base[R]
	WindowSpec[K, T, A, V, R]
	keys    *state.Keys[K]
	late    *Collector[T]
	counter *Counter
	passed  int64 // the watermark
	fn      WindowFunction[K, V, R]
	collect *Collector[R]
	firing  window.Firing
	out     R
}

func (o *windowCore[K, T, A, V, R]) Open(c Context, out Receiver[R]) (err error) {
	if o.keys, err = keysOf[K](c); err != nil {
		return err
	}
	if o.late, err = o.Late.Output(c); err != nil {
		return err
	}
	o.counter = c.Counter("late")
	o.passed = NoTime
	o.collect = NewCollector(out).of(c)
	if err := o.Base.Open(c, out); err != nil || o.Function == nil {
		return err
	}
	o.fn = o.Function()
	return open(o.fn, c)
}

func (o *windowCore[K, T, A, V, R]) Close() error { return closeFunction(o.fn) }

var errNoTime = errors.New("operator: window: the record has no event time; put EventTime before the window")

func (o *windowCore[K, T, A, V, R]) drop(time int64, v *T) error {
	o.counter.Add(1)
	if o.dropped != nil {
		return o.dropped(time, v)
	}
	o.late.At(time)
	o.late.Emit(*v)
	return o.late.Err()
}

// emit puts out a plain window of the current key.
func (o *windowCore[K, T, A, V, R]) emit(s window.Span, acc *A) error {
	if o.Result == nil {
		o.firing = window.Firing{Span: s, Kind: window.OnTime}
		return o.put(s.Last(), acc)
	}
	o.Context.Enter()
	k, _ := o.keys.Current()
	o.out = o.Result(k, s, o.Aggregator.Result(acc))
	if bug.Enabled && bug.On(bug.FiredTwiceAfterRestart) && o.Context.Env().Restored > 0 {
		if err := o.Out.Push(s.Last(), &o.out); err != nil {
			return err
		}
	}
	return o.Out.Push(s.Last(), &o.out)
}

// put puts out the firing at work, with an event time.
func (o *windowCore[K, T, A, V, R]) put(time int64, acc *A) error {
	o.Context.Enter()
	k, _ := o.keys.Current()
	v := o.Aggregator.Result(acc)
	switch {
	case o.fn != nil:
		o.collect.At(time)
		c := WindowContext[K]{RecordContext{o.Context, time}, k, o.firing}
		if err := o.fn.Process(c, v, o.collect); err != nil {
			return err
		}
		return emitted(o.Context, o.collect)
	case o.Firing != nil:
		o.out = o.Firing(k, o.firing, v)
	default:
		o.out = o.Result(k, o.firing.Span, v)
	}
	return o.Out.Push(time, &o.out)
}
