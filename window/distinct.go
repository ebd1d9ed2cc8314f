package window

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/axiomhq/hyperloglog"
)

// Hashable is what [Distinct] can count.
type Hashable interface {
	~string |
		~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 |
		~float32 | ~float64
}

// precision is that of every sketch: 2^14 registers. It is the second byte of
// what a sketch writes.
const precision = 14

// DistinctAcc is the accumulator of [Distinct]: a HyperLogLog sketch of
// precision 14, which takes a few bytes per value at first and at most 16 KB.
// It writes itself as bytes, empty for an empty sketch.
type DistinctAcc struct {
	sketch *hyperloglog.Sketch
}

// Estimate is about the number of distinct values, within about one percent.
// The sketch itself would tidy up while it answers; a copy does, so that a
// snapshot may read the accumulator at the same time.
func (a *DistinctAcc) Estimate() int64 {
	if a.sketch == nil {
		return 0
	}
	return int64(a.sketch.Clone().Estimate())
}

// MarshalBinary implements encoding.BinaryMarshaler.
func (a *DistinctAcc) MarshalBinary() ([]byte, error) {
	if a.sketch == nil {
		return nil, nil
	}
	return a.sketch.MarshalBinary()
}

// UnmarshalBinary implements encoding.BinaryUnmarshaler.
func (a *DistinctAcc) UnmarshalBinary(data []byte) error {
	a.sketch = nil
	if len(data) == 0 {
		return nil
	}
	if len(data) > 1 && data[1] != precision {
		return fmt.Errorf("window: distinct: a sketch of precision %d; want %d", data[1], precision)
	}
	sketch := new(hyperloglog.Sketch)
	if err := sketch.UnmarshalBinary(data); err != nil {
		return fmt.Errorf("window: distinct: %w", err)
	}
	a.sketch = sketch
	return nil
}

func (a *DistinctAcc) insert(hash uint64) {
	if a.sketch == nil {
		a.sketch = hyperloglog.New14()
	}
	a.sketch.InsertHash(hash)
}

type distinct[T any, V Hashable] struct {
	of   func(T) V
	hash func(V) uint64
}

// Distinct is about the number of distinct values, within about one percent
// (HyperLogLog); nearly exact for a few thousand. Its hash is fixed, so that
// sketches of different processes and versions merge.
func Distinct[T any, V Hashable](of func(T) V) Aggregator[T, DistinctAcc, int64] {
	return distinct[T, V]{of, hashOf[V]()}
}

func (d distinct[T, V]) Add(acc *DistinctAcc, v *T) { acc.insert(d.hash(d.of(*v))) }

// Merge implements [Aggregator]. All sketches have one precision: a restored
// one with another would be refused where it is read.
func (d distinct[T, V]) Merge(dst, src *DistinctAcc) {
	switch {
	case src.sketch == nil:
	case dst.sketch == nil:
		dst.sketch = src.sketch.Clone()
	default:
		// It can only fail for sketches of different precision.
		_ = dst.sketch.Merge(src.sketch)
	}
}

func (d distinct[T, V]) Result(acc *DistinctAcc) int64 { return acc.Estimate() }

// hashOf picks the hash for the kind of V once, so that none is looked up per
// record. Numbers are told apart by their bits: 0 and -0 are two.
func hashOf[V Hashable]() func(V) uint64 {
	if reflect.TypeFor[V]().Kind() == reflect.String {
		return func(v V) uint64 { return hashString(*(*string)(unsafe.Pointer(&v))) }
	}
	switch unsafe.Sizeof(*new(V)) {
	case 1:
		return func(v V) uint64 { return mix(uint64(*(*uint8)(unsafe.Pointer(&v)))) }
	case 2:
		return func(v V) uint64 { return mix(uint64(*(*uint16)(unsafe.Pointer(&v)))) }
	case 4:
		return func(v V) uint64 { return mix(uint64(*(*uint32)(unsafe.Pointer(&v)))) }
	}
	return func(v V) uint64 { return mix(*(*uint64)(unsafe.Pointer(&v))) }
}

// mix is SplitMix64's finalizer, a bijection; the constant keeps 0 from being
// its own hash.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// hashString chains the mixed words of eight bytes, the length first.
func hashString(s string) uint64 {
	h := mix(uint64(len(s)))
	for len(s) >= 8 {
		h = mix(h ^ (uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56))
		s = s[8:]
	}
	tail := uint64(0)
	for i := range len(s) {
		tail |= uint64(s[i]) << (8 * i)
	}
	return mix(h ^ tail)
}
