package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
)

// farTimers keep an operator's timers within a memory budget. Every change of a timer is noted in a batch of changes,
// which goes into the store with the next snapshot or when it is full. So the store and the batches together know all
// timers, and memory needs to hold only those that are due first: the near ones.
//
// The timers of a key group are near up to a cursor, a key of the store; behind it they are far. When nothing is left
// before the cursor, the next ones are read. When too many are near, the cursors are moved back to the median and what
// is behind it is forgotten.
//
// Timers in memory carry their keys, so they hold no slot and their keys can be evicted.
type farTimers struct {
	c       *timerColumn
	keys    timerKeys
	cursors [timeKinds][]cursor // by key group
	earlier [timeKinds]int64    // no far timer is before it; exact after a look at the cursors
	limit   int                 // near timers
	some    int                 // that are read of one group at a time
	count   int                 // timers set, as far as known
	unknown bool                // there are restored ones
	open    *timerBatch         // of the present generation
	batches []*timerBatch       // closed and not known to be in the store, the oldest first
	suffix  []byte
}

// cursor is where the far timers of a key group begin.
type cursor struct {
	key []byte // a suffix: kind, time, namespace, key; nil if no timer is far
	at  int64  // its time
}

// timerBatch is a batch of changes.
type timerBatch struct {
	pile
	saved atomic.Bool // it is in the store
}

// timerKeys are the keys of the timers in memory, by reference.
type timerKeys interface {
	set(ref, slot uint32)
	same(ref, slot uint32) bool
	hash(ref uint32) uint64
	seek(ref uint32) // makes it the current key
	append(dst []byte, ref uint32) []byte
	decode(ref uint32, src []byte) error
	clear(ref uint32)
	bytes() int64
}

const (
	timerShare     = 8 // part of a key scope's share that near timers may take
	timerBytes     = 128
	minNearTimers  = 8
	batchShare     = 64 // part of a key scope's share that a batch of changes may take
	minTimerBatch  = 1 << 10
	maxTimerBatch  = 4 << 20
	maxTimersRead  = 1024
	medianSample   = 1024
	timerTimeBytes = 9 // of a suffix: kind and time
)

func newFarTimers(c *timerColumn) *farTimers {
	groups := len(c.table.groups)
	share := c.info.b.options.Budget.share()
	f := &farTimers{c: c, keys: c.table.keys.timerKeys()}
	f.limit = max(minNearTimers, int(share/timerShare/timerBytes))
	f.some = min(max(1, f.limit/4/max(1, groups)), maxTimersRead)
	f.open = f.newBatch()
	c.info.b.far = append(c.info.b.far, f)
	for kind := range f.cursors {
		f.cursors[kind] = make([]cursor, groups)
		f.earlier[kind] = math.MaxInt64
	}
	return f
}

func (f *farTimers) newBatch() *timerBatch { return &timerBatch{pile: *newPile(len(f.c.table.groups))} }

// restore makes all stored timers far.
func (f *farTimers) restore() {
	f.unknown = true
	for kind := range f.cursors {
		for g := range f.cursors[kind] {
			f.cursors[kind][g] = cursor{[]byte{byte(kind)}, math.MinInt64}
		}
		f.earlier[kind] = math.MinInt64
	}
}

// appendTimerTime begins a suffix.
func appendTimerTime(dst []byte, kind TimeKind, at int64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, byte(kind)), uint64(at)^1<<63)
}

// suffixOf is the suffix of a timer of the current key.
func (f *farTimers) suffixOf(kind TimeKind, at, namespace int64) []byte {
	f.suffix = appendTimerTime(f.suffix[:0], kind, at)
	f.suffix = binary.BigEndian.AppendUint64(f.suffix, uint64(namespace)^1<<63)
	f.suffix = f.c.table.appendKey(f.suffix, f.c.table.cur.slot, false)
	return f.suffix
}

// near says whether a timer is to be in memory.
func (f *farTimers) near(kind TimeKind, group uint32, suffix []byte) bool {
	cur := &f.cursors[kind][group]
	return cur.key == nil || bytes.Compare(suffix, cur.key) < 0
}

