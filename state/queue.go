package state

import "iter"

// Queue is a queue per key, ordered by a priority: the least first, and those of equal priority in the order in which
// they were pushed. Each element is stored by itself.
type Queue[P comparable, T any] struct {
	m Map[queueKey[P], T]
}

// queueKey orders the elements of a queue. Number tells those of equal priority apart.
type queueKey[P comparable] struct {
	Priority P
	Number   uint64
}

// NewQueue declares a queue of an operator. Its faults are returned by Backend.Start.
func NewQueue[P comparable, T any](scope Scoped, name string, opts ...Option) Queue[P, T] {
	return Queue[P, T]{NewMap[queueKey[P], T](scope, name, opts...)}
}

// Push puts an element in.
func (q Queue[P, T]) Push(priority P, val T) {
	key := queueKey[P]{priority, ^uint64(0)}
	if last, _, ok := q.m.Floor(key); ok && last.Priority == priority {
		key.Number = last.Number + 1
	} else {
		key.Number = 0
	}
	q.m.Set(key, val)
}

// Peek is the first element; ok is false if there is none.
func (q Queue[P, T]) Peek() (priority P, val T, ok bool) {
	for k, v := range q.m.All() {
		return k.Priority, v, true
	}
	return priority, val, false
}

// Pop takes the first element out.
func (q Queue[P, T]) Pop() (priority P, val T, ok bool) {
	for k, v := range q.m.All() {
		q.m.Delete(k)
		return k.Priority, v, true
	}
	return priority, val, false
}

// Len is the number of elements.
func (q Queue[P, T]) Len() int { return q.m.Len() }

// All goes over the elements in their order. They may be pushed and popped meanwhile.
func (q Queue[P, T]) All() iter.Seq2[P, T] {
	return func(yield func(P, T) bool) {
		for k, v := range q.m.All() {
			if !yield(k.Priority, v) {
				return
			}
		}
	}
}

// Clear removes all elements.
func (q Queue[P, T]) Clear() { q.m.Clear() }
