package state

import "github.com/turgo-io/turgo/internal/bug"

// TimeKind says which clock a timer follows.
type TimeKind uint8

// The two kinds of time. The numbers are stored.
const (
	EventTime TimeKind = iota
	ProcessingTime
	timeKinds
)

// timersName is the name under which an operator's timers are kept.
const timersName = "timers"

// Timers are the timers of one operator: a time, the current key, and a namespace that the operator gives a meaning
// (a window, say). There is at most one timer of a kind for the same time, key and namespace. Timers of equal time
// fire in the order in which they were set. They are part of snapshots. Only the task's goroutine uses them.
type Timers struct{ c *timerColumn }

type timerColumn struct {
	table *table
	info  *stateInfo
	items timerItems
	heaps [timeKinds]timerHeap
	known []index    // by key group: finds the timer with the same kind, time, key and namespace
	far   *farTimers // with a memory budget
	seq   uint64
	gen   uint32
	log   [][]timerChange // by key group: what was set and removed in this generation

	frozen [][]timerChange // the log of the snapshot that is being written
	pins   []uint32        // slots that a line about a removal kept until a snapshot had it
}

// timer is one timer that was set. Its key is that of its slot, which it keeps.
type timer struct {
	at, namespace int64
	seq           uint64
	slot          uint32
	gen           uint32 // in which it was set; 0: restored
	logged        uint32 // where it is in the log, if it was set in the current generation
	kind          TimeKind
	removed       bool // but still in the heap
}

// timerChange is a line of the log, complete in itself: the timer may be gone when a job reads it.
type timerChange struct {
	at, namespace int64
	seq           uint64
	slot, ref     uint32
	kind          TimeKind
	removed       bool
}

// NewTimers returns the timers of an operator. Every call with the same operator returns the same timers.
func NewTimers(scope Scoped) Timers {
	s := scope.StateScope()
	for _, c := range s.b.timers {
		if c.info.Operator == s.operator {
			return Timers{c}
		}
	}
	info, t := declare(scope, timersName, KindTimers, nil)
	c := newTimerColumn(info, t)
	s.b.timers = append(s.b.timers, c)
	t.attach(c)
	return Timers{c}
}

func newTimerColumn(info *stateInfo, t *table) *timerColumn {
	groups := len(t.groups)
	return &timerColumn{
		table: t, info: info, gen: info.b.gen,
		known: make([]index, groups), log: make([][]timerChange, groups), frozen: make([][]timerChange, groups),
	}
}

// Set sets a timer of the current key, unless it is set already. Times are nanoseconds since the Unix epoch.
func (t Timers) Set(kind TimeKind, at, namespace int64) {
	c, cur := t.c, t.c.table.cur
	if cur.slot == noSlot || kind >= timeKinds {
		c.table.b.fail(ErrNoKey)
		return
	}
	if c.far != nil {
		c.far.set(kind, at, namespace)
		return
	}
	hash := timerHash(kind, at, namespace, uint64(cur.slot))
	if c.find(cur, hash, kind, at, namespace) != noSlot {
		return
	}
	c.seq++
	ref := c.add(cur, hash, timer{at: at, namespace: namespace, seq: c.seq, slot: cur.slot, gen: c.gen, kind: kind})
	c.logSet(cur.group, ref)
}

// Delete removes a timer of the current key, if it is set.
func (t Timers) Delete(kind TimeKind, at, namespace int64) {
	c, cur := t.c, t.c.table.cur
	if cur.slot == noSlot || kind >= timeKinds {
		c.table.b.fail(ErrNoKey)
		return
	}
	if c.far != nil {
		c.far.delete(kind, at, namespace)
		return
	}
	hash := timerHash(kind, at, namespace, uint64(cur.slot))
	ref := c.find(cur, hash, kind, at, namespace)
	if ref == noSlot {
		return
	}
	c.leave(cur, hash, ref)
	c.items.at(ref).removed = true
	c.heaps[kind].dead++
	c.sweep(&c.heaps[kind])
}

// Next is the time of the earliest timer of a kind.
func (t Timers) Next(kind TimeKind) (at int64, ok bool) {
	if t.c.far != nil {
		return t.c.far.next(kind)
	}
	h := &t.c.heaps[kind]
	t.c.skipRemoved(h)
	if len(h.order) == 0 {
		return 0, false
	}
	return h.order[0].at, true
}

