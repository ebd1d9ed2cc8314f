// Command _asm writes the assembly of package kernel:
//
//	cd inference/onnx/internal/kernel/_asm && go run . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg kernel
//
// It has a module of its own, so that programs which use the engine do not depend
// on the assembler.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// shape is the register plan of one instruction set: tiles of up to rows x two
// vectors; two registers hold a row of B, two broadcast elements of A.
type shape struct {
	suffix string
	rows   int
	bytes  int // of a vector
	vector func() VecVirtual
	// pairs is set for products of integers: an element is two of 16 bits, and a sum
	// one of 32 bits.
	pairs bool
}

func (s shape) name(m int) string {
	if s.pairs {
		return fmt.Sprintf("pairs%sx%d", s.suffix, m)
	}
	return fmt.Sprintf("gemm%sx%d", s.suffix, m)
}

// add is d += x.
func (s shape) add(x Op, d VecVirtual) {
	if s.pairs {
		VPADDD(x, d, d)
		return
	}
	VADDPS(x, d, d)
}

// multiply is d += a*b; free is a register for what lies between.
func (s shape) multiply(b, a, d, free VecVirtual) {
	switch {
	case !s.pairs:
		VFMADD231PS(b, a, d)
	case s.bytes == 64:
		// The assembler's library does not know this one: d += a0*b0 + a1*b1.
		Instruction(&ir.Instruction{Opcode: "VPDPWSSD", Operands: []Op{b, a, d}, Inputs: []Op{b, a, d}, Outputs: []Op{d}, ISA: []string{"AVX512VNNI"}})
	default:
		VPMADDWD(b, a, free)
		VPADDD(free, d, d)
	}
}

func main() {
	ConstraintExpr("amd64")
	for _, s := range []shape{
		{"AVX2", 6, 32, YMM, false},
		{"AVX512", 14, 64, ZMM, false},
		{"AVX2", 6, 32, YMM, true},
		{"AVX512", 14, 64, ZMM, true},
	} {
		for m := 1; m <= s.rows; m++ {
			tile(s, m)
		}
	}
	for _, wide = range []bool{false, true} {
		vectors()
	}
	transposes()
	Generate()
}

const unroll = 4

