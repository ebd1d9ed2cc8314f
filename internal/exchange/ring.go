package exchange

import (
	"sync/atomic"

	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/operator"
)

// batch is what moves through a ring: records with control elements among them.
type batch[T any] struct {
	recs  []operator.Record[T]
	marks []operator.Mark
}

func (b *batch[T]) empty() bool { return len(b.recs) == 0 && len(b.marks) == 0 }

// ring is a bounded queue of batches between one sender and one receiver. Pushing swaps the
// sender's batch with the spent one of the slot. The padding keeps what the two sides write on cache
// lines of their own.
type ring[T any] struct {
	slots []batch[T]
	mask  uint64
	_     [64]byte
	head  atomic.Uint64 // next slot to read
	_     [56]byte
	tail  atomic.Uint64 // next slot to write
	_     [56]byte
	seen  uint64 // the sender's last view of head
	_     [56]byte
	known uint64 // the receiver's last view of tail

	// A sender whose newest barrier found no room notes here that it has stored what waits before it.
	overtakenAt atomic.Uint64 // tail at the time; written before overtaken
	overtaken   atomic.Int64  // the barrier
}

// newRing returns a ring of at least slots slots: the next power of two.
func newRing[T any](slots int) *ring[T] {
	n := 1
	for n < slots {
		n *= 2
	}
	return &ring[T]{slots: make([]batch[T], n), mask: uint64(n - 1)}
}

// push publishes *b and leaves an empty batch in its place; false if the ring is full.
func (r *ring[T]) push(b *batch[T]) bool {
	t := r.tail.Load()
	if t-r.seen > r.mask {
		if r.seen = r.head.Load(); t-r.seen > r.mask {
			return false
		}
	}
	s := &r.slots[t&r.mask]
	if bug.Enabled && bug.On(bug.BatchReused) {
		*s, *b = *b, batch[T]{b.recs[:0], s.marks[:0]}
	} else {
		*s, *b = *b, batch[T]{s.recs[:0], s.marks[:0]}
	}
	r.tail.Store(t + 1)
	return true
}

// peek returns the oldest batch, which stays the receiver's until release; nil if there is none.
func (r *ring[T]) peek() *batch[T] {
	h := r.head.Load()
	if h == r.known {
		if r.known = r.tail.Load(); h == r.known {
			return nil
		}
	}
	return &r.slots[h&r.mask]
}

// release gives the slot back and reports whether a waiting sender is worth waking: at half full, so
// that sender and receiver do not wake each other once a batch.
func (r *ring[T]) release() bool {
	h := r.head.Load() + 1
	r.head.Store(h)
	return r.tail.Load()-h == (r.mask+1)/2
}

// fill returns how many slots are taken.
func (r *ring[T]) fill() int { return int(r.tail.Load() - r.head.Load()) }
