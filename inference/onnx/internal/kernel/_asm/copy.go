package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// copies writes the copy of a matrix whose rows lie apart: whole vectors, and a
// masked one for the rest, so that short rows cost little.
func copies() {
	name := named("copyRows")
	TEXT(name, NOSPLIT, "func(dst, src *float32, rows, n, ldd, lds int)")
	Doc(name + " copies rows of n numbers; ldd and lds are the distances of rows in bytes.")
	Pragma("noescape")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	rows, n := Load(Param("rows"), GP64()), Load(Param("n"), GP64())
	ldd, lds := Load(Param("ldd"), GP64()), Load(Param("lds"), GP64())
	rest := GP64()
	MOVQ(n, rest)
	ANDQ(U32(uint32(size()/4-1)), rest)
	SUBQ(rest, n)
	SHLQ(Imm(2), n) // bytes of whole vectors
	mask, k := vec(), K()
	if wide {
		one := GP64()
		MOVQ(U32(1), one)
		SHLXQ(rest, one, one)
		DECQ(one)
		KMOVW(one.As32(), k)
	} else {
		table := GLOBL("ones8", 8|16)
		for i := range 8 {
			DATA(4*i, U32(0xffffffff))
		}
		for i := range 8 {
			DATA(32+4*i, U32(0))
		}
		at := GP64()
		LEAQ(table, at)
		back := GP64()
		MOVQ(rest, back)
		SHLQ(Imm(2), back)
		SUBQ(back, at)
		VMOVUPS(Mem{Base: at, Disp: 32}, mask)
	}
	TESTQ(rows, rows)
	JZ(LabelRef("done"))
	i, x := GP64(), vec()
	Label("row")
	XORQ(i, i)
	CMPQ(i, n)
	JE(LabelRef("rest"))
	Label("whole")
	VMOVUPS(Mem{Base: src, Index: i, Scale: 1}, x)
	VMOVUPS(x, Mem{Base: dst, Index: i, Scale: 1})
	ADDQ(U32(uint32(size())), i)
	CMPQ(i, n)
	JL(LabelRef("whole"))
	Label("rest")
	TESTQ(rest, rest)
	JZ(LabelRef("next"))
	if wide {
		VMOVUPS_Z(Mem{Base: src, Index: i, Scale: 1}, k, x)
		VMOVUPS(x, k, Mem{Base: dst, Index: i, Scale: 1})
	} else {
		VMASKMOVPS(Mem{Base: src, Index: i, Scale: 1}, mask, x)
		VMASKMOVPS(x, mask, Mem{Base: dst, Index: i, Scale: 1})
	}
	Label("next")
	ADDQ(ldd, dst)
	ADDQ(lds, src)
	DECQ(rows)
	JNZ(LabelRef("row"))
	Label("done")
	VZEROUPPER()
	RET()
}
