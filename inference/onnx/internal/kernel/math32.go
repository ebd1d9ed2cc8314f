package kernel

import "math"

// Exp is e^x in float32: 2^k times a polynomial on [-ln2/2, ln2/2], error below 2
// units in the last place. Out of range it gives 0 or infinity; NaN stays NaN.
func Exp(x float32) float32 {
	const (
		log2e = 1.4426950408889634
		ln2Hi = 0.693359375
		ln2Lo = -2.12194440e-4
	)
	switch {
	case x != x:
		return x
	case x > 88.72284:
		return float32(math.Inf(1))
	case x < -103.97:
		return 0
	}
	k := float32(math.Floor(float64(x*log2e + 0.5)))
	r := x - k*ln2Hi
	r -= k * ln2Lo
	p := float32(1.9875691500e-4)
	p = p*r + 1.3981999507e-3
	p = p*r + 8.3334519073e-3
	p = p*r + 4.1665795894e-2
	p = p*r + 1.6666665459e-1
	p = p*r + 5.0000001201e-1
	y := p*r*r + r + 1
	return scale2(y, int32(k))
}

// scale2 is y times 2^k, in two steps where 2^k alone is no normal number.
func scale2(y float32, k int32) float32 {
	if k >= -126 && k <= 127 {
		return y * math.Float32frombits(uint32(k+127)<<23)
	}
	if k > 127 {
		return y * 2 * math.Float32frombits(uint32(k+126)<<23)
	}
	return y * math.Float32frombits(uint32(k+24+127)<<23) * (1.0 / (1 << 24))
}

// Sigmoid is 1/(1+e^-x) in float32.
func Sigmoid(x float32) float32 {
	if x >= 0 {
		return 1 / (1 + Exp(-x))
	}
	e := Exp(x)
	return e / (1 + e)
}

// Tanh is the hyperbolic tangent in float32: a polynomial near zero, where the
// difference below would lose digits, else 1 - 2/(e^2x + 1).
func Tanh(x float32) float32 {
	a := max(x, -x)
	if a < 0.625 {
		s := x * x
		p := float32(-0.005607688799500465)
		p = p*s + 0.020544905215501785
		p = p*s - 0.0537070669233799
		p = p*s + 0.13330957293510437
		p = p*s - 0.33333253860473633
		return x * (p*s + 1)
	}
	t := 1 - 2/(Exp(2*a)+1)
	if x < 0 {
		return -t
	}
	return t
}

// Erf is the error function in float32.
func Erf(x float32) float32 { return float32(math.Erf(float64(x))) }

// ExpSlice is dst = e^src.
func ExpSlice(dst, src []float32) { Best().Exp(dst, src) }

// SigmoidSlice is dst = 1/(1+e^-src).
func SigmoidSlice(dst, src []float32) { Best().Sigmoid(dst, src) }

// TanhSlice is dst = tanh(src).
func TanhSlice(dst, src []float32) { Best().Tanh(dst, src) }

// ErfSlice is dst = erf(src).
func ErfSlice(dst, src []float32) { Best().Erf(dst, src) }

// ReluSlice is dst = max(src, 0); NaN stays NaN.
func ReluSlice(dst, src []float32) { Best().Relu(dst, src) }

// Gelu is x/2 * (1 + erf(x/sqrt 2)).
func Gelu(x float32) float32 { return x / 2 * (1 + Erf(x*(math.Sqrt2/2))) }

// GeluTanh is Gelu with the error function approximated by tanh.
func GeluTanh(x float32) float32 {
	return x / 2 * (1 + Tanh(0.7978845608028654*(x+0.044715*x*x*x)))
}