func (f *farTimers) set(kind TimeKind, at, namespace int64) {
	c, cur := f.c, f.c.table.cur
	suffix := f.suffixOf(kind, at, namespace)
	if f.near(kind, cur.group, suffix) {
		hash := timerHash(kind, at, namespace, f.c.table.keys.hashOf(cur.slot))
		if f.find(cur, hash, kind, at, namespace) != 0 {
			return
		}
		c.seq++
		ref := f.add(hash, timer{at: at, namespace: namespace, seq: c.seq, slot: cur.group, kind: kind})
		f.keys.set(ref, cur.slot)
	} else {
		c.seq++
	}
	f.count++
	f.note(cur.group, suffix, c.seq, false)
	if f.inMemory() > f.limit {
		f.shrink()
	}
}

func (f *farTimers) delete(kind TimeKind, at, namespace int64) {
	c, cur := f.c, f.c.table.cur
	suffix := f.suffixOf(kind, at, namespace)
	if f.near(kind, cur.group, suffix) {
		hash := timerHash(kind, at, namespace, f.c.table.keys.hashOf(cur.slot))
		ref := f.find(cur, hash, kind, at, namespace)
		if ref == 0 {
			return
		}
		f.forget(cur.group, hash, ref)
		c.items.at(ref).removed = true
		c.heaps[kind].dead++
		c.sweep(&c.heaps[kind])
	}
	f.count = max(0, f.count-1)
	f.note(cur.group, suffix, 0, true)
}

// next is the time of the earliest timer.
func (f *farTimers) next(kind TimeKind) (int64, bool) {
	h := &f.c.heaps[kind]
	for {
		f.c.skipRemoved(h)
		if len(h.order) > 0 && h.order[0].at <= f.earlier[kind] {
			return h.order[0].at, true
		}
		if f.earlier[kind] == math.MaxInt64 && !f.anyFar(kind) || f.c.info.b.err != nil {
			break
		}
		f.readMore(kind)
	}
	if len(h.order) == 0 {
		return 0, false
	}
	return h.order[0].at, true
}

func (f *farTimers) anyFar(kind TimeKind) bool {
	return slices.ContainsFunc(f.cursors[kind], func(c cursor) bool { return c.key != nil })
}

// pop removes the earliest timer if it is due and makes its key the current one.
func (f *farTimers) pop(kind TimeKind, upTo int64) (at, namespace int64, ok bool) {
	if f.earlier[kind] > upTo && len(f.c.heaps[kind].order) == 0 {
		return 0, 0, false
	}
	if first, ok := f.next(kind); !ok || first > upTo {
		return 0, 0, false
	}
	c := f.c
	ref := c.heaps[kind].pop()
	it := *c.items.at(ref)
	f.keys.seek(ref)
	f.forget(it.slot, timerHash(kind, it.at, it.namespace, f.keys.hash(ref)), ref)
	c.items.give(ref)
	f.count = max(0, f.count-1)
	f.note(it.slot, f.suffixOf(kind, it.at, it.namespace), 0, true)
	return it.at, it.namespace, true
}

func (f *farTimers) find(cur place, hash uint64, kind TimeKind, at, namespace int64) uint32 {
	idx := &f.c.known[cur.group]
	for ref := idx.candidate(tagOf(hash)); ref != 0; ref = idx.after(tagOf(hash), ref) {
		it := f.c.items.at(ref)
		if it.at == at && it.namespace == namespace && it.kind == kind && f.keys.same(ref, cur.slot) {
			return ref
		}
	}
	return 0
}

// add puts a timer into memory; the caller sets its key.
func (f *farTimers) add(hash uint64, it timer) uint32 {
	ref := f.c.items.take()
	*f.c.items.at(ref) = it
	f.c.known[it.slot].insert(tagOf(hash), ref)
	f.c.heaps[it.kind].push(timerOrder{it.at, it.seq, ref})
	return ref
}

// forget takes a timer out of everything but its heap.
func (f *farTimers) forget(group uint32, hash uint64, ref uint32) {
	f.c.known[group].remove(tagOf(hash), ref)
	f.keys.clear(ref)
}

// manyTimers stands for a number that is not known.
const manyTimers = math.MaxInt32

func (f *farTimers) len() int {
	if f.unknown && (f.anyFar(EventTime) || f.anyFar(ProcessingTime)) {
		return manyTimers
	}
	return f.count
}

func (f *farTimers) inMemory() int {
	return len(f.c.heaps[EventTime].order) + len(f.c.heaps[ProcessingTime].order)
}

