package operator

import (
	"errors"

	"github.com/turgo-io/turgo/state"
)

// CoKeyed is user code for two streams of the same key. It may also have the methods of Keyed: Open, OnTimer, Close.
// State and timers are those of the key, whichever input the record came from.
type CoKeyed[K comparable, L, R, Out any] interface {
	// ProcessLeft and ProcessRight take a record of one input and emit any number of others. An error ends the job's
	// attempt. The task's goroutine calls them; they should not block. There is no order between the inputs.
	ProcessLeft(c KeyedContext[K], v L, out *Collector[Out]) error
	ProcessRight(c KeyedContext[K], v R, out *Collector[Out]) error
}

// NewCoKeyed returns the operator that runs user code on two keyed inputs; fn makes an instance for each subtask.
func NewCoKeyed[K comparable, L, R, Out any](name string, fn func() CoKeyed[K, L, R, Out]) TwoFactory[L, R, Out] {
	return NewTwoFactory(name, func() TwoInput[L, R, Out] {
		f := fn()
		return &coKeyed[K, L, R, Out]{keyed: keyed[K, L, Out]{fn: leftOnly[K, L, R, Out]{f}}, co: f}
	})
}

// leftOnly is the left half of a CoKeyed.
type leftOnly[K comparable, L, R, Out any] struct{ co CoKeyed[K, L, R, Out] }

func (f leftOnly[K, L, R, Out]) Process(c KeyedContext[K], v L, out *Collector[Out]) error {
	return f.co.ProcessLeft(c, v, out)
}

func (f leftOnly[K, L, R, Out]) Open(c Context) error { return open(f.co, c) }
func (f leftOnly[K, L, R, Out]) Close() error         { return closeFunction(f.co) }

// coKeyed is a keyed operator with a second way in.
type coKeyed[K comparable, L, R, Out any] struct {
	keyed[K, L, Out]
	co CoKeyed[K, L, R, Out]
}

func (o *coKeyed[K, L, R, Out]) Open(c Context, out Receiver[Out]) error {
	err := o.keyed.Open(c, out)
	o.onTimer, _ = o.co.(TimerFunction[K, Out])
	return err
}

func (o *coKeyed[K, L, R, Out]) PushLeft(time int64, v *L) error { return o.Push(time, v) }

func (o *coKeyed[K, L, R, Out]) PushRight(time int64, v *R) error {
	o.Context.Enter()
	o.collect.At(time)
	c := o.context
	c.time = time
	if err := o.co.ProcessRight(c, *v, o.collect); err != nil {
		return err
	}
	return emitted(o.Context, o.collect)
}

// Broadcast is user code for a stream and a second one of which every subtask gets each record: rules, rates, models. What
// it remembers of the second one belongs into a BroadcastState. It may also have the methods Open and Close.
type Broadcast[L, R, Out any] interface {
	// Process takes a record of the stream. An error ends the job's attempt.
	Process(c RecordContext, v L, out *Collector[Out]) error
	// ProcessBroadcast takes a record that every subtask gets. It must do the same in each of them, whatever order
	// records of different senders come in.
	ProcessBroadcast(c RecordContext, v R, out *Collector[Out]) error
}

// NewBroadcast returns the operator for a stream and a broadcast one; fn makes an instance for each subtask.
func NewBroadcast[L, R, Out any](name string, fn func() Broadcast[L, R, Out]) TwoFactory[L, R, Out] {
	return NewTwoFactory(name, func() TwoInput[L, R, Out] { return &broadcast[L, R, Out]{fn: fn()} })
}

type broadcast[L, R, Out any] struct {
	Base[Out]
	fn      Broadcast[L, R, Out]
	collect *Collector[Out]
}

func (o *broadcast[L, R, Out]) Open(c Context, out Receiver[Out]) error {
	o.collect = NewCollector(out).of(c)
	return errors.Join(o.Base.Open(c, out), open(o.fn, c))
}

func (o *broadcast[L, R, Out]) PushLeft(time int64, v *L) error {
	o.Context.Enter()
	o.collect.At(time)
	if err := o.fn.Process(RecordContext{o.Context, time}, *v, o.collect); err != nil {
		return err
	}
	return emitted(o.Context, o.collect)
}

func (o *broadcast[L, R, Out]) PushRight(time int64, v *R) error {
	o.Context.Enter()
	o.collect.At(time)
	if err := o.fn.ProcessBroadcast(RecordContext{o.Context, time}, *v, o.collect); err != nil {
		return err
	}
	return emitted(o.Context, o.collect)
}

func (o *broadcast[L, R, Out]) Mark(m Mark) error {
	o.Context.keep(m)
	return o.Out.Mark(m)
}

func (o *broadcast[L, R, Out]) Close() error { return closeFunction(o.fn) }