// tile writes the micro-kernel for tiles of m rows, one below the other: all sums of
// a tile stay in registers over the whole of k.
func tile(s shape, m int) {
	TEXT(s.name(m), NOSPLIT, "func(k int, a, b, c *float32, lda, ldc, tiles, mode int, bias, limits *float32)")
	Doc(fmt.Sprintf("%s computes tiles of %d rows by %d columns.", s.name(m), m, s.bytes/2))
	Pragma("noescape")
	Label("tile")
	k, a, b, c := Load(Param("k"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64()), Load(Param("c"), GP64())
	element := rows(m, a)
	ld := Load(Param("ldc"), GP64())
	SHLQ(Imm(2), ld)
	// Few rows have too few sums to keep the multipliers busy, which take four cycles
	// for each: they get several sets, for every second or fourth k.
	sets := make([][][2]VecVirtual, min(unroll, max(1, 12/(2*m)&^1)))
	for i := range sets {
		sets[i] = clear(s, m)
	}
	sums := sets[0]
	row := GP64()
	MOVQ(c, row)
	for r := range m {
		PREFETCHT0(Mem{Base: row})
		if r < m-1 {
			ADDQ(ld, row)
		}
	}
	bv := []VecVirtual{s.vector(), s.vector()}
	av := []VecVirtual{s.vector(), s.vector()}
	step := func(u int) {
		for v := range 2 {
			VMOVUPS(Mem{Base: b, Disp: (2*u + v) * s.bytes}, bv[v])
		}
		for r := range m {
			a, free := av[r%2], av[1-r%2]
			if s.pairs {
				a, free = av[0], av[1]
			}
			VBROADCASTSS(element.at(r, u), a)
			for v := range 2 {
				s.multiply(bv[v], a, sets[u%len(sets)][r][v], free)
			}
		}
	}
	advance := func(n int) {
		for _, base := range element.bases {
			ADDQ(U32(4*n), base)
		}
		ADDQ(U32(n*2*s.bytes), b)
	}
	n := GP64()
	MOVQ(k, n)
	SHRQ(Imm(2), n)
	ANDQ(Imm(unroll-1), k)
	TESTQ(n, n)
	JZ(LabelRef("tail"))
	Label("four")
	for u := range unroll {
		if u%2 == 0 {
			PREFETCHT0(Mem{Base: b, Disp: 2048 + 2*u*s.bytes})
		}
		step(u)
	}
	advance(unroll)
	DECQ(n)
	JNZ(LabelRef("four"))
	Label("tail")
	TESTQ(k, k)
	JZ(LabelRef("store"))
	Label("one")
	step(0)
	advance(1)
	DECQ(k)
	JNZ(LabelRef("one"))
	Label("store")
	for _, set := range sets[1:] {
		for r := range m {
			for v := range 2 {
				s.add(set[r][v], sums[r][v])
			}
		}
	}
	store(s, m, c, ld, sums, bv, av)
	next(m, c, ld)
}

// next moves to the tile below, whose place is kept in the arguments, or returns.
func next(m int, c, ld Register) {
	p, err := Param("tiles").Resolve()
	if err != nil {
		panic(err)
	}
	DECQ(p.Addr)
	JZ(LabelRef("done"))
	step := GP64()
	for _, operand := range [][2]string{{"a", "lda"}, {"c", "ldc"}} {
		Load(Param(operand[1]), step)
		IMUL3Q(U32(4*m), step, step)
		p, err := Param(operand[0]).Resolve()
		if err != nil {
			panic(err)
		}
		ADDQ(step, p.Addr)
	}
	JMP(LabelRef("tile"))
	Label("done")
	VZEROUPPER()
	RET()
}

// operand addresses elements of m rows of A: every third row has a register, the two
// after it are reached by the distance of rows as an index.
type operand struct {
	bases []Register
	ld    Register
}

func rows(m int, a Register) operand {
	o := operand{bases: []Register{a}}
	if m > 1 {
		o.ld = Load(Param("lda"), GP64())
		SHLQ(Imm(2), o.ld)
	}
	for r := 3; r < m; r += 3 {
		base, last := GP64(), o.bases[len(o.bases)-1]
		LEAQ(Mem{Base: last, Index: o.ld, Scale: 2}, base)
		ADDQ(o.ld, base)
		o.bases = append(o.bases, base)
	}
	return o
}

// at is element u of row r, from where the bases stand.
func (o operand) at(r, u int) Mem {
	m := Mem{Base: o.bases[r/3], Disp: 4 * u}
	if r%3 > 0 {
		m.Index, m.Scale = o.ld, uint8(r%3)
	}
	return m
}

// clear makes the registers for the sums, all zero.
func clear(s shape, m int) [][2]VecVirtual {
	sums := make([][2]VecVirtual, m)
	for r := range sums {
		for v := range 2 {
			x := s.vector()
			sums[r][v] = x
			if s.bytes == 64 {
				VPXORD(x, x, x)
			} else {
				VXORPS(x, x, x)
			}
		}
	}
	return sums
}

// The bits of mode.
const (
	modeAdd    = 1 // to what is in c
	modeFinish = 2 // bias, then limits
)

// store writes the sums to c. bv and av are free by then.
func store(s shape, m int, c, ld Register, sums [][2]VecVirtual, bv, av []VecVirtual) {
	mode := Load(Param("mode"), GP64())
	TESTQ(U32(modeAdd), mode)
	JZ(LabelRef("finish"))
	p := GP64()
	MOVQ(c, p)
	for r := range m {
		for v := range 2 {
			s.add(Mem{Base: p, Disp: v * s.bytes}, sums[r][v])
		}
		if r < m-1 {
			ADDQ(ld, p)
		}
	}
	Label("finish")
	if s.pairs {
		write(s, c, ld, sums)
		return
	}
	TESTQ(U32(modeFinish), mode)
	JZ(LabelRef("write"))
	bias, limits := Load(Param("bias"), GP64()), Load(Param("limits"), GP64())
	for v := range 2 {
		VMOVUPS(Mem{Base: bias, Disp: v * s.bytes}, bv[v])
		VBROADCASTSS(Mem{Base: limits, Disp: 4 * v}, av[v])
	}
	for r := range m {
		for v := range 2 {
			VADDPS(bv[v], sums[r][v], sums[r][v])
			VMAXPS(sums[r][v], av[0], sums[r][v]) // NaN stays NaN
			VMINPS(sums[r][v], av[1], sums[r][v])
		}
	}
	Label("write")
	write(s, c, ld, sums)
}

func write(s shape, c, ld Register, sums [][2]VecVirtual) {
	for r := range sums {
		for v := range 2 {
			VMOVUPS(sums[r][v], Mem{Base: c, Disp: v * s.bytes})
		}
		if r < len(sums)-1 {
			ADDQ(ld, c)
		}
	}
}