// note adds a change to the open batch.
func (f *farTimers) note(group uint32, suffix []byte, seq uint64, removed bool) {
	dst := f.open.groups[group]
	from := len(dst)
	dst = append(appendGroup(beginRecord(dst), &f.c.info.prefix, f.c.table.first+int(group)), suffix...)
	endKey(dst, from)
	if !removed {
		dst = binary.AppendUvarint(dst, seq)
		endRecord(dst, from)
	}
	f.open.groups[group] = dst
	f.open.bytes += len(dst) - from
	if f.open.bytes > f.batchBytes() {
		f.flush()
	}
}

func (f *farTimers) batchBytes() int {
	return int(min(max(f.c.info.b.options.Budget.share()/batchShare, minTimerBatch), maxTimerBatch))
}

// close ends the open batch and returns all that the store may lack.
func (f *farTimers) close() []*timerBatch {
	f.batches = slices.DeleteFunc(f.batches, func(b *timerBatch) bool { return b.saved.Load() })
	if f.open.bytes > 0 {
		f.batches = append(f.batches, f.open)
		f.open = f.newBatch()
	}
	return slices.Clone(f.batches)
}

// flush sends the changes to the store.
func (f *farTimers) flush() {
	b := f.c.info.b
	if err := b.store.failure(); err != nil {
		b.fail(err)
		return
	}
	b.worker.add("state: timers", &timersWork{b: b, tables: tables{s: b.store}, batches: f.close()})
}

// shrink makes the later half of the timers of the kind that has more of them far.
func (f *farTimers) shrink() {
	kind := EventTime
	if len(f.c.heaps[ProcessingTime].order) > len(f.c.heaps[EventTime].order) {
		kind = ProcessingTime
	}
	h := &f.c.heaps[kind]
	cut := h.median()
	key := appendTimerTime(nil, kind, cut)
	for g := range f.cursors[kind] {
		if cur := &f.cursors[kind][g]; cur.key == nil || bytes.Compare(key, cur.key) < 0 {
			*cur = cursor{key, cut}
		}
	}
	f.earlier[kind] = min(f.earlier[kind], cut)
	kept := h.order[:0]
	for _, o := range h.order {
		it := f.c.items.at(o.ref)
		switch {
		case it.removed:
			f.c.items.give(o.ref)
		case o.at < cut:
			kept = append(kept, o)
		default:
			f.forget(it.slot, timerHash(kind, it.at, it.namespace, f.keys.hash(o.ref)), o.ref)
			f.c.items.give(o.ref)
		}
	}
	h.order, h.dead = kept, 0
	h.build()
}

// median is about the median time of the timers in the heap.
func (h *timerHeap) median() int64 {
	step := max(1, len(h.order)/medianSample)
	var some []int64
	for i := 0; i < len(h.order); i += step {
		some = append(some, h.order[i].at)
	}
	slices.Sort(some)
	return some[len(some)/2]
}

// readMore reads some timers of the group whose far timers begin first.
func (f *farTimers) readMore(kind TimeKind) {
	first := -1
	for g := range f.cursors[kind] {
		if cur := &f.cursors[kind][g]; cur.key != nil && (first < 0 || cur.at < f.cursors[kind][first].at) {
			first = g
		}
	}
	if first >= 0 {
		if err := f.readGroup(kind, first); err != nil {
			f.c.info.b.fail(err)
		}
	}
	f.earlier[kind] = math.MaxInt64
	for g := range f.cursors[kind] {
		if cur := &f.cursors[kind][g]; cur.key != nil {
			f.earlier[kind] = min(f.earlier[kind], cur.at)
		}
	}
}

// errEnough ends a scan.
var errEnough = errors.New("state: enough")

