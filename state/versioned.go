package state

import (
	"iter"
	"math"
)

// Versioned is a value per key that changes over time: it can be asked for as of any time. Times are nanoseconds since
// the Unix epoch, or whatever orders the versions.
type Versioned[T any] struct{ m Map[int64, T] }

// NewVersioned declares a versioned value of an operator. Its faults are returned by Backend.Start. A time to live
// counts for each version by itself.
func NewVersioned[T any](scope Scoped, name string, opts ...Option) Versioned[T] {
	return Versioned[T]{NewMap[int64, T](scope, name, opts...)}
}

// Set makes val the value from at on, until the next version.
func (v Versioned[T]) Set(at int64, val T) { v.m.Set(at, val) }

// AsOf is the value at a time: that of the last version that is not later; ok is false if there is none.
func (v Versioned[T]) AsOf(at int64) (val T, since int64, ok bool) {
	since, val, ok = v.m.Floor(at)
	return val, since, ok
}

// Latest is the newest version.
func (v Versioned[T]) Latest() (val T, since int64, ok bool) { return v.AsOf(math.MaxInt64) }

// Delete takes the version of a time out.
func (v Versioned[T]) Delete(at int64) { v.m.Delete(at) }

// Prune removes the versions that no question about a time from at on needs.
func (v Versioned[T]) Prune(at int64) {
	_, keep, ok := v.AsOf(at)
	if !ok {
		return
	}
	for since := range v.m.All() {
		if since >= keep {
			return
		}
		v.m.Delete(since)
	}
}

// All goes over the versions, the oldest first.
func (v Versioned[T]) All() iter.Seq2[int64, T] { return v.m.All() }

// Len is the number of versions.
func (v Versioned[T]) Len() int { return v.m.Len() }

// Clear removes all versions.
func (v Versioned[T]) Clear() { v.m.Clear() }
