package state

import "unsafe"

// Value is a value per key. Copies of a handle are the same handle. It refers to the current key of its scope.
type Value[T any] struct{ c *valueColumn[T] }

// valueColumn keeps a value beside each slot of a table.
type valueColumn[T any] struct {
	cells[T]
	table *table
	info  *stateInfo
	coder *coder[T]
	key   []byte
}

// NewValue declares a value of an operator. Its faults are returned by Backend.Start.
func NewValue[T any](scope Scoped, name string, opts ...Option) Value[T] {
	info, t := declare(scope, name, KindValue, opts)
	c := &valueColumn[T]{table: t, info: info}
	c.coder = newCoder(info, func() (Codec[T], error) { return codecOf[T](info) })
	c.init(t, c, info)
	t.attach(c)
	return Value[T]{c}
}

// Get returns the value of the current key. What it refers to (slices, maps, pointers) must not be changed: use Ref.
func (v Value[T]) Get() (val T, ok bool) {
	if cl := v.c.read(); cl != nil {
		return cl.val, true
	}
	return val, false
}

// Ref returns the value for changing it in place, the zero value if there was none. The pointer is good until
// another key becomes current or the task's snapshot begins.
func (v Value[T]) Ref() *T {
	c := v.c
	slot := c.table.cur.slot
	if s := c.slabs[slot>>slabBits]; s != nil {
		if cl := &s[slot&slabMask]; cl.mark.Load() == c.dirtied && cl.flags&flagPresent != 0 && c.stamps.ttl == nil {
			return &cl.val
		}
	}
	return &c.write(true).val
}

// Set replaces the value of the current key.
func (v Value[T]) Set(val T) { v.c.write(false).val = val }

// Clear removes the value of the current key.
func (v Value[T]) Clear() {
	if cl := v.c.read(); cl != nil {
		v.c.remove(cl, v.c.table.cur)
	}
}

// read returns the current key's cell if it has a value that is not over.
func (c *valueColumn[T]) read() *cell[T] {
	if c.stamps.ttl != nil {
		return c.alive(c.readAny())
	}
	return c.readAny()
}

func (c *valueColumn[T]) readAny() *cell[T] {
	slot := c.table.cur.slot
	if s := c.slabs[slot>>slabBits]; s != nil {
		if cl := &s[slot&slabMask]; cl.flags&flagPresent != 0 {
			return cl
		}
	}
	return c.readStored()
}

// readStored looks into the store for a cell that has no value in memory.
func (c *valueColumn[T]) readStored() *cell[T] {
	at := c.table.cur
	if at.slot == noSlot {
		c.b.fail(ErrNoKey)
		return nil
	}
	if c.info.complete {
		return nil
	}
	cl := c.at(at.slot)
	if cl.flags&flagLoaded == 0 {
		c.load(cl, at)
	}
	if cl.flags&flagPresent == 0 {
		return nil
	}
	return cl
}

// load reads a cell from the store.
func (c *valueColumn[T]) load(cl *cell[T], at place) {
	c.preserve(cl, at)
	c.key = c.table.keys.appendKey(appendGroup(c.key[:0], &c.info.prefix, c.table.first+int(at.group)), at.slot)
	found, err := c.b.get(c.key, func(val []byte) error {
		stamp, err := c.coder.decode(val, &cl.val)
		c.restamp(at.slot, stamp)
		return err
	})
	if err != nil {
		c.b.fail(err)
	}
	cl.flags = flagLoaded
	if found {
		cl.flags |= flagPresent | flagStored
		c.table.hold(at.slot)
	}
}

// write returns the current key's cell, dirty and with a value. If the old value does not matter, it is not read.
func (c *valueColumn[T]) write(old bool) *cell[T] {
	at := c.table.cur
	if at.slot == noSlot {
		c.b.fail(ErrNoKey)
		return new(cell[T])
	}
	cl := c.at(at.slot)
	if !c.info.complete && cl.flags&flagLoaded == 0 && old {
		c.load(cl, at)
	}
	if cl.flags&flagPresent != 0 && c.expired(at.slot) {
		c.remove(cl, at)
	}
	c.soil(cl, at)
	c.live(at.slot)
	if cl.flags&flagPresent != 0 {
		return cl
	}
	if !cl.grave() {
		c.table.hold(at.slot)
	}
	if !c.info.complete && cl.flags&flagLoaded == 0 {
		cl.flags |= flagStored // it may be
	}
	cl.flags |= flagLoaded | flagPresent
	return cl
}

