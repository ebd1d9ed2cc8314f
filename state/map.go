package state

import (
	"fmt"
	"iter"
	"reflect"

	"github.com/turgo-io/turgo/internal/bug"
)

// Map is a map per key of the scope, in the order of its own keys: numbers by value, strings by bytes, structs by
// their fields in turn. Each entry is stored by itself, so a large map costs a snapshot only what changed.
type Map[UK comparable, UV any] struct{ c *mapColumn[UK, UV] }

// mapItem is an entry of the map of slot owner.
type mapItem[UK comparable, UV any] struct {
	owner uint32
	key   UK
	val   UV
}

// mapHead is the map of one slot. Its order lists entries that exist and recorded removals.
type mapHead[UK comparable] struct {
	order   sortedKeys[UK]
	present int
	version uint32 // grows with every change of the order
	whole   bool   // every stored entry is in memory
}

type mapColumn[UK comparable, UV any] struct {
	cells[mapItem[UK, UV]]
	refs  refs
	heads []*[slabLen]mapHead[UK]
	keyOf *keyType
	table *table
	info  *stateInfo
	coder *coder[UV]
	key   []byte
}

// NewMap declares a map of an operator. Its faults are returned by Backend.Start.
func NewMap[UK comparable, UV any](scope Scoped, name string, opts ...Option) Map[UK, UV] {
	info, t := declare(scope, name, KindMap, opts)
	keyOf, err := newKeyType(reflect.TypeFor[UK]())
	if err != nil {
		info.b.refuse(fmt.Errorf("%v: %w", info, err))
		keyOf = &keyType{}
	}
	info.MapKey = Schema(keyOf.schema)
	c := &mapColumn[UK, UV]{table: t, info: info, keyOf: keyOf}
	c.coder = newCoder(info, func() (Codec[UV], error) { return codecOf[UV](info) })
	c.init(t, c, info)
	c.refs.init(len(t.groups))
	t.attach(c)
	return Map[UK, UV]{c}
}

// Get returns the value of k in the current key's map.
func (m Map[UK, UV]) Get(k UK) (val UV, ok bool) {
	if cl := m.c.find(k); cl != nil && cl.flags&flagPresent != 0 {
		return cl.val.val, true
	}
	return val, false
}

// Ref returns the value of k for changing it in place, the zero value if there was none. The pointer is good until
// another key becomes current or the task's snapshot begins.
func (m Map[UK, UV]) Ref(k UK) *UV { return &m.c.write(k).val.val }

// Set makes val the value of k.
func (m Map[UK, UV]) Set(k UK, val UV) { *m.Ref(k) = val }

// Delete removes k and its value.
func (m Map[UK, UV]) Delete(k UK) {
	c := m.c
	h := c.current()
	if h == nil {
		return
	}
	if p, found := c.seek(h, &k); found {
		c.remove(h, p, c.table.cur)
	}
}

// Len is the number of entries of the current key's map.
func (m Map[UK, UV]) Len() int {
	if h := m.c.whole(); h != nil {
		if m.c.stamps.ttl != nil {
			m.c.expireHead(h, m.c.table.cur)
		}
		return h.present
	}
	return 0
}

// All goes over the current key's map in the order of its keys. Entries may be changed and removed meanwhile; one
// that is added behind the place where the loop is will be seen.
func (m Map[UK, UV]) All() iter.Seq2[UK, UV] {
	return func(yield func(UK, UV) bool) { m.c.scan(nil, yield) }
}

// From is like All but starts at the first key that is not before k.
func (m Map[UK, UV]) From(k UK) iter.Seq2[UK, UV] {
	return func(yield func(UK, UV) bool) { m.c.scan(&k, yield) }
}

// Clear removes all entries of the current key's map.
func (m Map[UK, UV]) Clear() {
	c := m.c
	h := c.whole()
	if h == nil {
		return
	}
	for p, ok := h.order.next(position{}); ok; p, ok = h.order.next(p) {
		if c.remove(h, p, c.table.cur) {
			p.at++ // it stays as a recorded removal
		}
	}
}

func (c *mapColumn[UK, UV]) extend(slabs int) {
	for len(c.heads) < slabs {
		c.heads = append(c.heads, nil)
	}
}

// current returns the map of the current key, or nil if there is no current key.
func (c *mapColumn[UK, UV]) current() *mapHead[UK] {
	slot := c.table.cur.slot
	if slot == noSlot {
		c.b.fail(ErrNoKey)
		return nil
	}
	return c.head(slot)
}

func (c *mapColumn[UK, UV]) head(slot uint32) *mapHead[UK] {
	s := &c.heads[slot>>slabBits]
	if *s == nil {
		*s = new([slabLen]mapHead[UK])
	}
	return &(*s)[slot&slabMask]
}

