package quant

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/convert"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Table lists the family's operators.
func Table() []op.Def {
	return []op.Def{
		{Name: "ConvInteger", Since: 10, New: newConvInteger},
		{Name: "DequantizeLinear", Since: 10, New: newDequantize},
		{Name: "DynamicQuantizeLinear", Since: 11, New: newDynamic},
		{Name: "MatMulInteger", Since: 10, New: newMatMulInteger},
		{Name: "QLinearConv", Since: 10, New: newQLinearConv},
		{Name: "QLinearMatMul", Since: 10, New: newQLinearMatMul},
		{Name: "QuantizeLinear", Since: 10, New: newQuantize},
	}
}

// scales says which scale an element of a tensor has.
type scales struct {
	dim, inner   int // of the axis; dim 0 means one scale for all
	block, sdim  int // block length along the axis, and blocks along it; block 0 for none
	scale, zeros []float64
}

// newScales reads scale and zero point for x. axis may count from the end.
func newScales(c *op.Ctx, x, scale, zero *tensor.Tensor, axis, block int) (s scales, err error) {
	if s.scale, err = numbers(c, scale); err != nil {
		return s, err
	}
	if zero != nil {
		if s.zeros, err = numbers(c, zero); err != nil {
			return s, err
		}
		if len(s.zeros) != len(s.scale) {
			return s, fmt.Errorf("%w: zero points %v for scales %v", op.ErrInput, zero, scale)
		}
	}
	if len(s.scale) == 1 && block == 0 {
		return s, nil
	}
	if axis < 0 {
		axis += x.Rank()
	}
	if axis < 0 || axis >= x.Rank() {
		return s, fmt.Errorf("%w: axis %d of %v", op.ErrInput, axis, x)
	}
	s.dim, s.inner = x.Dim(axis), 1
	for _, d := range x.Shape()[axis+1:] {
		s.inner *= d
	}
	if block == 0 {
		if len(s.scale) != s.dim {
			return s, fmt.Errorf("%w: %d scales along axis %d of %v", op.ErrInput, len(s.scale), axis, x)
		}
		return s, nil
	}
	s.block, s.sdim = block, scale.Dim(axis)
	if scale.Rank() != x.Rank() || s.sdim*block < s.dim || len(s.scale) < x.Len()/max(s.dim, 1)*s.sdim {
		return s, fmt.Errorf("%w: scales %v for %v in blocks of %d", op.ErrInput, scale, x, block)
	}
	return s, nil
}

// at is the place of element i's scale.
func (s *scales) at(i int) int {
	switch {
	case s.dim == 0:
		return 0
	case s.block == 0:
		return i / s.inner % s.dim
	}
	outer, k := i/(s.inner*s.dim), i/s.inner%s.dim
	return (outer*s.sdim+k/s.block)*s.inner + i%s.inner
}

func (s *scales) zero(k int) float64 {
	if s.zeros == nil {
		return 0
	}
	return s.zeros[k]
}

// numbers is a tensor's elements as float64, in scratch memory.
func numbers(c *op.Ctx, t *tensor.Tensor) ([]float64, error) {
	if t == nil {
		return nil, fmt.Errorf("%w: an input is missing", op.ErrInput)
	}
	v, err := op.Scratch[float64](c, t.Len())
	if err != nil {
		return nil, err
	}
	return v, convert.ToFloat64(v, t)
}

// bounds is the range of an integer type.
func bounds(e tensor.Elem) (lo, hi float64) {
	bits := e.Bits()
	switch e {
	case tensor.Int8, tensor.Int16, tensor.Int32, tensor.Int4, tensor.Int2:
		return -math.Ldexp(1, bits-1), math.Ldexp(1, bits-1) - 1
	}
	return 0, math.Ldexp(1, bits) - 1
}

// newQuantize: the type comes from the zero point, or from output_dtype.
func newQuantize(b *op.Build) (op.Kernel, error) {
	axis, block := b.Int("axis", 1), b.Int("block_size", 0)
	elem, saturate := b.ElemOf("output_dtype", tensor.Undefined), b.Bool("saturate", true)
	b.Ignore("precision") // the division is done in float64, which is at least as good
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		s, err := newScales(c, x, c.In(1), c.In(2), axis, block)
		if err != nil {
			return err
		}
		e := elem
		if z := c.In(2); z != nil {
			e = z.Elem()
		} else if e == tensor.Undefined {
			e = tensor.Uint8
		}
		v, err := numbers(c, x)
		if err != nil {
			return err
		}
		y, err := c.Out(0, e, x.Shape())
		if err != nil {
			return err
		}
		lo, hi := bounds(e)
		single := x.Elem() != tensor.Float64 // then the quotient is rounded as the specification has it
		for i, f := range v {
			k := s.at(i)
			f /= s.scale[k]
			if single {
				f = float64(float32(f))
			}
			if e.IsInt() {
				f = min(max(math.RoundToEven(f)+s.zero(k), lo), hi)
			}
			v[i] = f
		}
		return convert.Rounding{Saturate: saturate}.Store(y, v)
	}), nil
}

// newDequantize gives the type of the scale, or output_dtype.
func newDequantize(b *op.Build) (op.Kernel, error) {
	axis, block := b.Int("axis", 1), b.Int("block_size", 0)
	elem := b.ElemOf("output_dtype", tensor.Undefined)
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		s, err := newScales(c, x, c.In(1), c.In(2), axis, block)
		if err != nil {
			return err
		}
		v, err := numbers(c, x)
		if err != nil {
			return err
		}
		e := elem
		if e == tensor.Undefined {
			e = c.In(1).Elem()
		}
		y, err := c.Out(0, e, x.Shape())
		if err != nil {
			return err
		}
		for i, q := range v {
			k := s.at(i)
			v[i] = (q - s.zero(k)) * s.scale[k]
		}
		return convert.Rounding{}.Store(y, v)
	}), nil
}

// newDynamic finds scale and zero point from the range of the input, zero included.
func newDynamic(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		src, err := tensor.Data[float32](x)
		if err != nil {
			return err
		}
		lo, hi := float32(0), float32(0)
		for _, v := range src {
			lo, hi = min(lo, v), max(hi, v)
		}
		scale := (hi - lo) / 255
		zero := float32(0)
		if scale != 0 {
			zero = float32(math.RoundToEven(float64(min(max(-lo/scale, 0), 255))))
		}
		y, err := c.Out(0, tensor.Uint8, x.Shape())
		if err != nil {
			return err
		}
		ys, err := c.Out(1, tensor.Float32, nil)
		if err != nil {
			return err
		}
		yz, err := c.Out(2, tensor.Uint8, nil)
		if err != nil {
			return err
		}
		tensor.Slice[float32](ys)[0], tensor.Slice[uint8](yz)[0] = scale, uint8(zero)
		for i, d := 0, tensor.Slice[uint8](y); i < len(d); i++ {
			d[i] = uint8(zero)
			if scale != 0 {
				d[i] = uint8(min(max(math.RoundToEven(float64(src[i]/scale))+float64(zero), 0), 255))
			}
		}
		return nil
	}), nil
}
