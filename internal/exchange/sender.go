package exchange

import (
	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/operator"
)

// Waker makes a task step again. It may be called by any task.
type Waker interface{ Wake() }

// Out is the untyped side of a Sender: what its task calls once a batch or less.
type Out interface {
	// Flush publishes the partial batch, so that it waits for nothing.
	Flush()
	// Drain publishes what was spilled and reports whether all of it is gone.
	Drain() bool
	// Fill returns how many batches wait for the receiver, and how many fit: the backpressure.
	Fill() (used, size int)
	// To is the subtask that receives.
	To() int
	// Overtake returns what waits before barrier n for room in the ring; waits is false if the barrier does not.
	Overtake(n int64) (bytes []byte, waits bool, err error)
	// Overtaken tells the receiver that what Overtake gave is being kept.
	Overtaken(n int64)
}

// sender is one task's end of a ring. It never blocks: what finds the ring full is spilled; the
// task stops until the spill is gone, and a step is bounded, so the spill is.
type sender[T any] struct {
	ring  *ring[T]
	open  batch[T]
	size  int
	spill []batch[T]
	spare []batch[T]
	to    Waker
	ended bool // an End was sent: the receiver reads nothing after it

	receiver int
	codec    Codec[T]
}

// To is the subtask that receives.
func (s *sender[T]) To() int { return s.receiver }

func (s *sender[T]) emit(time int64, v *T) {
	n := len(s.open.recs)
	s.open.recs = s.open.recs[:n+1] // capacity is size, and a full batch never stays open
	r := &s.open.recs[n]
	r.Time = time
	r.Value = *v
	if n+1 == s.size {
		s.Flush()
	}
}

func (s *sender[T]) mark(m operator.Mark) {
	if s.ended {
		return
	}
	s.ended = m.Kind == operator.End
	m.At = int32(len(s.open.recs))
	if bug.Enabled && bug.On(bug.BarrierFirst) && m.Kind == operator.Barrier {
		m.At = 0
		s.open.marks = append([]operator.Mark{m}, s.open.marks...)
		return
	}
	if n := len(s.open.marks); n > 0 && m.Kind == operator.Watermark {
		if last := &s.open.marks[n-1]; last.Kind == operator.Watermark && (last.At == m.At || bug.Enabled && bug.On(bug.WatermarkEarly)) {
			m.At = last.At
			*last = m // the newer watermark says all that the older one did
			return
		}
	}
	s.open.marks = append(s.open.marks, m)
}

// Flush publishes the partial batch.
func (s *sender[T]) Flush() {
	if s.open.empty() {
		return
	}
	if (len(s.spill) == 0 || bug.Enabled && bug.On(bug.SpillOvertaken)) && s.ring.push(&s.open) {
		if cap(s.open.recs) == 0 {
			s.open.recs = make([]operator.Record[T], 0, s.size)
		}
		s.to.Wake()
		return
	}
	if bug.Enabled && bug.On(bug.SpillLost) {
		s.open.recs, s.open.marks = s.open.recs[:0], forgetPlaces(s.open.marks)
	}
	s.spill = append(s.spill, s.open)
	if n := len(s.spare); n > 0 {
		s.open, s.spare = s.spare[n-1], s.spare[:n-1]
		return
	}
	s.open = batch[T]{recs: make([]operator.Record[T], 0, s.size)}
}

// spareMax is how many spilled batches are kept for reuse: a burst of one large window must not
// hold its memory for ever.
const spareMax = 16

// Drain publishes the spill and reports whether it is gone.
func (s *sender[T]) Drain() bool {
	if len(s.spill) == 0 {
		return true
	}
	sent := 0
	for sent < len(s.spill) && s.ring.push(&s.spill[sent]) {
		if b := s.spill[sent]; cap(b.recs) > 0 && len(s.spare) < spareMax {
			s.spare = append(s.spare, b)
		}
		s.spill[sent] = batch[T]{}
		sent++
	}
	if sent > 0 {
		s.spill = s.spill[:copy(s.spill, s.spill[sent:])]
		s.to.Wake()
	}
	return len(s.spill) == 0
}

// Fill returns the taken and all slots; spilled batches count as taken.
func (s *sender[T]) Fill() (used, size int) {
	return s.ring.fill() + len(s.spill), len(s.ring.slots)
}

// forgetPlaces is for SpillLost: marks of a batch without records.
func forgetPlaces(marks []operator.Mark) []operator.Mark {
	for i := range marks {
		marks[i].At = 0
	}
	return marks
}
