package elementwise

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

type bitOp uint8

const (
	bitAnd bitOp = iota
	bitOr
	bitXor
	shiftLeft
	shiftRight
)

// bitwise makes the constructor of an operator on the bits of two integers.
func bitwise(k bitOp) func(*op.Build) (op.Kernel, error) {
	return func(*op.Build) (op.Kernel, error) {
		return op.Func(func(c *op.Ctx) error { return runBits(c, k) }), nil
	}
}

// newBitShift shifts by the second operand; a shift by the width or more gives 0.
func newBitShift(b *op.Build) (op.Kernel, error) {
	if b.Str("direction", "", "LEFT", "RIGHT") == "LEFT" {
		return bitwise(shiftLeft)(b)
	}
	return bitwise(shiftRight)(b)
}

func runBits(c *op.Ctx, k bitOp) error {
	var o operands
	if err := o.init(c, legacy{}); err != nil {
		return err
	}
	if err := o.same(); err != nil {
		return err
	}
	y, err := o.result(c)
	if err != nil {
		return err
	}
	switch y.Elem() {
	case tensor.Int64:
		bitsOn[int64](k, &o, y)
	case tensor.Int32:
		bitsOn[int32](k, &o, y)
	case tensor.Int16:
		bitsOn[int16](k, &o, y)
	case tensor.Int8:
		bitsOn[int8](k, &o, y)
	case tensor.Uint64:
		bitsOn[uint64](k, &o, y)
	case tensor.Uint32:
		bitsOn[uint32](k, &o, y)
	case tensor.Uint16:
		bitsOn[uint16](k, &o, y)
	case tensor.Uint8:
		bitsOn[uint8](k, &o, y)
	default:
		return fmt.Errorf("%w: bits of %v", op.ErrType, o.a)
	}
	return nil
}

type integer interface {
	kernel.Integer
	tensor.Type
}

func bitsOn[T integer](k bitOp, o *operands, y *tensor.Tensor) {
	zip(o, y, bitFunc[T](k))
}

func bitFunc[T integer](k bitOp) func(a, b T) T {
	switch k {
	case bitAnd:
		return func(a, b T) T { return a & b }
	case bitOr:
		return func(a, b T) T { return a | b }
	case bitXor:
		return func(a, b T) T { return a ^ b }
	case shiftLeft:
		return func(a, b T) T { return a << uint64(b) }
	}
	return func(a, b T) T { return a >> uint64(b) }
}

func newBitwiseNot(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		if !x.Elem().IsInt() {
			return fmt.Errorf("%w: BitwiseNot of %v", op.ErrType, x)
		}
		y, err := c.OutOver(0, 0, x.Elem(), x.Shape())
		if err != nil {
			return err
		}
		src, dst := x.Bytes(), y.Bytes()
		for i := range dst {
			dst[i] = ^src[i]
		}
		return nil
	}), nil
}