// KeyedBroadcast is Broadcast with a key for the stream: Process has state and timers of the record's key. It may also
// have the methods of Keyed: Open, OnTimer, Close.
type KeyedBroadcast[K comparable, L, R, Out any] interface {
	// Process takes a record of the keyed stream. An error ends the job's attempt.
	Process(c KeyedContext[K], v L, out *Collector[Out]) error
	// ProcessBroadcast takes a record that every subtask gets; no key is current. It must do the same in each subtask.
	ProcessBroadcast(c RecordContext, v R, out *Collector[Out]) error
}

// NewKeyedBroadcast returns the operator for a keyed stream and a broadcast one.
func NewKeyedBroadcast[K comparable, L, R, Out any](name string, fn func() KeyedBroadcast[K, L, R, Out]) TwoFactory[L, R, Out] {
	return NewTwoFactory(name, func() TwoInput[L, R, Out] {
		f := fn()
		return &keyedBroadcast[K, L, R, Out]{keyed[K, L, Out]{fn: f}, f}
	})
}

type keyedBroadcast[K comparable, L, R, Out any] struct {
	keyed[K, L, Out]
	both KeyedBroadcast[K, L, R, Out]
}

func (o *keyedBroadcast[K, L, R, Out]) PushLeft(time int64, v *L) error { return o.Push(time, v) }

func (o *keyedBroadcast[K, L, R, Out]) PushRight(time int64, v *R) error {
	o.Context.Enter()
	o.collect.At(time)
	if err := o.both.ProcessBroadcast(RecordContext{o.Context, time}, *v, o.collect); err != nil {
		return err
	}
	return emitted(o.Context, o.collect)
}

func (o *keyedBroadcast[K, L, R, Out]) Mark(m Mark) error {
	o.Context.keep(m)
	return o.keyed.Mark(m)
}

// BroadcastState is a map that every subtask has whole: it is changed by broadcast records only, so that all subtasks agree.
// One subtask's copy is in each checkpoint; after a restore all have it. It lives in memory.
type BroadcastState[K comparable, V any] struct{ s *broadcastState[K, V] }

type broadcastEntry[K comparable, V any] struct {
	Key   K
	Value V
}

type broadcastState[K comparable, V any] struct {
	entries []broadcastEntry[K, V] // in order of their first coming
	at      map[K]int
	list    state.OperatorList[broadcastEntry[K, V]]
	mine    bool // this subtask's copy goes into checkpoints
	changed bool
}

// NewBroadcastState declares broadcast state, in Open of a Broadcast or KeyedBroadcast.
func NewBroadcastState[K comparable, V any](c Context, name string) BroadcastState[K, V] {
	s := &broadcastState[K, V]{at: map[K]int{}, mine: c.Subtask() == 0}
	s.list = state.NewOperatorList[broadcastEntry[K, V]](c.env.Backend.Operator(c.ID()), name, state.Union)
	for _, e := range s.list.Get() {
		s.set(e.Key, e.Value)
	}
	if s.changed = !s.mine && len(s.entries) > 0; s.changed {
		s.list.Set(nil) // the first subtask's copy is enough
		s.changed = false
	}
	c.env.kept = append(c.env.kept, s)
	return BroadcastState[K, V]{s}
}

func (s *broadcastState[K, V]) set(k K, v V) {
	if i, ok := s.at[k]; ok {
		s.entries[i].Value = v
		return
	}
	s.at[k] = len(s.entries)
	s.entries = append(s.entries, broadcastEntry[K, V]{k, v})
}

// keep puts the map into the checkpoint that begins.
func (s *broadcastState[K, V]) keep() {
	if s.mine && s.changed {
		s.list.Set(s.entries)
		s.changed = false
	}
}

// Get returns the value of a key.
func (b BroadcastState[K, V]) Get(k K) (v V, ok bool) {
	if i, ok := b.s.at[k]; ok {
		return b.s.entries[i].Value, true
	}
	return v, false
}

// Set makes v the value of a key.
func (b BroadcastState[K, V]) Set(k K, v V) {
	b.s.set(k, v)
	b.s.changed = true
}

// Delete removes a key; the last one takes its place in the order.
func (b BroadcastState[K, V]) Delete(k K) {
	s := b.s
	i, ok := s.at[k]
	if !ok {
		return
	}
	last := len(s.entries) - 1
	s.entries[i] = s.entries[last]
	s.at[s.entries[i].Key] = i
	delete(s.at, k)
	s.entries = s.entries[:last]
	s.changed = true
}

// Len is the number of keys.
func (b BroadcastState[K, V]) Len() int { return len(b.s.entries) }

// All goes over the map, in the same order in every run.
func (b BroadcastState[K, V]) All() func(yield func(K, V) bool) {
	return func(yield func(K, V) bool) {
		for _, e := range b.s.entries {
			if !yield(e.Key, e.Value) {
				return
			}
		}
	}
}
