package convert

import (
	"math"

	"github.com/turgo-io/turgo/inference/tensor"
)

// Rounding says how numbers become narrow floats.
type Rounding struct {
	// Saturate makes what is beyond the range of a float8 its largest magnitude, not
	// infinity or NaN.
	Saturate bool
	// Mode is the rounding to a float8e8m0: up, down or nearest.
	Mode string
}

// Store is FromFloat64 for narrow types as well, and with a conversion of floats to
// integers that wraps around instead of depending on the machine.
func (k Rounding) Store(y *tensor.Tensor, v []float64) error {
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
			d[i] = toE8M0(float32(v[i]), k.Mode, k.Saturate)
		}
	case e.IsFloat() && e.Size() == 1:
		for i, d := 0, y.Bytes(); i < len(d); i++ {
			d[i] = tensor.Float32ToTiny(e, float32(v[i]), k.Saturate)
		}
	case e.IsInt():
		StoreInts(y, func(i int) int64 { return FloatToInt(v[i], e) })
	default:
		return FromFloat64(y, v)
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
