package exchange

import (
	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/operator"
)

// Gate is the control state of one input.
type Gate struct {
	Watermark int64 // the input's, operator.NoTime at first
	Idle      bool  // left out of the minimum
	Held      bool  // has given a barrier that others have not: nothing is read until they have
	Ended     bool
}

// Control takes the control elements of a task's inputs and passes on what all of them agree to.
type Control interface {
	Mark(g *Gate, m operator.Mark) error
}

// In is the untyped side of an Input: what its task calls once a batch.
type In interface {
	// Step reads one batch, or the part of it up to a mark that holds the input; false if there was
	// nothing to read.
	Step(c Control) (worked bool, err error)
	// Gate returns the input's control state.
	Gate() *Gate
	// Records returns how many records were read.
	Records() uint64
	// From is the subtask that sends.
	From() int
	// Capture begins to gather what is under way up to barrier n, for a checkpoint that does not wait for it.
	Capture(n int64)
	// Captured goes on with it. Done says that all of it is in bytes; with more, the sender's Overtake gave the rest.
	Captured() (bytes []byte, more, done bool, err error)
	// EndCapture gives a capture up.
	EndCapture()
}

// BatchReceiver is a head that gains from seeing the records of a batch together: they are pushed
// by one call instead of one each.
type BatchReceiver[T any] interface {
	PushBatch(recs []operator.Record[T]) error
}

// input is the receiving end of a ring.
type input[T any] struct {
	gate    Gate
	ring    *ring[T]
	from    Waker
	out     operator.Receiver[T]
	batches BatchReceiver[T] // out, if it is one
	rec     int              // read so far of the batch at the ring's head
	marks   int
	records uint64
	sender  int
	codec   Codec[T]
	capture *capture // under way
}

func newInput[T any](x *Exchange[T], from int, r *ring[T], out operator.Receiver[T]) *input[T] {
	in := &input[T]{
		ring: r, from: x.from[from], out: out, gate: Gate{Watermark: operator.NoTime},
		sender: from, codec: x.codec,
	}
	in.batches, _ = out.(BatchReceiver[T])
	return in
}

func (in *input[T]) Gate() *Gate     { return &in.gate }
func (in *input[T]) Records() uint64 { return in.records }
func (in *input[T]) From() int       { return in.sender }

func (in *input[T]) Step(c Control) (bool, error) {
	if in.gate.Held && !(bug.Enabled && bug.On(bug.HeldInputRead)) {
		return false, nil
	}
	b := in.ring.peek()
	if b == nil {
		return false, nil
	}
	if in.capture != nil {
		in.look(in.capture) // before it is read, and perhaps changed
	}
	for in.marks < len(b.marks) {
		m := b.marks[in.marks]
		if err := in.feed(b.recs[in.rec:m.At]); err != nil {
			return true, err
		}
		in.rec, in.marks = int(m.At), in.marks+1
		if err := c.Mark(&in.gate, m); err != nil || in.gate.Held {
			return true, err
		}
	}
	if err := in.feed(b.recs[in.rec:]); err != nil {
		return true, err
	}
	in.rec, in.marks = 0, 0
	if in.ring.release() {
		in.from.Wake()
	}
	return true, nil
}

func (in *input[T]) feed(recs []operator.Record[T]) error {
	if len(recs) == 0 {
		return nil
	}
	in.records += uint64(len(recs))
	in.gate.Idle = false
	if in.batches != nil {
		return in.batches.PushBatch(recs)
	}
	out := in.out
	for i := range recs {
		if err := out.Push(recs[i].Time, &recs[i].Value); err != nil {
			return err
		}
	}
	return nil
}
