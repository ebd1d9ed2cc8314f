package kernel

import "math"

// Integer lists the integer types of tensors.
type Integer interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

// Float lists the float types that are computed in.
type Float interface{ float32 | float64 }

// Number lists the types that arithmetic is defined on.
type Number interface{ Integer | Float }

// ArithOp names an arithmetic operation of two operands.
type ArithOp uint8

// The arithmetic operations.
const (
	Add ArithOp = iota
	Sub
	Mul
	Div
	Min
	Max
	Pow
	// Mod has the sign of the divisor, Fmod that of the dividend.
	Mod
	Fmod
)

// Arith computes dst = a op b over broadcast operands. Min and Max give NaN if
// either operand is NaN.
func Arith[T Number](op ArithOp, l *Loops, dst, a, b []T) {
	if d := asFloat32(dst); d != nil {
		arith32(op, l, d, asFloat32(a), asFloat32(b))
		return
	}
	arith(op, l, dst, a, b)
}

// arith32 uses the vector loops for the operations and runs that have one.
func arith32(op ArithOp, l *Loops, dst, a, b []float32) {
	isa := Best()
	sa, sb := l.Step[0], l.Step[1]
	if isa.lanes == 0 || op > Div || l.n < isa.lanes || sa == 0 && op != Add && op != Mul {
		arith(op, l, dst, a, b)
		return
	}
	l.Each(func(n, o, i, j, _ int) {
		d := dst[o : o+n]
		switch {
		case sa == sb:
			isa.arith(op, d, a[i:i+n], b[j:j+n], false)
		case sb == 0:
			isa.arith(op, d, a[i:i+n], b[j:j+1], true)
		default: // addition and multiplication commute
			isa.arith(op, d, b[j:j+n], a[i:i+1], true)
		}
	})
}

func arith[T Number](op ArithOp, l *Loops, dst, a, b []T) {
	sa, sb := l.Step[0], l.Step[1]
	l.Each(func(n, o, i, j, _ int) {
		d := dst[o : o+n]
		switch {
		case n == 1 || sa == sb:
			arithVV(op, d, a[i:i+n], b[j:j+n])
		case sb == 0:
			arithVS(op, d, a[i:i+n], b[j])
		default:
			arithSV(op, d, a[i], b[j:j+n])
		}
	})
}

func arithVV[T Number](op ArithOp, d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	switch op {
	case Add:
		for i := range d {
			d[i] = a[i] + b[i]
		}
	case Sub:
		for i := range d {
			d[i] = a[i] - b[i]
		}
	case Mul:
		for i := range d {
			d[i] = a[i] * b[i]
		}
	case Div:
		for i := range d {
			d[i] = div(a[i], b[i])
		}
	case Min:
		for i := range d {
			d[i] = min(a[i], b[i])
		}
	case Max:
		for i := range d {
			d[i] = max(a[i], b[i])
		}
	default:
		for i := range d {
			d[i] = rare(op, a[i], b[i])
		}
	}
}

func arithVS[T Number](op ArithOp, d, a []T, s T) {
	a = a[:len(d)]
	switch op {
	case Add:
		for i := range d {
			d[i] = a[i] + s
		}
	case Sub:
		for i := range d {
			d[i] = a[i] - s
		}
	case Mul:
		for i := range d {
			d[i] = a[i] * s
		}
	case Div:
		for i := range d {
			d[i] = div(a[i], s)
		}
	case Min:
		for i := range d {
			d[i] = min(a[i], s)
		}
	case Max:
		for i := range d {
			d[i] = max(a[i], s)
		}
	default:
		for i := range d {
			d[i] = rare(op, a[i], s)
		}
	}
}

func arithSV[T Number](op ArithOp, d []T, s T, b []T) {
	b = b[:len(d)]
	switch op {
	case Add:
		for i := range d {
			d[i] = s + b[i]
		}
	case Sub:
		for i := range d {
			d[i] = s - b[i]
		}
	case Mul:
		for i := range d {
			d[i] = s * b[i]
		}
	case Div:
		for i := range d {
			d[i] = div(s, b[i])
		}
	case Min:
		for i := range d {
			d[i] = min(s, b[i])
		}
	case Max:
		for i := range d {
			d[i] = max(s, b[i])
		}
	default:
		for i := range d {
			d[i] = rare(op, s, b[i])
		}
	}
}

