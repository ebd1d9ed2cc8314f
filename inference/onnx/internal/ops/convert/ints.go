package convert

import (
	"math"

	"github.com/turgo-io/turgo/inference/tensor"
)

// FloatToInt cuts off towards zero; what an int64 cannot hold becomes the least
// int64, as on amd64. Bits beyond the target's width are dropped by the store.
func FloatToInt(v float64, e tensor.Elem) int64 {
	if e == tensor.Uint64 && v >= 1<<63 && v < 1<<64 {
		return int64(uint64(v))
	}
	if v != v || v >= 1<<63 || v < -(1<<63) {
		return math.MinInt64
	}
	return int64(v)
}

// LoadInts reads any integer tensor as int64, uint64 by its bits.
func LoadInts(dst []int64, t *tensor.Tensor) {
	switch t.Elem() {
	case tensor.Int64:
		copy(dst, tensor.Slice[int64](t))
	case tensor.Int32:
		Slice(dst, tensor.Slice[int32](t))
	case tensor.Int16:
		Slice(dst, tensor.Slice[int16](t))
	case tensor.Int8:
		Slice(dst, tensor.Slice[int8](t))
	case tensor.Uint64:
		Slice(dst, tensor.Slice[uint64](t))
	case tensor.Uint32:
		Slice(dst, tensor.Slice[uint32](t))
	case tensor.Uint16:
		Slice(dst, tensor.Slice[uint16](t))
	case tensor.Uint8:
		Slice(dst, tensor.Slice[uint8](t))
	case tensor.Int4, tensor.Int2:
		for i, b := range t.Bytes() {
			dst[i] = int64(int8(b))
		}
	default:
		for i, b := range t.Bytes() {
			dst[i] = int64(b)
		}
	}
}

// StoreInts writes integers to a tensor of any integer type, dropping high bits.
func StoreInts(t *tensor.Tensor, at func(i int) int64) {
	switch t.Elem() {
	case tensor.Int64:
		fill(tensor.Slice[int64](t), at)
	case tensor.Int32:
		fill(tensor.Slice[int32](t), at)
	case tensor.Int16:
		fill(tensor.Slice[int16](t), at)
	case tensor.Int8:
		fill(tensor.Slice[int8](t), at)
	case tensor.Uint64:
		fill(tensor.Slice[uint64](t), at)
	case tensor.Uint32:
		fill(tensor.Slice[uint32](t), at)
	case tensor.Uint16:
		fill(tensor.Slice[uint16](t), at)
	case tensor.Uint8:
		fill(tensor.Slice[uint8](t), at)
	default:
		storeNarrow(t, at)
	}
}

type integer interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

func fill[T integer](dst []T, at func(i int) int64) {
	for i := range dst {
		dst[i] = T(at(i))
	}
}

// storeNarrow keeps the low bits of types narrower than a byte, sign-extended.
func storeNarrow(t *tensor.Tensor, at func(i int) int64) {
	shift := 8 - t.Elem().Bits()
	signed := t.Elem() == tensor.Int4 || t.Elem() == tensor.Int2
	for i, d := 0, t.Bytes(); i < len(d); i++ {
		v := byte(at(i)) << shift
		if signed {
			d[i] = byte(int8(v) >> shift)
		} else {
			d[i] = v >> shift
		}
	}
}
