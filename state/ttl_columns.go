package state

// How columns free what is expired.

func (c *valueColumn[T]) expireSome(n int) {
	if c.stamps.ttl != nil {
		c.someRefs(n, func(slot uint32, _ *cell[T]) { c.expireSlot(c.table.placeOf(slot)) })
	}
}

func (c *valueColumn[T]) expireSlot(at place) {
	if c.stamps.ttl == nil {
		return
	}
	if cl := c.known(at.slot); cl != nil && cl.flags&flagPresent != 0 && c.expired(at.slot) {
		c.remove(cl, at)
	}
}

// alive returns the cell if its value is not over.
func (c *valueColumn[T]) alive(cl *cell[T]) *cell[T] {
	at := c.table.cur
	if cl == nil {
		return nil
	}
	if c.expired(at.slot) {
		c.remove(cl, at)
		return nil
	}
	c.wasRead(cl, at)
	return cl
}

func (c *mapColumn[UK, UV]) expireSome(n int) {
	if c.stamps.ttl == nil {
		return
	}
	c.someRefs(n, func(ref uint32, cl *cell[mapItem[UK, UV]]) {
		if c.expired(ref) {
			h := c.head(cl.val.owner)
			if p, found := h.order.seek(c.keyOf, &cl.val.key); found {
				c.remove(h, p, c.table.placeOf(cl.val.owner))
			}
		}
	})
}

func (c *mapColumn[UK, UV]) expireSlot(at place) {
	if c.stamps.ttl == nil {
		return
	}
	if s := c.heads[at.slot>>slabBits]; s != nil {
		c.expireHead(&s[at.slot&slabMask], at)
	}
}

// expireHead removes the entries of a map that are over.
func (c *mapColumn[UK, UV]) expireHead(h *mapHead[UK], at place) {
	for p, ok := h.order.next(position{}); ok; p, ok = h.order.next(p) {
		_, ref := h.order.get(p)
		if cl := c.at(ref); cl.flags&flagPresent == 0 || !c.expired(ref) || c.remove(h, p, at) {
			p.at++
		}
	}
}

// expireSome looks at lists, not at pieces: a list is over as a whole.
func (c *listColumn[T]) expireSome(n int) {
	if c.stamps.ttl == nil {
		return
	}
	c.someRefs(n, func(_ uint32, cl *cell[listPiece[T]]) { c.expireSlot(c.table.placeOf(cl.val.owner)) })
}

func (c *listColumn[T]) expireSlot(at place) {
	if c.stamps.ttl == nil {
		return
	}
	if s := c.heads[at.slot>>slabBits]; s != nil {
		if h := &s[at.slot&slabMask]; h.len > 0 && c.over(h) {
			c.truncate(h, 0, at)
		}
	}
}

// over says whether a list is: whether its newest piece is.
func (c *listColumn[T]) over(h *listHead) bool {
	now := c.now()
	return c.stamps.ttl.over(c.stamps.known(h.stamp), now)
}

// age clears a list that is over, and lets one that is not live on if reading does that.
func (c *listColumn[T]) age(h *listHead) {
	if c.stamps.ttl == nil || h.len == 0 {
		return
	}
	if c.over(h) {
		c.truncate(h, 0, c.table.cur)
		return
	}
	if last := h.pieces[(h.len-1)/pieceLen]; c.stamps.ttl.onRead && h.stamp != c.now() {
		c.wasRead(c.at(last), place{last, c.table.cur.group})
		h.stamp = c.now()
	}
}

// expireStored brings the list into memory, without counting as a reader of it.
func (c *listColumn[T]) expireStored(at place) {
	if h := c.head(at.slot); !c.info.complete && !h.whole {
		c.load(h)
	}
	c.expireSlot(at)
}

func (c *valueColumn[T]) expireStored(at place)    { c.expireSlot(at) }
func (c *mapColumn[UK, UV]) expireStored(at place) { c.expireSlot(at) }

func (c *timerColumn) expireStored(place)  {}
func (c *agendaColumn) expireStored(place) {}

func (c *timerColumn) expireSome(int)    {}
func (c *timerColumn) expireSlot(place)  {}
func (c *agendaColumn) expireSome(int)   {}
func (c *agendaColumn) expireSlot(place) {}
