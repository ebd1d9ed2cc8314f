package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The vector loops work on eight float32 at a time (AVX2 and FMA) or on sixteen
// (AVX-512); lengths are a multiple of that, the Go side sees to the rest.

// wide is set while the loops for sixteen are written.
var wide bool

// vec is a new register of the current width.
func vec() VecVirtual {
	if wide {
		return ZMM()
	}
	return YMM()
}

// size is the bytes of a register of the current width.
func size() int {
	if wide {
		return 64
	}
	return 32
}

// named is a function's name for the current width.
func named(name string) string {
	if wide {
		return name + "16"
	}
	return name + "8"
}

// constant is a number in read-only memory, made once.
var constants = map[string]Mem{}

func constant(v float32) Mem {
	key := fmt.Sprintf("%b", v)
	if m, ok := constants[key]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("f%d", len(constants)), 8|16) // RODATA, NOPTR
	// By its bits: the assembler takes a whole number for an integer.
	DATA(0, U32(math.Float32bits(v)))
	constants[key] = m
	return m
}

// bits is an integer in read-only memory.
func bits(v uint32) Mem {
	key := fmt.Sprintf("u%x", v)
	if m, ok := constants[key]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("u%x", v), 8|16)
	DATA(0, U32(v))
	constants[key] = m
	return m
}

// set is a register with v in every lane.
func set(v float32) VecVirtual {
	r := vec()
	VBROADCASTSS(constant(v), r)
	return r
}

func setBits(v uint32) VecVirtual {
	r := vec()
	VBROADCASTSS(bits(v), r)
	return r
}

// loop is a function over n elements in steps of eight: body gets the byte offset
// register through at, which addresses one of the pointer parameters.
func loop(name, signature, doc string, pointers []string, body func(at func(p string) Mem)) {
	name = named(name)
	TEXT(name, NOSPLIT, signature)
	Doc(name + " " + doc)
	Pragma("noescape")
	n := Load(Param("n"), GP64())
	regs := map[string]Register{}
	for _, p := range pointers {
		regs[p] = Load(Param(p), GP64())
	}
	i := GP64()
	XORQ(i, i)
	SHLQ(Imm(2), n)
	JZ(LabelRef("done"))
	Label("next")
	body(func(p string) Mem { return Mem{Base: regs[p], Index: i, Scale: 1} })
	ADDQ(Imm(uint64(size())), i)
	CMPQ(i, n)
	JL(LabelRef("next"))
	Label("done")
	VZEROUPPER()
	RET()
}

func vectors() {
	type binary struct {
		name string
		op   func(b, a, d Op)
	}
	for _, f := range []binary{
		{"add", func(b, a, d Op) { VADDPS(b, a, d) }},
		{"sub", func(b, a, d Op) { VSUBPS(b, a, d) }},
		{"mul", func(b, a, d Op) { VMULPS(b, a, d) }},
		{"div", func(b, a, d Op) { VDIVPS(b, a, d) }},
	} {
		loop(f.name+"VV", "func(dst, a, b *float32, n int)", "is dst = a op b.", []string{"dst", "a", "b"}, func(at func(string) Mem) {
			x := vec()
			VMOVUPS(at("a"), x)
			f.op(at("b"), x, x)
			VMOVUPS(x, at("dst"))
		})
		loop(f.name+"VS", "func(dst, a, b *float32, n int)", "is dst = a op *b.", []string{"dst", "a"}, func(at func(string) Mem) {
			x, s := vec(), vec()
			VBROADCASTSS(Mem{Base: Load(Param("b"), GP64())}, s)
			VMOVUPS(at("a"), x)
			f.op(s, x, x)
			VMOVUPS(x, at("dst"))
		})
	}
	unary("relu", "is dst = max(src, 0); NaN stays NaN.", relu)
	unary("exp", "is dst = e^src.", exp)
	unary("sigmoid", "is dst = 1/(1+e^-src).", sigmoid)
	unary("tanh", "is dst = tanh(src).", tanh)
	unary("erf", "is dst = erf(src).", erf)
	unary("gelu", "is dst = src/2 * (1 + erf(src/sqrt 2)).", gelu)
	unary("geluTanh", "is dst = src/2 * (1 + tanh(sqrt(2/pi) * (src + 0.044715 src^3))).", geluTanh)
	unary("silu", "is dst = src/(1+e^-src).", silu)
	loop("axpy", "func(dst, src, w *float32, n int)", "is dst += src * *w.", []string{"dst", "src"}, func(at func(string) Mem) {
		d, s := vec(), vec()
		VBROADCASTSS(Mem{Base: Load(Param("w"), GP64())}, s)
		VMOVUPS(at("dst"), d)
		VFMADD231PS(at("src"), s, d)
		VMOVUPS(d, at("dst"))
	})
	loop("maxInto", "func(dst, src *float32, n int)", "is dst = max(dst, src).", []string{"dst", "src"}, func(at func(string) Mem) {
		x := vec()
		VMOVUPS(at("dst"), x)
		VMAXPS(at("src"), x, x)
		VMOVUPS(x, at("dst"))
	})
	reductions()
	norms()
	dots()
	cells()
	depthwise()
	copies()
	matrixRows()
	tiles()
}

