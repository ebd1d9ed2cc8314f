package exchange

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/turgo-io/turgo/operator"
)

// Codec writes the records of an exchange, for checkpoints that do not wait for them.
type Codec[T any] interface {
	Append(dst []byte, v *T) ([]byte, error)
}

// capture is what a checkpoint keeps of an input: the records that its sender had sent before the barrier, and that
// its receiver had not read when it took its snapshot.
type capture struct {
	n         int64  // the barrier that ends it
	slot      uint64 // of the ring, to be looked at next
	rec, mark int    // in that slot
	bytes     []byte
	done      bool
	more      bool // the sender has the rest: what found no room in the ring
	err       error
}

// Capture begins to gather what is under way, up to barrier n.
func (in *input[T]) Capture(n int64) {
	in.capture = &capture{n: n, slot: in.ring.head.Load(), rec: in.rec, mark: in.marks}
}

// Captured looks at what has come since. done says that all of it was seen; more that the rest, which found no room in
// the ring, is what the sender's Overtake gave.
func (in *input[T]) Captured() (bytes []byte, more, done bool, err error) {
	c := in.capture
	in.look(c)
	if !c.done && c.err == nil {
		return nil, false, false, nil
	}
	in.capture = nil
	return c.bytes, c.more, true, c.err
}

// EndCapture gives up.
func (in *input[T]) EndCapture() { in.capture = nil }

// look captures what the sender has published. The end of the ring is read before the sender's note: a batch that was
// published behind the note is then never taken for one before it.
func (in *input[T]) look(c *capture) {
	end := in.ring.tail.Load()
	overtaken := in.ring.overtaken.Load() == c.n
	if overtaken {
		end = min(end, in.ring.overtakenAt.Load())
	}
	for !c.done && c.err == nil && c.slot < end {
		in.lookAt(c, &in.ring.slots[c.slot&in.ring.mask])
	}
	if overtaken && !c.done {
		c.done, c.more = true, true
	}
}

func (in *input[T]) lookAt(c *capture, b *batch[T]) {
	for ; c.mark < len(b.marks); c.mark++ {
		m := b.marks[c.mark]
		in.keep(c, b.recs[c.rec:m.At])
		c.rec = int(m.At)
		if c.done = m.Kind == operator.End || m.Kind == operator.Barrier && m.Value == c.n; c.done {
			return
		}
	}
	in.keep(c, b.recs[c.rec:])
	c.slot, c.rec, c.mark = c.slot+1, 0, 0
}

func (in *input[T]) keep(c *capture, recs []operator.Record[T]) {
	for i := range recs {
		if c.err == nil {
			c.bytes, c.err = appendRecord(c.bytes, in.codec, &recs[i])
		}
	}
}

// Overtake ends the captures of barrier n, if the barrier waits for room in the ring: it returns the records that wait
// before it. waits is false if the barrier is in the ring, or was read.
func (s *sender[T]) Overtake(n int64) (bytes []byte, waits bool, err error) {
	last := slices.IndexFunc(s.spill, func(b batch[T]) bool { return b.barrier(n) >= 0 })
	for k := range last + 1 {
		recs := s.spill[k].recs
		if k == last {
			recs = recs[:s.spill[k].barrier(n)]
		}
		for r := range recs {
			if bytes, err = appendRecord(bytes, s.codec, &recs[r]); err != nil {
				return nil, true, err
			}
		}
	}
	return bytes, last >= 0, nil
}

// Overtaken tells the receiver that the rest before barrier n was stored by the sender. It comes after whoever keeps
// the rest has it.
func (s *sender[T]) Overtaken(n int64) {
	s.ring.overtakenAt.Store(s.ring.tail.Load())
	s.ring.overtaken.Store(n)
	s.to.Wake()
}

// barrier returns the number of records before barrier n in a batch, -1 if it is not there.
func (b *batch[T]) barrier(n int64) int {
	for _, m := range b.marks {
		if m.Kind == operator.Barrier && m.Value == n {
			return int(m.At)
		}
	}
	return -1
}

// A captured record: its event time (8 bytes, little-endian), the length of the value (uvarint), the value.
func appendRecord[T any](dst []byte, codec Codec[T], r *operator.Record[T]) ([]byte, error) {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.Time))
	start := len(dst)
	dst, err := codec.Append(dst, &r.Value)
	if err != nil {
		return nil, fmt.Errorf("exchange: storing a record in flight: %w", err)
	}
	var length [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(length[:], uint64(len(dst)-start))
	dst = append(dst, length[:n]...)
	copy(dst[start+n:], dst[start:len(dst)-n])
	copy(dst[start:], length[:n])
	return dst, nil
}

// ErrCaptured is the error about bytes of a capture that are not what was written.
var ErrCaptured = errors.New("exchange: corrupt records in flight")

// NextCaptured splits the first record off what was captured.
func NextCaptured(src []byte) (time int64, value, rest []byte, err error) {
	if len(src) < 9 {
		return 0, nil, nil, ErrCaptured
	}
	size, n := binary.Uvarint(src[8:])
	if n <= 0 || size > uint64(len(src)-8-n) {
		return 0, nil, nil, ErrCaptured
	}
	body := src[8+n:]
	return int64(binary.LittleEndian.Uint64(src)), body[:size], body[size:], nil
}
