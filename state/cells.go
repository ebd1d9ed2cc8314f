package state

import (
	"reflect"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/turgo-io/turgo/internal/bug"
)

// Phases of a cell's mark; generation<<2 | phase. The mark is the only word that two goroutines write.
const (
	phaseDirty   = 1 // changed in the mark's generation
	phaseBusy    = 2 // being encoded, by the task or by a background job
	phaseEncoded = 3 // in the snapshot of the mark's generation
)

func mark(gen, phase uint32) uint32 { return gen<<2 | phase }

// Flags of a cell, written by the task only, and only while no background job may look at them.
const (
	flagLoaded  = 1 << iota // the cell says what is stored; without it nobody has looked yet
	flagPresent             // there is a value
	flagStored              // the store may hold an older value, so that a removal must be recorded
)

// cell holds one value. A cell of a fresh slab is clean, absent and not loaded. Its mark outlives what is in it: a
// cell that is dirty in a generation is in the dirty list of its key group, whoever uses it.
type cell[T any] struct {
	mark  atomic.Uint32
	flags uint8
	val   T
}

// grave says whether the cell is there only to record a removal.
func (c *cell[T]) grave() bool { return c.flags&(flagPresent|flagStored) == flagStored }

// recorder turns cells into records of the store.
type recorder[T any] interface {
	// record appends the record of a cell. frozen says that a background job asks: it sees keys as they were when
	// the snapshot began.
	record(dst []byte, at place, cl *cell[T], frozen bool) ([]byte, error)
	// groupOf is the key group of a cell that has a value.
	groupOf(ref uint32, cl *cell[T]) uint32
	// near brings near what record reads besides the cells themselves.
	near(refs []uint32)
	// forgetGrave gives up a recorded removal.
	forgetGrave(at place, cl *cell[T])
}

// cells are the values of one state, by reference: for a Value the slot of its key, for others a number of their own.
// A reference belongs to one key group for ever.
//
// The copy on write: at a freeze the generation ends, and its dirty cells are to be encoded as they are. A background
// job does it, or the task does it for a cell that it wants to change before the job came by; the mark decides.
type cells[T any] struct {
	rec     recorder[T]
	b       *Backend
	slabs   []*[slabLen]cell[T]
	sizes   sizes
	stamps  stamps
	dirtied uint32     // mark of what is dirty in this generation
	dirty   [][]uint32 // by key group: what was changed in this generation, each once
	graves  []place    // what was removed in this generation and is stored

	frozen struct {
		dirtied uint32 // mark of the generation that is being written; 0 if none is
		slabs   []*[slabLen]cell[T]
		dirty   [][]uint32
		graves  []place
		copied  []copies // by key group: what the task has encoded
		sink    uint32   // what bringNear reads
	}
	recorded []place // removals that a completed snapshot has, to be forgotten bit by bit
}

// copies are records that the task wrote into a snapshot.
type copies struct {
	full [][]byte
	last []byte
}

func (c *cells[T]) init(t *table, rec recorder[T], info *stateInfo) {
	c.stamps.ttl, c.stamps.since = info.settings.ttl, noTime
	t.ttl = t.ttl || c.stamps.ttl != nil
	c.b, c.rec = t.b, rec
	c.sizes.pointers = hasPointers(reflect.TypeFor[T]())
	c.dirtied = mark(t.b.gen, phaseDirty)
	c.dirty = make([][]uint32, len(t.groups))
	c.frozen.dirty = make([][]uint32, len(t.groups))
}

// extend makes room for references; their slabs come when they are used.
func (c *cells[T]) extend(slabs int) {
	for len(c.slabs) < slabs {
		c.slabs = append(c.slabs, nil)
	}
}

// at returns the cell of ref, making its slab if need be.
func (c *cells[T]) at(ref uint32) *cell[T] {
	s := &c.slabs[ref>>slabBits]
	if *s == nil {
		*s = new([slabLen]cell[T])
	}
	return &(*s)[ref&slabMask]
}

// known returns the cell of ref, or nil if nothing was ever put near it.
func (c *cells[T]) known(ref uint32) *cell[T] {
	s := c.slabs[ref>>slabBits]
	if s == nil {
		return nil
	}
	return &s[ref&slabMask]
}

