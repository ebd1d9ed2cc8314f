package cep

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// Option changes how a pattern is looked for.
type Option func(*settings)

type settings struct {
	timedOut any // an operator.Side[Match[T]]
	late     any // an operator.Side[T]
	arrival  bool
}

// TimedOutTo puts partial matches whose time (Within, WithinPrevious) is over on a side output.
func TimedOutTo[T any](side operator.Side[Match[T]]) Option {
	return func(s *settings) { s.timedOut = side }
}

// LateTo puts events that come behind the watermark on a side output. Without it they are only counted, as "late".
func LateTo[T any](side operator.Side[T]) Option { return func(s *settings) { s.late = side } }

// InArrivalOrder takes events as they come, at the processing time, instead of in the order of their event times.
func InArrivalOrder() Option { return func(s *settings) { s.arrival = true } }

// New returns the operator that looks for a pattern in the events of each key, and puts out fn of each match.
//
// Events wait for the watermark, and are then seen in the order of their event times, those of one time as they came. A
// match has the event time of the event that completed it; one that a time completes, and a partial match whose time is
// over, have that time. An event without event time is an error, unless InArrivalOrder.
//
// State: for each key, the events that wait, and those of partial matches. Counters: "matches", "timed-out", "late", "dropped".
func New[K comparable, T, U any](p *Pattern[T], fn func(key K, m Match[T]) U, opts ...Option) operator.Factory[T, U] {
	return NewReplaceable(NewLive(p), fn, opts...)
}

// NewReplaceable is New for a pattern that can be replaced while the job runs.
func NewReplaceable[K comparable, T, U any](l *Live[T], fn func(key K, m Match[T]) U, opts ...Option) operator.Factory[T, U] {
	f := &factory[K, T, U]{live: l, result: fn}
	for _, o := range opts {
		o(&f.settings)
	}
	return f
}

type factory[K comparable, T, U any] struct {
	settings
	live   *Live[T]
	result func(K, Match[T]) U
}

// Name is what the operator is called unless the user names it.
func (f *factory[K, T, U]) Name() string { return "detect" }

// Validate reports everything that is wrong with the pattern and the options.
func (f *factory[K, T, U]) Validate() error {
	var faults []error
	if f.live == nil {
		faults = append(faults, errors.New("cep: the pattern is nil; begin it with cep.Begin"))
	} else {
		faults = append(faults, f.live.validate())
	}
	if f.result == nil {
		faults = append(faults, errors.New("cep: the function is nil: say what becomes of a match"))
	}
	if _, ok := f.timedOut.(operator.Side[Match[T]]); !ok && f.timedOut != nil {
		faults = append(faults, fmt.Errorf("cep: TimedOutTo is given an %T; events here are of type %v", f.timedOut, reflect.TypeFor[T]()))
	}
	if _, ok := f.late.(operator.Side[T]); !ok && f.late != nil {
		faults = append(faults, fmt.Errorf("cep: LateTo is given an %T; events here are of type %v", f.late, reflect.TypeFor[T]()))
	}
	return errors.Join(faults...)
}

// New returns an operator for one subtask.
func (f *factory[K, T, U]) New() operator.Operator[T, U] { return &detect[K, T, U]{factory: f} }

// detect is the operator.
type detect[K comparable, T, U any] struct {
	operator.Base[U]
	*factory[K, T, U]
	keys    *state.Keys[K]
	buffers state.Value[buffer[T]]
	timers  state.Timers
	version state.OperatorList[int64]

	machine  machine[T]
	scratch  buffer[T]                   // for keys that have no state
	timeouts operator.Receiver[Match[T]] // nil: nobody wants them
	lateOnes operator.Receiver[T]
	time     int64 // that matches have
	out      U
	counters struct{ matches, timedOut, late, dropped *operator.Counter }
}

// Open declares the state.
func (o *detect[K, T, U]) Open(c operator.Context, out operator.Receiver[U]) (err error) {
	var ok bool
	if o.keys, ok = c.Env().Keys.(*state.Keys[K]); !ok {
		return fmt.Errorf("cep: %s works on keys of type %v, but its input is keyed by %T: put it right behind KeyBy", c.Name(), reflect.TypeFor[K](), c.Env().Keys)
	}
	o.buffers, o.timers = state.NewValue[buffer[T]](c, "matches"), state.NewTimers(c)
	o.version = state.NewOperatorList[int64](c, "version", state.Union)
	if side, ok := o.factory.timedOut.(operator.Side[Match[T]]); ok {
		if o.timeouts, err = side.Receiver(c); err != nil {
			return err
		}
	}
	if side, ok := o.factory.late.(operator.Side[T]); ok {
		if o.lateOnes, err = side.Receiver(c); err != nil {
			return err
		}
	}
	n := &o.counters
	n.matches, n.timedOut, n.late, n.dropped = c.Counter("matches"), c.Counter("timed-out"), c.Counter("late"), c.Counter("dropped")
	o.machine.found, o.machine.late = o.found, o.expired
	return o.Base.Open(c, out)
}

// Start goes on with the version of the restored checkpoint.
func (o *detect[K, T, U]) Start() error {
	number := 0
	if v := o.version.Get(); len(v) > 0 {
		number = int(v[0])
	}
	_, o.machine.graph = o.live.numbered(number)
	return nil
}

