package operator

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Paced returns the source with at most perSecond records a second, over all its subtasks, evenly in
// time: for demonstrations, and for a service downstream that cannot take more. A subtask's share is
// that of its splits. Time lost while the records were not taken is not made up for by more than a tenth of a second.
func Paced[T any](s Source[T], perSecond float64) Source[T] {
	return &paced[T]{Source: s, rate: perSecond}
}

type paced[T any] struct {
	Source[T]
	rate   float64
	splits atomic.Int64 // of all subtasks
}

func (p *paced[T]) Validate() error {
	if p.rate <= 0 {
		return fmt.Errorf("operator: paced: %v records a second; it must be more than 0", p.rate)
	}
	return p.Source.Validate()
}

func (p *paced[T]) Splits(ctx context.Context) ([]Split, error) {
	all, err := p.Source.Splits(ctx)
	p.splits.Store(int64(len(all)))
	return all, err
}

// DiscoverEvery is the source's.
func (p *paced[T]) DiscoverEvery() int64 {
	if d, ok := p.Source.(Discoverer); ok {
		return d.DiscoverEvery()
	}
	return 0
}

func (p *paced[T]) Reader(c Context) (Reader[T], error) {
	r, err := p.Source.Reader(c)
	return &pacedReader[T]{Reader: r, source: p, clock: c.env.Clock}, err
}

// slack is how far a late reader may catch up at full speed.
const slack = int64(100 * time.Millisecond)

type pacedReader[T any] struct {
	Reader[T]
	source *paced[T]
	clock  Clock
	splits int64
	due    int64 // when the next record may go
}

func (r *pacedReader[T]) Add(s Split, number int32, position []byte) error {
	r.splits++
	return r.Reader.Add(s, number, position)
}

func (r *pacedReader[T]) Poll(out *Emitter[T], most int) (Status, int64, error) {
	if r.splits == 0 {
		return r.Reader.Poll(out, most)
	}
	all := max(r.source.splits.Load(), r.splits)
	gap := int64(float64(time.Second) / r.source.rate * float64(all) / float64(r.splits))
	now := r.clock.Now()
	r.due = max(r.due, now-slack)
	if r.due > now {
		return Blocked, r.due, nil
	}
	before := out.N
	status, at, err := r.Reader.Poll(out, int(min(int64(most), 1+(now-r.due)/max(gap, 1))))
	r.due += int64(out.N-before) * gap
	if status == Ready && r.due > now {
		return Blocked, r.due, err
	}
	return status, at, err
}

// Acknowledge passes on to a reader that wants it.
func (r *pacedReader[T]) Acknowledge(n int64) {
	if a, ok := r.Reader.(Acknowledger); ok {
		a.Acknowledge(n)
	}
}
