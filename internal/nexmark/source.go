package nexmark

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/turgo-io/turgo/operator"
)

// Input is what a query reads: the first Events events, dealt to Splits splits by the thousand. With as many splits as
// subtasks each subtask reads one, in rising order.
type Input struct {
	Events int64
	Splits int
}

// run is how many events in a row belong to one split.
const run = 1000

// pick is the part of an event that a source is of; nil leaves the event out. It may fill scratch and return it.
type pick[T any] func(e *Event, scratch *T) *T

// Bids is a source of the bids.
func (in Input) Bids() operator.Source[Bid] {
	return source[Bid]{in, "bids", func(e *Event, _ *Bid) *Bid {
		if e.Kind != KindBid {
			return nil
		}
		return &e.Bid
	}}
}

// source is an Input with a choice of events.
type source[T any] struct {
	Input
	name string
	pick pick[T]
}

// Name implements operator.Source.
func (s source[T]) Name() string { return s.name }

// Validate implements operator.Source.
func (s source[T]) Validate() error {
	var faults []error
	if s.Events < 0 {
		faults = append(faults, fmt.Errorf("nexmark: %d events: it must be 0 or more", s.Events))
	}
	if s.Input.Splits < 1 {
		faults = append(faults, fmt.Errorf("nexmark: %d splits: it must be 1 or more", s.Input.Splits))
	}
	return errors.Join(faults...)
}

// Splits implements operator.Source. The number is part of the id, since it says which events are in a split.
func (s source[T]) Splits(context.Context) (all []operator.Split, err error) {
	for i := range s.Input.Splits {
		all = append(all, operator.Split{ID: splitID(i, s.Input.Splits), Ord: uint32(i)})
	}
	return all, nil
}

func splitID(i, of int) string { return fmt.Sprintf("%d/%d", i, of) }

// Reader implements operator.Source.
func (s source[T]) Reader(operator.Context) (operator.Reader[T], error) {
	return &reader[T]{source: s, generator: NewGenerator()}, nil
}

// place is how far a split is read.
type place struct {
	id     string
	number int32
	next   int64 // event to emit next
	done   bool  // its end was told
}

// reader reads its splits side by side, that with the earliest event first.
type reader[T any] struct {
	source[T]
	generator *Generator
	places    []place
	event     Event
	scratch   T
}

// ErrPosition says that a checkpoint's position is not one of this source.
var ErrPosition = errors.New("nexmark: the restored position is not one of this source")

// Add implements operator.Reader. A position is the number of the next event, 8 bytes, big-endian.
func (r *reader[T]) Add(s operator.Split, number int32, position []byte) error {
	p := place{id: s.ID, number: number, next: int64(s.Ord) * run}
	if position != nil {
		if len(position) != 8 {
			return fmt.Errorf("%w: %d bytes for split %s", ErrPosition, len(position), s.ID)
		}
		p.next = int64(binary.BigEndian.Uint64(position))
	}
	if want := splitID(int(s.Ord), r.Input.Splits); s.ID != want || p.next < 0 || p.next/run%int64(r.Input.Splits) != int64(s.Ord) {
		return fmt.Errorf("%w: event %d of split %s, which is %s here", ErrPosition, p.next, s.ID, want)
	}
	r.places = append(r.places, p)
	return nil
}

// Poll implements operator.Reader: it goes through at most limit events of one run.
func (r *reader[T]) Poll(out *operator.Emitter[T], limit int) (operator.Status, int64, error) {
	p := r.earliest()
	if p == nil {
		return operator.Done, 0, nil
	}
	if p.next >= r.Events {
		p.done = true
		return operator.Ready, 0, out.Done(p.number)
	}
	out.Split(p.number)
	from := p.next
	end := min(from+int64(limit), from-from%run+run, r.Events)
	for n := from; n < end; n++ {
		r.generator.Event(n, &r.event)
		p.next = n + 1
		if v := r.pick(&r.event, &r.scratch); v != nil {
			if err := out.Emit(operator.NoTime, v); err != nil {
				return operator.Done, 0, err
			}
		}
	}
	if end%run == 0 {
		p.next = end + int64(r.Input.Splits-1)*run
	}
	return operator.Ready, 0, nil
}

// earliest is the split to read from, nil when the end of all was told.
func (r *reader[T]) earliest() *place {
	var first *place
	for i := range r.places {
		if p := &r.places[i]; !p.done && (first == nil || p.next < first.next) {
			first = p
		}
	}
	return first
}

// Positions implements operator.Reader.
func (r *reader[T]) Positions(yield func(string, []byte)) {
	for _, p := range r.places {
		yield(p.id, binary.BigEndian.AppendUint64(nil, uint64(p.next)))
	}
}

// Close implements operator.Reader.
func (r *reader[T]) Close() error { return nil }