// relu gives x on NaN: the second operand of the instruction wins.
func relu(x VecVirtual) VecVirtual {
	y := vec()
	VMAXPS(x, zero(), y)
	return y
}

func sigmoid(x VecVirtual) VecVirtual {
	neg := vec()
	VXORPS(setBits(0x80000000), x, neg)
	e := exp(neg)
	VADDPS(set(1), e, e)
	VDIVPS(e, set(1), e)
	return e
}

func silu(x VecVirtual) VecVirtual {
	neg := vec()
	VXORPS(setBits(0x80000000), x, neg)
	e := exp(neg)
	VADDPS(set(1), e, e)
	VDIVPS(e, x, e)
	return e
}

func gelu(x VecVirtual) VecVirtual {
	t := vec()
	VMULPS(set(math.Sqrt2/2), x, t)
	e := erf(t)
	h := vec()
	VMULPS(set(0.5), x, h)
	VFMADD213PS(h, h, e) // h*e + h
	return e
}

func geluTanh(x VecVirtual) VecVirtual {
	const k = 0.7978845608028654 // sqrt(2/pi)
	t := vec()
	VMULPS(x, x, t)
	u := set(k)
	VFMADD231PS(set(k*0.044715), t, u)
	VMULPS(x, u, u)
	e := tanh(u)
	h := vec()
	VMULPS(set(0.5), x, h)
	VFMADD213PS(h, h, e)
	return e
}

func zero() VecVirtual {
	z := vec()
	VXORPS(z, z, z) // of sixteen: AVX512DQ
	return z
}

func unary(name, doc string, f func(x VecVirtual) VecVirtual) {
	loop(name+"V", "func(dst, src *float32, n int)", doc, []string{"dst", "src"}, func(at func(string) Mem) {
		x := vec()
		VMOVUPS(at("src"), x)
		VMOVUPS(f(x), at("dst"))
	})
}

// horner evaluates a polynomial, coefficients from the lowest.
func horner(x VecVirtual, coefficients ...float32) VecVirtual {
	p := set(coefficients[len(coefficients)-1])
	for i := len(coefficients) - 2; i >= 0; i-- {
		VFMADD213PS(set(coefficients[i]), x, p)
	}
	return p
}

// exp is 2^k times a polynomial on [-ln2/2, ln2/2]. 2^k is applied in two halves, so
// that the whole range of float32 is reached, subnormal numbers too.
func exp(x VecVirtual) VecVirtual {
	c := vec()
	VMOVUPS(x, c)
	VMINPS(c, set(88.8), c) // NaN, the last operand, passes
	VMAXPS(c, set(-104), c)
	k := vec()
	VMULPS(set(1.44269504), c, k)
	round(k)
	VFNMADD231PS(set(0.693359375), k, c)
	VFNMADD231PS(set(-2.12194440e-4), k, c)
	p := horner(c, 5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.9875691500e-4)
	square := vec()
	VMULPS(c, c, square)
	VFMADD213PS(c, square, p)
	VADDPS(set(1), p, p)
	return scale(p, k)
}

