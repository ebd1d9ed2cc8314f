package operator

import (
	"errors"
	"fmt"
	"time"

	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/state"
)

// Function is user code that turns records of In into records of Out, without a key. It may also have
// these methods, which are called at their time:
//
//	Open(c operator.Context) error  // before the first record: state handles, side outputs, connections
//	Close() error                   // after the last one, and after an error
type Function[In, Out any] interface {
	// Process takes a record and emits any number of others. An error ends the job's attempt. The task's
	// goroutine calls it, once a record, in order; it should not block.
	Process(c RecordContext, v In, out *Collector[Out]) error
}

// Keyed is user code for a keyed stream. It may also have these methods:
//
//	Open(c operator.Context) error
//	OnTimer(c operator.KeyedContext[K], at time.Time, out *operator.Collector[Out]) error
//	Close() error
//
// During Process and OnTimer the key is current: handles made in Open read and write its state.
type Keyed[K comparable, In, Out any] interface {
	// Process takes a record and emits any number of others. An error ends the job's attempt. The task's
	// goroutine calls it, once a record, in order; it should not block.
	Process(c KeyedContext[K], v In, out *Collector[Out]) error
}

// TimerFunction is a Keyed that sets timers. Every timer fires once, with its key current: an
// event-time timer when the watermark has reached it, a processing-time timer when the clock has. One of processing
// time that is not due when the input has ended stays in the state: it fires when a later run goes on from there. The
// end of the input fires all event-time timers, and those that they set: one that sets itself anew asks
// [Context.InputEnded] before it does.
type TimerFunction[K comparable, Out any] interface {
	OnTimer(c KeyedContext[K], at time.Time, out *Collector[Out]) error
}

// Opener is a Function or Keyed that wants to be told of its start.
type Opener interface{ Open(c Context) error }

// Closer is a Function or Keyed that wants to be told of its end.
type Closer interface{ Close() error }

// RecordContext is what a function sees while it processes a record.
type RecordContext struct {
	Context
	time int64
}

// Time returns the record's event time; the zero time if it has none.
func (c RecordContext) Time() time.Time {
	if c.time == NoTime {
		return time.Time{}
	}
	return time.Unix(0, c.time).UTC()
}

// KeyedContext is what a keyed function sees while it processes a record or a timer.
type KeyedContext[K comparable] struct {
	RecordContext
	keys   *state.Keys[K]
	timers state.Timers
}

// Key returns the current key.
func (c KeyedContext[K]) Key() K {
	k, _ := c.keys.Current()
	return k
}

// SetTimer sets an event-time timer of the current key. Setting one that is set already changes nothing.
func (c KeyedContext[K]) SetTimer(at time.Time) {
	c.timers.Set(state.EventTime, at.UnixNano(), 0)
}

// SetProcessingTimer sets a processing-time timer of the current key.
func (c KeyedContext[K]) SetProcessingTimer(at time.Time) {
	c.timers.Set(state.ProcessingTime, at.UnixNano(), 0)
}

// DeleteTimer takes an event-time timer of the current key back.
func (c KeyedContext[K]) DeleteTimer(at time.Time) {
	c.timers.Delete(state.EventTime, at.UnixNano(), 0)
}

// DeleteProcessingTimer takes a processing-time timer of the current key back.
func (c KeyedContext[K]) DeleteProcessingTimer(at time.Time) {
	c.timers.Delete(state.ProcessingTime, at.UnixNano(), 0)
}

// NewFunction returns the operator that runs user code; fn makes an instance for each subtask.
func NewFunction[In, Out any](name string, fn func() Function[In, Out]) Factory[In, Out] {
	return NewFactory(name, func() Operator[In, Out] { return &function[In, Out]{fn: fn()} })
}

type function[In, Out any] struct {
	Base[Out]
	fn      Function[In, Out]
	collect *Collector[Out]
}

func (o *function[In, Out]) Open(c Context, out Receiver[Out]) error {
	o.collect = NewCollector(out).of(c)
	return errors.Join(o.Base.Open(c, out), open(o.fn, c))
}

func (o *function[In, Out]) Push(time int64, v *In) error {
	o.Context.Enter()
	o.collect.At(time)
	if err := o.fn.Process(RecordContext{o.Context, time}, *v, o.collect); err != nil {
		return err
	}
	return emitted(o.Context, o.collect)
}

// emitted returns the first error of what user code has emitted, to whichever output.
func emitted[T any](c Context, out *Collector[T]) error {
	if err := out.Err(); err != nil {
		return err
	}
	return c.outputErr()
}

func (o *function[In, Out]) Close() error { return closeFunction(o.fn) }

