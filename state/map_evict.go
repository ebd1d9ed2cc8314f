package state

import "unsafe"

// evict writes all entries of a slot's map, in their order, the key of the map as the suffix.
func (c *mapColumn[UK, UV]) evict(dst []byte, number int, at place) (_ []byte, err error) {
	s := c.heads[at.slot>>slabBits]
	if s == nil {
		return dst, nil
	}
	h := &s[at.slot&slabMask]
	entries := 0
	var head uint8
	if h.whole {
		head = spillWhole
	}
	dst, count := beginColumn(dst, number, head)
	for p, ok := h.order.next(position{}); ok; p, ok = h.order.next(position{p.run, p.at + 1}) {
		key, ref := h.order.get(p)
		if dst, err = c.evictEntry(dst, key, place{ref, at.group}); err != nil {
			return dst, err
		}
		c.table.release(at.slot)
		entries++
	}
	countColumn(dst, count, entries)
	*h = mapHead[UK]{}
	return dst, nil
}

func (c *mapColumn[UK, UV]) evictEntry(dst []byte, key *UK, at place) (_ []byte, err error) {
	cl, start := c.at(at.slot), len(dst)
	dst = c.entryOf(dst, cl, at)
	dst = c.keyOf.append(dst, unsafe.Pointer(key))
	endSuffix(dst, start)
	if cl.flags&flagPresent != 0 {
		dst, err = c.coder.append(dst, &cl.val.val, c.stamps.get(at.slot))
		endEntry(dst, start)
	}
	cl.flags, cl.val = 0, mapItem[UK, UV]{}
	c.refs.give(at)
	return dst, err
}

func (c *mapColumn[UK, UV]) readmit(at place, col spillColumn, src []byte) (_ []byte, err error) {
	h := c.head(at.slot)
	h.whole = col.head&spillWhole != 0
	for range col.entries {
		var e spillEntry
		if e, src, err = nextEntry(src); err != nil {
			return nil, err
		}
		if err = c.readmitEntry(h, at, &e); err != nil {
			return nil, err
		}
	}
	return src, nil
}

func (c *mapColumn[UK, UV]) readmitEntry(h *mapHead[UK], at place, e *spillEntry) error {
	present := e.flags&flagPresent != 0
	if !present && !c.unsaved(e.gen) {
		return nil
	}
	var k UK
	if rest, err := c.keyOf.decode(e.suffix, unsafe.Pointer(&k)); err != nil || len(rest) > 0 {
		return errSpillRecord
	}
	p, _ := h.order.seek(c.keyOf, &k)
	cl, ref := c.add(h, p, at, k)
	c.revive(cl, place{ref, at.group}, e)
	if present {
		stamp, err := c.coder.decode(e.value, &cl.val.val)
		c.restamp(ref, stamp)
		return err
	}
	h.present--
	return nil
}

func (c *mapColumn[UK, UV]) cutSlots(bound uint32) { c.heads = cutSlabs(c.heads, bound) }

// memory of a map is its entries, twice their keys: in the cell and in the order.
func (c *mapColumn[UK, UV]) memory() (slot, extra int64) {
	entry := float64(unsafe.Sizeof(cell[mapItem[UK, UV]]{})+unsafe.Sizeof(*new(UK))+2*unsafe.Sizeof(uint32(0))) + c.sizes.mean + float64(c.stamps.slotBytes())
	return int64(unsafe.Sizeof(mapHead[UK]{})), int64(entry * float64(c.refs.live))
}
