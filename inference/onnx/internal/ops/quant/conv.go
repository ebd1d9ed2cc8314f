package quant

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/nn"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// newConvInteger is a convolution of integers less their zero points.
func newConvInteger(b *op.Build) (op.Kernel, error) {
	g := nn.NewIntegerConv(b)
	return op.Func(func(c *op.Ctx) error {
		x, w := c.In(0), c.In(1)
		var buf [8]int
		shape, sums, err := convolve(c, g, x, w, c.In(2), c.In(3), nil, buf[:])
		if err != nil {
			return err
		}
		y, err := c.Out(0, tensor.Int32, shape)
		if err != nil {
			return err
		}
		copy(tensor.Slice[int32](y), sums)
		return nil
	}), nil
}

// convolve sums in integers; bias is added where it is given.
func convolve(c *op.Ctx, g *nn.IntegerConv, x, w, zx, zw *tensor.Tensor, bias []int32, buf []int) ([]int, []int32, error) {
	if x == nil || w == nil || x.Rank() > len(buf) {
		return nil, nil, fmt.Errorf("%w: convolution of %v with %v", op.ErrInput, x, w)
	}
	xs, err := centred(c, x, zx, 1)
	if err != nil {
		return nil, nil, err
	}
	ws, err := centred(c, w, zw, 0)
	if err != nil {
		return nil, nil, err
	}
	shape, n, err := g.Shape(buf, x, w)
	if err != nil {
		return nil, nil, err
	}
	sums, err := op.Scratch[int32](c, n)
	if err != nil {
		return nil, nil, err
	}
	return shape, sums, g.Sum(c, sums, xs, ws, bias, x, w, x.Elem().Size() == 1 && w.Elem().Size() == 1)
}

// newQLinearConv is a convolution of quantized tensors, quantized again; the bias is
// integers on the scale of the products.
func newQLinearConv(b *op.Build) (op.Kernel, error) {
	g := nn.NewIntegerConv(b)
	return op.Func(func(c *op.Ctx) error {
		var bias []int32
		if t := c.In(8); t != nil {
			if bias = tensor.Slice[int32](t); bias == nil {
				return fmt.Errorf("%w: bias %v", op.ErrType, t)
			}
		}
		var buf [8]int
		shape, sums, err := convolve(c, g, c.In(0), c.In(3), c.In(2), c.In(5), bias, buf[:])
		if err != nil {
			return err
		}
		inner := 1
		for _, d := range shape[2:] {
			inner *= d
		}
		var r requantizer
		if err := r.init(c, 1, 4, 6, shape[1], inner); err != nil {
			return err
		}
		return r.write(c, shape, sums)
	}), nil
}
