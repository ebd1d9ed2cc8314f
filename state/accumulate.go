package state

import "fmt"

// Reducing is a value per key into which others are merged: a sum, a maximum.
type Reducing[T any] struct {
	v  Value[T]
	fn func(sum, next T) T
}

// NewReducing declares a reducing state of an operator; fn merges a further value into what there is, and the first
// value stands as it is. Its faults are returned by Backend.Start.
func NewReducing[T any](scope Scoped, name string, fn func(sum, next T) T, opts ...Option) Reducing[T] {
	return Reducing[T]{NewValue[T](scope, name, opts...), fn}
}

// Add merges a value in.
func (r Reducing[T]) Add(next T) {
	if sum, ok := r.v.Get(); ok {
		next = r.fn(sum, next)
	}
	r.v.Set(next)
}

// Get is what has been merged for the current key; ok is false if nothing has.
func (r Reducing[T]) Get() (sum T, ok bool) { return r.v.Get() }

// Clear forgets it.
func (r Reducing[T]) Clear() { r.v.Clear() }

// Aggregating is an accumulator per key: inputs of one type go in, a result of another comes out.
type Aggregating[In, Acc, Out any] struct {
	v Value[Acc]
	a Aggregate[In, Acc, Out]
}

// Aggregate is how an Aggregating works. Both functions are needed.
type Aggregate[In, Acc, Out any] struct {
	// Add puts an input into the accumulator, which is the zero value before the first.
	Add func(acc *Acc, in In)
	// Result is what an accumulator amounts to. It must not change it.
	Result func(acc *Acc) Out
}

// NewAggregating declares an aggregating state of an operator. Its faults are returned by Backend.Start.
func NewAggregating[In, Acc, Out any](scope Scoped, name string, a Aggregate[In, Acc, Out], opts ...Option) Aggregating[In, Acc, Out] {
	s := Aggregating[In, Acc, Out]{NewValue[Acc](scope, name, opts...), a}
	if a.Add == nil || a.Result == nil {
		s.v.c.b.refuse(fmt.Errorf("state: %v needs both Add and Result of its Aggregate", s.v.c.info))
	}
	return s
}

// Add puts an input into the accumulator of the current key.
func (s Aggregating[In, Acc, Out]) Add(in In) { s.a.Add(s.v.Ref(), in) }

// Get is the result so far; ok is false if nothing was added.
func (s Aggregating[In, Acc, Out]) Get() (out Out, ok bool) {
	cl := s.v.c.read()
	if cl == nil {
		return out, false
	}
	return s.a.Result(&cl.val), true
}

// Clear forgets what was added.
func (s Aggregating[In, Acc, Out]) Clear() { s.v.Clear() }
