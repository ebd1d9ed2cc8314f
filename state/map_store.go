package state

import (
	"fmt"
	"unsafe"
)

// appendMapKey appends what all stored entries of a key's map begin with.
func (c *mapColumn[UK, UV]) appendMapKey(dst []byte, at place, frozen bool) []byte {
	return c.table.appendKey(appendGroup(dst, &c.info.prefix, c.table.first+int(at.group)), at.slot, frozen)
}

func (c *mapColumn[UK, UV]) record(dst []byte, at place, cl *cell[mapItem[UK, UV]], frozen bool) ([]byte, error) {
	start := len(dst)
	dst = c.appendMapKey(beginRecord(dst), place{cl.val.owner, at.group}, frozen)
	dst = c.keyOf.append(dst, unsafe.Pointer(&cl.val.key))
	endKey(dst, start)
	stamp, over := c.stampFor(at.slot, frozen)
	switch {
	case cl.flags&flagPresent == 0, over && cl.flags&flagStored != 0:
		return dst, nil
	case over:
		return dst[:start], nil
	}
	dst, err := c.coder.append(dst, &cl.val.val, stamp)
	if err == nil {
		endRecord(dst, start)
	}
	return dst, err
}

// seek finds k in the order, bringing it there from the store if need be.
func (c *mapColumn[UK, UV]) seek(h *mapHead[UK], k *UK) (position, bool) {
	p, found := h.order.seek(c.keyOf, k)
	if found || c.info.complete || h.whole {
		return p, found
	}
	return p, c.seekStored(h, p, *k)
}

// seekStored brings the entry of k, which would be at p, from the store.
func (c *mapColumn[UK, UV]) seekStored(h *mapHead[UK], p position, k UK) bool {
	c.key = c.keyOf.append(c.appendMapKey(c.key[:0], c.table.cur, false), unsafe.Pointer(&k))
	found, err := c.b.get(c.key, func(val []byte) error { return c.adopt(h, p, k, val) })
	if err != nil {
		c.b.fail(err)
	}
	return found && err == nil
}

// whole returns the current key's map with every entry in memory.
func (c *mapColumn[UK, UV]) whole() *mapHead[UK] {
	h := c.current()
	if h == nil || c.info.complete || h.whole {
		return h
	}
	c.key = c.appendMapKey(c.key[:0], c.table.cur, false)
	if err := c.b.scan(c.key, func(key, val []byte) error { return c.adoptStored(h, key[len(c.key):], val) }); err != nil {
		c.b.fail(err)
	}
	h.whole = true
	return h
}

func (c *mapColumn[UK, UV]) adoptStored(h *mapHead[UK], key, val []byte) error {
	var k UK
	rest, err := c.keyOf.decode(key, unsafe.Pointer(&k))
	if err != nil || len(rest) > 0 {
		return fmt.Errorf("%w: %v: a map key", ErrCorrupt, c.info)
	}
	p, found := h.order.seek(c.keyOf, &k)
	if found { // it is in memory, or removed
		return nil
	}
	return c.adopt(h, p, k, val)
}

// adopt puts a stored entry into the order.
func (c *mapColumn[UK, UV]) adopt(h *mapHead[UK], p position, k UK, val []byte) error {
	cl, ref := c.add(h, p, c.table.cur, k)
	cl.flags = flagLoaded | flagPresent | flagStored
	stamp, err := c.coder.decode(val, &cl.val.val)
	c.restamp(ref, stamp)
	return err
}

func (c *mapColumn[UK, UV]) near([]uint32) {}

func (c *mapColumn[UK, UV]) groupOf(_ uint32, cl *cell[mapItem[UK, UV]]) uint32 {
	return c.table.placeOf(cl.val.owner).group
}
