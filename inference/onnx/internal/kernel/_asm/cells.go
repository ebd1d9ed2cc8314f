package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// cells writes one step of the usual recurrent cells over all hidden units of a row.
func cells() {
	loop("lstmCell", "func(i, o, f, cand, c, h *float32, n int)", "is c = s(f)*c + s(i)*tanh(cand) and h = s(o)*tanh(c), s being the sigmoid.",
		[]string{"i", "o", "f", "cand", "c", "h"}, func(at func(string) Mem) {
			x, y := vec(), vec()
			VMOVUPS(at("f"), x)
			s := sigmoid(x)
			VMULPS(at("c"), s, s)
			VMOVUPS(at("i"), x)
			in := sigmoid(x)
			VMOVUPS(at("cand"), y)
			VFMADD231PS(tanh(y), in, s)
			VMOVUPS(s, at("c"))
			VMOVUPS(at("o"), x)
			out := sigmoid(x)
			VMULPS(tanh(s), out, out)
			VMOVUPS(out, at("h"))
		})
	loop("gruCell", "func(xz, xr, xh, rz, rr, rh, h *float32, n int)",
		"is z = s(xz + rz), t = tanh(xh + s(xr + rr)*rh) and h = t + z*(h - t), s being the sigmoid.",
		[]string{"xz", "xr", "xh", "rz", "rr", "rh", "h"}, func(at func(string) Mem) {
			r := vec()
			VMOVUPS(at("xr"), r)
			VADDPS(at("rr"), r, r)
			r = sigmoid(r)
			t := vec()
			VMOVUPS(at("xh"), t)
			VFMADD231PS(at("rh"), r, t)
			t = tanh(t)
			z := vec()
			VMOVUPS(at("xz"), z)
			VADDPS(at("rz"), z, z)
			z = sigmoid(z)
			d := vec()
			VMOVUPS(at("h"), d)
			VSUBPS(t, d, d)
			VFMADD231PS(d, z, t)
			VMOVUPS(t, at("h"))
		})
}