// readGroup moves a cursor on over some stored timers and brings them into memory.
func (f *farTimers) readGroup(kind TimeKind, group int) error {
	found := map[string]uint64{}
	cur := &f.cursors[kind][group]
	prefix := appendGroup(nil, &f.c.info.prefix, f.c.table.first+group)
	from := append(bytes.Clone(prefix), cur.key...)
	end := prefixEnd(append(bytes.Clone(prefix), byte(kind)))
	unsaved := slices.DeleteFunc(append(slices.Clone(f.batches), f.open), func(b *timerBatch) bool { return b.saved.Load() })
	var stop []byte // where the next far timer is; nil: there is none
	err := f.c.info.b.scanRange(from, end, func(key, val []byte) error {
		if len(found) >= f.some {
			stop = bytes.Clone(key)
			return errEnough
		}
		seq, n := binary.Uvarint(val)
		if n <= 0 || len(key) < len(prefix)+timerHead {
			return fmt.Errorf("%w: %v", ErrCorrupt, f.c.info)
		}
		found[string(key)] = seq
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	for _, b := range unsaved { // looked for before the store was read: none is missing in both
		overlay(found, b.groups[group], from, end, stop)
	}
	next := cursor{}
	if stop != nil {
		next = cursor{stop[len(prefix):], timeOfSuffix(stop[len(prefix):])}
	}
	*cur = next
	return f.admit(found, group, len(prefix))
}

// overlay applies the changes of a batch to what the store has from from to stop, or to end.
func overlay(found map[string]uint64, changes, from, end, stop []byte) {
	if stop != nil {
		end = stop
	}
	for len(changes) > 0 {
		key, val, gone, size := readRecord(changes)
		changes = changes[size:]
		if bytes.Compare(key, from) < 0 || bytes.Compare(key, end) >= 0 {
			continue
		}
		if gone {
			delete(found, string(key))
			continue
		}
		seq, _ := binary.Uvarint(val)
		found[string(key)] = seq
	}
}

func timeOfSuffix(suffix []byte) int64 {
	return int64(binary.BigEndian.Uint64(suffix[1:timerTimeBytes]) ^ 1<<63)
}

// admit puts timers that were read into memory, in the order of their keys.
func (f *farTimers) admit(found map[string]uint64, group, prefix int) error {
	keys := make([]string, 0, len(found))
	for key := range found {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		s := []byte(key[prefix:])
		it := timer{
			kind: TimeKind(s[0]), at: timeOfSuffix(s), namespace: int64(binary.BigEndian.Uint64(s[timerTimeBytes:]) ^ 1<<63),
			seq: found[key], slot: uint32(group),
		}
		f.c.seq = max(f.c.seq, it.seq)
		ref := f.c.items.take()
		if err := f.keys.decode(ref, s[timerHead:]); err != nil {
			return fmt.Errorf("%v: its key: %w", f.c.info, err)
		}
		*f.c.items.at(ref) = it
		hash := timerHash(it.kind, it.at, it.namespace, f.keys.hash(ref))
		f.c.known[group].insert(tagOf(hash), ref)
		f.c.heaps[it.kind].push(timerOrder{it.at, it.seq, ref})
	}
	return nil
}

// memory is what the timers take.
func (f *farTimers) memory() int64 {
	bytes := int64(f.inMemory()) * (timerBytes + f.keys.bytes())
	for _, b := range f.batches {
		bytes += int64(b.bytes)
	}
	return bytes + int64(f.open.bytes)
}

// timersWork writes batches of changes of timers into the store, the oldest first. What fails stays in memory and is
// tried again with the next batch or snapshot, before anything newer.
type timersWork struct {
	b       *Backend
	tables  tables
	batches []*timerBatch
	group   int
	items   []item
}

// step does one group of a batch.
func (w *timersWork) step() (done bool) {
	for cost := 0; cost < stepCost; {
		c, done, err := w.some()
		if err != nil {
			w.stop(err)
		}
		if done || err != nil {
			return true
		}
		cost += c
	}
	return false
}

func (w *timersWork) stop(error) { w.discard() }

func (w *timersWork) discard() { w.tables.discard() }

func (w *timersWork) some() (cost int, done bool, err error) {
	if len(w.batches) == 0 {
		return 0, true, nil
	}
	batch := w.batches[0]
	if batch.saved.Load() {
		w.batches = w.batches[1:]
		return 0, false, nil
	}
	if w.group < len(batch.groups) {
		cost, w.items, err = batch.writeGroup(&w.tables, w.group, w.items)
		w.group++
		return cost, false, err
	}
	if err := w.tables.ingest(); err != nil {
		return 0, false, err
	}
	batch.saved.Store(true)
	w.tables, w.group, w.batches = tables{s: w.b.store}, 0, w.batches[1:]
	return stepCost, false, nil
}