func (c *valueColumn[T]) remove(cl *cell[T], at place) {
	var zero T
	c.soil(cl, at)
	cl.flags &^= flagPresent
	cl.val = zero
	if cl.grave() {
		c.graves = append(c.graves, at)
	} else {
		c.table.drop(at.slot)
	}
}

func (c *valueColumn[T]) forget(at place) {
	if cl := c.known(at.slot); cl != nil {
		c.preserve(cl, at)
		cl.flags = 0
	}
}

// touch reads a word of every cell of the batch: the waits for memory overlap, and the cells are near when the
// records are processed.
func (c *valueColumn[T]) touch(batch []place) {
	sum := uint32(0)
	for _, at := range batch {
		if s := c.slabs[at.slot>>slabBits]; s != nil {
			sum += s[at.slot&slabMask].mark.Load()
		}
	}
	c.b.sink += sum
}

func (c *valueColumn[T]) state() *stateInfo { return c.info }

func (c *valueColumn[T]) record(dst []byte, at place, cl *cell[T], frozen bool) ([]byte, error) {
	start := len(dst)
	dst = c.table.appendKey(appendGroup(beginRecord(dst), &c.info.prefix, c.table.first+int(at.group)), at.slot, frozen)
	endKey(dst, start)
	stamp, over := c.stampFor(at.slot, frozen)
	switch {
	case cl.flags&flagPresent == 0, over && cl.flags&flagStored != 0:
		return dst, nil
	case over:
		return dst[:start], nil
	}
	dst, err := c.coder.append(dst, &cl.val, stamp)
	if err == nil {
		endRecord(dst, start)
	}
	return dst, err
}

func (c *valueColumn[T]) evict(dst []byte, number int, at place) ([]byte, error) {
	cl := c.known(at.slot)
	if cl == nil || !cl.wanted() {
		c.forget(at)
		return dst, nil
	}
	dst, count := beginColumn(dst, number, 0)
	countColumn(dst, count, 1)
	start := len(dst)
	dst = c.entryOf(dst, cl, at)
	endSuffix(dst, start)
	var err error
	if cl.flags&flagPresent != 0 {
		dst, err = c.coder.append(dst, &cl.val, c.stamps.get(at.slot))
		endEntry(dst, start)
	}
	c.table.release(at.slot)
	var zero T
	cl.flags, cl.val = 0, zero
	return dst, err
}

func (c *valueColumn[T]) readmit(at place, col spillColumn, src []byte) ([]byte, error) {
	e, rest, err := nextEntry(src)
	if err != nil || col.entries != 1 {
		return nil, errSpillRecord
	}
	present := e.flags&flagPresent != 0
	if !present && !c.unsaved(e.gen) {
		return rest, nil
	}
	cl := c.at(at.slot)
	c.revive(cl, at, &e)
	c.table.hold(at.slot)
	if present {
		var stamp int64
		stamp, err = c.coder.decode(e.value, &cl.val)
		c.restamp(at.slot, stamp)
	}
	return rest, err
}

func (c *valueColumn[T]) cutSlots(bound uint32) { c.cutCells(bound) }

func (c *valueColumn[T]) memory() (slot, extra int64) {
	return int64(unsafe.Sizeof(cell[T]{})) + int64(c.sizes.mean) + c.stamps.slotBytes(), 0
}

func (c *valueColumn[T]) near(slots []uint32) { c.table.keys.nearFrozen(slots) }

func (c *valueColumn[T]) forgetGrave(at place, cl *cell[T]) {
	cl.flags &^= flagStored
	c.table.drop(at.slot)
}

func (c *valueColumn[T]) groupOf(slot uint32, _ *cell[T]) uint32 { return c.table.placeOf(slot).group }