// soil makes a cell dirty in the current generation, once what it was in a frozen one is safe.
func (c *cells[T]) soil(cl *cell[T], at place) {
	m := cl.mark.Load()
	if m == c.dirtied {
		return
	}
	c.preserve(cl, at)
	if m != 0 && cl.flags&flagPresent != 0 { // an earlier snapshot has the value
		cl.flags |= flagStored
	}
	cl.mark.Store(c.dirtied)
	c.dirty[at.group] = append(c.dirty[at.group], at.slot)
}

// preserve is the copy on write. Whatever changes a cell without soil calls it first.
func (c *cells[T]) preserve(cl *cell[T], at place) {
	dirty := c.frozen.dirtied
	if dirty == 0 || bug.Enabled && bug.On(bug.CopyOnWriteSkipped) {
		return
	}
	for {
		switch cl.mark.Load() {
		case dirty:
			if cl.mark.CompareAndSwap(dirty, dirty-phaseDirty+phaseBusy) {
				c.copy(cl, at)
				cl.mark.Store(dirty - phaseDirty + phaseEncoded)
				return
			}
		case dirty - phaseDirty + phaseBusy: // a job is at it: some 100 ns
			runtime.Gosched()
		default:
			return
		}
	}
}

// wanted says whether a dirty cell has anything to be stored.
func (c *cell[T]) wanted() bool { return c.flags&(flagPresent|flagStored) != 0 }

func (c *cells[T]) copy(cl *cell[T], at place) {
	if !cl.wanted() {
		return
	}
	to := &c.frozen.copied[at.group]
	if to.last == nil {
		to.last = c.b.chunks.get()
	}
	before := len(to.last)
	var err error
	if to.last, err = c.rec.record(to.last, at, cl, false); err != nil {
		to.last = to.last[:before]
		c.b.snap.fail(err)
	}
	if len(to.last) >= chunkFull {
		to.full, to.last = append(to.full, to.last), nil
	}
}

// freeze ends the generation. It encodes nothing and copies nothing.
func (c *cells[T]) freeze(gen uint32) {
	f := &c.frozen
	f.dirtied, c.dirtied = c.dirtied, mark(gen, phaseDirty)
	c.freezeStamps()
	f.slabs = c.slabs
	f.dirty, c.dirty = c.dirty, f.dirty
	f.graves, c.graves = c.graves, f.graves[:0]
	if f.copied == nil {
		f.copied = make([]copies, len(c.dirty))
	}
}

// nearLen is how many cells a job encodes together, so that its waits for memory overlap. A task that wants one of
// them waits for some microseconds.
const nearLen = 32

// encode appends records of frozen cells of a key group to dst, beginning with the from-th of its list, until dst is
// full or limit cells are done. It returns where it stopped; a job calls it.
func (c *cells[T]) encode(dst []byte, group, from, limit int) (_ []byte, next int, err error) {
	list := c.frozen.dirty[group]
	list = list[:min(len(list), from+limit)]
	for next = from; next < len(list) && len(dst) < chunkFull; {
		some := list[next:min(len(list), next+nearLen)]
		if dst, err = c.encodeSome(dst, group, some); err != nil {
			return dst, next, err
		}
		next += len(some)
	}
	return dst, next, nil
}

// encodeSome encodes those cells that the task did not.
func (c *cells[T]) encodeSome(dst []byte, group int, refs []uint32) (_ []byte, err error) {
	var mine, wanted [nearLen]uint32
	claimed, n := c.claim(refs, mine[:0]), 0
	for _, ref := range claimed {
		if c.frozenCell(ref).wanted() {
			wanted[n] = ref
			n++
		}
	}
	c.bringNear(wanted[:n])
	for _, ref := range wanted[:n] {
		if err == nil {
			dst, err = c.rec.record(dst, place{ref, uint32(group)}, c.frozenCell(ref), true)
		}
	}
	for _, ref := range claimed {
		c.frozenCell(ref).mark.Store(c.frozen.dirtied - phaseDirty + phaseEncoded)
	}
	return dst, err
}

// hasPointers says whether values of a type refer to other memory.
func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if hasPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.String, reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return true
	default:
		return false
	}
}

