package elementwise

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// variadic makes the constructor of an operator that folds any number of inputs
// with one operation, and divides by their number for a mean.
func variadic(k kernel.ArithOp, mean bool) func(*op.Build) (op.Kernel, error) {
	return func(b *op.Build) (op.Kernel, error) {
		return op.Func(func(c *op.Ctx) error { return runVariadic(c, k, mean) }), nil
	}
}

func runVariadic(c *op.Ctx, k kernel.ArithOp, mean bool) error {
	first, err := c.Need(0)
	if err != nil {
		return err
	}
	// The output is built up in place, so its shape must be known first.
	var buf, next [kernel.MaxRank]int
	shape, err := kernel.BroadcastShape(buf[:], first.Shape())
	if err != nil {
		return err
	}
	for i := 1; i < c.NumIn(); i++ {
		t, err := c.Need(i)
		if err != nil {
			return err
		}
		if t.Elem() != first.Elem() {
			return fmt.Errorf("%w: %v with %v", op.ErrType, first, t)
		}
		if shape, err = kernel.BroadcastShape(next[:], shape, t.Shape()); err != nil {
			return err
		}
		buf = next
		shape = buf[:len(shape)]
	}
	y, err := c.Out(0, first.Elem(), shape)
	if err != nil {
		return err
	}
	if err := expandInto(y, first); err != nil {
		return err
	}
	for i := 1; i < c.NumIn(); i++ {
		var l kernel.Loops
		l.Init(shape, shape, c.In(i).Shape(), nil)
		if err := runArith(k, &l, y, y, c.In(i)); err != nil {
			return err
		}
	}
	if mean {
		return divideBy(y, float64(c.NumIn()))
	}
	return nil
}

// expandInto writes x, broadcast to y's shape.
func expandInto(y, x *tensor.Tensor) error {
	var l kernel.Loops
	l.Init(y.Shape(), x.Shape(), nil, nil)
	switch y.Elem().Size() {
	case 8:
		kernel.Copy(&l, words[uint64](y), words[uint64](x))
	case 4:
		kernel.Copy(&l, words[uint32](y), words[uint32](x))
	case 2:
		kernel.Copy(&l, words[uint16](y), words[uint16](x))
	case 1:
		kernel.Copy(&l, y.Bytes(), x.Bytes())
	default:
		return fmt.Errorf("%w: %v", op.ErrType, x)
	}
	return nil
}

func divideBy(y *tensor.Tensor, n float64) error {
	switch y.Elem() {
	case tensor.Float32:
		for i, d := 0, tensor.Slice[float32](y); i < len(d); i++ {
			d[i] /= float32(n)
		}
	case tensor.Float64:
		for i, d := 0, tensor.Slice[float64](y); i < len(d); i++ {
			d[i] /= n
		}
	default:
		return fmt.Errorf("%w: mean of %v", op.ErrType, y)
	}
	return nil
}
