package state

import "iter"

// List is a list per key. It is stored in pieces of some elements each, so an element added to a long list
// costs a snapshot one piece.
type List[T any] struct{ c *listColumn[T] }

// pieceLen is the number of elements of a full piece. It is part of the stored format.
const pieceLen = 32

// listPiece is elements number*pieceLen … of the list of slot owner.
type listPiece[T any] struct {
	owner  uint32
	number uint32
	vals   []T
}

// listHead is the list of one slot. Pieces behind the last element are recorded removals.
type listHead struct {
	pieces []uint32
	len    int
	stamp  int64 // of its newest piece, if there is a time to live
	whole  bool  // every stored piece is in memory
}

type listColumn[T any] struct {
	cells[listPiece[T]]
	refs  refs
	heads []*[slabLen]listHead
	table *table
	info  *stateInfo
	coder *coder[[]T]
	key   []byte
}

// NewList declares a list of an operator. Its faults are returned by Backend.Start.
func NewList[T any](scope Scoped, name string, opts ...Option) List[T] {
	info, t := declare(scope, name, KindList, opts)
	c := &listColumn[T]{table: t, info: info}
	c.coder = newCoder(info, func() (Codec[[]T], error) { return listCodecOf[T](info) })
	c.init(t, c, info)
	c.refs.init(len(t.groups))
	t.attach(c)
	return List[T]{c}
}

// Append adds val at the end of the current key's list.
func (l List[T]) Append(val T) {
	c := l.c
	h := c.current()
	if h == nil {
		return
	}
	cl := c.write(h, h.len/pieceLen)
	cl.val.vals = append(cl.val.vals, val)
	h.len++
}

// Len is the number of elements of the current key's list.
func (l List[T]) Len() int {
	if h := l.c.current(); h != nil {
		return h.len
	}
	return 0
}

// Get returns element i; ok is false if there is none.
func (l List[T]) Get(i int) (val T, ok bool) {
	h := l.c.current()
	if h == nil || i < 0 || i >= h.len {
		return val, false
	}
	return l.c.at(h.pieces[i/pieceLen]).val.vals[i%pieceLen], true
}

// Set replaces element i; it says whether there is one.
func (l List[T]) Set(i int, val T) bool {
	h := l.c.current()
	if h == nil || i < 0 || i >= h.len {
		return false
	}
	l.c.write(h, i/pieceLen).val.vals[i%pieceLen] = val
	return true
}

// All goes over the current key's list. Elements may be appended and replaced meanwhile.
func (l List[T]) All() iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		h := l.c.current()
		for i := 0; h != nil && i < h.len; i++ {
			if !yield(i, l.c.at(h.pieces[i/pieceLen]).val.vals[i%pieceLen]) {
				return
			}
		}
	}
}

// Clear removes all elements.
func (l List[T]) Clear() { l.Truncate(0) }

// Truncate removes the elements from index n on.
func (l List[T]) Truncate(n int) {
	c := l.c
	h := c.current()
	if h == nil || n < 0 || n >= h.len {
		return
	}
	if c.truncate(h, n, c.table.cur); n > 0 && c.stamps.ttl != nil {
		c.write(h, (n-1)/pieceLen) // what was changed lives on
	}
}

func (c *listColumn[T]) truncate(h *listHead, n int, at place) {
	for number := (h.len - 1) / pieceLen; number >= 0 && (number+1)*pieceLen > n; number-- {
		c.cut(h, number, max(0, n-number*pieceLen), at)
	}
	h.len = n
}

func (c *listColumn[T]) extend(slabs int) {
	for len(c.heads) < slabs {
		c.heads = append(c.heads, nil)
	}
}

// current returns the list of the current key, or nil if there is no current key.
func (c *listColumn[T]) current() *listHead {
	slot := c.table.cur.slot
	if slot == noSlot {
		c.b.fail(ErrNoKey)
		return nil
	}
	h := c.head(slot)
	if !c.info.complete && !h.whole {
		c.load(h)
	}
	c.age(h)
	return h
}

func (c *listColumn[T]) head(slot uint32) *listHead {
	s := &c.heads[slot>>slabBits]
	if *s == nil {
		*s = new([slabLen]listHead)
	}
	return &(*s)[slot&slabMask]
}

// write returns the cell of a piece, the next new one at most, dirty and with a value.
func (c *listColumn[T]) write(h *listHead, number int) *cell[listPiece[T]] {
	at := c.table.cur
	if number == len(h.pieces) {
		cl, ref := c.add(h, at)
		c.soil(cl, place{ref, at.group})
		c.lives(h, ref)
		cl.flags = flagLoaded | flagPresent
		return cl
	}
	ref := h.pieces[number]
	cl := c.at(ref)
	c.soil(cl, place{ref, at.group})
	c.lives(h, ref)
	cl.flags |= flagPresent
	return cl
}

// lives lets a list live from now on, as the stamp of the piece that was changed says.
func (c *listColumn[T]) lives(h *listHead, ref uint32) {
	if c.stamps.ttl != nil {
		h.stamp = c.now()
		c.stamps.set(ref, h.stamp)
	}
}

// add makes a piece behind the others; the caller says what is in it.
func (c *listColumn[T]) add(h *listHead, at place) (*cell[listPiece[T]], uint32) {
	ref := c.refs.take(at.group)
	c.cells.extend(int(ref>>slabBits) + 1)
	cl := c.at(ref)
	c.preserve(cl, place{ref, at.group})
	cl.val.owner, cl.val.number = at.slot, uint32(len(h.pieces))
	h.pieces = append(h.pieces, ref)
	c.table.hold(at.slot)
	return cl, ref
}

// cut shortens a piece to n elements; the last piece may vanish.
func (c *listColumn[T]) cut(h *listHead, number, n int, at place) {
	ref := h.pieces[number]
	cl := c.at(ref)
	c.soil(cl, place{ref, at.group})
	clear(cl.val.vals[n:])
	cl.val.vals = cl.val.vals[:n]
	if n > 0 {
		return
	}
	cl.flags &^= flagPresent
	if cl.grave() {
		c.graves = append(c.graves, place{ref, at.group})
	}
	c.trim(h, at.group)
}

// trim gives up pieces at the end of which nothing is left to be recorded.
func (c *listColumn[T]) trim(h *listHead, group uint32) {
	for n := len(h.pieces); n > 0; n-- {
		ref := h.pieces[n-1]
		cl := c.at(ref)
		if cl.wanted() {
			return
		}
		owner := cl.val.owner
		cl.flags, cl.val = 0, listPiece[T]{}
		h.pieces = h.pieces[:n-1]
		c.refs.give(place{ref, group})
		c.table.drop(owner)
	}
}

func (c *listColumn[T]) forgetGrave(at place, cl *cell[listPiece[T]]) {
	cl.flags &^= flagStored
	c.trim(c.head(cl.val.owner), at.group)
}

// forget frees the head. A slot is freed only when no piece of its list is left.
func (c *listColumn[T]) forget(at place) {
	if s := c.heads[at.slot>>slabBits]; s != nil {
		s[at.slot&slabMask] = listHead{}
	}
}

func (c *listColumn[T]) touch([]place) {}

func (c *listColumn[T]) state() *stateInfo { return c.info }
