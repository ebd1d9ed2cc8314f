package state

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"
)

// Expiry says how the time to live of a state is counted.
type Expiry uint8

// Ways to count; several can be combined. Without any, a value lives from its last change on, by the job's clock.
const (
	// OnRead lets a value live on from when it was last read, too.
	OnRead Expiry = 1 << iota
	// ByEventTime counts by the watermark of the task. A value lives from the watermark at its last change until the
	// watermark has gone on by the time to live; before the first watermark nothing ages.
	ByEventTime
)

// TTL gives every value of a Value, every entry of a Map, and every List as a whole a time to live. What is older is
// gone for every access at once; its memory and its place in the store are freed bit by bit by the records that come
// later, by evictions and by snapshots. A state may get, lose or change its TTL between two versions of a program: values
// that were stored without one live from when they are first read. Operator lists, timers and agendas cannot have one.
func TTL(life time.Duration, how ...Expiry) Option {
	l := &lifetime{life: int64(life)}
	for _, h := range how {
		l.onRead = l.onRead || h&OnRead != 0
		l.event = l.event || h&ByEventTime != 0
	}
	return func(s *settings) { s.ttl = l }
}

// lifetime is a TTL.
type lifetime struct {
	life   int64 // nanoseconds
	onRead bool
	event  bool
}

// noTime is the time before the first watermark, and the stamp of what was written then.
const noTime = math.MinInt64

func (l *lifetime) now(o *Options) int64 {
	if l.event {
		return o.EventTime()
	}
	return o.Now()
}

// over says whether what was stamped then is expired now.
func (l *lifetime) over(stamp, now int64) bool {
	if stamp == noTime || now == noTime {
		return false
	}
	return stamp < now && uint64(now)-uint64(stamp) >= uint64(l.life)
}

// faults says what is wrong with the time to live of a state.
func (l *lifetime) faults(s *StateSchema) error {
	switch {
	case l == nil:
		return nil
	case l.life <= 0:
		return fmt.Errorf("state: %v: the time to live is %v; give it a positive one, or leave state.TTL out", s, time.Duration(l.life))
	case s.Kind != KindValue && s.Kind != KindMap && s.Kind != KindList:
		return fmt.Errorf("state: %v: only keyed values, maps and lists can have a time to live", s)
	}
	return nil
}

// The schema of values with a time to live is that of the value in here; a stamp, i64 little-endian, comes before it.
const (
	expiringBegin = "expiring("
	stampLen      = 8
)

func expiring(s Schema) Schema { return expiringBegin + s + ")" }

// Expiring says whether values of the schema begin with a stamp, 8 bytes, because their state had a time to live when
// they were written, and returns the schema of what follows it; else it returns s.
func (s Schema) Expiring() (value Schema, ok bool) {
	inner, ok := strings.CutPrefix(string(s), expiringBegin)
	if !ok || !strings.HasSuffix(inner, ")") {
		return s, false
	}
	return Schema(inner[:len(inner)-1]), true
}

// cutStamp takes the stamp off a value.
func cutStamp(src []byte) (stamp int64, rest []byte, err error) {
	if len(src) < stampLen {
		return 0, nil, errShort
	}
	return int64(binary.LittleEndian.Uint64(src)), src[stampLen:], nil
}

// afterStamp makes a decoder for stamped values of one for values.
func afterStamp[T any](decode decoder[T]) decoder[T] {
	return func(src []byte, v *T) error {
		_, rest, err := cutStamp(src)
		if err != nil {
			return err
		}
		return decode(rest, v)
	}
}

// stamps are the times from which cells live, by reference; nil without a time to live.
type stamps struct {
	ttl    *lifetime
	slabs  []*[slabLen]int64
	frozen []*[slabLen]int64
	then   int64  // when the snapshot began
	since  int64  // when time was first known: what was stamped before lives from then
	cursor uint32 // of the search for what is expired
}

