package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// matrixRows writes products of one vector with the rows of a matrix that is used
// once, so that laying it out for tiles would not pay.
func matrixRows() {
	dotRows()
	sumRows()
}

// dotRows is four rows at a time where there are as many.
func dotRows() {
	name := named("dotRows")
	TEXT(name, NOSPLIT, "func(out, x, rows *float32, count, n, ld int)")
	Doc(name + " is out[i] = x·rows[i] for rows of n numbers, whole vectors, ld bytes apart.")
	Pragma("noescape")
	out, x, row := Load(Param("out"), GP64()), Load(Param("x"), GP64()), Load(Param("rows"), GP64())
	count, n, ld := Load(Param("count"), GP64()), Load(Param("n"), GP64()), Load(Param("ld"), GP64())
	SHLQ(Imm(2), n)
	next := func(label string, rows int) {
		bases := []Register{row}
		for i := 1; i < rows; i++ {
			b := GP64()
			LEAQ(Mem{Base: bases[i-1], Index: ld, Scale: 1}, b)
			bases = append(bases, b)
		}
		acc := make([]VecVirtual, rows)
		for i := range acc {
			acc[i] = zero()
		}
		i := GP64()
		XORQ(i, i)
		Label(label)
		v := vec()
		VMOVUPS(Mem{Base: x, Index: i, Scale: 1}, v)
		for r := range acc {
			VFMADD231PS(Mem{Base: bases[r], Index: i, Scale: 1}, v, acc[r])
		}
		ADDQ(U32(uint32(size())), i)
		CMPQ(i, n)
		JL(LabelRef(label))
		for r := range acc {
			VMOVSS(total(acc[r]), Mem{Base: out, Disp: 4 * r})
		}
		ADDQ(Imm(uint64(4*rows)), out)
		LEAQ(Mem{Base: bases[rows-1], Index: ld, Scale: 1}, row)
		SUBQ(Imm(uint64(rows)), count)
	}
	Label("four")
	CMPQ(count, Imm(4))
	JL(LabelRef("one"))
	next("fourLoop", 4)
	JMP(LabelRef("four"))
	Label("one")
	TESTQ(count, count)
	JZ(LabelRef("done"))
	next("oneLoop", 1)
	JMP(LabelRef("one"))
	Label("done")
	VZEROUPPER()
	RET()
}

// total is the sum of a register's lanes, in the lowest.
func total(v VecVirtual) VecVirtual {
	y := YMM()
	if wide {
		VEXTRACTF64X4(Imm(1), v, y)
		VADDPS(v.AsY(), y, y)
	} else {
		VMOVAPS(v, y)
	}
	x := XMM()
	VEXTRACTF128(Imm(1), y, x)
	VADDPS(y.AsX(), x, x)
	t := XMM()
	VMOVHLPS(x, x, t)
	VADDPS(t, x, x)
	VMOVSHDUP(x, t)
	VADDSS(t, x, x)
	return x
}

// sumRows keeps up to four vectors of the result in registers.
func sumRows() {
	name := named("sumRows")
	TEXT(name, NOSPLIT, "func(out, w, rows *float32, count, n, ld int)")
	Doc(name + " is out = sum of w[i]*rows[i] for rows of n numbers, whole vectors, ld bytes apart; count is not 0.")
	Pragma("noescape")
	out, rows := Load(Param("out"), GP64()), Load(Param("rows"), GP64())
	n, ld := Load(Param("n"), GP64()), Load(Param("ld"), GP64())
	block := func(label string, vectors int) {
		w, count, row := Load(Param("w"), GP64()), Load(Param("count"), GP64()), GP64()
		MOVQ(rows, row)
		acc := make([]VecVirtual, vectors)
		for i := range acc {
			acc[i] = zero()
		}
		Label(label)
		x := vec()
		VBROADCASTSS(Mem{Base: w}, x)
		for i := range acc {
			VFMADD231PS(Mem{Base: row, Disp: i * size()}, x, acc[i])
		}
		ADDQ(Imm(4), w)
		ADDQ(ld, row)
		DECQ(count)
		JNZ(LabelRef(label))
		for i := range acc {
			VMOVUPS(acc[i], Mem{Base: out, Disp: i * size()})
		}
		ADDQ(U32(uint32(vectors*size())), out)
		ADDQ(U32(uint32(vectors*size())), rows)
		SUBQ(U32(uint32(vectors*size()/4)), n)
	}
	Label("four")
	CMPQ(n, U32(uint32(size())))
	JL(LabelRef("one"))
	block("fourLoop", 4)
	JMP(LabelRef("four"))
	Label("one")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	block("oneLoop", 1)
	JMP(LabelRef("one"))
	Label("done")
	VZEROUPPER()
	RET()
}

