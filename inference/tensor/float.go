package tensor

import "math"

// Float32 is the value of h.
func (h F16) Float32() float32 {
	sign := uint32(h&0x8000) << 16
	exp := uint32(h>>10) & 0x1f
	man := uint32(h) & 0x3ff
	switch {
	case exp == 0x1f: // infinity, NaN
		return math.Float32frombits(sign | 0x7f800000 | man<<13)
	case exp != 0:
		return math.Float32frombits(sign | (exp+112)<<23 | man<<13)
	case man == 0:
		return math.Float32frombits(sign)
	}
	// Subnormal: man * 2^-24, exact in float32.
	v := float32(man) * (1.0 / (1 << 24))
	return math.Float32frombits(math.Float32bits(v) | sign)
}

// Float32 is the value of b.
func (b BF16) Float32() float32 { return math.Float32frombits(uint32(b) << 16) }

// ToF16 rounds to the nearest half, ties to even; too large becomes infinity.
func ToF16(f float32) F16 {
	bits := math.Float32bits(f)
	sign := F16(bits >> 16 & 0x8000)
	bits &= 0x7fffffff
	switch {
	case bits > 0x7f800000: // NaN stays NaN, with its upper payload
		return sign | 0x7e00 | F16(bits>>13&0x1ff)
	case bits >= 0x477ff000: // rounds to 65520 or more
		return sign | 0x7c00
	case bits < 0x38800000: // below the least normal half, 2^-14
		return sign | subnormalF16(bits)
	}
	bits += 0xfff + bits>>13&1
	return sign | F16(bits>>13-112<<10)
}

// subnormalF16 rounds a magnitude below 2^-14 to a multiple of 2^-24, by adding
// a number whose last bit is worth 2^-24.
func subnormalF16(bits uint32) F16 {
	const magic = 0.5 // 2^-1: its last mantissa bit is 2^-24
	v := math.Float32frombits(bits) + magic
	return F16(math.Float32bits(v) - math.Float32bits(magic))
}

// ToBF16 rounds to the nearest bfloat16, ties to even.
func ToBF16(f float32) BF16 {
	bits := math.Float32bits(f)
	if bits&0x7fffffff > 0x7f800000 {
		return BF16(bits>>16) | 0x40
	}
	return BF16((bits + 0x7fff + bits>>16&1) >> 16)
}

// tinyFormat describes a float of at most 8 bits.
type tinyFormat struct {
	exp, man uint // bits
	bias     int
	// largest is the bit pattern of the largest finite magnitude; nan that of NaN
	// (without sign); inf that of infinity, or 0 where there is none.
	largest, nan, inf uint8
	// uz formats have one zero and one NaN, at the pattern of negative zero.
	uz bool
	// noNaN formats turn NaN into negative zero, as the reference implementation does.
	noNaN bool
}

func formatOf(e Elem) (tinyFormat, bool) {
	switch e {
	case Float8E4M3FN:
		return tinyFormat{exp: 4, man: 3, bias: 7, largest: 0x7e, nan: 0x7f}, true
	case Float8E4M3FNUZ:
		return tinyFormat{exp: 4, man: 3, bias: 8, largest: 0x7f, nan: 0x80, uz: true}, true
	case Float8E5M2:
		return tinyFormat{exp: 5, man: 2, bias: 15, largest: 0x7b, nan: 0x7f, inf: 0x7c}, true
	case Float8E5M2FNUZ:
		return tinyFormat{exp: 5, man: 2, bias: 16, largest: 0x7f, nan: 0x80, uz: true}, true
	case Float4E2M1:
		return tinyFormat{exp: 2, man: 1, bias: 1, largest: 0x7, noNaN: true}, true
	}
	return tinyFormat{}, false
}

// TinyToFloat32 is the value of an element of one of the float types of 8 bits or
// less; NaN for other types.
func TinyToFloat32(e Elem, bits uint8) float32 {
	if e == Float8E8M0 {
		return e8m0(bits)
	}
	f, ok := formatOf(e)
	if !ok {
		return float32(math.NaN())
	}
	width := f.exp + f.man
	sign, mag := bits>>width&1, bits&(1<<width-1)
	switch {
	case f.uz && bits == f.nan, !f.uz && !f.noNaN && mag > f.largest && mag != f.inf:
		return float32(math.NaN())
	case f.inf != 0 && mag == f.inf:
		return float32(math.Inf(1 - 2*int(sign)))
	}
	v := math.Ldexp(float64(mag&(1<<f.man-1)), 1-f.bias-int(f.man))
	if e := int(mag >> f.man); e > 0 {
		v = math.Ldexp(float64(mag&(1<<f.man-1)|1<<f.man), e-f.bias-int(f.man))
	}
	if sign == 1 {
		v = -v
	}
	return float32(v)
}

func e8m0(bits uint8) float32 {
	if bits == 0xff {
		return float32(math.NaN())
	}
	return float32(math.Ldexp(1, int(bits)-127))
}

// Float32ToTiny rounds to nearest, ties to even, in one of the float types of 8
// bits or less. A value out of range becomes the largest magnitude if saturate is
// set, else infinity or, where the type has none, NaN.
func Float32ToTiny(e Elem, v float32, saturate bool) uint8 {
	f, ok := formatOf(e)
	if !ok {
		return 0
	}
	sign := uint8(math.Float32bits(v) >> 31 << (f.exp + f.man))
	x := math.Abs(float64(v))
	if math.IsNaN(x) {
		return f.ofNaN(sign)
	}
	mag := f.round(x)
	if mag > int(f.largest) {
		return f.overflow(sign, saturate)
	}
	if f.uz && mag == 0 {
		return 0
	}
	return sign | uint8(mag)
}

// round is the magnitude's bit pattern, possibly beyond the largest finite one.
func (f tinyFormat) round(x float64) int {
	if x == 0 {
		return 0
	}
	if math.IsInf(x, 1) {
		return math.MaxInt32
	}
	_, e := math.Frexp(x) // x = m * 2^e, m in [0.5, 1)
	exp := max(e-1, 1-f.bias)
	steps := math.RoundToEven(math.Ldexp(x, int(f.man)-exp))
	if steps > 1<<20 {
		return math.MaxInt32
	}
	// Patterns are consecutive across exponents, so a carry needs no care.
	return int(steps) + (exp+f.bias-1)<<f.man
}

func (f tinyFormat) ofNaN(sign uint8) uint8 {
	switch {
	case f.noNaN:
		return 1 << (f.exp + f.man)
	case f.uz:
		return f.nan
	}
	return sign | f.nan
}

func (f tinyFormat) overflow(sign uint8, saturate bool) uint8 {
	switch {
	case saturate || f.noNaN:
		return sign | f.largest
	case f.inf != 0:
		return sign | f.inf
	}
	return f.ofNaN(sign)
}

// Widen writes the elements of a tensor of 16-bit floats to dst, which must be as
// long.
func Widen(dst []float32, src *Tensor) {
	for i, v := range Slice[F16](src) {
		dst[i] = v.Float32()
	}
	for i, v := range Slice[BF16](src) {
		dst[i] = v.Float32()
	}
}

// Narrow rounds src to the elements of a tensor of 16-bit floats as long.
func Narrow(dst *Tensor, src []float32) {
	for i, h := 0, Slice[F16](dst); i < len(h); i++ {
		h[i] = ToF16(src[i])
	}
	for i, h := 0, Slice[BF16](dst); i < len(h); i++ {
		h[i] = ToBF16(src[i])
	}
}
