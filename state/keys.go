package state

import (
	"bytes"
	"reflect"
	"strings"
	"unsafe"
)

// Keys is a key scope: the keys that one KeyBy brings to a task. All operators behind it share it, each with its
// own id, and all their state hangs on the key made current here. A key is known as long as some state or timer of
// it exists. Only the task's goroutine uses it.
type Keys[K comparable] struct {
	table
	hasher Hasher[K]
	slabs  []*[slabLen]K
	frozen []*[slabLen]K // as it was when the snapshot began; only a job reads it
	hashes []uint64
	sink   byte      // what nearFrozen reads
	sizes  sizes     // of keys with strings
	bufs   [2][]byte // for comparing keys that == does not find equal, and for owning a key's memory
}

// NewKeys adds a key scope to the backend. A key type without a stable hash is an error that Start reports too.
func NewKeys[K comparable](b *Backend) (*Keys[K], error) {
	hasher, err := HashOf[K]()
	if err != nil {
		b.refuse(err)
		return nil, err
	}
	k := &Keys[K]{hasher: hasher, sizes: sizes{pointers: hasher.key.owned}, slabs: []*[slabLen]K{new([slabLen]K)}}
	k.init(b, k)
	b.tables = append(b.tables, &k.table)
	return k, nil
}

// Operator is the scope of one operator's states under these keys.
func (k *Keys[K]) Operator(id string) *Scope { return k.b.scope(id, &k.table) }

// Seek makes key the current key of all handles of the scope.
func (k *Keys[K]) Seek(key K) {
	k.tidy()
	if k.ttl {
		k.expire(1)
	}
	if k.ev != nil {
		k.roomNow()
	}
	k.cur = k.resolve(k.hasher.Hash(key), key)
}

// Prepare resolves the keys of a batch in passes, so that the waits for memory of many keys overlap, and brings
// their states near. Afterwards no key is current; Select makes one. It ends the validity of everything that
// earlier Select and Ref calls returned.
func (k *Keys[K]) Prepare(keys []K) {
	k.tidyAll()
	k.batch = k.batch[:0]
	if k.ttl {
		k.expire(len(keys))
	}
	if k.ev != nil {
		k.roomFor(len(keys))
	}
	k.resize(len(keys))
	k.hasher.HashAll(keys, k.hashes)
	k.guess()
	k.confirm(keys)
	if k.ev != nil {
		k.useBatch()
	}
	for _, c := range k.columns {
		c.touch(k.batch)
	}
}

// Select makes the i-th key of the prepared batch the current one.
func (k *Keys[K]) Select(i int) { k.cur = k.batch[i] }

// Current is the current key; ok is false if there is none.
func (k *Keys[K]) Current() (key K, ok bool) {
	return *k.key(k.cur.slot), k.cur.slot != noSlot
}

// Len is the number of keys that have state or timers, or were used in the current batch.
func (k *Keys[K]) Len() int {
	n := 0
	for i := range k.groups {
		n += k.groups[i].idx.used
	}
	return n
}

func (k *Keys[K]) key(slot uint32) *K { return &k.slabs[slot>>slabBits][slot&slabMask] }

func (k *Keys[K]) resize(n int) {
	if cap(k.hashes) < n {
		k.hashes, k.batch = make([]uint64, n), make([]place, n)
	}
	k.hashes, k.batch = k.hashes[:n], k.batch[:n]
}

// guess takes the first slot with the right tag; confirm looks whether it is the right one.
func (k *Keys[K]) guess() {
	groups := k.b.options.MaxParallelism
	for i, h := range k.hashes {
		group := uint32(KeyGroup(h, groups) - k.first)
		at := place{noSlot, group}
		if group < uint32(len(k.groups)) {
			at.slot = k.groups[group].idx.candidate(tagOf(h))
		}
		k.batch[i] = at
	}
}

func (k *Keys[K]) confirm(keys []K) {
	for i, at := range k.batch {
		if at.slot-1 >= coldBit-1 || *k.key(at.slot) != keys[i] { // not known, or evicted, or another's
			k.batch[i] = k.resolve(k.hashes[i], keys[i])
		}
	}
}

// resolve returns the place of key, a new one if the key is not known.
func (k *Keys[K]) resolve(hash uint64, key K) place {
	group := uint32(KeyGroup(hash, k.b.options.MaxParallelism) - k.first)
	if group >= uint32(len(k.groups)) {
		k.b.fail(ErrForeignKey)
		return place{}
	}
	slot := k.find(group, tagOf(hash), key)
	if slot == noSlot {
		slot = k.add(group, tagOf(hash), key)
	}
	if k.ev != nil {
		k.ev.use(slot)
	}
	return place{slot, group}
}

func (k *Keys[K]) useBatch() {
	for _, at := range k.batch {
		k.ev.use(at.slot)
	}
}

func (k *Keys[K]) find(group, tag uint32, key K) uint32 {
	idx := &k.groups[group].idx
	for slot := idx.candidate(tag); slot != noSlot; slot = idx.after(tag, slot) {
		if slot >= coldBit {
			if slot := k.recall(place{slot, group}, tag, key); slot != noSlot {
				return slot
			}
			continue
		}
		if known := k.key(slot); *known == key || k.hasher.key.floats && k.sameBytes(known, &key) {
			return slot
		}
	}
	return noSlot
}