func (c *mapColumn[UK, UV]) find(k UK) *cell[mapItem[UK, UV]] {
	h := c.current()
	if h == nil {
		return nil
	}
	p, found := c.seek(h, &k)
	if !found {
		return nil
	}
	_, ref := h.order.get(p)
	cl, at := c.at(ref), place{ref, c.table.cur.group}
	if c.stamps.ttl == nil || cl.flags&flagPresent == 0 {
		return cl
	}
	if c.expired(ref) {
		c.remove(h, p, c.table.cur)
		return nil
	}
	c.wasRead(cl, at)
	return cl
}

// write returns the cell of k, dirty and with a value.
func (c *mapColumn[UK, UV]) write(k UK) *cell[mapItem[UK, UV]] {
	h := c.current()
	if h == nil {
		return new(cell[mapItem[UK, UV]])
	}
	at := c.table.cur
	p, found := c.seek(h, &k)
	if !found {
		cl, ref := c.add(h, p, at, k)
		c.soil(cl, place{ref, at.group})
		c.live(ref)
		cl.flags = flagLoaded | flagPresent
		return cl
	}
	_, ref := h.order.get(p)
	cl := c.at(ref)
	over := cl.flags&flagPresent != 0 && c.expired(ref)
	c.soil(cl, place{ref, at.group})
	c.live(ref)
	if over {
		cl.val.val = *new(UV)
	}
	if cl.flags&flagPresent == 0 {
		cl.flags |= flagPresent
		h.present++
	}
	return cl
}

// add makes an entry that was not in the order; the caller says what is in it.
func (c *mapColumn[UK, UV]) add(h *mapHead[UK], p position, at place, k UK) (*cell[mapItem[UK, UV]], uint32) {
	if c.keyOf.owned {
		k = ownKey(c.keyOf, k)
	}
	ref := c.refs.take(at.group)
	c.cells.extend(int(ref>>slabBits) + 1)
	cl := c.at(ref)
	c.preserve(cl, place{ref, at.group})
	cl.val.owner, cl.val.key = at.slot, k
	h.order.insert(p, k, ref)
	h.present++
	h.version++
	c.table.hold(at.slot)
	return cl, ref
}

// remove takes out the entry at p. It says whether p stays in the order, as a removal that is to be recorded.
func (c *mapColumn[UK, UV]) remove(h *mapHead[UK], p position, at place) (stays bool) {
	_, ref := h.order.get(p)
	cl := c.at(ref)
	if cl.flags&flagPresent == 0 {
		return true
	}
	c.soil(cl, place{ref, at.group})
	var zero UV
	cl.flags &^= flagPresent
	cl.val.val = zero
	h.present--
	if cl.grave() && !(bug.Enabled && bug.On(bug.MapRemovalLost)) {
		c.graves = append(c.graves, place{ref, at.group})
		return true
	}
	c.bury(h, p, place{ref, at.group}, cl)
	return false
}

// bury gives up an entry of which nothing is left to be recorded.
func (c *mapColumn[UK, UV]) bury(h *mapHead[UK], p position, at place, cl *cell[mapItem[UK, UV]]) {
	owner := cl.val.owner
	cl.flags, cl.val = 0, mapItem[UK, UV]{}
	h.order.remove(p)
	h.version++
	c.refs.give(at)
	c.table.drop(owner)
}

func (c *mapColumn[UK, UV]) forgetGrave(at place, cl *cell[mapItem[UK, UV]]) {
	h := c.head(cl.val.owner)
	if p, found := h.order.seek(c.keyOf, &cl.val.key); found {
		c.bury(h, p, at, cl)
	}
}

func (c *mapColumn[UK, UV]) scan(from *UK, yield func(UK, UV) bool) {
	h := c.whole()
	if h == nil {
		return
	}
	p := position{}
	if from != nil {
		p, _ = h.order.seek(c.keyOf, from)
	}
	c.scanAt(h, p, nil, yield)
}

// scanAt goes over a map from p on, as long as cond holds, if there is one.
func (c *mapColumn[UK, UV]) scanAt(h *mapHead[UK], p position, cond func(k *UK) bool, yield func(UK, UV) bool) {
	for p, ok := h.order.next(p); ok; p, ok = h.order.next(p) {
		key, ref := h.order.get(p)
		last, version := *key, h.version
		if cond != nil && !cond(&last) {
			return
		}
		if cl := c.at(ref); cl.flags&flagPresent != 0 && !c.expired(ref) {
			c.wasRead(cl, place{ref, c.table.cur.group})
			if !yield(last, cl.val.val) {
				return
			}
		}
		if h.version == version {
			p.at++
			continue
		}
		var found bool
		if p, found = h.order.seek(c.keyOf, &last); found {
			p.at++
		}
	}
}

// forget frees the head. A slot is freed only when no entry of its map is left.
func (c *mapColumn[UK, UV]) forget(at place) {
	if s := c.heads[at.slot>>slabBits]; s != nil {
		s[at.slot&slabMask] = mapHead[UK]{}
	}
}

func (c *mapColumn[UK, UV]) touch([]place) {}

func (c *mapColumn[UK, UV]) state() *stateInfo { return c.info }
