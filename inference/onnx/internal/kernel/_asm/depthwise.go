package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// maxPlaces is the most output places that one call of a depthwise kernel computes.
const maxPlaces = 8

// depthwise writes the kernels for 1 to maxPlaces neighbouring places of a
// convolution of each channel with its own weights, channels lying side by side.
// Every weight is loaded once for all places.
func depthwise() {
	for p := 1; p <= maxPlaces; p++ {
		places(p)
	}
}

func places(count int) {
	name := named(fmt.Sprintf("depthwise%dx", count))
	TEXT(name, NOSPLIT, "func(dst, src, w, bias *float32, taps *int, n, origin, blocks, ps, pd int, limits *float32)")
	Doc(fmt.Sprintf("%s computes %d places: taps holds n pairs of offsets in src (from origin) and w, ps and pd are the distances of places; all in bytes.", name, count))
	Pragma("noescape")
	dst, src, w, bias := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("w"), GP64()), Load(Param("bias"), GP64())
	ADDQ(Load(Param("origin"), GP64()), src)
	blocks, ps := Load(Param("blocks"), GP64()), Load(Param("ps"), GP64())
	limits := Load(Param("limits"), GP64())
	lo, hi := vec(), vec()
	VBROADCASTSS(Mem{Base: limits}, lo)
	VBROADCASTSS(Mem{Base: limits, Disp: 4}, hi)
	ps3 := GP64()
	LEAQ(Mem{Base: ps, Index: ps, Scale: 2}, ps3)
	Label("block")
	acc := make([]VecVirtual, count)
	for p := range acc {
		acc[p] = vec()
		if p == 0 {
			VMOVUPS(Mem{Base: bias}, acc[0])
		} else {
			VMOVAPS(acc[0], acc[p])
		}
	}
	taps, n := Load(Param("taps"), GP64()), Load(Param("n"), GP64())
	Label("tap")
	bases := []Register{GP64()}
	MOVQ(Mem{Base: taps}, bases[0])
	at := GP64()
	MOVQ(Mem{Base: taps, Disp: 8}, at)
	ADDQ(src, bases[0])
	for p := 3; p < count; p += 3 {
		b := GP64()
		LEAQ(Mem{Base: bases[len(bases)-1], Index: ps3, Scale: 1}, b)
		bases = append(bases, b)
	}
	weight := vec()
	VMOVUPS(Mem{Base: w, Index: at, Scale: 1}, weight)
	for p := range acc {
		m := Mem{Base: bases[p/3]}
		if p%3 > 0 {
			m.Index, m.Scale = ps, uint8(p%3)
		}
		VFMADD231PS(m, weight, acc[p])
	}
	ADDQ(Imm(16), taps)
	DECQ(n)
	JNZ(LabelRef("tap"))
	pd := Load(Param("pd"), GP64())
	to := GP64()
	MOVQ(dst, to)
	for p := range acc {
		VMAXPS(acc[p], lo, acc[p]) // NaN stays NaN
		VMINPS(acc[p], hi, acc[p])
		VMOVUPS(acc[p], Mem{Base: to})
		if p < count-1 {
			ADDQ(pd, to)
		}
	}
	for _, r := range []Register{dst, src, w, bias} {
		ADDQ(Imm(uint64(size())), r)
	}
	DECQ(blocks)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}