// sameBytes finds a NaN equal to itself.
func (k *Keys[K]) sameBytes(a, b *K) bool {
	k.bufs[0] = k.hasher.key.append(k.bufs[0][:0], unsafe.Pointer(a))
	k.bufs[1] = k.hasher.key.append(k.bufs[1][:0], unsafe.Pointer(b))
	return bytes.Equal(k.bufs[0], k.bufs[1])
}

// recall brings an evicted key back, if it is the one that is looked for.
func (k *Keys[K]) recall(cold place, tag uint32, key K) uint32 {
	pos := cold.slot &^ coldBit
	rec, err := k.ev.log.load(pos)
	if err != nil {
		k.b.fail(err)
		return noSlot
	}
	k.bufs[0] = k.hasher.key.append(k.bufs[0][:0], unsafe.Pointer(&key))
	if !bytes.Equal(k.bufs[0], rec.key) {
		return noSlot
	}
	slot := k.occupy(cold.group, key)
	k.groups[cold.group].idx.replace(tag, cold.slot, slot)
	if err := k.readmit(place{slot, cold.group}, rec.body); err != nil {
		k.b.fail(err)
	}
	k.ev.log.kill(pos, rec.size)
	return slot
}

func (k *Keys[K]) add(group, tag uint32, key K) uint32 {
	slot := k.occupy(group, key)
	grown := k.groups[group].idx.insert(tag, slot)
	if k.ev != nil {
		k.ev.index += int64(grown)
	}
	return slot
}

// occupy gives a key a slot.
func (k *Keys[K]) occupy(group uint32, key K) uint32 {
	slot := k.take(group)
	if int(slot>>slabBits) == len(k.slabs) {
		k.slabs = append(k.slabs, new([slabLen]K))
	}
	*k.key(slot) = k.own(key)
	return slot
}

// own copies the memory that a key refers to: a record's strings are often parts of a whole batch.
func (k *Keys[K]) own(key K) K {
	if !k.hasher.key.owned {
		return key
	}
	return ownKey(k.hasher.key, key)
}

func ownKey[K comparable](t *keyType, key K) K {
	p := unsafe.Pointer(&key)
	for _, l := range t.leaves {
		if l.kind == leafString {
			s := (*string)(unsafe.Add(p, l.off))
			*s = strings.Clone(*s)
		}
	}
	return key
}

func (k *Keys[K]) appendKey(dst []byte, slot uint32) []byte {
	return k.hasher.key.append(dst, unsafe.Pointer(k.key(slot)))
}

func (k *Keys[K]) appendFrozen(dst []byte, slot uint32) []byte {
	return k.hasher.key.append(dst, unsafe.Pointer(&k.frozen[slot>>slabBits][slot&slabMask]))
}

// nearFrozen reads a byte of every key, so that the waits for memory overlap.
func (k *Keys[K]) nearFrozen(slots []uint32) {
	sum := byte(0)
	if unsafe.Sizeof(*new(K)) == 0 {
		return
	}
	for _, slot := range slots {
		sum += *(*byte)(unsafe.Pointer(&k.frozen[slot>>slabBits][slot&slabMask]))
	}
	k.sink = sum
}

func (k *Keys[K]) freeze() { k.frozen = k.slabs }

// addKey makes the place of a stored key, known or not.
func (k *Keys[K]) addKey(src []byte) (place, []byte, error) {
	var key K
	rest, err := k.hasher.key.decode(src, unsafe.Pointer(&key))
	if err != nil {
		return place{}, nil, err
	}
	return k.resolve(k.hasher.Hash(key), key), rest, nil
}

func (k *Keys[K]) removeKey(at place) {
	key := k.key(at.slot)
	k.groups[at.group].idx.remove(tagOf(k.hasher.Hash(*key)), at.slot)
	k.clearKey(at.slot)
}

func (k *Keys[K]) clearKey(slot uint32) {
	var zero K
	*k.key(slot) = zero
}

func (k *Keys[K]) hashOf(slot uint32) uint64 { return k.hasher.Hash(*k.key(slot)) }

func (k *Keys[K]) cutSlots(bound uint32) { k.slabs, k.frozen = cutSlabs(k.slabs, bound), nil }

// keyBytes is what a key takes of memory.
func (k *Keys[K]) keyBytes() int64 { return int64(unsafe.Sizeof(*new(K))) + int64(k.sizes.mean) }

// sample measures the n-th key.
func (k *Keys[K]) sample(n uint32) {
	slot := n % k.slots
	if k.sizes.pointers && k.meta(slot).used {
		k.sizes.scratch = k.appendKey(k.sizes.scratch[:0], slot)
		k.sizes.add(len(k.sizes.scratch))
	}
}

func (k *Keys[K]) keySchema() string { return k.hasher.key.schema }

func typeName[T any]() string { return reflect.TypeFor[T]().String() }
