package state

import "sync/atomic"

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

// cell holds one value. A cell of a fresh slab is clean, absent and not loaded.
type cell[T any] struct {
	mark  atomic.Uint32
	flags uint8
	val   T
}

// grave says whether the cell records a removal.
func (c *cell[T]) grave() bool { return c.flags&(flagPresent|flagStored) == flagStored }

// cells are the values of one state, by reference: for a Value the slot of its key, for others a number of their own.
// A reference belongs to one key group for ever.
type cells[T any] struct {
	slabs   []*[slabLen]cell[T]
	dirtied uint32     // mark(gen, phaseDirty)
	dirty   [][]uint32 // by key group: what was changed in this generation, each once
}

func (c *cells[T]) init(groups int) {
	c.dirtied = mark(1, phaseDirty)
	c.dirty = make([][]uint32, groups)
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

// soil makes a cell dirty in the current generation.
func (c *cells[T]) soil(cl *cell[T], at place) {
	m := cl.mark.Load()
	if m == c.dirtied {
		return
	}
	if m != 0 && cl.flags&flagPresent != 0 { // an earlier snapshot has the value
		cl.flags |= flagStored
	}
	cl.mark.Store(c.dirtied)
	c.dirty[at.group] = append(c.dirty[at.group], at.slot)
}