// Push takes an event, now or when its time has come.
func (o *detect[K, T, U]) Push(time int64, v *T) error {
	o.Context.Enter()
	env := o.Context.Env()
	switch {
	case o.arrival:
		o.time = time
		return o.turn(env.Clock.Now(), v)
	case time == operator.NoTime:
		return errors.New("cep: the event has no event time; put EventTime before it, or use InArrivalOrder")
	case time <= env.Task.Watermark:
		o.counters.late.Add(1)
		if o.lateOnes == nil {
			return nil
		}
		return o.lateOnes.Push(time, v)
	}
	o.buffers.Ref().wait(*v, time)
	o.timers.Set(state.EventTime, time, 0)
	return nil
}

// Mark sees the events whose turn has come before it hands a watermark on.
func (o *detect[K, T, U]) Mark(m operator.Mark) error {
	switch m.Kind {
	case operator.Watermark:
		if err := o.fire(state.EventTime, m.Value); err != nil {
			return err
		}
	case operator.Barrier:
		var number int
		number, o.machine.graph = o.live.passing(m.Value)
		o.version.Set([]int64{int64(number)})
	}
	return o.Out.Mark(m)
}

// Deadline is the earliest time at which partial matches are over, in arrival order.
func (o *detect[K, T, U]) Deadline() int64 {
	at, ok := o.timers.Next(state.ProcessingTime)
	if !ok {
		return 0
	}
	return max(at, 1)
}

// Tick ends partial matches whose time is over.
func (o *detect[K, T, U]) Tick(now int64) error { return o.fire(state.ProcessingTime, now) }

func (o *detect[K, T, U]) fire(kind state.TimeKind, until int64) error {
	for {
		at, _, ok := o.timers.PopDue(kind, until)
		if !ok {
			return nil
		}
		o.Context.Enter()
		if o.time = at; kind == state.ProcessingTime {
			o.time = operator.NoTime
		}
		if err := o.turn(at, nil); err != nil {
			return err
		}
	}
}

// turn sees the events of the current key up to a time, or the one that has come.
func (o *detect[K, T, U]) turn(at int64, v *T) error {
	_, known := o.buffers.Get()
	b := &o.scratch
	if known {
		b = o.buffers.Ref()
	}
	o.migrate(b)
	o.machine.buffer = b
	if err := o.see(b, at, v); err != nil {
		return err
	}
	if b.empty() {
		b.reset()
		if known {
			o.buffers.Clear()
		}
		return nil
	}
	if !known {
		o.buffers.Set(o.scratch)
		o.scratch = buffer[T]{}
	}
	o.arm(b)
	return nil
}

func (o *detect[K, T, U]) see(b *buffer[T], at int64, v *T) error {
	if v != nil {
		return o.machine.process(*v, at)
	}
	n := 0
	for ; n < len(b.Waiting) && b.Waiting[n].Time <= at; n++ {
		if err := o.machine.process(b.Waiting[n].Value, b.Waiting[n].Time); err != nil {
			return err
		}
	}
	rest := copy(b.Waiting, b.Waiting[n:])
	clear(b.Waiting[rest:])
	b.Waiting = b.Waiting[:rest]
	return o.machine.expire(at)
}

// migrate drops the partial matches of a pattern of another shape.
func (o *detect[K, T, U]) migrate(b *buffer[T]) {
	if b.Form == o.machine.form {
		return
	}
	o.counters.dropped.Add(int64(len(b.Runs)))
	*b = buffer[T]{Form: o.machine.form, Waiting: b.Waiting, LastID: b.LastID}
}

// arm sets a timer for the earliest end of a partial match.
func (o *detect[K, T, U]) arm(b *buffer[T]) {
	first := int64(0)
	for i := range b.Runs {
		if at := o.machine.deadline(&b.Runs[i]); at != 0 && (first == 0 || at < first) {
			first = at
		}
		if !o.machine.limits {
			break // the first to begin is the first to end
		}
	}
	if first == 0 {
		return
	}
	kind := state.EventTime
	if o.arrival {
		kind = state.ProcessingTime
	}
	o.timers.Set(kind, first, 0)
}

// found puts a match out.
func (o *detect[K, T, U]) found(taken []step) error {
	o.counters.matches.Add(1)
	key, _ := o.keys.Current()
	o.out = o.result(key, o.match(taken))
	return o.Out.Push(o.time, &o.out)
}

// expired puts a partial match out whose time is over.
func (o *detect[K, T, U]) expired(taken []step) error {
	o.counters.timedOut.Add(1)
	if o.timeouts == nil {
		return nil
	}
	m := o.match(taken)
	return o.timeouts.Push(o.time, &m)
}

func (o *detect[K, T, U]) match(taken []step) Match[T] {
	m := Match[T]{names: o.machine.names, stages: make([]int32, len(taken)), events: make([]T, len(taken)), times: make([]int64, len(taken))}
	for i, t := range taken {
		e := &o.machine.buffer.Events[t.event]
		m.stages[i], m.events[i], m.times[i] = t.stage, e.Value, e.Time
	}
	return m
}
