package state

import "slices"

// shrinking gives slots back. What else has to stay in memory grows (the index has a cell for every evicted key), so
// a key scope comes to have more slots than its share allows to use. Then those from a bound on are evicted whether
// they were used or not, bit by bit, and their slabs are given up together.
type shrinking struct {
	bound uint32 // 0: not shrinking
	hand  uint32
	clean bool // no slot was passed over since the hand began
}

const (
	shrinkPart  = 12       // part of the slots that must be too much
	shrinkBytes = 64 << 10 // and what they must take
)

// shrink does a bit of it; limit is what the key scope may take.
func (t *table) shrink(limit int64, steps int) {
	s := &t.ev.shrinking
	if s.bound == 0 {
		s.begin(t, limit)
		return
	}
	if t.b.snap != nil {
		return // jobs look at the slabs
	}
	for ; steps > 0 && s.hand < t.slots; s.hand++ {
		m := t.meta(s.hand)
		if !m.used {
			continue
		}
		steps -= evictStep
		if m.refs == 0 || m.kept || s.hand == t.cur.slot {
			s.clean = false
		} else if err := t.evict(s.hand); err != nil {
			t.b.fail(err)
			return
		}
	}
	if s.hand < t.slots {
		return
	}
	if s.clean {
		t.cutAll(s.bound)
		*s = shrinking{}
		return
	}
	s.hand, s.clean = s.bound, true
}

// begin decides whether there is too much.
func (s *shrinking) begin(t *table, limit int64) {
	each := t.slotBytes()
	rest := t.memory() - t.ev.live*each
	fit := max(0, limit-rest) / each
	bound := (fit + fit/(2*shrinkPart) + 2*slabLen) &^ slabMask
	if excess := int64(t.slots) - bound; excess > bound/shrinkPart && excess*each > shrinkBytes {
		*s = shrinking{bound: uint32(bound), hand: uint32(bound), clean: true}
	}
}

// cutAll forgets all slots from bound on, which are not in use.
func (t *table) cutAll(bound uint32) {
	t.slots = bound
	clear(t.metas[bound>>slabBits:])
	t.metas = t.metas[:bound>>slabBits]
	t.keys.cutSlots(bound)
	for _, c := range t.columns {
		c.cutSlots(bound)
	}
	t.loose = slices.DeleteFunc(t.loose, func(slot uint32) bool { return slot >= bound })
	t.batch = t.batch[:0]
	for g := range t.groups {
		t.groups[g].free = noSlot
	}
	for slot := uint32(noSlot + 1); slot < bound; slot++ {
		if m := t.meta(slot); !m.used {
			g := &t.groups[m.group]
			m.refs, g.free = g.free, slot
		}
	}
}

// cutSlabs forgets the slabs of slots from bound on.
func cutSlabs[S any](slabs []*S, bound uint32) []*S {
	n := min(len(slabs), int(bound>>slabBits))
	clear(slabs[n:])
	return slabs[:n]
}

// cutCells forgets cells; marks of what was changed go with them.
func (c *cells[T]) cutCells(bound uint32) {
	c.slabs = cutSlabs(c.slabs, bound)
	for g, list := range c.dirty {
		c.dirty[g] = slices.DeleteFunc(list, func(ref uint32) bool { return ref >= bound })
	}
	gone := func(at place) bool { return at.slot >= bound }
	c.graves = slices.DeleteFunc(c.graves, gone)
	c.recorded = slices.DeleteFunc(c.recorded, gone)
}
