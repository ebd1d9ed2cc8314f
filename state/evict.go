package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unsafe"
)

// eviction keeps a key scope to its share of the budget. A key is evicted as a whole, with all states of all operators
// behind its KeyBy: what is used together comes back by one read.
//
// Which keys go a clock decides: its hand goes round the slots, spares those that were used since it came by last, and
// evicts the others.
type eviction struct {
	log       *spill
	hot       []uint64 // a bit for each slot: used since the hand came by
	hand      uint32
	live      int64 // slots in use
	index     int64 // cells of the indexes of all key groups
	calls     int   // of Seek since the last look at the memory
	probe     uint32
	shrinking shrinking
	evicted   int64 // keys, in all
	moved     int64 // bytes evicted since the log was last compacted
}

var errHeldSlot = errors.New("state: an evicted key is still held; please report this")

// roomEvery is how many single keys are looked up between two looks at the memory.
const roomEvery = 64

// evictStep is how many keys are evicted between two looks at the memory.
const evictStep = 16

// startEviction is called by Start, when all columns are there.
func (t *table) startEviction() {
	b := t.b
	if !b.options.Budget.bound() || t.ev != nil {
		return
	}
	for _, c := range b.timers {
		if c.table == t {
			c.far = newFarTimers(c)
		}
	}
	for _, c := range b.eager {
		if c.table == t {
			c.far = newFarTimers(newTimerColumn(c.info, t))
		}
	}
	b.logs++
	dir := fmt.Sprintf("evicted-%d", b.logs)
	t.ev = &eviction{log: newSpill(b.store.fs, b.store.fs.PathJoin(b.options.Dir, dir), b.options.Budget.share())}
	for i := range t.groups {
		t.groups[i].idx.dense = true
		t.ev.index += int64(len(t.groups[i].idx.cells))
	}
	if err := b.store.fs.MkdirAll(t.ev.log.dir, 0o755); err != nil {
		b.fail(fmt.Errorf("state: directory %s: %w", t.ev.log.dir, err))
	}
}

// use notes that a slot was used.
func (e *eviction) use(slot uint32) {
	if at := slot >> 6; int(at) < len(e.hot) {
		e.hot[at] |= 1 << (slot & 63)
		return
	}
	e.hot = append(e.hot, make([]uint64, int(slot>>6)+1-len(e.hot))...)
	e.use(slot)
}

// cool says whether a slot was used since the last time, and forgets it.
func (e *eviction) cool(slot uint32) (hot bool) {
	if at := slot >> 6; int(at) < len(e.hot) {
		bit := uint64(1) << (slot & 63)
		hot = e.hot[at]&bit != 0
		e.hot[at] &^= bit
	}
	return hot
}

// memory is about what the key scope takes of it.
func (t *table) memory() int64 {
	bytes := 8*t.ev.index + t.ev.live*t.slotBytes() + t.ev.log.memory()
	for _, c := range t.columns {
		_, extra := c.memory()
		bytes += extra
	}
	return bytes
}

func (t *table) slotBytes() int64 {
	bytes := int64(unsafe.Sizeof(slotMeta{})) + t.keys.keyBytes() + 1
	for _, c := range t.columns {
		slot, _ := c.memory()
		bytes += slot
	}
	return bytes
}

// roomFor evicts keys until n more have room.
func (t *table) roomFor(n int) {
	t.sample()
	limit := t.b.options.Budget.share() - int64(n)*t.slotBytes()
	t.shrink(limit, stepsEach*n)
	if t.memory() <= limit || t.b.err != nil {
		return
	}
	t.keepBatch(true)
	t.evictTo(limit, stepsBase+stepsEach*n)
	t.keepBatch(false)
	if err := t.compactLog(); err != nil {
		t.b.fail(err)
	}
}

// roomNow is roomFor for keys that are looked up one by one.
func (t *table) roomNow() {
	if t.ev.calls++; t.ev.calls >= roomEvery {
		t.ev.calls = 0
		t.roomFor(2 * roomEvery)
	}
}

// The hand goes on by so many slots at once: what is left to do is done before the next batch.
const (
	stepsBase = 4096
	stepsEach = 64
	minLive   = 8 // keys that stay however small the budget is
)

// evictTo lets the hand go on until memory is within the limit, over so many slots and twice round at most.
func (t *table) evictTo(limit int64, steps int) {
	e := t.ev
	evicted := 0
	for range min(steps, 2*int(t.slots)) {
		if e.live <= minLive {
			return
		}
		if e.hand++; e.hand >= t.slots {
			e.hand = noSlot + 1
		}
		m := t.meta(e.hand)
		if !m.used || m.refs == 0 || m.kept || e.hand == t.cur.slot || e.cool(e.hand) {
			continue
		}
		if err := t.evict(e.hand); err != nil {
			t.b.fail(err)
			return
		}
		if evicted++; evicted%evictStep == 0 && t.memory() <= limit {
			return
		}
	}
}

