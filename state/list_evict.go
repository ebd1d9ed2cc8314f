package state

import (
	"encoding/binary"
	"unsafe"
)

// evict writes all pieces of a slot's list, the number of the piece as the suffix.
func (c *listColumn[T]) evict(dst []byte, number int, at place) (_ []byte, err error) {
	s := c.heads[at.slot>>slabBits]
	if s == nil {
		return dst, nil
	}
	h := &s[at.slot&slabMask]
	var head uint8
	if h.whole {
		head = spillWhole
	}
	dst, count := beginColumn(dst, number, head)
	countColumn(dst, count, len(h.pieces))
	for _, ref := range h.pieces {
		if dst, err = c.evictPiece(dst, place{ref, at.group}); err != nil {
			return dst, err
		}
		c.table.release(at.slot)
	}
	*h = listHead{}
	return dst, nil
}

func (c *listColumn[T]) evictPiece(dst []byte, at place) (_ []byte, err error) {
	cl, start := c.at(at.slot), len(dst)
	dst = c.entryOf(dst, cl, at)
	dst = binary.BigEndian.AppendUint32(dst, cl.val.number)
	endSuffix(dst, start)
	if cl.flags&flagPresent != 0 {
		dst, err = c.coder.append(dst, &cl.val.vals, c.stamps.get(at.slot))
		endEntry(dst, start)
	}
	cl.flags, cl.val = 0, listPiece[T]{}
	c.refs.give(at)
	return dst, err
}

func (c *listColumn[T]) readmit(at place, col spillColumn, src []byte) (_ []byte, err error) {
	h := c.head(at.slot)
	h.whole = col.head&spillWhole != 0
	for range col.entries {
		var e spillEntry
		if e, src, err = nextEntry(src); err != nil {
			return nil, err
		}
		cl, ref := c.add(h, at)
		if e.flags&flagPresent == 0 && !c.unsaved(e.gen) {
			continue // only what is behind it needs it
		}
		c.revive(cl, place{ref, at.group}, &e)
		if e.flags&flagPresent == 0 {
			continue
		}
		stamp, err := c.coder.decode(e.value, &cl.val.vals)
		if err != nil {
			return nil, err
		}
		c.restampPiece(h, ref, stamp)
		h.len += len(cl.val.vals)
	}
	c.trim(h, at.group)
	return src, nil
}

func (c *listColumn[T]) cutSlots(bound uint32) { c.heads = cutSlabs(c.heads, bound) }

// memory of a list is its pieces.
func (c *listColumn[T]) memory() (slot, extra int64) {
	piece := float64(unsafe.Sizeof(cell[listPiece[T]]{})) + c.sizes.mean
	return int64(unsafe.Sizeof(listHead{})), int64(piece * float64(c.refs.live))
}