// round rounds to the nearest whole number.
func round(x VecVirtual) {
	if wide {
		VRNDSCALEPS(Imm(8), x, x)
		return
	}
	VROUNDPS(Imm(8), x, x)
}

// scale is p times 2^k for a whole k.
func scale(p, k VecVirtual) VecVirtual {
	if wide {
		VSCALEFPS(k, p, p)
		return p
	}
	VCVTPS2DQ(k, k)
	half := vec()
	VPSRAD(Imm(1), k, half)
	VPSUBD(half, k, k)
	for _, part := range []VecVirtual{half, k} {
		VPADDD(setBits(127), part, part)
		VPSLLD(Imm(23), part, part)
		VMULPS(part, p, p)
	}
	return p
}

// split is the magnitude and the sign of x.
func split(x VecVirtual) (magnitude, sign VecVirtual) {
	sign, magnitude = vec(), vec()
	VANDPS(setBits(0x80000000), x, sign)
	VXORPS(sign, x, magnitude)
	return magnitude, sign
}

// choose is small where magnitude < limit, else large with the sign of x.
func choose(magnitude, sign, small, large VecVirtual, limit float32) VecVirtual {
	VORPS(sign, large, large)
	if wide {
		below := K()
		VCMPPS(Imm(1), set(limit), magnitude, below) // magnitude < limit
		VBLENDMPS(small, large, below, large)
		return large
	}
	below := vec()
	VCMPPS(Imm(1), set(limit), magnitude, below)
	VBLENDVPS(below, small, large, large)
	return large
}

// tanh is a polynomial near zero, else 1 - 2/(e^2x + 1).
func tanh(x VecVirtual) VecVirtual {
	magnitude, sign := split(x)
	square := vec()
	VMULPS(x, x, square)
	small := horner(square, 1, -0.33333253860473633, 0.13330957293510437, -0.0537070669233799, 0.020544905215501785, -0.005607688799500465)
	VMULPS(x, small, small)
	twice := vec()
	VADDPS(magnitude, magnitude, twice)
	e := exp(twice)
	VADDPS(set(1), e, e)
	VDIVPS(e, set(2), e)
	large := vec()
	VSUBPS(e, set(1), large)
	return choose(magnitude, sign, small, large, 0.625)
}

// erf is a polynomial below 1, else 1 - e^-p(x) with p fitted to -log(erfc).
func erf(x VecVirtual) VecVirtual {
	magnitude, sign := split(x)
	square := vec()
	VMULPS(x, x, square)
	small := horner(square, 1.1283791065216064, -0.3761262595653534, 0.11283597350120544, -0.02685432881116867, 0.005189312156289816, -0.0008018855005502701, 7.882497448008507e-05)
	VMULPS(x, small, small)
	c := vec()
	VMINPS(magnitude, set(4), c)
	p := horner(c, -0.0003032129898201674, 1.1301666498184204, 0.6319370865821838, 0.10997824370861053, -0.02636471763253212, 0.004740222357213497, -0.0005927695310674608, 4.559062290354632e-05, -1.6140616025950294e-06)
	VXORPS(setBits(0x80000000), p, p)
	e := exp(p)
	large := vec()
	VSUBPS(e, set(1), large)
	return choose(magnitude, sign, small, large, 1)
}

// reductions leave eight partial results, for the Go side to join.
func reductions() {
	reduce("maxV", "func(out, src *float32, n int)", "leaves the largest of each lane in out, which holds the start.", func(at func(string) Mem, acc VecVirtual) {
		x := vec()
		VMOVUPS(at("src"), x)
		VMAXPS(x, acc, acc)
	})
	reduce("expSumV", "func(out, dst, src, shift *float32, n int)", "is dst = e^(src - *shift), with the sums of each lane added to out.", func(at func(string) Mem, acc VecVirtual) {
		x, s := vec(), vec()
		VBROADCASTSS(Mem{Base: Load(Param("shift"), GP64())}, s)
		VMOVUPS(at("src"), x)
		VSUBPS(s, x, x)
		e := exp(x)
		VMOVUPS(e, at("dst"))
		VADDPS(e, acc, acc)
	})
}

