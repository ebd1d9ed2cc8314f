package state

// Value is a value per key. Copies of a handle are the same handle. It refers to the current key of its scope.
type Value[T any] struct{ c *valueColumn[T] }

// valueColumn keeps a value beside each slot of a table.
type valueColumn[T any] struct {
	cells[T]
	table *table
	info  *stateInfo
}

// NewValue declares a value of an operator. Its faults are returned by Backend.Start.
func NewValue[T any](scope Scoped, name string, opts ...Option) Value[T] {
	info, t := declare(scope, name, KindValue)
	c := &valueColumn[T]{table: t, info: info}
	c.init(len(t.groups))
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
		if cl := &s[slot&slabMask]; cl.mark.Load() == c.dirtied && cl.flags&flagPresent != 0 {
			return &cl.val
		}
	}
	return &c.write().val
}

// Set replaces the value of the current key.
func (v Value[T]) Set(val T) { *v.Ref() = val }

// Clear removes the value of the current key.
func (v Value[T]) Clear() {
	if cl := v.c.read(); cl != nil {
		v.c.remove(cl)
	}
}

// read returns the current key's cell if it has a value.
func (c *valueColumn[T]) read() *cell[T] {
	slot := c.table.cur.slot
	if s := c.slabs[slot>>slabBits]; s != nil {
		if cl := &s[slot&slabMask]; cl.flags&flagPresent != 0 {
			return cl
		}
	}
	if slot == noSlot {
		c.table.b.fail(ErrNoKey)
	}
	return nil
}

// write returns the current key's cell, dirty and with a value.
func (c *valueColumn[T]) write() *cell[T] {
	at := c.table.cur
	if at.slot == noSlot {
		c.table.b.fail(ErrNoKey)
		return new(cell[T])
	}
	cl := c.at(at.slot)
	c.soil(cl, at)
	if cl.flags&flagPresent == 0 {
		if !cl.grave() {
			c.table.hold(at.slot)
		}
		cl.flags |= flagLoaded | flagPresent
	}
	return cl
}

func (c *valueColumn[T]) remove(cl *cell[T]) {
	var zero T
	at := c.table.cur
	c.soil(cl, at)
	cl.flags &^= flagPresent
	cl.val = zero
	if !cl.grave() {
		c.table.drop(at.slot)
	}
}

func (c *valueColumn[T]) forget(at place) {
	if cl := c.known(at.slot); cl != nil {
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
	c.table.b.sink += sum
}
