package state

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
)

// Agenda is a list of keys for each of a few times: what a window keeps instead of a timer a key. Adding a key and
// taking one out are appends and reads of an array, where a timer is an entry of an index and of a heap. In return
// nothing is looked for: a key that is added twice comes twice (a restore makes it one), and none can be taken back.
// Keys of one time come out in the order in which they were added. An agenda is part of snapshots; it is stored as
// timers are. Only the task's goroutine uses it.
//
// With a memory budget it is kept like timers: only what is due next is in memory, a key added twice comes once, and
// keys of one time come in no particular order.
//
// It is made for times that many keys share, such as the ends of windows: each time that is in it at once costs a move
// of the later ones when it is new.
type Agenda struct{ c *agendaColumn }

type agendaColumn struct {
	table *table
	info  *stateInfo
	days  []*agendaDay // by time
	hot   *agendaDay   // the one that was added to last
	spare []*agendaDay
	far   *farTimers   // with a memory budget: what is kept in place of all this
	gone  []agendaLine // removed in this generation, of what a snapshot has

	frozen struct {
		days  []agendaPart
		gone  []agendaLine
		split bool           // lines is made of the two above
		lines [][]agendaLine // by key group; jobs only
	}
	writing bool     // a snapshot is on its way: no memory of days may be used again
	pins    []uint32 // slots that a line about a removal kept until a snapshot had it
}

// agendaDay is the keys of one time. Those before next are done, those before saved are in a snapshot or on their way
// into one. What was added is never changed in place: a job may be reading it.
type agendaDay struct {
	at          int64
	keys        []place
	next, saved int
}

// agendaPart is what a snapshot takes of a day: keys are those from the from-th on.
type agendaPart struct {
	day  *agendaDay
	at   int64
	from int
	keys []place
}

type agendaLine struct {
	at, seq int64
	slot    uint32
	group   uint32
	removed bool
}

// NewAgenda declares an agenda of an operator. Its faults are returned by Backend.Start.
func NewAgenda(scope Scoped, name string) Agenda {
	info, t := declare(scope, name, KindTimers, nil)
	c := &agendaColumn{table: t, info: info}
	info.b.eager = append(info.b.eager, c)
	t.attach(c)
	return Agenda{c}
}

// Add puts the current key on the list of a time, in nanoseconds since the Unix epoch.
func (a Agenda) Add(at int64) {
	c := a.c
	if c.table.cur.slot == noSlot {
		c.table.b.fail(ErrNoKey)
		return
	}
	c.add(at, c.table.cur)
}

func (c *agendaColumn) add(at int64, key place) {
	if c.far != nil {
		c.far.set(EventTime, at, 0)
		return
	}
	d := c.hot
	if d == nil || d.at != at {
		d = c.day(at)
		c.hot = d
	}
	d.keys = append(d.keys, key)
	c.table.hold(key.slot)
}

// day returns the list of a time, a new one if there is none.
func (c *agendaColumn) day(at int64) *agendaDay {
	i := len(c.days)
	for i > 0 && c.days[i-1].at > at {
		i--
	}
	if i > 0 && c.days[i-1].at == at {
		return c.days[i-1]
	}
	d := &agendaDay{}
	if n := len(c.spare); n > 0 {
		d, c.spare = c.spare[n-1], c.spare[:n-1]
	}
	*d = agendaDay{at: at, keys: d.keys[:0]}
	c.days = slices.Insert(c.days, i, d)
	return d
}

// Next is the earliest time that has keys.
func (a Agenda) Next() (at int64, ok bool) {
	if a.c.far != nil {
		return a.c.far.next(EventTime)
	}
	if len(a.c.days) == 0 {
		return 0, false
	}
	return a.c.days[0].at, true
}

// Len is how many keys are on the lists.
func (a Agenda) Len() (n int) {
	if a.c.far != nil {
		return a.c.far.len()
	}
	for _, d := range a.c.days {
		n += len(d.keys) - d.next
	}
	return n
}

// agendaAhead is how many keys are brought near together.
const agendaAhead = 32

// PopDue takes the first key of the earliest time off its list, if that time is at or before upTo, and makes it the
// current one.
func (a Agenda) PopDue(upTo int64) (at int64, ok bool) {
	c := a.c
	if c.far != nil {
		at, _, ok = c.far.pop(EventTime, upTo)
		return at, ok
	}
	if len(c.days) == 0 || c.days[0].at > upTo {
		return 0, false
	}
	c.table.tidy()
	d := c.days[0]
	if d.next%agendaAhead == 0 {
		c.near(d.keys[d.next:min(len(d.keys), d.next+agendaAhead)])
	}
	key := d.keys[d.next]
	c.table.cur = key
	if d.next < d.saved {
		c.gone = append(c.gone, agendaLine{d.at, 0, key.slot, key.group, true}) // the line keeps the slot
	} else {
		c.table.drop(key.slot)
	}
	if d.next++; d.next == len(d.keys) {
		c.close(d)
	}
	return d.at, true
}

// near brings the states of keys near, so that the waits for memory overlap.
func (c *agendaColumn) near(keys []place) {
	for _, o := range c.table.columns {
		o.touch(keys)
	}
}

// close takes the first day off.
func (c *agendaColumn) close(d *agendaDay) {
	c.days = slices.Delete(c.days, 0, 1)
	if c.hot == d {
		c.hot = nil
	}
	if !c.writing && len(c.spare) < 4 {
		c.spare = append(c.spare, &agendaDay{keys: d.keys})
	}
}