// transposes writes the transposition of blocks of eight by eight, for every
// instruction set alike.
func transposes() {
	TEXT("transpose8", NOSPLIT, "func(dst, src *float32, rows, cols, ldd, lds int)")
	Doc("transpose8 writes the transpose of a matrix whose sizes are multiples of eight; ldd and lds are in bytes.")
	Pragma("noescape")
	ldd, lds := Load(Param("ldd"), GP64()), Load(Param("lds"), GP64())
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	rows := Load(Param("rows"), GP64())
	ldd3, lds3 := GP64(), GP64()
	LEAQ(Mem{Base: ldd, Index: ldd, Scale: 2}, ldd3)
	LEAQ(Mem{Base: lds, Index: lds, Scale: 2}, lds3)
	at := func(base, upper Register, i int, ld, ld3 Register) Mem {
		if i >= 4 {
			base, i = upper, i-4
		}
		switch i {
		case 0:
			return Mem{Base: base}
		case 3:
			return Mem{Base: base, Index: ld3, Scale: 1}
		}
		return Mem{Base: base, Index: ld, Scale: uint8(i)}
	}
	Label("rows")
	cols := Load(Param("cols"), GP64())
	from, to := GP64(), GP64()
	MOVQ(src, from)
	MOVQ(dst, to)
	Label("cols")
	fromUpper, toUpper := GP64(), GP64()
	LEAQ(Mem{Base: from, Index: lds, Scale: 4}, fromUpper)
	LEAQ(Mem{Base: to, Index: ldd, Scale: 4}, toUpper)
	var r, t [8]VecVirtual
	for i := range r {
		r[i], t[i] = YMM(), nil
		VMOVUPS(at(from, fromUpper, i, lds, lds3), r[i])
	}
	for i := 0; i < 8; i += 2 {
		t[i], t[i+1] = YMM(), YMM()
		VUNPCKLPS(r[i+1], r[i], t[i])
		VUNPCKHPS(r[i+1], r[i], t[i+1])
	}
	var s [8]VecVirtual
	for i := 0; i < 8; i += 4 {
		for k, pair := range [4][3]int{{0, 2, 0x44}, {0, 2, 0xee}, {1, 3, 0x44}, {1, 3, 0xee}} {
			s[i+k] = YMM()
			VSHUFPS(Imm(uint64(pair[2])), t[i+pair[1]], t[i+pair[0]], s[i+k])
		}
	}
	for i := range 8 {
		o, half := YMM(), uint64(0x20)
		if i >= 4 {
			half = 0x31
		}
		VPERM2F128(Imm(half), s[i%4+4], s[i%4], o)
		VMOVUPS(o, at(to, toUpper, i, ldd, ldd3))
	}
	ADDQ(Imm(32), from)
	LEAQ(Mem{Base: to, Index: ldd, Scale: 8}, to)
	SUBQ(Imm(8), cols)
	JNZ(LabelRef("cols"))
	LEAQ(Mem{Base: src, Index: lds, Scale: 8}, src)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(8), rows)
	JNZ(LabelRef("rows"))
	VZEROUPPER()
	RET()
}
