package elementwise

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/convert"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// newCast converts to the element type in attribute to. Before version 6 the type
// was given by name.
func newCast(b *op.Build) (op.Kernel, error) {
	var to tensor.Elem
	if b.Version() < 6 {
		to = elemNamed(b.Str("to", ""))
	} else {
		to = b.ElemOf("to", tensor.Undefined)
	}
	if to == tensor.Undefined {
		b.Fail("attribute to is missing or no element type")
	}
	k := &cast{to: to, rounding: newRounding(b)}
	return k, nil
}

func newRounding(b *op.Build) convert.Rounding {
	return convert.Rounding{Saturate: b.Bool("saturate", true), Mode: b.Str("round_mode", "up", "up", "down", "nearest")}
}

func elemNamed(name string) tensor.Elem {
	names := map[string]tensor.Elem{"FLOAT": tensor.Float32, "DOUBLE": tensor.Float64}
	if e, ok := names[strings.ToUpper(name)]; ok {
		return e
	}
	for e := tensor.Float32; e.Valid(); e++ {
		if strings.EqualFold(e.String(), name) {
			return e
		}
	}
	return tensor.Undefined
}

func newCastLike(b *op.Build) (op.Kernel, error) {
	k := cast{rounding: newRounding(b)}
	return op.Func(func(c *op.Ctx) error {
		like, err := c.Need(1)
		if err != nil {
			return err
		}
		as := k
		as.to = like.Elem()
		return as.Run(c)
	}), nil
}

// cast converts between any two element types.
type cast struct {
	to       tensor.Elem
	rounding convert.Rounding
}

func (k *cast) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	if x.Elem() == k.to {
		return c.Pass(0, 0)
	}
	y, err := c.Out(0, k.to, x.Shape())
	if err != nil {
		return err
	}
	if done := castFast(y, x); done {
		return nil
	}
	switch {
	case x.Elem() == tensor.String:
		return castFromStrings(c, y, x.Strings(), k)
	case k.to == tensor.String:
		return castToStrings(y.Strings(), x)
	case x.Elem().IsInt() && k.to.IsInt():
		return castInts(c, y, x)
	}
	v, err := op.Scratch[float64](c, x.Len())
	if err != nil {
		return err
	}
	if err := convert.ToFloat64(v, x); err != nil {
		return err
	}
	return k.rounding.Store(y, v)
}

// castFast covers the pairs that models use most.
func castFast(y, x *tensor.Tensor) bool {
	switch {
	case x.Elem() == tensor.Int64 && y.Elem() == tensor.Float32:
		convert.Slice(tensor.Slice[float32](y), tensor.Slice[int64](x))
	case x.Elem() == tensor.Int64 && y.Elem() == tensor.Int32:
		convert.Slice(tensor.Slice[int32](y), tensor.Slice[int64](x))
	case x.Elem() == tensor.Int32 && y.Elem() == tensor.Int64:
		convert.Slice(tensor.Slice[int64](y), tensor.Slice[int32](x))
	case x.Elem() == tensor.Float64 && y.Elem() == tensor.Float32:
		convert.Slice(tensor.Slice[float32](y), tensor.Slice[float64](x))
	case x.Elem() == tensor.Float32 && y.Elem() == tensor.Float64:
		convert.Slice(tensor.Slice[float64](y), tensor.Slice[float32](x))
	case x.Elem() == tensor.Float32 && y.Elem().IsHalf():
		tensor.Narrow(y, tensor.Slice[float32](x))
	case x.Elem().IsHalf() && y.Elem() == tensor.Float32:
		tensor.Widen(tensor.Slice[float32](y), x)
	case x.Elem() == tensor.Bool && y.Elem() == tensor.Float32:
		d := tensor.Slice[float32](y)
		for i, b := range x.Bytes() {
			d[i] = float32(b)
		}
	default:
		return false
	}
	return true
}

// castInts converts between integer types with wrap-around.
func castInts(c *op.Ctx, y, x *tensor.Tensor) error {
	v, err := op.Scratch[int64](c, x.Len())
	if err != nil {
		return err
	}
	convert.LoadInts(v, x)
	convert.StoreInts(y, func(i int) int64 { return v[i] })
	return nil
}

// castFromStrings parses numbers as Python does: surrounding space is allowed,
// "inf", "-INF" and "NaN" are understood, and integers may be written as floats.
func castFromStrings(c *op.Ctx, y *tensor.Tensor, src []string, k *cast) error {
	if y.Elem().IsInt() {
		v, err := op.Scratch[int64](c, len(src))
		if err != nil {
			return err
		}
		for i, s := range src {
			if v[i], err = parseInt(s); err != nil {
				return err
			}
		}
		convert.StoreInts(y, func(i int) int64 { return v[i] })
		return nil
	}
	v, err := op.Scratch[float64](c, len(src))
	if err != nil {
		return err
	}
	for i, s := range src {
		f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil && !math.IsInf(f, 0) {
			return fmt.Errorf("%w: %q is not a number", op.ErrInput, s)
		}
		v[i] = f
	}
	return k.rounding.Store(y, v)
}

func parseInt(s string) (int64, error) {
	s = strings.TrimSpace(s)
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		return v, nil
	}
	if v, err := strconv.ParseUint(s, 10, 64); err == nil {
		return int64(v), nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %q is not an integer", op.ErrInput, s)
	}
	return convert.FloatToInt(f, tensor.Int64), nil
}

// castToStrings writes numbers in their shortest form that reads back the same.
func castToStrings(dst []string, x *tensor.Tensor) error {
	switch e := x.Elem(); {
	case e == tensor.Bool:
		for i, b := range x.Bytes() {
			dst[i] = [2]string{"False", "True"}[b]
		}
		return nil
	case e == tensor.Uint64:
		for i, v := range tensor.Slice[uint64](x) {
			dst[i] = strconv.FormatUint(v, 10)
		}
		return nil
	case e.IsInt():
		v := make([]int64, x.Len())
		convert.LoadInts(v, x)
		for i := range dst {
			dst[i] = strconv.FormatInt(v[i], 10)
		}
		return nil
	}
	v := make([]float64, x.Len())
	if err := convert.ToFloat64(v, x); err != nil {
		return err
	}
	bits := 32
	if x.Elem() == tensor.Float64 {
		bits = 64
	}
	for i := range dst {
		dst[i] = formatFloat(v[i], bits)
	}
	return nil
}

func formatFloat(v float64, bits int) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "INF"
	case math.IsInf(v, -1):
		return "-INF"
	}
	return strconv.FormatFloat(v, 'g', -1, bits)
}

// newBitCast sees the same bits as another type of the same width.
func newBitCast(b *op.Build) (op.Kernel, error) {
	to := b.ElemOf("to", tensor.Undefined)
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		if x.Elem().Bits() != to.Bits() || to == tensor.String {
			return fmt.Errorf("%w: BitCast of %v to %v", op.ErrType, x, to)
		}
		y, err := c.Out(0, to, x.Shape())
		if err != nil {
			return err
		}
		copy(y.Bytes(), x.Bytes())
		return nil
	}), nil
}