func (c *cells[T]) frozenCell(ref uint32) *cell[T] {
	return &c.frozen.slabs[ref>>slabBits][ref&slabMask]
}

// claim marks cells as busy and appends those that were not encoded before to mine. It waits for cells that the task
// is at.
func (c *cells[T]) claim(refs, mine []uint32) []uint32 {
	dirty := c.frozen.dirtied
	busy := dirty - phaseDirty + phaseBusy
	sum := uint32(0)
	for _, ref := range refs { // the loads overlap, the exchanges below would not
		sum += c.frozenCell(ref).mark.Load()
	}
	c.frozen.sink = sum
	for _, ref := range refs {
		cl := c.frozenCell(ref)
		if cl.mark.CompareAndSwap(dirty, busy) {
			mine = append(mine, ref)
		}
	}
	next := 0
	for _, ref := range refs {
		if next < len(mine) && mine[next] == ref {
			next++
			continue
		}
		for c.frozenCell(ref).mark.Load() == busy {
			runtime.Gosched()
		}
	}
	return mine
}

const cacheLine = 64

// bringNear reads a byte of every cache line of cells, which are claimed, and what else their records need.
func (c *cells[T]) bringNear(refs []uint32) {
	size := unsafe.Sizeof(cell[T]{})
	sum := byte(0)
	for _, ref := range refs {
		p := unsafe.Pointer(c.frozenCell(ref))
		for off := uintptr(cacheLine); off < min(size, 8*cacheLine); off += cacheLine {
			sum += *(*byte)(unsafe.Add(p, off))
		}
	}
	c.frozen.sink += uint32(sum)
	c.rec.near(refs)
}

// pending is how many frozen cells of a group there are.
func (c *cells[T]) pending(group int) int { return len(c.frozen.dirty[group]) }

// takeCopies returns what the task encoded of a group. A job calls it when all cells of the group are encoded, so
// the task adds no more.
func (c *cells[T]) takeCopies(group int) [][]byte {
	if c.frozen.copied == nil {
		return nil
	}
	from := &c.frozen.copied[group]
	out := from.full
	if from.last != nil {
		out = append(out, from.last)
	}
	*from = copies{}
	return out
}

// thaw ends the frozen generation, in the task. After a failure its cells are dirty again.
func (c *cells[T]) thaw(ok bool) {
	f := &c.frozen
	if ok {
		c.recorded = append(c.recorded, f.graves...)
	} else {
		c.redo()
		c.graves = append(c.graves, f.graves...)
	}
	for g := range f.dirty {
		f.dirty[g] = f.dirty[g][:0]
	}
	f.graves, f.dirtied, f.slabs = f.graves[:0], 0, nil
}

func (c *cells[T]) redo() {
	dirty := c.frozen.dirtied
	for g, list := range c.frozen.dirty {
		for _, chunk := range c.takeCopies(g) {
			c.b.chunks.put(chunk)
		}
		for _, ref := range list {
			if cl := c.at(ref); cl.mark.Load()>>2 == dirty>>2 {
				cl.mark.Store(c.dirtied)
				c.dirty[g] = append(c.dirty[g], ref)
			}
		}
	}
}

// redoAll makes every cell with a value dirty.
func (c *cells[T]) redoAll() {
	for i, s := range c.slabs {
		if s == nil {
			continue
		}
		for j := range s {
			cl, ref := &s[j], uint32(i<<slabBits|j)
			if cl.flags&flagPresent == 0 || cl.mark.Load() == c.dirtied {
				continue
			}
			cl.mark.Store(c.dirtied)
			g := c.rec.groupOf(ref, cl)
			c.dirty[g] = append(c.dirty[g], ref)
		}
	}
}

// forgetRecorded forgets up to n recorded removals and says how many it looked at.
func (c *cells[T]) forgetRecorded(n int) int {
	n = min(n, len(c.recorded))
	for range n {
		last := len(c.recorded) - 1
		at := c.recorded[last]
		c.recorded = c.recorded[:last]
		cl := c.at(at.slot)
		// What was used again since then is in a later list, if it is a removal again.
		if cl.grave() && cl.mark.Load()>>2 <= c.b.savedGen {
			c.rec.forgetGrave(at, cl)
		}
	}
	return n
}