// PopDue removes the earliest timer of a kind, if its time is at or before upTo, and makes its key the current one.
func (t Timers) PopDue(kind TimeKind, upTo int64) (at, namespace int64, ok bool) {
	c := t.c
	if c.far != nil {
		return c.far.pop(kind, upTo)
	}
	c.table.tidy()
	h := &c.heaps[kind]
	c.skipRemoved(h)
	if len(h.order) == 0 || h.order[0].at > upTo {
		return 0, 0, false
	}
	ref := h.pop()
	it := *c.items.at(ref)
	cur := c.table.placeOf(it.slot)
	c.table.cur = cur
	c.leave(cur, timerHash(kind, it.at, it.namespace, uint64(it.slot)), ref)
	c.items.give(ref)
	return it.at, it.namespace, true
}

// Len is the number of timers that are set, of both kinds. With a memory budget it is an estimate: one that was set
// twice for a far time counts twice, and restored ones are not known until they come near.
func (t Timers) Len() int {
	n := 0
	if t.c.far != nil {
		return t.c.far.len()
	}
	for i := range t.c.heaps {
		n += len(t.c.heaps[i].order) - t.c.heaps[i].dead
	}
	return n
}

// timerHash mixes what makes a timer; owner stands for its key.
func timerHash(kind TimeKind, at, namespace int64, owner uint64) uint64 {
	return mix(mix(uint64(at)+owner<<40+owner>>24) + mix(uint64(namespace)^uint64(kind)<<63))
}

func (c *timerColumn) find(cur place, hash uint64, kind TimeKind, at, namespace int64) uint32 {
	idx := &c.known[cur.group]
	for ref := idx.candidate(tagOf(hash)); ref != 0; ref = idx.after(tagOf(hash), ref) {
		it := c.items.at(ref)
		if it.at == at && it.slot == cur.slot && it.namespace == namespace && it.kind == kind {
			return ref
		}
	}
	return 0
}

func (c *timerColumn) add(cur place, hash uint64, it timer) uint32 {
	ref := c.items.take()
	*c.items.at(ref) = it
	c.known[cur.group].insert(tagOf(hash), ref)
	c.heaps[it.kind].push(timerOrder{it.at, it.seq, ref})
	c.table.hold(cur.slot)
	return ref
}

// leave takes a timer out of everything but its heap.
func (c *timerColumn) leave(cur place, hash uint64, ref uint32) {
	c.known[cur.group].remove(tagOf(hash), ref)
	if it := c.items.at(ref); it.gen == c.gen {
		c.unlog(cur.group, it.logged)
	} else {
		c.logRemoval(cur.group, it)
	}
	c.table.drop(cur.slot)
}

func (c *timerColumn) logSet(group, ref uint32) {
	it := c.items.at(ref)
	it.logged = uint32(len(c.log[group]))
	c.log[group] = append(c.log[group], timerChange{it.at, it.namespace, it.seq, it.slot, ref, it.kind, false})
}

// unlog takes out a line about a timer that no snapshot will have seen.
func (c *timerColumn) unlog(group, at uint32) {
	log := c.log[group]
	last := len(log) - 1
	if int(at) != last {
		log[at] = log[last]
		if !log[at].removed {
			c.items.at(log[at].ref).logged = at
		}
	}
	c.log[group] = log[:last]
}

// logRemoval records that a stored timer is gone. The line keeps the slot, since it needs the key.
func (c *timerColumn) logRemoval(group uint32, it *timer) {
	if bug.Enabled && bug.On(bug.TimerRemovalLost) {
		return
	}
	c.table.hold(it.slot)
	c.log[group] = append(c.log[group], timerChange{it.at, it.namespace, it.seq, it.slot, 0, it.kind, true})
}

func (c *timerColumn) skipRemoved(h *timerHeap) {
	for len(h.order) > 0 && c.items.at(h.order[0].ref).removed {
		c.items.give(h.pop())
		h.dead--
	}
}

// sweep drops removed timers from a heap once they are its larger part.
func (c *timerColumn) sweep(h *timerHeap) {
	if h.dead < 64 || 2*h.dead < len(h.order) {
		return
	}
	live := h.order[:0]
	for _, o := range h.order {
		if c.items.at(o.ref).removed {
			c.items.give(o.ref)
		} else {
			live = append(live, o)
		}
	}
	h.order, h.dead = live, 0
	h.build()
}

// timerItems hands out timers by reference; 0 is none.
type timerItems struct {
	slabs []*[slabLen]timer
	next  uint32
	free  []uint32
}

func (t *timerItems) at(ref uint32) *timer { return &t.slabs[ref>>slabBits][ref&slabMask] }

func (t *timerItems) take() uint32 {
	if n := len(t.free); n > 0 {
		ref := t.free[n-1]
		t.free = t.free[:n-1]
		return ref
	}
	t.next++
	if int(t.next>>slabBits) >= len(t.slabs) {
		t.slabs = append(t.slabs, new([slabLen]timer))
	}
	return t.next
}

func (t *timerItems) give(ref uint32) { t.free = append(t.free, ref) }
