package kafka

import (
	"errors"
	"fmt"
	"time"
)

// Bound is a place in each partition of a source: where to start, where to stop, where to go on when the
// place is gone. The zero Bound is none: a source then starts at the earliest record, does not stop, and
// fails when its place is gone.
type Bound struct {
	kind    boundKind
	millis  int64
	offsets map[string]map[int32]int64
	next    *Bound
}

type boundKind uint8

const (
	boundNone boundKind = iota
	boundEarliest
	boundLatest
	boundTime
	boundOffsets
	boundCommitted
)

// Earliest is the oldest record that a partition holds.
func Earliest() Bound { return Bound{kind: boundEarliest} }

// Latest is the end of each partition as it is when the job first looks: a start that reads only what
// comes later, a stop that reads all that is there.
func Latest() Bound { return Bound{kind: boundLatest} }

// At is the first record whose Kafka timestamp is t or later; the end of a partition without one.
func At(t time.Time) Bound { return Bound{kind: boundTime, millis: t.UnixMilli()} }

// Offsets names the offset by topic and partition. A partition that is not named starts at its earliest
// record, and stops at the end that it had at the start.
func Offsets(offsets map[string]map[int32]int64) Bound {
	return Bound{kind: boundOffsets, offsets: offsets}
}

// Committed is the position that Source.Group has committed; a partition without one takes otherwise.
// It is for the first start only: a job that has a checkpoint goes on from that.
func Committed(otherwise Bound) Bound { return Bound{kind: boundCommitted, next: &otherwise} }

func (b Bound) validate(field string, group string, allowed ...boundKind) error {
	ok := b.kind == boundNone
	for _, k := range allowed {
		ok = ok || b.kind == k
	}
	switch {
	case !ok:
		return fmt.Errorf("kafka: Source.%s: this bound cannot be used here", field)
	case b.kind == boundCommitted && group == "":
		return errors.New("kafka: Source.Start is Committed, so Source.Group must say whose commits")
	case b.kind == boundCommitted && b.next.kind == boundCommitted:
		return errors.New("kafka: Source.Start: Committed within Committed")
	case b.kind == boundTime && b.millis < 0:
		return fmt.Errorf("kafka: Source.%s: a time before 1970", field)
	}
	for topic, parts := range b.offsets {
		for id, o := range parts {
			if o < 0 {
				return fmt.Errorf("kafka: Source.%s: offset %d of %s/%d is negative", field, o, topic, id)
			}
		}
	}
	return nil
}

// Questions that a broker answers with an offset, in the place of a timestamp.
const (
	askLatest   = int64(-1)
	askEarliest = int64(-2)
)

// question returns the offset of p if b names it, or what to ask the broker for: a timestamp in
// milliseconds or one of the ask constants. missing is for a partition that b does not name.
func (b Bound) question(p partition, missing int64) (offset, ask int64, known bool) {
	switch b.kind {
	case boundLatest:
		return 0, askLatest, false
	case boundTime:
		return 0, b.millis, false
	case boundOffsets:
		if o, ok := b.offsets[p.topic][p.id]; ok {
			return o, 0, true
		}
		return 0, missing, false
	}
	return 0, askEarliest, false
}
