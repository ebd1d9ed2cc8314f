package kernel

import (
	"math"
	"unsafe"
)

// unaryOp names a function of one number that has a vector loop.
type unaryOp uint8

const (
	opRelu unaryOp = iota
	opExp
	opSigmoid
	opTanh
	opErf
	opGelu
	opGeluTanh
	opSilu
)

// maxLanes is the width of the widest vector loops. The lengths of vector loops are
// multiples of ISA.lanes.
const maxLanes = 16

// unary is dst = op(src). Elements beyond the last full vector go through a padded
// one, so that a number gives the same result wherever it stands.
func (s *ISA) unary(op unaryOp, dst, src []float32) {
	if s.lanes == 0 {
		scalarUnary(op, dst, src)
		return
	}
	dst = dst[:len(src)]
	n := len(src) &^ (s.lanes - 1)
	if n > 0 {
		vecUnary(s.lanes, op, &dst[0], &src[0], n)
	}
	if n < len(src) {
		var buf [maxLanes]float32
		copy(buf[:], src[n:])
		vecUnary(s.lanes, op, &buf[0], &buf[0], s.lanes)
		copy(dst[n:], buf[:])
	}
}

func scalarUnary(op unaryOp, dst, src []float32) {
	dst = dst[:len(src)]
	switch op {
	case opRelu:
		for i, v := range src {
			dst[i] = max(v, 0)
		}
	case opExp:
		for i, v := range src {
			dst[i] = Exp(v)
		}
	case opSigmoid:
		for i, v := range src {
			dst[i] = Sigmoid(v)
		}
	case opTanh:
		for i, v := range src {
			dst[i] = Tanh(v)
		}
	case opErf:
		for i, v := range src {
			dst[i] = Erf(v)
		}
	case opGelu:
		for i, v := range src {
			dst[i] = Gelu(v)
		}
	case opGeluTanh:
		for i, v := range src {
			dst[i] = GeluTanh(v)
		}
	default:
		for i, v := range src {
			dst[i] = v * Sigmoid(v)
		}
	}
}

// Relu is dst = max(src, 0); NaN stays NaN.
func (s *ISA) Relu(dst, src []float32) { s.unary(opRelu, dst, src) }

// Exp is dst = e^src, within 2 units in the last place.
func (s *ISA) Exp(dst, src []float32) { s.unary(opExp, dst, src) }

// Sigmoid is dst = 1/(1+e^-src).
func (s *ISA) Sigmoid(dst, src []float32) { s.unary(opSigmoid, dst, src) }

// Tanh is dst = tanh(src), within 2e-7.
func (s *ISA) Tanh(dst, src []float32) { s.unary(opTanh, dst, src) }

// Erf is dst = erf(src), within 3e-7.
func (s *ISA) Erf(dst, src []float32) { s.unary(opErf, dst, src) }

// Gelu is dst = src/2 * (1 + erf(src/sqrt 2)).
func (s *ISA) Gelu(dst, src []float32) { s.unary(opGelu, dst, src) }

// GeluTanh is Gelu with the error function approximated by tanh.
func (s *ISA) GeluTanh(dst, src []float32) { s.unary(opGeluTanh, dst, src) }

// Silu is dst = src/(1+e^-src).
func (s *ISA) Silu(dst, src []float32) { s.unary(opSilu, dst, src) }

// Axpy is dst += w * src.
func (s *ISA) Axpy(dst, src []float32, w float32) {
	src = src[:len(dst)]
	n := 0
	if s.lanes > 0 {
		if n = len(dst) &^ (s.lanes - 1); n > 0 {
			vecAxpy(s.lanes, &dst[0], &src[0], &w, n)
		}
	}
	for i := n; i < len(dst); i++ {
		dst[i] += w * src[i]
	}
}

// MaxInto is dst = max(dst, src).
func (s *ISA) MaxInto(dst, src []float32) {
	src = src[:len(dst)]
	n := 0
	if s.lanes > 0 {
		if n = len(dst) &^ (s.lanes - 1); n > 0 {
			vecMaxInto(s.lanes, &dst[0], &src[0], n)
		}
	}
	for i := n; i < len(dst); i++ {
		dst[i] = max(dst[i], src[i])
	}
}

// Dot is the sum of products.
func (s *ISA) Dot(a, b []float32) float32 {
	b = b[:len(a)]
	sum, n := float32(0), 0
	if s.lanes > 0 {
		if n = len(a) &^ (4*s.lanes - 1); n > 0 {
			var acc [maxLanes]float32
			vecDot(s.lanes, &acc[0], &a[0], &b[0], n)
			for _, v := range acc {
				sum += v
			}
		}
	}
	for i, v := range a[n:] {
		sum += v * b[n+i]
	}
	return sum
}

// Max is the largest of x, -Inf of nothing.
func (s *ISA) Max(x []float32) float32 {
	top, n := float32(math.Inf(-1)), 0
	if s.lanes > 0 {
		if n = len(x) &^ (s.lanes - 1); n > 0 {
			var acc [maxLanes]float32
			for i := range acc {
				acc[i] = top
			}
			vecMax(s.lanes, &acc[0], &x[0], n)
			for _, v := range acc {
				top = max(top, v)
			}
		}
	}
	for _, v := range x[n:] {
		top = max(top, v)
	}
	return top
}

// ExpSum is dst = e^(src - shift), and the sum of it.
func (s *ISA) ExpSum(dst, src []float32, shift float32) float32 {
	dst = dst[:len(src)]
	sum, n := float32(0), 0
	if s.lanes > 0 {
		n = len(src) &^ (s.lanes - 1)
		var acc [maxLanes]float32
		if n > 0 {
			vecExpSum(s.lanes, &acc[0], &dst[0], &src[0], &shift, n)
		}
		if n < len(src) {
			var buf [maxLanes]float32
			r := copy(buf[:], src[n:])
			for i := r; i < maxLanes; i++ {
				buf[i] = float32(math.Inf(-1)) // adds nothing
			}
			vecExpSum(s.lanes, &acc[0], &buf[0], &buf[0], &shift, s.lanes)
			copy(dst[n:], buf[:])
		}
		for _, v := range acc {
			sum += v
		}
		return sum
	}
	for i, v := range src {
		e := Exp(v - shift)
		dst[i] = e
		sum += e
	}
	return sum
}

// arith computes dst = a op b, b one number where single is set, and reports false
// for what has no vector loop.
func (s *ISA) arith(op ArithOp, dst, a, b []float32, single bool) bool {
	if s.lanes == 0 || len(dst) < s.lanes || op > Div {
		return false
	}
	n := len(dst) &^ (s.lanes - 1)
	vecArith(s.lanes, op, &dst[0], &a[0], &b[0], n, single)
	if n == len(dst) {
		return true
	}
	var x, y [maxLanes]float32
	copy(x[:], a[n:])
	if single {
		y[0] = b[0]
	} else {
		copy(y[:], b[n:])
	}
	vecArith(s.lanes, op, &x[0], &x[0], &y[0], s.lanes, single)
	copy(dst[n:], x[:])
	return true
}

// asFloat32 is s itself where T is float32, else nil.
func asFloat32[T any](s []T) []float32 {
	var zero T
	if _, ok := any(zero).(float32); !ok {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}
