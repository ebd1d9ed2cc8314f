package state

import (
	"slices"
	"strings"
	"unsafe"
)

// sortedKeys is the order of one map: keys with a reference each, in runs, so that an insertion moves little
// however large the map is.
type sortedKeys[K comparable] struct {
	runs []keyRun[K]
}

type keyRun[K comparable] struct {
	keys []K
	refs []uint32
}

// runMax is the length at which a run is split in two.
const runMax = 256

// position is a place in the order: a run and an index in it.
type position struct{ run, at int }

// seek returns where key is, or would be, and whether it is there.
func (s *sortedKeys[K]) seek(t *keyType, key *K) (position, bool) {
	run := s.runOf(t, key)
	if run == len(s.runs) {
		return position{run, 0}, false
	}
	at, found := searchKeys(t, s.runs[run].keys, key)
	return position{run, at}, found
}

// runOf returns the first run whose last key is not before key.
func (s *sortedKeys[K]) runOf(t *keyType, key *K) int {
	if len(s.runs) < 2 {
		return 0
	}
	lo, hi := 0, len(s.runs)
	for lo < hi {
		mid := (lo + hi) / 2
		keys := s.runs[mid].keys
		if t.compare(unsafe.Pointer(&keys[len(keys)-1]), unsafe.Pointer(key)) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func searchKeys[K comparable](t *keyType, keys []K, key *K) (int, bool) {
	if len(keys) == 0 {
		return 0, false
	}
	switch {
	case t.single == leafInt && t.leaves[0].size == 8:
		return slices.BinarySearch(unsafe.Slice((*int64)(unsafe.Pointer(&keys[0])), len(keys)), *(*int64)(unsafe.Pointer(key)))
	case t.single == leafString:
		all := unsafe.Slice((*string)(unsafe.Pointer(&keys[0])), len(keys))
		return slices.BinarySearchFunc(all, *(*string)(unsafe.Pointer(key)), strings.Compare)
	}
	return searchLeaves(t, keys, key)
}

// searchLeaves is a binary search by hand: through a func value the key would escape to the heap.
func searchLeaves[K comparable](t *keyType, keys []K, key *K) (int, bool) {
	lo, hi := 0, len(keys)
	for lo < hi {
		mid := (lo + hi) / 2
		if t.compare(unsafe.Pointer(&keys[mid]), unsafe.Pointer(key)) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(keys) && t.compare(unsafe.Pointer(&keys[lo]), unsafe.Pointer(key)) == 0
}

// insert puts key at p, where seek said it would be.
func (s *sortedKeys[K]) insert(p position, key K, ref uint32) {
	if p.run == len(s.runs) {
		if p.run == 0 {
			s.runs = append(s.runs, keyRun[K]{})
		} else {
			p = position{p.run - 1, len(s.runs[p.run-1].keys)}
		}
	}
	r := &s.runs[p.run]
	r.keys = slices.Insert(r.keys, p.at, key)
	r.refs = slices.Insert(r.refs, p.at, ref)
	if len(r.keys) >= runMax {
		s.split(p.run)
	}
}

func (s *sortedKeys[K]) split(run int) {
	r := &s.runs[run]
	half := len(r.keys) / 2
	right := keyRun[K]{slices.Clone(r.keys[half:]), slices.Clone(r.refs[half:])}
	clear(r.keys[half:])
	r.keys, r.refs = r.keys[:half], r.refs[:half]
	s.runs = slices.Insert(s.runs, run+1, right)
}

func (s *sortedKeys[K]) remove(p position) {
	r := &s.runs[p.run]
	r.keys = slices.Delete(r.keys, p.at, p.at+1)
	r.refs = slices.Delete(r.refs, p.at, p.at+1)
	if len(r.keys) == 0 && len(s.runs) > 1 {
		s.runs = slices.Delete(s.runs, p.run, p.run+1)
	}
}

// next returns the first position at or after p that holds a key.
func (s *sortedKeys[K]) next(p position) (position, bool) {
	for p.run < len(s.runs) && p.at >= len(s.runs[p.run].keys) {
		p = position{p.run + 1, 0}
	}
	return p, p.run < len(s.runs)
}

func (s *sortedKeys[K]) get(p position) (*K, uint32) {
	r := &s.runs[p.run]
	return &r.keys[p.at], r.refs[p.at]
}
