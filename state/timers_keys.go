package state

import (
	"bytes"
	"unsafe"
)

// keySlabs are the keys of timers that carry them.
type keySlabs[K comparable] struct {
	k     *Keys[K]
	slabs []*[slabLen]K
	bufs  [2][]byte
}

func (k *Keys[K]) timerKeys() timerKeys { return &keySlabs[K]{k: k} }

func (s *keySlabs[K]) at(ref uint32) *K {
	for int(ref>>slabBits) >= len(s.slabs) {
		s.slabs = append(s.slabs, new([slabLen]K))
	}
	return &s.slabs[ref>>slabBits][ref&slabMask]
}

// set copies the key of a slot; it shares the memory of strings with it.
func (s *keySlabs[K]) set(ref, slot uint32) { *s.at(ref) = *s.k.key(slot) }

func (s *keySlabs[K]) same(ref, slot uint32) bool {
	a, b := s.at(ref), s.k.key(slot)
	if *a == *b || !s.k.hasher.key.floats {
		return *a == *b
	}
	s.bufs[0] = s.k.hasher.key.append(s.bufs[0][:0], unsafe.Pointer(a))
	s.bufs[1] = s.k.hasher.key.append(s.bufs[1][:0], unsafe.Pointer(b))
	return bytes.Equal(s.bufs[0], s.bufs[1])
}

func (s *keySlabs[K]) hash(ref uint32) uint64 { return s.k.hasher.Hash(*s.at(ref)) }

func (s *keySlabs[K]) seek(ref uint32) { s.k.Seek(*s.at(ref)) }

func (s *keySlabs[K]) append(dst []byte, ref uint32) []byte {
	return s.k.hasher.key.append(dst, unsafe.Pointer(s.at(ref)))
}

func (s *keySlabs[K]) decode(ref uint32, src []byte) error {
	rest, err := s.k.hasher.key.decode(src, unsafe.Pointer(s.at(ref)))
	if err == nil && len(rest) > 0 {
		err = ErrCorrupt
	}
	return err
}

func (s *keySlabs[K]) clear(ref uint32) {
	var zero K
	*s.at(ref) = zero
}

func (s *keySlabs[K]) bytes() int64 { return s.k.keyBytes() }