func (s *stamps) set(ref uint32, stamp int64) {
	for int(ref>>slabBits) >= len(s.slabs) {
		s.slabs = append(s.slabs, new([slabLen]int64))
	}
	s.slabs[ref>>slabBits][ref&slabMask] = stamp
}

func (s *stamps) get(ref uint32) int64 {
	if int(ref>>slabBits) >= len(s.slabs) {
		return s.since
	}
	return s.known(s.slabs[ref>>slabBits][ref&slabMask])
}

// known is a stamp, or the time from which what was written before there was a time lives.
func (s *stamps) known(stamp int64) int64 {
	if stamp == noTime {
		return s.since
	}
	return stamp
}

func (s *stamps) getFrozen(ref uint32) int64 {
	if int(ref>>slabBits) >= len(s.frozen) {
		return noTime
	}
	return s.frozen[ref>>slabBits][ref&slabMask]
}

// slotBytes is what a stamp takes.
func (s *stamps) slotBytes() int64 {
	if s.ttl == nil {
		return 0
	}
	return stampLen
}

// now is the state's time.
func (c *cells[T]) now() int64 {
	now := c.stamps.ttl.now(&c.b.options)
	if c.stamps.since == noTime {
		c.stamps.since = now
	}
	return now
}

// expired says whether a value is over. Without a time to live none is.
func (c *cells[T]) expired(ref uint32) bool {
	s := &c.stamps
	if s.ttl == nil {
		return false
	}
	now := c.now()
	return s.ttl.over(s.get(ref), now)
}

// live stamps a cell that has just been made dirty.
func (c *cells[T]) live(ref uint32) {
	if c.stamps.ttl != nil {
		c.stamps.set(ref, c.now())
	}
}

// wasRead lets a value live on, if reading does that.
func (c *cells[T]) wasRead(cl *cell[T], at place) {
	if l := c.stamps.ttl; l != nil && l.onRead {
		if now := c.now(); now != c.stamps.get(at.slot) {
			c.soil(cl, at)
			c.stamps.set(at.slot, now)
		}
	}
}

// restamp is for a value that was read from bytes; one that had no stamp lives from now on.
func (c *cells[T]) restamp(ref uint32, stamp int64) {
	switch {
	case c.stamps.ttl == nil:
	case stamp == noTime:
		c.stamps.set(ref, c.now())
	default:
		c.stamps.set(ref, stamp)
	}
}

// stampFor is the stamp that goes into a record; over says that the value was expired when the snapshot began.
func (c *cells[T]) stampFor(ref uint32, frozen bool) (stamp int64, over bool) {
	s := &c.stamps
	if s.ttl == nil {
		return 0, false
	}
	if stamp = s.get(ref); frozen {
		stamp = s.getFrozen(ref)
	}
	return stamp, c.frozen.dirtied != 0 && s.ttl.over(stamp, s.then)
}

// freezeStamps notes what a job needs.
func (c *cells[T]) freezeStamps() {
	if c.stamps.ttl != nil {
		c.stamps.frozen, c.stamps.then = c.stamps.slabs, c.now()
	}
}

// someRefs calls f for the next n cells with a value, round and round.
func (c *cells[T]) someRefs(n int, f func(ref uint32, cl *cell[T])) {
	for range n {
		at := &c.stamps.cursor
		if *at++; int(*at>>slabBits) >= len(c.slabs) {
			*at = 0
			continue
		}
		if c.slabs[*at>>slabBits] == nil {
			*at |= slabMask
			continue
		}
		if cl := &c.slabs[*at>>slabBits][*at&slabMask]; cl.flags&flagPresent != 0 {
			f(*at, cl)
		}
	}
}

const (
	expireEach = 2 // cells looked at for each record
	expireBase = 16
)

// expire frees some of what is over.
func (t *table) expire(records int) {
	for _, c := range t.columns {
		c.expireSome(expireEach*records + expireBase)
	}
}

// expireSlot frees what is over of a key.
func (t *table) expireSlot(at place) {
	for _, c := range t.columns {
		c.expireSlot(at)
	}
}
