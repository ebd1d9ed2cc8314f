package async

import (
	"cmp"
	"slices"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// underWay is what a checkpoint keeps of a record inside.
type underWay[In any] struct {
	Value  In
	Time   int64
	Failed int32  // tries
	Again  int64  // when it is asked about again, 0: at once
	Split  string // that it came from
}

// keeper is the state of the operator: lists without keys; with keys, a map by sequence number, and a timer for each
// record that says of which keys there are any. State is written when a barrier passes, so that a record that comes
// and goes between two barriers costs nothing.
type keeper[In any] struct {
	passed state.OperatorList[int64]
	list   state.OperatorList[underWay[In]]
	byKey  state.Map[int64, underWay[In]]
	index  state.Timers
	keyed  bool
}

func newKeeper[In any](c operator.Context, keyed bool) keeper[In] {
	k := keeper[In]{keyed: keyed, passed: state.NewOperatorList[int64](c, "watermark", state.Union)}
	if keyed {
		k.byKey, k.index = state.NewMap[int64, underWay[In]](c, "under-way"), state.NewTimers(c)
	} else {
		k.list = state.NewOperatorList[underWay[In]](c, "under-way", state.Split)
	}
	return k
}

// restore calls admit for each record of the checkpoint, in order, with its key current if there are keys, and returns
// the watermark that was out before them.
func (k *keeper[In]) restore(admit func(seq int64, u *underWay[In])) (passed int64) {
	passed = operator.NoTime
	if all := k.passed.Get(); len(all) > 0 {
		passed = slices.Min(all)
	}
	if !k.keyed {
		for i := range k.list.Get() {
			u := k.list.Get()[i]
			admit(0, &u)
		}
		return passed
	}
	for {
		seq, _, ok := k.index.PopDue(state.ProcessingTime, operator.MaxTime)
		if !ok {
			return passed
		}
		if u, ok := k.byKey.Get(seq); ok {
			k.byKey.Delete(seq) // the next barrier puts it in again, if it is still here
			admit(seq, &u)
		}
	}
}

// save puts all records inside into state.
func (o *caller[In, Q, A, Out]) save() {
	k := &o.kept
	k.passed.Set([]int64{o.passed})
	if k.keyed {
		o.saveKeyed()
		return
	}
	slots := make([]int32, 0, o.held)
	for i := range o.entries {
		if o.entries[i].seq != 0 {
			slots = append(slots, int32(i))
		}
	}
	slices.SortFunc(slots, func(a, b int32) int { return cmp.Compare(o.entries[a].seq, o.entries[b].seq) })
	list := make([]underWay[In], len(slots))
	for i, slot := range slots {
		list[i] = o.underWay(slot)
	}
	k.list.Set(list)
}

// saveKeyed writes what is new, and takes out what has left.
func (o *caller[In, Q, A, Out]) saveKeyed() {
	k := &o.kept
	o.keys.takeGone(func(seq int64) {
		k.byKey.Delete(seq)
		k.index.Delete(state.ProcessingTime, seq, 0)
	})
	for i := range o.entries {
		if e := &o.entries[i]; e.seq != 0 && !e.stored {
			o.keys.seek(int32(i))
			k.byKey.Set(e.seq, o.underWay(int32(i)))
			k.index.Set(state.ProcessingTime, e.seq, 0)
			e.stored = true
		}
	}
}

func (o *caller[In, Q, A, Out]) underWay(slot int32) underWay[In] {
	e := &o.entries[slot]
	u := underWay[In]{Value: e.value, Time: e.time, Failed: e.failed, Again: e.again, Split: e.from}
	if splits := o.Context.Env().Task.Splits; u.Split == "" && int(e.split) < len(splits) {
		u.Split = splits[e.split]
	}
	return u
}

// keyAccess is what the operator does with keys of whatever type. Slots are those of entries.
type keyAccess interface {
	note(slot int32)                // the current key is that of the entry
	seek(slot int32)                // makes the entry's key current
	enter(slot int32) bool          // puts the entry behind those of its key; true if there are none
	leave(slot int32) (int32, bool) // takes out the first entry of its key, and returns the next
	gone(slot int32, seq int64)     // the entry, which is in state, has left
	takeGone(do func(seq int64))    // calls do for each that has, under its key
}

// keyColumn keeps the keys of entries.
type keyColumn[K comparable] struct {
	keys *state.Keys[K]
	of   []K         // by slot
	next []int32     // by slot: the entry of the same key behind it, 0 if there is none
	last map[K]int32 // of the entries of a key that are not done
	left []departed[K]
}

type departed[K comparable] struct {
	key K
	seq int64
}

func (c *keyColumn[K]) note(slot int32) {
	for int(slot) >= len(c.of) {
		var zero K
		c.of, c.next = append(c.of, zero), append(c.next, 0)
	}
	c.of[slot], _ = c.keys.Current()
}

func (c *keyColumn[K]) seek(slot int32) { c.keys.Seek(c.of[slot]) }

func (c *keyColumn[K]) enter(slot int32) bool {
	last, busy := c.last[c.of[slot]]
	c.last[c.of[slot]], c.next[slot] = slot, 0
	if busy {
		c.next[last] = slot
	}
	return !busy
}

func (c *keyColumn[K]) leave(slot int32) (int32, bool) {
	next := c.next[slot]
	if next == 0 {
		delete(c.last, c.of[slot])
	}
	return next, next != 0
}

func (c *keyColumn[K]) gone(slot int32, seq int64) {
	c.left = append(c.left, departed[K]{c.of[slot], seq})
}

func (c *keyColumn[K]) takeGone(do func(seq int64)) {
	for _, d := range c.left {
		c.keys.Seek(d.key)
		do(d.seq)
	}
	clear(c.left)
	c.left = c.left[:0]
}
