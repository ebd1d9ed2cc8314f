package tensor

import "strconv"

// Elem is the type of a tensor's elements. The numbers are those of ONNX
// (TensorProto.DataType), so that a reader needs no table.
type Elem uint8

// The element types. Float8 names say exponent and mantissa bits; FN is finite
// only (no infinities), UZ has no negative zero.
const (
	Undefined      Elem = 0
	Float32        Elem = 1
	Uint8          Elem = 2
	Int8           Elem = 3
	Uint16         Elem = 4
	Int16          Elem = 5
	Int32          Elem = 6
	Int64          Elem = 7
	String         Elem = 8
	Bool           Elem = 9
	Float16        Elem = 10
	Float64        Elem = 11
	Uint32         Elem = 12
	Uint64         Elem = 13
	Complex64      Elem = 14
	Complex128     Elem = 15
	BFloat16       Elem = 16
	Float8E4M3FN   Elem = 17
	Float8E4M3FNUZ Elem = 18
	Float8E5M2     Elem = 19
	Float8E5M2FNUZ Elem = 20
	Uint4          Elem = 21
	Int4           Elem = 22
	Float4E2M1     Elem = 23
	Float8E8M0     Elem = 24
	Uint2          Elem = 25
	Int2           Elem = 26
)

// elemInfo is what is fixed about an element type: its name and the bytes that
// one element takes in memory (0 for strings, which are not kept as bytes).
type elemInfo struct {
	name string
	size uint8
}

var elems = [...]elemInfo{
	Undefined: {"undefined", 0},
	Float32:   {"float32", 4}, Float64: {"float64", 8}, Float16: {"float16", 2}, BFloat16: {"bfloat16", 2},
	Uint8: {"uint8", 1}, Uint16: {"uint16", 2}, Uint32: {"uint32", 4}, Uint64: {"uint64", 8},
	Int8: {"int8", 1}, Int16: {"int16", 2}, Int32: {"int32", 4}, Int64: {"int64", 8},
	String: {"string", 0}, Bool: {"bool", 1},
	Complex64: {"complex64", 8}, Complex128: {"complex128", 16},
	Float8E4M3FN: {"float8e4m3fn", 1}, Float8E4M3FNUZ: {"float8e4m3fnuz", 1},
	Float8E5M2: {"float8e5m2", 1}, Float8E5M2FNUZ: {"float8e5m2fnuz", 1}, Float8E8M0: {"float8e8m0", 1},
	Float4E2M1: {"float4e2m1", 1},
	Uint4:      {"uint4", 1}, Int4: {"int4", 1}, Uint2: {"uint2", 1}, Int2: {"int2", 1},
}

// Valid reports whether e is one of the named types, [Undefined] excluded.
func (e Elem) Valid() bool { return e != Undefined && int(e) < len(elems) }

// Size is the number of bytes one element takes in memory; 0 for strings.
func (e Elem) Size() int {
	if int(e) >= len(elems) {
		return 0
	}
	return int(elems[e].size)
}

// String is the type's name, such as "float32".
func (e Elem) String() string {
	if int(e) >= len(elems) {
		return "elem(" + strconv.Itoa(int(e)) + ")"
	}
	return elems[e].name
}

// IsFloat reports whether e is a floating-point type of any width.
func (e Elem) IsFloat() bool {
	switch e {
	case Float32, Float64:
		return true
	}
	return e.IsHalf() || e.isTinyFloat()
}

// IsHalf reports whether e is one of the two 16-bit float types.
func (e Elem) IsHalf() bool { return e == Float16 || e == BFloat16 }

// IsInt reports whether e is an integer type of any width, bool excluded.
func (e Elem) IsInt() bool {
	switch e {
	case Uint8, Uint16, Uint32, Uint64, Int8, Int16, Int32, Int64, Uint4, Int4, Uint2, Int2:
		return true
	}
	return false
}

// Bits is the width of one element where it is stored densely: 4 for int4, 32
// for float32, 0 for strings.
func (e Elem) Bits() int {
	switch e {
	case Uint4, Int4, Float4E2M1:
		return 4
	case Uint2, Int2:
		return 2
	}
	return 8 * e.Size()
}

func (e Elem) isTinyFloat() bool {
	switch e {
	case Float8E4M3FN, Float8E4M3FNUZ, Float8E5M2, Float8E5M2FNUZ, Float8E8M0, Float4E2M1:
		return true
	}
	return false
}

// Element types of Go that Go has no name for. Each holds the bits of one
// element; the methods of [F16] and [BF16], and [ToFloat32], give its value.
type (
	// F16 is an IEEE 754 half-precision number.
	F16 uint16
	// BF16 is the upper half of a float32.
	BF16 uint16
	// F8E4M3FN has 4 exponent and 3 mantissa bits and no infinities.
	F8E4M3FN uint8
	// F8E4M3FNUZ is like F8E4M3FN with exponent bias 8 and no negative zero.
	F8E4M3FNUZ uint8
	// F8E5M2 has 5 exponent and 2 mantissa bits.
	F8E5M2 uint8
	// F8E5M2FNUZ is like F8E5M2 with exponent bias 16, no infinities, no negative zero.
	F8E5M2FNUZ uint8
	// F8E8M0 is a power of two, from 2^-127 on; used for block scales.
	F8E8M0 uint8
	// F4E2M1 is a 4-bit float, one a byte.
	F4E2M1 uint8
	// U4 is a 4-bit unsigned integer, one a byte.
	U4 uint8
	// I4 is a 4-bit signed integer, sign-extended, one a byte.
	I4 int8
	// U2 is a 2-bit unsigned integer, one a byte.
	U2 uint8
	// I2 is a 2-bit signed integer, sign-extended, one a byte.
	I2 int8
)

// Type lists the Go types an element can be seen as.
type Type interface {
	float32 | float64 | F16 | BF16 |
		int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 |
		bool | string | complex64 | complex128 |
		F8E4M3FN | F8E4M3FNUZ | F8E5M2 | F8E5M2FNUZ | F8E8M0 | F4E2M1 | U4 | I4 | U2 | I2
}

// ElemOf is the element type that T stands for.
func ElemOf[T Type]() Elem {
	var zero T
	switch any(zero).(type) {
	case float32:
		return Float32
	case int64:
		return Int64
	case float64:
		return Float64
	case string:
		return String
	case bool:
		return Bool
	case int32:
		return Int32
	case uint8:
		return Uint8
	case int8:
		return Int8
	}
	return elemOfRare(any(zero))
}

// elemOfRare keeps ElemOf short for the types that hot paths ask for.
func elemOfRare(zero any) Elem {
	switch zero.(type) {
	case int16:
		return Int16
	case uint16:
		return Uint16
	case uint32:
		return Uint32
	case uint64:
		return Uint64
	case complex64:
		return Complex64
	case complex128:
		return Complex128
	case F16:
		return Float16
	case BF16:
		return BFloat16
	case F8E4M3FN:
		return Float8E4M3FN
	case F8E4M3FNUZ:
		return Float8E4M3FNUZ
	case F8E5M2:
		return Float8E5M2
	case F8E5M2FNUZ:
		return Float8E5M2FNUZ
	case F8E8M0:
		return Float8E8M0
	case F4E2M1:
		return Float4E2M1
	case U4:
		return Uint4
	case I4:
		return Int4
	case U2:
		return Uint2
	case I2:
		return Int2
	}
	return Undefined
}
