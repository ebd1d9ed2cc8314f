package state

import (
	"iter"
	"slices"
	"strings"
	"unsafe"
)

// Range is like All for the keys from from up to, but not including, to.
func (m Map[UK, UV]) Range(from, to UK) iter.Seq2[UK, UV] {
	t := m.c.keyOf
	return m.while(
		func(h *mapHead[UK]) position { p, _ := h.order.seek(t, &from); return p },
		func(k *UK) bool { return t.compare(unsafe.Pointer(k), unsafe.Pointer(&to)) < 0 })
}

// Prefix is like All for the keys whose first parts are those of k: a key's parts are the fields of a struct and the
// elements of an array, in turn, nested ones too; a number, a string, a bool or an array of bytes is one part. If the
// last of them is a string, it is enough that it begins like that of k, so Prefix("ab", 1) finds "abc".
func (m Map[UK, UV]) Prefix(k UK, parts int) iter.Seq2[UK, UV] {
	t := m.c.keyOf
	leaves := t.leaves[:max(0, min(parts, len(t.leaves)))]
	return m.while(
		func(h *mapHead[UK]) position { return h.order.seekParts(leaves, &k) },
		func(key *UK) bool { return begins(leaves, unsafe.Pointer(key), unsafe.Pointer(&k)) })
}

// while goes over the entries from a place on as long as a condition holds.
func (m Map[UK, UV]) while(from func(h *mapHead[UK]) position, cond func(k *UK) bool) iter.Seq2[UK, UV] {
	return func(yield func(UK, UV) bool) {
		if h := m.c.whole(); h != nil {
			m.c.scanAt(h, from(h), func(k *UK) bool { return cond(k) }, yield)
		}
	}
}

// Floor is the last entry whose key is not after k; ok is false if there is none.
func (m Map[UK, UV]) Floor(k UK) (key UK, val UV, ok bool) {
	c := m.c
	h := c.whole()
	if h == nil {
		return key, val, false
	}
	p, found := h.order.seek(c.keyOf, &k)
	if !found {
		p, found = h.order.before(p)
	}
	for ; found; p, found = h.order.before(p) {
		known, ref := h.order.get(p)
		if cl := c.at(ref); cl.flags&flagPresent != 0 && !c.expired(ref) {
			c.wasRead(cl, place{ref, c.table.cur.group})
			return *known, cl.val.val, true
		}
	}
	return key, val, false
}

// before returns the last position before p that holds a key.
func (s *sortedKeys[K]) before(p position) (position, bool) {
	for p.at == 0 && p.run > 0 {
		p = position{p.run - 1, len(s.runs[p.run-1].keys)}
	}
	return position{p.run, p.at - 1}, p.at > 0
}

// seekParts returns the first position whose key is, in these parts, not before k.
func (s *sortedKeys[K]) seekParts(leaves []leaf, k *K) position {
	before := func(key *K) bool {
		for _, l := range leaves {
			if c := l.compare(unsafe.Pointer(key), unsafe.Pointer(k)); c != 0 {
				return c < 0
			}
		}
		return false
	}
	run, _ := slices.BinarySearchFunc(s.runs, true, func(r keyRun[K], _ bool) int {
		if n := len(r.keys); n == 0 || before(&r.keys[n-1]) {
			return -1
		}
		return 1
	})
	if run == len(s.runs) {
		return position{run, 0}
	}
	keys := s.runs[run].keys
	at := 0
	for end := len(keys); at < end; {
		if mid := (at + end) / 2; before(&keys[mid]) {
			at = mid + 1
		} else {
			end = mid
		}
	}
	return position{run, at}
}

// begins says whether a key begins with these parts of another; of the last, a string may go on.
func begins(leaves []leaf, key, prefix unsafe.Pointer) bool {
	for i, l := range leaves {
		if i == len(leaves)-1 && l.kind == leafString {
			return strings.HasPrefix(l.string(key), l.string(prefix))
		}
		if l.compare(key, prefix) != 0 {
			return false
		}
	}
	return true
}