// norms is a loop for each pass of a normalization.
func norms() {
	reduce("sumV", "func(out, src *float32, n int)", "adds the sums of each lane to out.", func(at func(string) Mem, acc VecVirtual) {
		VADDPS(at("src"), acc, acc)
	})
	reduce("squaresV", "func(out, src, shift *float32, n int)", "adds the squares of src - *shift of each lane to out.", func(at func(string) Mem, acc VecVirtual) {
		x, s := vec(), vec()
		VBROADCASTSS(Mem{Base: Load(Param("shift"), GP64())}, s)
		VMOVUPS(at("src"), x)
		VSUBPS(s, x, x)
		VFMADD231PS(x, x, acc)
	})
	loop("normV", "func(dst, src, scale, bias, shift, by *float32, n int)", "is dst = (src - *shift) * *by * scale + bias.",
		[]string{"dst", "src", "scale", "bias"}, func(at func(string) Mem) {
			x, s, m := vec(), vec(), vec()
			VBROADCASTSS(Mem{Base: Load(Param("shift"), GP64())}, s)
			VBROADCASTSS(Mem{Base: Load(Param("by"), GP64())}, m)
			VMOVUPS(at("src"), x)
			VSUBPS(s, x, x)
			VMULPS(m, x, x)
			VMOVUPS(at("scale"), s)
			VFMADD213PS(at("bias"), s, x)
			VMOVUPS(x, at("dst"))
		})
}

// dots is four sums of products at a time, so that they do not wait for each other;
// n is a multiple of four vectors.
func dots() {
	name := named("dotV")
	TEXT(name, NOSPLIT, "func(out, a, b *float32, n int)")
	Doc(name + " adds the products of each lane to out, four vectors at a time.")
	Pragma("noescape")
	n, out := Load(Param("n"), GP64()), Load(Param("out"), GP64())
	a, b := Load(Param("a"), GP64()), Load(Param("b"), GP64())
	var acc [4]VecVirtual
	for i := range acc {
		acc[i] = zero()
	}
	TESTQ(n, n)
	JZ(LabelRef("done"))
	Label("next")
	for i := range acc {
		x := vec()
		VMOVUPS(Mem{Base: a, Disp: size() * i}, x)
		VFMADD231PS(Mem{Base: b, Disp: size() * i}, x, acc[i])
	}
	ADDQ(U32(uint32(4*size())), a)
	ADDQ(U32(uint32(4*size())), b)
	SUBQ(Imm(uint64(size())), n)
	JNZ(LabelRef("next"))
	Label("done")
	VADDPS(acc[1], acc[0], acc[0])
	VADDPS(acc[3], acc[2], acc[2])
	VADDPS(acc[2], acc[0], acc[0])
	VADDPS(Mem{Base: out}, acc[0], acc[0])
	VMOVUPS(acc[0], Mem{Base: out})
	VZEROUPPER()
	RET()
}

// reduce is a loop that keeps eight running results in a register.
func reduce(name, signature, doc string, body func(at func(string) Mem, acc VecVirtual)) {
	sum := name == "expSumV"
	name = named(name)
	TEXT(name, NOSPLIT, signature)
	Doc(name + " " + doc)
	Pragma("noescape")
	n := Load(Param("n"), GP64())
	out := Load(Param("out"), GP64())
	src := Load(Param("src"), GP64())
	regs := map[string]Register{"src": src}
	if sum {
		regs["dst"] = Load(Param("dst"), GP64())
	}
	acc := vec()
	VMOVUPS(Mem{Base: out}, acc)
	i := GP64()
	XORQ(i, i)
	SHLQ(Imm(2), n)
	JZ(LabelRef("done"))
	Label("next")
	body(func(p string) Mem { return Mem{Base: regs[p], Index: i, Scale: 1} }, acc)
	ADDQ(Imm(uint64(size())), i)
	CMPQ(i, n)
	JL(LabelRef("next"))
	Label("done")
	VMOVUPS(acc, Mem{Base: out})
	VZEROUPPER()
	RET()
}