func (c *agendaColumn) extend(int)        {}
func (c *agendaColumn) forget(place)      {}
func (c *agendaColumn) touch([]place)     {}
func (c *agendaColumn) state() *stateInfo { return c.info }

func (c *agendaColumn) sample()         {}
func (c *agendaColumn) cutSlots(uint32) {}

// evict has nothing to do: with a budget, the agenda holds no slot.
func (c *agendaColumn) evict(dst []byte, _ int, _ place) ([]byte, error) { return dst, nil }

func (c *agendaColumn) readmit(place, spillColumn, []byte) ([]byte, error) {
	return nil, errSpillRecord
}

func (c *agendaColumn) memory() (slot, extra int64) {
	if c.far == nil {
		return 0, 0
	}
	return 0, c.far.memory()
}

func (c *agendaColumn) takeCopies(int) [][]byte { return nil }

// freeze notes which parts of the lists are new: some words for each time.
func (c *agendaColumn) freeze(uint32) {
	f := &c.frozen
	for _, d := range c.days {
		if from := max(d.saved, d.next); from < len(d.keys) {
			f.days = append(f.days, agendaPart{d, d.at, from, d.keys[from:len(d.keys):len(d.keys)]})
		}
		d.saved = len(d.keys)
	}
	f.gone, c.gone = c.gone, f.gone[:0]
	f.split, c.writing = false, true
}

// deal sorts what is frozen by key groups.
func (c *agendaColumn) deal() {
	f := &c.frozen
	f.split = true
	if f.lines == nil {
		f.lines = make([][]agendaLine, len(c.table.groups))
	}
	for g := range f.lines {
		f.lines[g] = f.lines[g][:0]
	}
	for _, p := range f.days {
		for i, k := range p.keys {
			f.lines[k.group] = append(f.lines[k.group], agendaLine{p.at, int64(p.from + i), k.slot, k.group, false})
		}
	}
	for _, l := range f.gone {
		f.lines[l.group] = append(f.lines[l.group], l)
	}
}

func (c *agendaColumn) pending(group int) int {
	if !c.frozen.split {
		c.deal()
	}
	return len(c.frozen.lines[group])
}

func (c *agendaColumn) encode(dst []byte, group, from, limit int) (_ []byte, next int, err error) {
	lines := c.frozen.lines[group]
	for next = from; next < min(len(lines), from+limit) && len(dst) < chunkFull; next++ {
		dst = c.record(dst, &lines[next], group)
	}
	return dst, next, nil
}

// record writes a line as one about a timer of event time without a namespace.
func (c *agendaColumn) record(dst []byte, l *agendaLine, group int) []byte {
	start := len(dst)
	dst = appendGroup(beginRecord(dst), &c.info.prefix, c.table.first+group)
	dst = append(dst, byte(EventTime))
	dst = binary.BigEndian.AppendUint64(dst, uint64(l.at)^1<<63)
	dst = binary.BigEndian.AppendUint64(dst, 1<<63)
	dst = c.table.appendKey(dst, l.slot, true)
	endKey(dst, start)
	if l.removed {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(l.seq))
	endRecord(dst, start)
	return dst
}

// thaw ends a snapshot. If it failed, what it would have had is new again.
func (c *agendaColumn) thaw(ok bool) {
	f := &c.frozen
	for _, p := range f.days {
		if !ok {
			p.day.saved = min(p.day.saved, p.from)
		}
	}
	for _, l := range f.gone {
		if ok {
			c.pins = append(c.pins, l.slot)
		} else {
			c.gone = append(c.gone, l)
		}
	}
	clear(f.days)
	f.days, f.gone, f.split, c.writing = f.days[:0], f.gone[:0], false, false
}

func (c *agendaColumn) redoAll() {
	for _, d := range c.days {
		d.saved = 0
	}
}

func (c *agendaColumn) forgetRecorded(n int) int {
	n = min(n, len(c.pins))
	for range n {
		last := len(c.pins) - 1
		c.table.drop(c.pins[last])
		c.pins = c.pins[:last]
	}
	return n
}

// restore reads the whole agenda. Of one time, keys come in the order in which one task had them.
func (c *agendaColumn) restore() error {
	if c.far != nil {
		c.far.restore()
		return nil
	}
	var all []agendaLine
	err := c.info.b.scan(c.info.prefix[:], func(key, val []byte) error {
		l, err := c.read(key[prefixLen+groupLen:], val)
		all = append(all, l)
		return err
	})
	slices.SortStableFunc(all, func(a, b agendaLine) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq))
	})
	for _, l := range all {
		c.add(l.at, place{l.slot, l.group})
	}
	for _, d := range c.days {
		d.saved = len(d.keys)
	}
	return err
}

func (c *agendaColumn) read(key, val []byte) (l agendaLine, err error) {
	seq, n := binary.Uvarint(val)
	if len(key) < timerHead || n != len(val) || n == 0 {
		return l, fmt.Errorf("%w: %v", ErrCorrupt, c.info)
	}
	at, rest, err := c.table.keys.addKey(key[timerHead:])
	if err != nil || len(rest) > 0 {
		return l, fmt.Errorf("%w: %v: its key", ErrCorrupt, c.info)
	}
	return agendaLine{int64(binary.BigEndian.Uint64(key[1:]) ^ 1<<63), int64(seq), at.slot, at.group, false}, nil
}
