package convert

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Numeric lists the Go types of numeric elements that Go can compute in.
type Numeric interface {
	kernel.Number
	tensor.Type
}

// ToFloat64 reads any numeric tensor as float64.
func ToFloat64(dst []float64, t *tensor.Tensor) error {
	switch t.Elem() {
	case tensor.Float32:
		Slice(dst, tensor.Slice[float32](t))
	case tensor.Float64:
		copy(dst, tensor.Slice[float64](t))
	case tensor.Int64:
		Slice(dst, tensor.Slice[int64](t))
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
	default:
		return toFloat64Rare(dst, t)
	}
	return nil
}

func toFloat64Rare(dst []float64, t *tensor.Tensor) error {
	switch t.Elem() {
	case tensor.Bool:
		for i, b := range t.Bytes() {
			dst[i] = float64(b)
		}
	case tensor.Float16:
		for i, v := range tensor.Slice[tensor.F16](t) {
			dst[i] = float64(v.Float32())
		}
	case tensor.BFloat16:
		for i, v := range tensor.Slice[tensor.BF16](t) {
			dst[i] = float64(v.Float32())
		}
	case tensor.Int4, tensor.Int2:
		for i, b := range t.Bytes() {
			dst[i] = float64(int8(b))
		}
	case tensor.Uint4, tensor.Uint2:
		for i, b := range t.Bytes() {
			dst[i] = float64(b)
		}
	default:
		if !t.Elem().IsFloat() {
			return fmt.Errorf("%w: %v is not numeric", op.ErrType, t)
		}
		for i, b := range t.Bytes() {
			dst[i] = float64(tensor.TinyToFloat32(t.Elem(), b))
		}
	}
	return nil
}

// FromFloat64 writes float64 numbers to a tensor of any numeric type; integers
// are cut off towards zero.
func FromFloat64(t *tensor.Tensor, src []float64) error {
	switch t.Elem() {
	case tensor.Float32:
		Slice(tensor.Slice[float32](t), src)
	case tensor.Float64:
		copy(tensor.Slice[float64](t), src)
	case tensor.Int64:
		Slice(tensor.Slice[int64](t), src)
	case tensor.Int32:
		Slice(tensor.Slice[int32](t), src)
	case tensor.Int16:
		Slice(tensor.Slice[int16](t), src)
	case tensor.Int8:
		Slice(tensor.Slice[int8](t), src)
	case tensor.Uint64:
		Slice(tensor.Slice[uint64](t), src)
	case tensor.Uint32:
		Slice(tensor.Slice[uint32](t), src)
	case tensor.Uint16:
		Slice(tensor.Slice[uint16](t), src)
	case tensor.Uint8:
		Slice(tensor.Slice[uint8](t), src)
	case tensor.Bool:
		for i, d := 0, tensor.Slice[bool](t); i < len(d); i++ {
			d[i] = src[i] != 0
		}
	default:
		return fmt.Errorf("%w: %v is not numeric", op.ErrType, t)
	}
	return nil
}

// Slice converts each number, as Go does.
func Slice[D, S kernel.Number](dst []D, src []S) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = D(v)
	}
}