// evict writes a key into the log and frees its slot.
func (t *table) evict(slot uint32) error {
	if t.ttl {
		if t.expireSlot(t.placeOf(slot)); t.meta(slot).refs == 0 {
			t.free(slot)
			return nil
		}
	}
	s, at, hash := t.ev.log, t.placeOf(slot), t.keys.hashOf(slot)
	pos, err := s.begin(t.b.gen, hash)
	if err != nil {
		return err
	}
	from := len(s.buf) - recordStart
	buf := binary.LittleEndian.AppendUint32(s.buf, 0)
	buf = t.keys.appendKey(buf, slot)
	binary.LittleEndian.PutUint32(buf[from+recordStart:], uint32(len(buf)-from-recordStart-4))
	for i, c := range t.columns {
		if buf, err = c.evict(buf, i, at); err != nil {
			return err
		}
	}
	s.buf = append(buf, 0)
	t.ev.evicted++
	t.ev.moved += int64(len(s.buf) - from)
	t.groups[at.group].idx.replace(tagOf(hash), slot, coldBit|pos)
	t.vacate(at)
	return s.end(from)
}

// vacate frees the slot of a key that is in the log.
func (t *table) vacate(at place) {
	if m := t.meta(at.slot); m.refs != 0 {
		t.b.fail(errHeldSlot)
	}
	t.keys.clearKey(at.slot)
	t.unuse(at)
}

// readmit puts a record's entries into the slot of its key.
func (t *table) readmit(at place, src []byte) error {
	for {
		c, rest, ok, err := nextColumn(src)
		if err != nil || !ok {
			return err
		}
		if c.column >= len(t.columns) {
			return errSpillRecord
		}
		if src, err = t.columns[c.column].readmit(at, c, rest); err != nil {
			return err
		}
	}
}

// sample measures a value, if values take more than their cells.
func (t *table) sample() {
	t.ev.probe++
	if n := uint32(len(t.columns)); n > 0 {
		t.columns[t.ev.probe%n].sample()
	}
	t.keys.sample(t.ev.probe)
}

// sizes estimates what values take beside their cells, from samples of their encoded size.
type sizes struct {
	pointers bool // there is something beside the cells
	mean     float64
	cursor   uint32
	scratch  []byte
}

// heapFactor is what a value in memory takes for a byte of its encoding.
const heapFactor = 2

func (s *sizes) add(encoded int) {
	size := float64(heapFactor * encoded)
	if s.mean == 0 {
		s.mean = size
	}
	s.mean += (size - s.mean) / 32
}

// sample measures a cell: the next one with a value behind the last that was measured, if it is near.
func (c *cells[T]) sample() {
	if !c.sizes.pointers || len(c.slabs) == 0 {
		return
	}
	for range 16 {
		if c.sizes.cursor++; int(c.sizes.cursor>>slabBits) >= len(c.slabs) {
			c.sizes.cursor = 1
		}
		ref := c.sizes.cursor
		cl := c.known(ref)
		if cl == nil || cl.flags&flagPresent == 0 {
			continue
		}
		dst, err := c.rec.record(c.sizes.scratch[:0], place{ref, c.rec.groupOf(ref, cl)}, cl, false)
		if err == nil {
			c.sizes.add(len(dst))
		}
		if cap(dst) <= maxChunk {
			c.sizes.scratch = dst
		}
		return
	}
}

// entryOf begins the entry of a cell that is to be evicted and frees the cell for others.
func (c *cells[T]) entryOf(dst []byte, cl *cell[T], at place) []byte {
	c.preserve(cl, at)
	return beginEntry(dst, cl.flags, cl.mark.Load()>>2)
}

// unsaved says whether the store lacks an entry of that generation.
func (c *cells[T]) unsaved(gen uint32) bool { return gen > c.b.savedGen }

// revive makes a cell what it was when it was evicted, but for its value. An entry that no snapshot has saved is dirty
// again; since its record is in the log that the next snapshot reads, the store may then hold it: a removal must be
// recorded.
func (c *cells[T]) revive(cl *cell[T], at place, e *spillEntry) {
	c.preserve(cl, at)
	cl.flags = e.flags | flagLoaded | flagStored
	if c.unsaved(e.gen) && cl.mark.Load() != c.dirtied {
		cl.mark.Store(c.dirtied)
		c.dirty[at.group] = append(c.dirty[at.group], at.slot)
	}
	if cl.flags&flagPresent == 0 {
		c.graves = append(c.graves, at)
	}
}

// pendingSegments are those whose entries a snapshot must look at, the oldest first. Freeze calls it.
func (t *table) pendingSegments() (segs []*segment, err error) {
	if t.ev == nil {
		return nil, nil
	}
	if s := t.ev.log; s.tail != nil {
		err = s.seal()
	}
	for _, seg := range t.ev.log.segments {
		if seg != nil && seg.period > t.b.savedGen {
			segs = append(segs, seg)
		}
	}
	slices.SortFunc(segs, func(a, b *segment) int { return int(int64(a.age) - int64(b.age)) })
	return segs, err
}
