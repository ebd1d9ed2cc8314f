package state

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/turgo-io/turgo/internal/bug"
)

// A timer's key: kind (1 byte), time (8, ordered), namespace (8, ordered), key. Its value is its place in the order of
// timers of equal time, an unsigned varint.
const timerHead = 17

func (c *timerColumn) extend(int)    {}
func (c *timerColumn) forget(place)  {}
func (c *timerColumn) touch([]place) {}

func (c *timerColumn) sample()         {}
func (c *timerColumn) cutSlots(uint32) {}

// evict has nothing to do: with a budget, timers hold no slot.
func (c *timerColumn) evict(dst []byte, _ int, _ place) ([]byte, error) { return dst, nil }

func (c *timerColumn) readmit(place, spillColumn, []byte) ([]byte, error) { return nil, errSpillRecord }

func (c *timerColumn) memory() (slot, extra int64) {
	if c.far == nil {
		return 0, 0
	}
	return 0, c.far.memory()
}

func (c *timerColumn) state() *stateInfo { return c.info }

func (c *timerColumn) freeze(gen uint32) {
	c.gen = gen
	c.log, c.frozen = c.frozen, c.log
}

func (c *timerColumn) pending(group int) int { return len(c.frozen[group]) }

func (c *timerColumn) takeCopies(int) [][]byte { return nil }

func (c *timerColumn) encode(dst []byte, group, from, limit int) (_ []byte, next int, err error) {
	log := c.frozen[group]
	for next = from; next < min(len(log), from+limit) && len(dst) < chunkFull; next++ {
		dst = c.record(dst, &log[next], group)
	}
	return dst, next, nil
}

func (c *timerColumn) record(dst []byte, t *timerChange, group int) []byte {
	start := len(dst)
	dst = appendGroup(beginRecord(dst), &c.info.prefix, c.table.first+group)
	dst = append(dst, byte(t.kind))
	dst = binary.BigEndian.AppendUint64(dst, uint64(t.at)^1<<63)
	dst = binary.BigEndian.AppendUint64(dst, uint64(t.namespace)^1<<63)
	dst = c.table.appendKey(dst, t.slot, true)
	endKey(dst, start)
	if t.removed {
		return dst
	}
	dst = binary.AppendUvarint(dst, t.seq)
	endRecord(dst, start)
	return dst
}

// thaw frees the log of a snapshot, or puts what is still so into the log of this generation.
func (c *timerColumn) thaw(ok bool) {
	for g, log := range c.frozen {
		for i := range log {
			switch t := &log[i]; {
			case t.removed && ok:
				c.pins = append(c.pins, t.slot)
			case t.removed:
				c.log[g] = append(c.log[g], *t)
			case !ok:
				c.relog(uint32(g), t)
			}
		}
		c.frozen[g] = log[:0]
	}
}

// relog logs a timer again, if it is still set.
func (c *timerColumn) relog(group uint32, t *timerChange) {
	it := c.items.at(t.ref)
	if it.seq != t.seq || it.removed || it.gen == c.gen || it.slot != t.slot {
		return
	}
	hash := timerHash(it.kind, it.at, it.namespace, uint64(it.slot))
	if c.find(place{it.slot, group}, hash, it.kind, it.at, it.namespace) == t.ref {
		it.gen = c.gen
		c.logSet(group, t.ref)
	}
}

func (c *timerColumn) redoAll() {
	for _, h := range c.heaps {
		for _, o := range h.order {
			if it := c.items.at(o.ref); !it.removed && it.gen != c.gen {
				it.gen = c.gen
				c.logSet(c.table.placeOf(it.slot).group, o.ref)
			}
		}
	}
}

func (c *timerColumn) forgetRecorded(n int) int {
	n = min(n, len(c.pins))
	for range n {
		last := len(c.pins) - 1
		c.table.drop(c.pins[last])
		c.pins = c.pins[:last]
	}
	return n
}

// storedTimer is a timer as it was read from the store.
type storedTimer struct {
	timer
	group uint32
}

// restore reads all timers of the operator, or makes them far if there is a budget.
func (c *timerColumn) restore() error {
	if c.far != nil {
		c.far.restore()
		return nil
	}
	var all []storedTimer
	prefix := c.info.prefix
	err := c.b().scan(prefix[:], func(key, val []byte) error {
		t, err := c.readTimer(key[prefixLen+groupLen:], val)
		all = append(all, t)
		return err
	})
	if err != nil {
		return err
	}
	if bug.Enabled && bug.On(bug.TimerLostOnRestore) && len(all) > 0 {
		all = all[1:]
	}
	// Timers of one time keep their order as far as one task has set it.
	slices.SortStableFunc(all, func(a, b storedTimer) int {
		if a.at != b.at {
			return cmp.Compare(a.at, b.at)
		}
		return cmp.Compare(a.seq, b.seq)
	})
	for _, t := range all {
		c.seq++
		t.seq = c.seq
		cur := place{t.slot, t.group}
		c.add(cur, timerHash(t.kind, t.at, t.namespace, uint64(t.slot)), t.timer)
	}
	return nil
}

func (c *timerColumn) b() *Backend { return c.info.b }

func (c *timerColumn) readTimer(key, val []byte) (t storedTimer, err error) {
	seq, n := binary.Uvarint(val)
	if len(key) < timerHead || key[0] >= byte(timeKinds) || n != len(val) || n == 0 {
		return t, fmt.Errorf("%w: %v", ErrCorrupt, c.info)
	}
	at, rest, err := c.table.keys.addKey(key[timerHead:])
	if err != nil || len(rest) > 0 {
		return t, fmt.Errorf("%w: %v: its key", ErrCorrupt, c.info)
	}
	t.kind = TimeKind(key[0])
	t.at = int64(binary.BigEndian.Uint64(key[1:]) ^ 1<<63)
	t.namespace = int64(binary.BigEndian.Uint64(key[9:]) ^ 1<<63)
	t.seq, t.slot, t.group = seq, at.slot, at.group
	return t, nil
}