// rare is an operation whose cost makes a call for each element bearable.
func rare[T Number](op ArithOp, a, b T) T {
	switch op {
	case Pow:
		return pow(a, b)
	case Mod:
		return mod(a, b)
	}
	return fmod(a, b)
}

// isFloat reports whether T is a float type.
func isFloat[T Number]() bool {
	half := T(1) / T(2)
	return half != 0
}

func div[T Number](a, b T) T {
	if b == 0 && !isFloat[T]() {
		return 0
	}
	return a / b
}

func pow[T Number](a, b T) T {
	if isFloat[T]() {
		return T(math.Pow(float64(a), float64(b)))
	}
	return PowInt(a, b)
}

// PowInt is a to the power of b in the arithmetic of T, with wrap-around. A
// negative power gives the integer part of the real result.
func PowInt[T Number](a, b T) T {
	if b < 0 {
		return T(math.Pow(float64(a), float64(b)))
	}
	r := T(1)
	for n := uint64(b); n > 0; n >>= 1 {
		if n&1 == 1 {
			r *= a
		}
		a *= a
	}
	return r
}

func mod[T Number](a, b T) T {
	r := fmod(a, b)
	if r != 0 && (r < 0) != (b < 0) {
		r += b
	}
	return r
}

func fmod[T Number](a, b T) T {
	if isFloat[T]() {
		return T(math.Mod(float64(a), float64(b)))
	}
	if b == 0 {
		return 0
	}
	return a - a/b*b
}

// CompareOp names a comparison.
type CompareOp uint8

// The comparisons.
const (
	Equal CompareOp = iota
	Less
	LessEqual
	Greater
	GreaterEqual
)

// Ordered lists the types that are compared.
type Ordered interface{ Number | string }

// Compare computes dst = a op b over broadcast operands.
func Compare[T Ordered](op CompareOp, l *Loops, dst []bool, a, b []T) {
	sa, sb := l.Step[0], l.Step[1]
	l.Each(func(n, o, i, j, _ int) {
		d := dst[o : o+n]
		switch op {
		case Equal:
			for k := range d {
				d[k] = a[i+k*sa] == b[j+k*sb]
			}
		case Less:
			for k := range d {
				d[k] = a[i+k*sa] < b[j+k*sb]
			}
		case LessEqual:
			for k := range d {
				d[k] = a[i+k*sa] <= b[j+k*sb]
			}
		case Greater:
			for k := range d {
				d[k] = a[i+k*sa] > b[j+k*sb]
			}
		default:
			for k := range d {
				d[k] = a[i+k*sa] >= b[j+k*sb]
			}
		}
	})
}

// Zip computes dst = f(a, b) over broadcast operands.
func Zip[A, B, R any](l *Loops, dst []R, a []A, b []B, f func(A, B) R) {
	sa, sb := l.Step[0], l.Step[1]
	l.Each(func(n, o, i, j, _ int) {
		for k := range n {
			dst[o+k] = f(a[i+k*sa], b[j+k*sb])
		}
	})
}

// Select computes dst = a where cond holds, else b, over broadcast operands.
func Select[T any](l *Loops, dst []T, cond []bool, a, b []T) {
	sc, sa, sb := l.Step[0], l.Step[1], l.Step[2]
	l.Each(func(n, o, h, i, j int) {
		for k := range n {
			if cond[h+k*sc] {
				dst[o+k] = a[i+k*sa]
			} else {
				dst[o+k] = b[j+k*sb]
			}
		}
	})
}

// Copy computes dst = a over a broadcast operand.
func Copy[T any](l *Loops, dst, a []T) {
	s := l.Step[0]
	l.Each(func(n, o, i, _, _ int) {
		if s == 1 {
			copy(dst[o:o+n], a[i:i+n])
			return
		}
		d := dst[o : o+n]
		v := a[i]
		for k := range d {
			d[k] = v
		}
	})
}

// AddScaled is dst[i] += w * src[i*step].
func AddScaled(dst, src []float32, w float32, step int) {
	if step == 1 {
		Best().Axpy(dst, src, w)
		return
	}
	k := 0
	for i := range dst {
		dst[i] += w * src[k]
		k += step
	}
}
