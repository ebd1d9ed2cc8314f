package elementwise

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// newCast converts to the element type in attribute to. Before version 6 the type
// was given by name.
func newCast(b *op.Build) (op.Kernel, error) {
	to := tensor.Undefined
	if b.Version() < 6 {
		to = elemNamed(b.Str("to", ""))
	} else {
		to = b.ElemOf("to", tensor.Undefined)
	}
	if to == tensor.Undefined {
		b.Fail("attribute to is missing or no element type")
	}
	k := &cast{to: to, saturate: b.Bool("saturate", true), up: b.Str("round_mode", "up", "up", "down", "nearest")}
	return k, nil
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
	k := cast{saturate: b.Bool("saturate", true), up: b.Str("round_mode", "up", "up", "down", "nearest")}
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
	saturate bool   // for float8: beyond the range means the largest magnitude
	up       string // rounding mode for float8e8m0
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
	if err := toFloat64(v, x); err != nil {
		return err
	}
	return k.fromFloat64(y, v)
}

// castFast covers the pairs that models use most.
func castFast(y, x *tensor.Tensor) bool {
	switch {
	case x.Elem() == tensor.Int64 && y.Elem() == tensor.Float32:
		convert(tensor.Slice[float32](y), tensor.Slice[int64](x))
	case x.Elem() == tensor.Int64 && y.Elem() == tensor.Int32:
		convert(tensor.Slice[int32](y), tensor.Slice[int64](x))
	case x.Elem() == tensor.Int32 && y.Elem() == tensor.Int64:
		convert(tensor.Slice[int64](y), tensor.Slice[int32](x))
	case x.Elem() == tensor.Float64 && y.Elem() == tensor.Float32:
		convert(tensor.Slice[float32](y), tensor.Slice[float64](x))
	case x.Elem() == tensor.Float32 && y.Elem() == tensor.Float64:
		convert(tensor.Slice[float64](y), tensor.Slice[float32](x))
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

// fromFloat64 is fromFloat64 for narrow types as well, and with the conversion of
// floats to integers that wraps around instead of depending on the machine.
func (k *cast) fromFloat64(y *tensor.Tensor, v []float64) error {
	switch e := y.Elem(); {
	case e == tensor.Float16:
		for i, d := 0, tensor.Slice[tensor.F16](y); i < len(d); i++ {
			d[i] = tensor.ToF16(float32(v[i]))
		}
	case e == tensor.BFloat16:
		for i, d := 0, tensor.Slice[tensor.BF16](y); i < len(d); i++ {
			d[i] = tensor.ToBF16(float32(v[i]))
		}
	case e == tensor.Float8E8M0:
		for i, d := 0, y.Bytes(); i < len(d); i++ {
			d[i] = toE8M0(float32(v[i]), k.up, k.saturate)
		}
	case e.IsFloat() && e.Size() == 1:
		for i, d := 0, y.Bytes(); i < len(d); i++ {
			d[i] = tensor.Float32ToTiny(e, float32(v[i]), k.saturate)
		}
	case e.IsInt():
		storeInts(y, func(i int) int64 { return floatToInt(v[i], e) })
	default:
		return fromFloat64(y, v)
	}
	return nil
}

// toE8M0 gives the exponent of a power of two, rounded as asked.
func toE8M0(v float32, mode string, saturate bool) uint8 {
	if v != v {
		return 0xff
	}
	x := math.Abs(float64(v))
	if math.IsInf(x, 1) {
		if saturate {
			return 0xfe
		}
		return 0xff
	}
	if x == 0 {
		return 0
	}
	frac, e := math.Frexp(x) // x = frac * 2^e, frac in [0.5, 1)
	exp := e - 1
	switch {
	case mode == "up" && frac > 0.5, mode == "nearest" && frac >= 0.75:
		exp++
	}
	exp += 127
	switch {
	case exp < 0:
		return 0
	case exp > 0xfe && saturate:
		return 0xfe
	case exp > 0xfe:
		return 0xff
	}
	return uint8(exp)
}

// floatToInt cuts off towards zero; what an int64 cannot hold becomes the least
// int64, as on amd64. Bits beyond the target's width are dropped by the store.
func floatToInt(v float64, e tensor.Elem) int64 {
	if e == tensor.Uint64 && v >= 1<<63 && v < 1<<64 {
		return int64(uint64(v))
	}
	if v != v || v >= 1<<63 || v < -(1<<63) {
		return math.MinInt64
	}
	return int64(v)
}

// castInts converts between integer types with wrap-around.
func castInts(c *op.Ctx, y, x *tensor.Tensor) error {
	v, err := op.Scratch[int64](c, x.Len())
	if err != nil {
		return err
	}
	loadInts(v, x)
	storeInts(y, func(i int) int64 { return v[i] })
	return nil
}

// loadInts reads any integer tensor as int64, uint64 by its bits.
func loadInts(dst []int64, t *tensor.Tensor) {
	switch t.Elem() {
	case tensor.Int64:
		copy(dst, tensor.Slice[int64](t))
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
	case tensor.Int4, tensor.Int2:
		for i, b := range t.Bytes() {
			dst[i] = int64(int8(b))
		}
	default:
		for i, b := range t.Bytes() {
			dst[i] = int64(b)
		}
	}
}

// storeInts writes integers to a tensor of any integer type, dropping high bits.
func storeInts(t *tensor.Tensor, at func(i int) int64) {
	switch t.Elem() {
	case tensor.Int64:
		fill(tensor.Slice[int64](t), at)
	case tensor.Int32:
		fill(tensor.Slice[int32](t), at)
	case tensor.Int16:
		fill(tensor.Slice[int16](t), at)
	case tensor.Int8:
		fill(tensor.Slice[int8](t), at)
	case tensor.Uint64:
		fill(tensor.Slice[uint64](t), at)
	case tensor.Uint32:
		fill(tensor.Slice[uint32](t), at)
	case tensor.Uint16:
		fill(tensor.Slice[uint16](t), at)
	case tensor.Uint8:
		fill(tensor.Slice[uint8](t), at)
	default:
		storeNarrow(t, at)
	}
}

func fill[T integer](dst []T, at func(i int) int64) {
	for i := range dst {
		dst[i] = T(at(i))
	}
}

// storeNarrow keeps the low bits of types narrower than a byte, sign-extended.
func storeNarrow(t *tensor.Tensor, at func(i int) int64) {
	shift := 8 - t.Elem().Bits()
	signed := t.Elem() == tensor.Int4 || t.Elem() == tensor.Int2
	for i, d := 0, t.Bytes(); i < len(d); i++ {
		v := byte(at(i)) << shift
		if signed {
			d[i] = byte(int8(v) >> shift)
		} else {
			d[i] = v >> shift
		}
	}
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
		storeInts(y, func(i int) int64 { return v[i] })
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
	return k.fromFloat64(y, v)
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
	return floatToInt(f, tensor.Int64), nil
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
		loadInts(v, x)
		for i := range dst {
			dst[i] = strconv.FormatInt(v[i], 10)
		}
		return nil
	}
	v := make([]float64, x.Len())
	if err := toFloat64(v, x); err != nil {
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
