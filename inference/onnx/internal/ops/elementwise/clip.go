package elementwise

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/convert"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// newClip limits values to [min, max]: attributes before version 11, inputs since.
func newClip(b *op.Build) (op.Kernel, error) {
	if b.Version() >= 11 {
		return op.Func(func(c *op.Ctx) error { return runClip(c, c.In(1), c.In(2)) }), nil
	}
	lo := tensor.Scalar(b.Float("min", -math.MaxFloat32))
	hi := tensor.Scalar(b.Float("max", math.MaxFloat32))
	return op.Func(func(c *op.Ctx) error {
		if x := c.In(0); x != nil && x.Elem() == tensor.Float64 {
			return clip[float64](c, asDouble(lo), asDouble(hi))
		}
		return runClip(c, lo, hi)
	}), nil
}

func asDouble(t *tensor.Tensor) *tensor.Tensor {
	return tensor.Scalar(float64(tensor.Slice[float32](t)[0]))
}

func runClip(c *op.Ctx, lo, hi *tensor.Tensor) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	switch x.Elem() {
	case tensor.Float32:
		return clip[float32](c, lo, hi)
	case tensor.Float64:
		return clip[float64](c, lo, hi)
	case tensor.Int64:
		return clip[int64](c, lo, hi)
	case tensor.Int32:
		return clip[int32](c, lo, hi)
	case tensor.Int16:
		return clip[int16](c, lo, hi)
	case tensor.Int8:
		return clip[int8](c, lo, hi)
	case tensor.Uint64:
		return clip[uint64](c, lo, hi)
	case tensor.Uint32:
		return clip[uint32](c, lo, hi)
	case tensor.Uint16:
		return clip[uint16](c, lo, hi)
	case tensor.Uint8:
		return clip[uint8](c, lo, hi)
	}
	return fmt.Errorf("%w: Clip of %v", op.ErrType, x)
}

// clip applies the upper bound last, so that it wins where the bounds cross.
func clip[T convert.Numeric](c *op.Ctx, lo, hi *tensor.Tensor) error {
	x := c.In(0)
	y, err := c.OutOver(0, 0, x.Elem(), x.Shape())
	if err != nil {
		return err
	}
	src, dst := tensor.Slice[T](x), tensor.Slice[T](y)
	l, h := tensor.Slice[T](optional(lo)), tensor.Slice[T](optional(hi))
	if lo != nil && len(l) != 1 || hi != nil && len(h) != 1 {
		return fmt.Errorf("%w: bounds %v and %v for %v", op.ErrInput, lo, hi, x)
	}
	switch {
	case len(l) == 1 && len(h) == 1:
		a, b := l[0], h[0]
		for i, v := range src {
			dst[i] = min(max(v, a), b)
		}
	case len(l) == 1:
		for i, v := range src {
			dst[i] = max(v, l[0])
		}
	case len(h) == 1:
		for i, v := range src {
			dst[i] = min(v, h[0])
		}
	default:
		copy(dst, src)
	}
	return nil
}

// optional is an empty tensor in place of an absent one.
func optional(t *tensor.Tensor) *tensor.Tensor {
	if t == nil {
		return &tensor.Tensor{}
	}
	return t
}

func newIsNaN(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error { return test(c, math.IsNaN) }), nil
}

func newIsInf(b *op.Build) (op.Kernel, error) {
	pos, neg := b.Bool("detect_positive", true), b.Bool("detect_negative", true)
	holds := func(v float64) bool { return pos && math.IsInf(v, 1) || neg && math.IsInf(v, -1) }
	return op.Func(func(c *op.Ctx) error { return test(c, holds) }), nil
}

// test writes whether a property holds of each float.
func test(c *op.Ctx, holds func(float64) bool) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	v, err := op.Scratch[float64](c, x.Len())
	if err != nil {
		return err
	}
	y, err := c.Out(0, tensor.Bool, x.Shape())
	if err != nil {
		return err
	}
	if err := convert.ToFloat64(v, x); err != nil {
		return err
	}
	d := tensor.Slice[bool](y)
	for i := range d {
		d[i] = holds(v[i])
	}
	return nil
}
