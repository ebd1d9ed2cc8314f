package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tiles writes what happens to a tile of a matrix product once its sums are done:
// bias and activation in one pass, while it is in the first-level cache. A tile is
// two vectors wide; ldc is in elements; param points at two numbers.
func tiles() {
	activation := func(name, doc string, f func(x VecVirtual, p [2]VecVirtual) VecVirtual) {
		tile2(name, "func(c *float32, rows, ldc int, bias, param *float32)", "is c = "+doc+" of (c + bias).", true, func(x VecVirtual, p [2]VecVirtual) VecVirtual {
			return f(x, p)
		})
	}
	plain := func(f func(x VecVirtual) VecVirtual) func(VecVirtual, [2]VecVirtual) VecVirtual {
		return func(x VecVirtual, _ [2]VecVirtual) VecVirtual { return f(x) }
	}
	activation("tileBias", "the same", func(x VecVirtual, _ [2]VecVirtual) VecVirtual { return x })
	activation("tileRelu", "relu", plain(relu))
	activation("tileClip", "the part between param[0] and param[1]", func(x VecVirtual, p [2]VecVirtual) VecVirtual {
		VMAXPS(x, p[0], x)
		VMINPS(x, p[1], x)
		return x
	})
	activation("tileLeaky", "leaky relu with slope param[0]", func(x VecVirtual, p [2]VecVirtual) VecVirtual {
		below := vec()
		VMINPS(x, zero(), below)
		VMAXPS(x, zero(), x)
		VFMADD231PS(p[0], below, x)
		return x
	})
	activation("tileHardSigmoid", "max(0, min(1, param[0]*x + param[1]))", hardSigmoid)
	activation("tileHardSwish", "x * max(0, min(1, param[0]*x + param[1]))", func(x VecVirtual, p [2]VecVirtual) VecVirtual {
		s := hardSigmoid(x, p)
		VMULPS(x, s, s)
		return s
	})
	activation("tileSigmoid", "sigmoid", plain(sigmoid))
	activation("tileTanh", "tanh", plain(tanh))
	activation("tileGelu", "gelu", plain(gelu))
	activation("tileGeluTanh", "gelu by tanh", plain(geluTanh))
	activation("tileSilu", "silu", plain(silu))
	tileAdd()
}

func hardSigmoid(x VecVirtual, p [2]VecVirtual) VecVirtual {
	s := vec()
	VMOVAPS(p[1], s)
	VFMADD231PS(p[0], x, s)
	VMAXPS(s, zero(), s)
	VMINPS(s, set(1), s)
	return s
}

// tile2 is a loop over the rows of a tile.
func tile2(name, signature, doc string, params bool, f func(x VecVirtual, p [2]VecVirtual) VecVirtual) {
	name = named(name)
	TEXT(name, NOSPLIT, signature)
	Doc(name + " " + doc)
	Pragma("noescape")
	c, rows, ld := Load(Param("c"), GP64()), Load(Param("rows"), GP64()), Load(Param("ldc"), GP64())
	bias := Load(Param("bias"), GP64())
	SHLQ(Imm(2), ld)
	var p [2]VecVirtual
	at := Load(Param("param"), GP64())
	b := [2]VecVirtual{vec(), vec()}
	for i := range 2 {
		p[i] = vec()
		VBROADCASTSS(Mem{Base: at, Disp: 4 * i}, p[i])
		VMOVUPS(Mem{Base: bias, Disp: size() * i}, b[i])
	}
	Label("next")
	for i := range 2 {
		x := vec()
		VADDPS(Mem{Base: c, Disp: size() * i}, b[i], x)
		VMOVUPS(f(x, p), Mem{Base: c, Disp: size() * i})
	}
	ADDQ(ld, c)
	DECQ(rows)
	JNZ(LabelRef("next"))
	VZEROUPPER()
	RET()
}

// tileAdd adds a tile of another matrix.
func tileAdd() {
	name := named("tileAdd")
	TEXT(name, NOSPLIT, "func(c *float32, rows, ldc int, src *float32, lds int)")
	Doc(name + " is c += src, both two vectors wide.")
	Pragma("noescape")
	c, rows, ld := Load(Param("c"), GP64()), Load(Param("rows"), GP64()), Load(Param("ldc"), GP64())
	src, lds := Load(Param("src"), GP64()), Load(Param("lds"), GP64())
	SHLQ(Imm(2), ld)
	SHLQ(Imm(2), lds)
	Label("next")
	for i := range 2 {
		x := vec()
		VMOVUPS(Mem{Base: c, Disp: size() * i}, x)
		VADDPS(Mem{Base: src, Disp: size() * i}, x, x)
		VMOVUPS(x, Mem{Base: c, Disp: size() * i})
	}
	ADDQ(ld, c)
	ADDQ(lds, src)
	DECQ(rows)
	JNZ(LabelRef("next"))
	VZEROUPPER()
	RET()
}