func open(fn any, c Context) error {
	if f, ok := fn.(Opener); ok {
		c.Enter()
		return f.Open(c)
	}
	return nil
}

func closeFunction(fn any) error {
	if f, ok := fn.(Closer); ok {
		return f.Close()
	}
	return nil
}

// keysOf returns the key scope that an operator works in.
func keysOf[K comparable](c Context) (*state.Keys[K], error) {
	keys, ok := c.env.Keys.(*state.Keys[K])
	if !ok {
		return nil, fmt.Errorf("operator: %s works on keys of type %T, but its input is keyed by %T: put it right behind KeyBy", c.Name(), *new(K), c.env.Keys)
	}
	return keys, nil
}

// NewKeyed returns the operator that runs user code on keys; fn makes an instance for each subtask.
func NewKeyed[K comparable, In, Out any](name string, fn func() Keyed[K, In, Out]) Factory[In, Out] {
	return NewFactory(name, func() Operator[In, Out] { return &keyed[K, In, Out]{fn: fn()} })
}

type keyed[K comparable, In, Out any] struct {
	Base[Out]
	fn      Keyed[K, In, Out]
	onTimer TimerFunction[K, Out]
	context KeyedContext[K]
	timers  state.Timers
	collect *Collector[Out]
}

func (o *keyed[K, In, Out]) Open(c Context, out Receiver[Out]) (err error) {
	keys, err := keysOf[K](c)
	if err != nil {
		return err
	}
	o.timers = state.NewTimers(c)
	o.onTimer, _ = o.fn.(TimerFunction[K, Out])
	o.context = KeyedContext[K]{RecordContext: RecordContext{Context: c}, keys: keys, timers: o.timers}
	o.collect = NewCollector(out).of(c)
	return errors.Join(o.Base.Open(c, out), open(o.fn, c))
}

func (o *keyed[K, In, Out]) Push(time int64, v *In) error {
	o.Context.Enter()
	o.collect.At(time)
	c := o.context
	c.time = time
	if err := o.fn.Process(c, *v, o.collect); err != nil {
		return err
	}
	return emitted(o.Context, o.collect)
}

// Mark fires the event-time timers that a watermark has reached before it hands the watermark on.
func (o *keyed[K, In, Out]) Mark(m Mark) error {
	if bug.Enabled && bug.On(bug.TimersAfterWatermark) && m.Kind == Watermark {
		return errors.Join(o.Out.Mark(m), o.fire(state.EventTime, m.Value))
	}
	if m.Kind == Watermark {
		if err := o.fire(state.EventTime, m.Value); err != nil {
			return err
		}
	}
	return o.Out.Mark(m)
}

// Deadline is the earliest processing-time timer.
func (o *keyed[K, In, Out]) Deadline() int64 {
	at, ok := o.timers.Next(state.ProcessingTime)
	if !ok {
		return 0
	}
	return at
}

// Tick fires the processing-time timers that are due.
func (o *keyed[K, In, Out]) Tick(now int64) error { return o.fire(state.ProcessingTime, now) }

// endTimers is how many timers more than ten times those that are set may fire when the input has ended. A timer that
// sets the next one for ever would otherwise keep the job from its end without a word.
const endTimers = 100_000

func (o *keyed[K, In, Out]) fire(kind state.TimeKind, until int64) error {
	left := -1
	if until == MaxTime {
		left = endTimers + 10*o.timers.Len()
	}
	for ; ; left-- {
		at, _, ok := o.timers.PopDue(kind, until)
		if !ok {
			return nil
		}
		if left == 0 {
			return Permanent(fmt.Errorf("operator: the input of %s has ended, but each of its timers sets another one, so that the last never fires: set no timer in OnTimer when the context's InputEnded is true", o.Context.Name()))
		}
		if o.onTimer == nil {
			return fmt.Errorf("operator: %s sets timers but has no OnTimer(operator.KeyedContext[%T], time.Time, *operator.Collector[%T]) error", o.Context.Name(), *new(K), *new(Out))
		}
		if err := o.timer(kind, at); err != nil {
			return err
		}
	}
}

// timer runs user code for one timer. What it emits has the timer's event time; that of a
// processing-time timer has none.
func (o *keyed[K, In, Out]) timer(kind state.TimeKind, at int64) error {
	o.Context.Enter()
	c := o.context
	if c.time = at; kind == state.ProcessingTime {
		c.time = NoTime
	}
	o.collect.At(c.time)
	if err := o.onTimer.OnTimer(c, time.Unix(0, at).UTC(), o.collect); err != nil {
		return err
	}
	return emitted(o.Context, o.collect)
}

func (o *keyed[K, In, Out]) Close() error { return closeFunction(o.fn) }
