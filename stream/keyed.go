package stream

import (
	"fmt"

	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/internal/runtime"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// Keyed is a stream whose records have a key: all of one key go through one subtask, in order, and
// operators keep state for each. An operator that returns a Keyed keeps the key: what follows needs
// no second exchange.
type Keyed[K comparable, T any] struct{ *Stream[T] }

// KV is a key and a value.
type KV[K comparable, V any] struct {
	Key   K
	Value V
}

// KeyBy gives each record a key: numbers, strings, bools, and arrays and structs of them.
func (s *Stream[T]) KeyBy[K comparable](key func(T) K) *Keyed[K, T] {
	n := s.job.node(graph.Operator, "key-by")
	b := &runtime.KeyNode[K, T]{Node: n, Key: key}
	n.Build = b
	route := exchange.Route[T]{Groups: s.job.settings.maxParallelism}
	hasher, err := state.HashOf[K]()
	switch {
	case err != nil:
		n.Faults = append(n.Faults, err)
	case key == nil:
		n.Faults = append(n.Faults, fmt.Errorf("the function is nil"))
	default:
		groups := s.job.settings.maxParallelism
		route.Group = func(v *T) int { return hasher.Group(key(*v), groups) }
	}
	s.reached(exchange.Hash).connect(n, b.Chained, route)
	return &Keyed[K, T]{newStream(s.job, n, &b.Out, nil)}
}

// keep adds an operator that works on the key and keeps it.
func keep[K comparable, T, U any](k *Keyed[K, T], f operator.Factory[T, U]) *Keyed[K, U] {
	s := via(k.Stream, f)
	s.node.Keyed = true
	return &Keyed[K, U]{s}
}

// Name names the operator that puts out this stream.
func (k *Keyed[K, T]) Name(name string) *Keyed[K, T] {
	k.Stream.Name(name)
	return k
}

// ID gives the operator that puts out this stream an id; see Stream.ID.
func (k *Keyed[K, T]) ID(id string) *Keyed[K, T] {
	k.Stream.ID(id)
	return k
}

// Parallelism sets how many subtasks work on the keys. It belongs right behind KeyBy.
func (k *Keyed[K, T]) Parallelism(n int) *Keyed[K, T] {
	k.Stream.Parallelism(n)
	return k
}

// Via puts any operator behind the key, such as one of your own: it may keep state of the current key.
func (k *Keyed[K, T]) Via[U any](f operator.Factory[T, U]) *Stream[U] {
	return via(k.Stream, f).keyed()
}

// MapValues turns each record into fn of it and keeps the key.
func (k *Keyed[K, T]) MapValues[U any](fn func(T) U) *Keyed[K, U] {
	r := keep(k, operator.NewMap(fn))
	check(r.Stream, fn == nil)
	return r
}

// Filter keeps the records for which keep is true.
func (k *Keyed[K, T]) Filter[F ~func(T) bool](pass F) *Keyed[K, T] {
	r := keep(k, operator.NewFilter[T](pass))
	check(r.Stream, pass == nil)
	return r
}

// WithState gives fn a struct for each key, to read and to change in place. A new key has the zero
// struct.
func (k *Keyed[K, T]) WithState[S, U any](fn func(s *S, v T) U, opts ...state.Option) *Keyed[K, U] {
	r := keep(k, operator.NewWithState(fn, opts...))
	check(r.Stream, fn == nil)
	return r
}

// Reduce keeps one value for each key, the first record and then fn of the value and each record, and
// puts it out after each.
func (k *Keyed[K, T]) Reduce[F ~func(sum, next T) T](fn F, opts ...state.Option) *Keyed[K, T] {
	r := keep(k, operator.NewReduce[T](fn, opts...))
	check(r.Stream, fn == nil)
	return r
}

// Count puts out, after each record, how many its key has had. Read R as KV[K, int64].
func (k *Keyed[K, T]) Count[R interface{ KV[K, int64] }]() *Stream[R] {
	return via(k.Stream, operator.NewCount[K, T](func(key K, n int64) R { return R(KV[K, int64]{key, n}) })).keyed()
}

// keyed marks the stream's operator as one that works on the key of its input.
func (s *Stream[T]) keyed() *Stream[T] {
	s.node.Keyed = true
	return s
}

// Process adds an operator of user code with state, timers and side outputs for each key; fn makes one
// for each subtask.
func (k *Keyed[K, T]) Process[U any](fn func() operator.Keyed[K, T, U]) *Keyed[K, U] {
	r := keep(k, operator.NewKeyed("process", fn))
	check(r.Stream, fn == nil)
	return r
}
