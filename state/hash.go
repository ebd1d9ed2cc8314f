package state

import (
	"reflect"
	"unsafe"

	"github.com/cespare/xxhash/v2"
)

// Hasher hashes keys of one type. The hash depends on the key's value alone: it is the same in every process,
// on every machine and in every version of Turgo, and an integer hashes alike in each width. It decides which
// subtask owns a key, so exchange and state must both use it. A Hasher is safe for concurrent use.
type Hasher[K comparable] struct{ key *keyType }

// HashOf takes the key type apart. Keys are numbers, strings, bools, and arrays and structs of them, unexported
// fields included; pointers, interfaces and channels have no stable value and are refused with ErrUnsupported.
func HashOf[K comparable]() (Hasher[K], error) {
	key, err := newKeyType(reflect.TypeFor[K]())
	return Hasher[K]{key}, err
}

// Hash returns the 64-bit hash of k. It does not allocate.
func (h Hasher[K]) Hash(k K) uint64 {
	p := unsafe.Pointer(&k)
	switch h.key.single {
	case leafInt:
		return mix(uint64(h.key.leaves[0].int(p)))
	case leafString:
		return xxhash.Sum64String(*(*string)(p))
	}
	return h.key.hash(p)
}

// HashAll hashes a batch into dst, which must be as long as keys.
func (h Hasher[K]) HashAll(keys []K, dst []uint64) {
	if len(keys) == 0 {
		return
	}
	first := unsafe.Pointer(&keys[0])
	switch l := h.key.leaves; {
	case h.key.single == leafString:
		hashStrings(unsafe.Slice((*string)(first), len(keys)), dst)
	case (h.key.single == leafInt || h.key.single == leafUint) && l[0].size == 8:
		hashWords(unsafe.Slice((*uint64)(first), len(keys)), dst)
	default:
		for i := range keys {
			dst[i] = h.key.hash(unsafe.Pointer(&keys[i]))
		}
	}
}

func hashStrings(keys []string, dst []uint64) {
	for i, k := range keys {
		dst[i] = xxhash.Sum64String(k)
	}
}

func hashWords(keys []uint64, dst []uint64) {
	for i, k := range keys {
		dst[i] = mix(k)
	}
}

// Group is the key group of k among maxParallelism.
func (h Hasher[K]) Group(k K, maxParallelism int) int { return KeyGroup(h.Hash(k), maxParallelism) }
