package nn

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// newMaxUnpool puts values back at the indices that MaxPool gave; zero elsewhere.
func newMaxUnpool(b *op.Build) (op.Kernel, error) {
	a := newWindowAttrs(b)
	return op.Func(func(c *op.Ctx) error {
		x, index := c.In(0), c.In(1)
		if x == nil || index == nil || x.Len() != index.Len() || x.Rank() < 3 || x.Rank() > 2+spatial || len(a.kernel) != x.Rank()-2 {
			return fmt.Errorf("%w: MaxUnpool of %v at %v", op.ErrInput, x, index)
		}
		var pooledBuf, buf [2 + spatial]int
		pooled, err := unpooled(&a, pooledBuf[:0], x)
		if err != nil {
			return err
		}
		shape := append(buf[:0], pooled...)
		if t := c.In(2); t != nil && t.Len() == len(shape) {
			for i, d := range tensor.Slice[int64](t) {
				shape[i] = int(d)
			}
		}
		return unpool(c, x, index, pooled, shape)
	}), nil
}

// unpooled is the shape of the input that a pool of x's shape came from.
func unpooled(a *windowAttrs, buf []int, x *tensor.Tensor) ([]int, error) {
	n := len(a.kernel)
	if a.strides != nil && len(a.strides) != n || a.pads != nil && len(a.pads) != 2*n {
		return nil, fmt.Errorf("%w: %d strides and %d pads for a kernel of %d", op.ErrInput, len(a.strides), len(a.pads), n)
	}
	shape := append(buf, x.Shape()[:2]...)
	for i, k := range a.kernel {
		stride, pad := 1, 0
		if a.strides != nil {
			stride = a.strides[i]
		}
		if a.pads != nil {
			pad = a.pads[i] + a.pads[n+i]
		}
		shape = append(shape, (x.Dim(2+i)-1)*stride+k-pad)
	}
	return shape, nil
}

// unpool scatters the values. Indices count in the pooled input's shape; a stated
// output shape may be larger, the coordinates stay.
func unpool(c *op.Ctx, x, index *tensor.Tensor, pooled, shape []int) error {
	src, err := float32s(x, "MaxUnpool")
	if err != nil {
		return err
	}
	y, err := c.OutZero(0, tensor.Float32, shape)
	if err != nil {
		return err
	}
	dst := tensor.Slice[float32](y)
	for i, at := range tensor.Slice[int64](index) {
		to, ok := relocate(int(at), pooled, shape)
		if !ok {
			return fmt.Errorf("%w: index %d of %v", op.ErrInput, at, y)
		}
		dst[to] = src[i]
	}
	return nil
}

// relocate turns a place in one shape into the place of the same coordinates in
// another.
func relocate(at int, from, to []int) (int, bool) {
	out, run := 0, 1
	for i := len(from) - 1; i >= 0; i-- {
		if at < 0 || from[i] < 1 {
			return 0, false
		}
		x := at % from[i]
		at /= from[i]
		if x >= to[i] {
			return 0, false
		}
		out += x * run
		run *= to[i]
	}
	return out, at == 0
}
