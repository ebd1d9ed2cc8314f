package elementwise

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

type numeric interface {
	kernel.Number
	tensor.Type
}

// toFloat64 reads any numeric tensor as float64.
func toFloat64(dst []float64, t *tensor.Tensor) error {
	switch t.Elem() {
	case tensor.Float32:
		convert(dst, tensor.Slice[float32](t))
	case tensor.Float64:
		copy(dst, tensor.Slice[float64](t))
	case tensor.Int64:
		convert(dst, tensor.Slice[int64](t))
	case tensor.Int32:
		convert(dst, tensor.Slice[int32](t))
	case tensor.Int16:
		convert(dst, tensor.Slice[int16](t))
	case tensor.Int8:
		convert(dst, tensor.Slice[int8](t))
	case tensor.Uint64:
		convert(dst, tensor.Slice[uint64](t))
	case tensor.Uint32:
		convert(dst, tensor.Slice[uint32](t))
	case tensor.Uint16:
		convert(dst, tensor.Slice[uint16](t))
	case tensor.Uint8:
		convert(dst, tensor.Slice[uint8](t))
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

// fromFloat64 writes float64 numbers to a tensor of any numeric type; integers
// are cut off towards zero.
func fromFloat64(t *tensor.Tensor, src []float64) error {
	switch t.Elem() {
	case tensor.Float32:
		convert(tensor.Slice[float32](t), src)
	case tensor.Float64:
		copy(tensor.Slice[float64](t), src)
	case tensor.Int64:
		convert(tensor.Slice[int64](t), src)
	case tensor.Int32:
		convert(tensor.Slice[int32](t), src)
	case tensor.Int16:
		convert(tensor.Slice[int16](t), src)
	case tensor.Int8:
		convert(tensor.Slice[int8](t), src)
	case tensor.Uint64:
		convert(tensor.Slice[uint64](t), src)
	case tensor.Uint32:
		convert(tensor.Slice[uint32](t), src)
	case tensor.Uint16:
		convert(tensor.Slice[uint16](t), src)
	case tensor.Uint8:
		convert(tensor.Slice[uint8](t), src)
	case tensor.Bool:
		for i, d := 0, tensor.Slice[bool](t); i < len(d); i++ {
			d[i] = src[i] != 0
		}
	default:
		return fmt.Errorf("%w: %v is not numeric", op.ErrType, t)
	}
	return nil
}

func convert[D, S kernel.Number](dst []D, src []S) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = D(v)
	}
}
