package state

import (
	"fmt"
	"iter"
	"reflect"
)

// Broadcast is a map that every subtask of an operator has whole: rules, prices, what a broadcast stream says. It hangs
// on no key. Every subtask must make the same changes in the same order, as those of a broadcast stream are; then any
// number of subtasks can go on with it. It is in the order of its keys. All of it is encoded at a snapshot that finds
// it changed, so it is for thousands of entries, not millions.
type Broadcast[K comparable, V any] struct{ c *broadcast[K, V] }

type broadcast[K comparable, V any] struct {
	list    *operatorList[broadcastEntry[K, V]]
	keyOf   *keyType
	order   sortedKeys[K]
	vals    []V // by reference
	free    []uint32
	len     int
	version uint32 // grows with every change of the order
	changed bool
}

type broadcastEntry[K comparable, V any] struct {
	Key   K
	Value V
}

// NewBroadcast declares a broadcast state of an operator. Its faults are returned by Backend.Start. Of a restored
// backend, it is there at once.
func NewBroadcast[K comparable, V any](scope Scoped, name string, opts ...Option) Broadcast[K, V] {
	l := newOperatorList[broadcastEntry[K, V]](scope, name, KindOperatorUnion, opts)
	keyOf, err := newKeyType(reflect.TypeFor[K]())
	if err != nil {
		l.info.b.refuse(fmt.Errorf("%v: %w", l.info, err))
		keyOf = &keyType{}
	}
	c := &broadcast[K, V]{list: l, keyOf: keyOf}
	for _, e := range l.items { // of every subtask the same
		c.set(e.Key, e.Value)
	}
	l.items, c.changed = nil, true
	l.info.b.lists = append(l.info.b.lists, c)
	return Broadcast[K, V]{c}
}

// Get returns the value of k. What it refers to must not be changed.
func (b Broadcast[K, V]) Get(k K) (val V, ok bool) {
	p, found := b.c.order.seek(b.c.keyOf, &k)
	if !found {
		return val, false
	}
	_, ref := b.c.order.get(p)
	return b.c.vals[ref], true
}

// Set makes val the value of k.
func (b Broadcast[K, V]) Set(k K, val V) { b.c.set(k, val) }

// Delete removes k and its value.
func (b Broadcast[K, V]) Delete(k K) {
	c := b.c
	p, found := c.order.seek(c.keyOf, &k)
	if !found {
		return
	}
	_, ref := c.order.get(p)
	c.vals[ref] = *new(V)
	c.free = append(c.free, ref)
	c.order.remove(p)
	c.len--
	c.version++
	c.changed = true
}

// Len is the number of entries.
func (b Broadcast[K, V]) Len() int { return b.c.len }

// All goes over the entries in the order of their keys. They may be changed and removed meanwhile.
func (b Broadcast[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		c := b.c
		for p, ok := c.order.next(position{}); ok; p, ok = c.order.next(p) {
			key, ref := c.order.get(p)
			last, version := *key, c.version
			if !yield(last, c.vals[ref]) {
				return
			}
			if c.version == version {
				p.at++
				continue
			}
			var found bool
			if p, found = c.order.seek(c.keyOf, &last); found {
				p.at++
			}
		}
	}
}

func (c *broadcast[K, V]) set(k K, val V) {
	c.changed = true
	p, found := c.order.seek(c.keyOf, &k)
	if found {
		_, ref := c.order.get(p)
		c.vals[ref] = val
		return
	}
	ref := uint32(len(c.vals))
	if n := len(c.free); n > 0 {
		ref, c.free = c.free[n-1], c.free[:n-1]
	} else {
		c.vals = append(c.vals, val)
	}
	c.vals[ref] = val
	if c.keyOf.owned {
		k = ownKey(c.keyOf, k)
	}
	c.order.insert(p, k, ref)
	c.len++
	c.version++
}

func (c *broadcast[K, V]) state() *stateInfo { return c.list.info }

func (c *broadcast[K, V]) chunk() (OperatorChunk, error) {
	if c.changed {
		for k, v := range (Broadcast[K, V]{c}).All() {
			c.list.items = append(c.list.items, broadcastEntry[K, V]{k, v})
		}
		c.list.stored = nil
	}
	chunk, err := c.list.chunk()
	if c.changed = err != nil; err == nil {
		c.list.items = nil
	}
	return chunk, err
}
