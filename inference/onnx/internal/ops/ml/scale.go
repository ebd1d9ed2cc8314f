package ml

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// newScaler is (x - offset) * scale, by column or for all.
func newScaler(b *op.Build) (op.Kernel, error) {
	offset, scale := b.Floats("offset"), b.Floats("scale")
	if offset == nil {
		offset = []float32{0}
	}
	if scale == nil {
		scale = []float32{1}
	}
	return op.Func(func(c *op.Ctx) error {
		x, v, err := floats(c, 0)
		if err != nil {
			return err
		}
		_, width := extent(x)
		if err := oneOrWidth("offset", len(offset), width); err != nil {
			return err
		}
		if err := oneOrWidth("scale", len(scale), width); err != nil {
			return err
		}
		y, err := c.Out(0, tensor.Float32, x.Shape())
		if err != nil {
			return err
		}
		scaleRows(tensor.Slice[float32](y), v, offset, scale, width)
		return nil
	}), nil
}

func scaleRows(dst, src, offset, scale []float32, width int) {
	if len(offset) == 1 && len(scale) == 1 {
		for i, v := range src {
			dst[i] = (v - offset[0]) * scale[0]
		}
		return
	}
	at := func(list []float32, i int) float32 { return list[min(i, len(list)-1)] }
	for r := 0; r < len(src); r += width {
		row, out := src[r:r+width], dst[r:r+width]
		for i, v := range row {
			out[i] = (v - at(offset, i)) * at(scale, i)
		}
	}
}

// newNormalizer divides each row by its norm; a row of norm 0 stays as it is.
func newNormalizer(b *op.Build) (op.Kernel, error) {
	norm := b.Str("norm", "MAX", "MAX", "L1", "L2")
	return op.Func(func(c *op.Ctx) error {
		x, v, err := floats(c, 0)
		if err != nil {
			return err
		}
		_, width := extent(x)
		y, err := c.Out(0, tensor.Float32, x.Shape())
		if err != nil {
			return err
		}
		dst := tensor.Slice[float32](y)
		for r := 0; r < len(v); r += width {
			normalize(dst[r:r+width], v[r:r+width], norm)
		}
		return nil
	}), nil
}

func normalize(dst, row []float32, norm string) {
	var n float64
	for i, v := range row {
		f := float64(v)
		switch norm {
		case "MAX":
			if i == 0 || f > n {
				n = f
			}
		case "L1":
			n += math.Abs(f)
		default:
			n += f * f
		}
	}
	if norm == "L2" {
		n = math.Sqrt(n)
	}
	if n == 0 {
		n = 1
	}
	for i, v := range row {
		dst[i] = float32(float64(v) / n)
	}
}

// newBinarizer is 1 above the threshold, else 0.
func newBinarizer(b *op.Build) (op.Kernel, error) {
	threshold := b.Float("threshold", 0)
	return op.Func(func(c *op.Ctx) error {
		x, v, err := floats(c, 0)
		if err != nil {
			return err
		}
		out, err := op.Scratch[float32](c, len(v))
		if err != nil {
			return err
		}
		for i, f := range v {
			out[i] = 0
			if f > threshold {
				out[i] = 1
			}
		}
		y, err := c.Out(0, x.Elem(), x.Shape())
		if err != nil {
			return err
		}
		return fromFloat32(y, out)
	}), nil
}

func fromFloat32(y *tensor.Tensor, v []float32) error {
	switch y.Elem() {
	case tensor.Float32:
		copy(tensor.Slice[float32](y), v)
	case tensor.Float64:
		convert(tensor.Slice[float64](y), v)
	case tensor.Int64:
		convert(tensor.Slice[int64](y), v)
	case tensor.Int32:
		convert(tensor.Slice[int32](y), v)
	default:
		return fmt.Errorf("%w: %v is not numeric", op.ErrType, y)
	}
	return nil
}

// newImputer replaces one value, NaN included, by another, by column or for all.
func newImputer(b *op.Build) (op.Kernel, error) {
	floatBy, intBy := b.Floats("imputed_value_floats"), b.Int64s("imputed_value_int64s")
	float := b.Float("replaced_value_float", 0)
	integer := int64(b.Int("replaced_value_int64", 0))
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		_, width := extent(x)
		switch x.Elem() {
		case tensor.Float32:
			return impute(c, x, width, float, floatBy)
		case tensor.Float64:
			return impute(c, x, width, float64(float), floatBy)
		case tensor.Int64:
			return impute(c, x, width, integer, intBy)
		case tensor.Int32:
			return impute(c, x, width, int32(integer), intBy)
		}
		return fmt.Errorf("%w: Imputer of %v", op.ErrType, x)
	}), nil
}

func impute[T interface {
	float32 | float64 | int64 | int32
	tensor.Type
}, L float32 | int64](c *op.Ctx, x *tensor.Tensor, width int, replaced T, by []L) error {
	if err := oneOrWidth("imputed_value", len(by), width); err != nil {
		return err
	}
	y, err := c.OutOver(0, 0, x.Elem(), x.Shape())
	if err != nil {
		return err
	}
	src, dst := tensor.Slice[T](x), tensor.Slice[T](y)
	nan := replaced != replaced
	for i, v := range src {
		if v == replaced || nan && v != v {
			k := 0
			if len(by) > 1 {
				k = i % width
			}
			v = T(by[k])
		}
		dst[i] = v
	}
	return nil
}
