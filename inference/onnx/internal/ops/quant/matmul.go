package quant

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/convert"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// centred is a quantized tensor's integers less their zero points, in scratch
// memory. Zero points are one for all, or one for each index of an axis.
func centred(c *op.Ctx, x, zero *tensor.Tensor, axis int) ([]int32, error) {
	if out, err := centredBytes(c, x, zero); out != nil || err != nil {
		return out, err
	}
	v, err := op.Scratch[int64](c, x.Len())
	if err != nil {
		return nil, err
	}
	if !x.Elem().IsInt() || x.Elem().Size() > 4 {
		return nil, fmt.Errorf("%w: %v is not quantized", op.ErrType, x)
	}
	convert.LoadInts(v, x)
	out, err := op.Scratch[int32](c, x.Len())
	if err != nil {
		return nil, err
	}
	var zeros []float64
	if zero != nil {
		if zeros, err = numbers(c, zero); err != nil {
			return nil, err
		}
	}
	inner := 1
	if x.Rank() > 0 {
		axis = (axis + x.Rank()) % x.Rank()
		for _, d := range x.Shape()[axis+1:] {
			inner *= d
		}
	}
	if len(zeros) > 1 && len(zeros) != x.Dim(axis) {
		return nil, fmt.Errorf("%w: zero points %v for %v", op.ErrInput, zero, x)
	}
	for i, q := range v {
		out[i] = int32(q)
		switch {
		case len(zeros) == 1:
			out[i] -= int32(zeros[0])
		case len(zeros) > 1:
			out[i] -= int32(zeros[i/inner%len(zeros)])
		}
	}
	return out, nil
}

// centredBytes is centred for the usual case, numbers of eight bits with one zero
// point or none; nil for others.
func centredBytes(c *op.Ctx, x, zero *tensor.Tensor) ([]int32, error) {
	if zero != nil && (zero.Elem() != x.Elem() || zero.Len() != 1) || x.Elem() != tensor.Uint8 && x.Elem() != tensor.Int8 || x.Len() == 0 {
		return nil, nil
	}
	out, err := op.Scratch[int32](c, x.Len())
	if err != nil {
		return nil, err
	}
	if x.Elem() == tensor.Uint8 {
		lessZero(out, tensor.Slice[uint8](x), zero)
	} else {
		lessZero(out, tensor.Slice[int8](x), zero)
	}
	return out, nil
}

func lessZero[T int8 | uint8](dst []int32, src []T, zero *tensor.Tensor) {
	z := int32(0)
	if zero != nil {
		z = int32(tensor.Slice[T](zero)[0])
	}
	for i, v := range src {
		dst[i] = int32(v) - z
	}
}

// product is numpy's matmul of two tensors of integers, given by their shapes.
type product struct {
	m, k, n int
	// small says that 16 bits hold all numbers.
	small bool
	// ready is the right-hand side where it is constant, laid out at load.
	ready *kernel.PackedInts
	out   [kernel.MaxRank]int
	rank  int
	loops kernel.Loops
}

func (p *product) init(a, b *tensor.Tensor) error {
	if a.Rank() < 1 || b.Rank() < 1 || a.Rank() > kernel.MaxRank || b.Rank() > kernel.MaxRank {
		return fmt.Errorf("%w: product of %v and %v", op.ErrInput, a, b)
	}
	p.m, p.k, p.n = 1, a.Dim(-1), 1
	p.small = a.Elem().Size() == 1 && b.Elem().Size() == 1
	kb := b.Dim(0)
	if a.Rank() > 1 {
		p.m = a.Dim(-2)
	}
	if b.Rank() > 1 {
		kb, p.n = b.Dim(-2), b.Dim(-1)
	}
	if kb != p.k {
		return fmt.Errorf("%w: product of %v and %v", op.ErrInput, a, b)
	}
	leadA, leadB := a.Shape()[:max(a.Rank()-2, 0)], b.Shape()[:max(b.Rank()-2, 0)]
	batch, err := kernel.BroadcastShape(p.out[:], leadA, leadB)
	if err != nil {
		return err
	}
	p.loops.Init(batch, leadA, leadB, nil)
	p.rank = len(batch)
	if a.Rank() > 1 {
		p.out[p.rank] = p.m
		p.rank++
	}
	if b.Rank() > 1 {
		p.out[p.rank] = p.n
		p.rank++
	}
	return nil
}

// run multiplies all matrices of the batch.
func (p *product) run(c *op.Ctx, dst, a, b []int32) error {
	if len(dst) == 0 || p.k == 0 {
		clear(dst)
		return nil
	}
	if p.small {
		return p.pairs(c, dst, a, b)
	}
	sa, sb := p.loops.Step[0], p.loops.Step[1]
	p.loops.Each(func(n, o, i, j, _ int) {
		for r := range n {
			kernel.MatMul(dst[(o+r)*p.m*p.n:], a[(i+r*sa)*p.m*p.k:], b[(j+r*sb)*p.k*p.n:], p.m, p.k, p.n, p.k, 1, p.n, 1)
		}
	})
	return nil
}

// pairs is run for numbers that 16 bits hold. A right-hand side that serves several
// left-hand sides in turn is laid out once.
func (p *product) pairs(c *op.Ctx, dst, a, b []int32) error {
	isa := kernel.Best()
	packed, rows := isa.PackedIntsLen(p.k, p.n), p.m*kernel.PairsLen(p.k)
	if p.ready != nil {
		packed = 0
	}
	buf, err := op.Scratch[int32](c, packed+rows+p.m*32)
	if err != nil {
		return err
	}
	if p.ready != nil {
		return p.readyPairs(dst, a, buf)
	}
	panels, left, scratch := buf[:packed], buf[packed:packed+rows], buf[packed+rows:]
	sa, sb := p.loops.Step[0], p.loops.Step[1]
	last := -1
	var w kernel.PackedInts
	p.loops.Each(func(n, o, i, j, _ int) {
		for r := range n {
			if at := j + r*sb; at != last {
				w, last = isa.PackInts(panels, b[at*p.k*p.n:], p.k, p.n, p.n), at
			}
			kernel.Pairs(left, a[(i+r*sa)*p.m*p.k:], p.m, p.k)
			w.Mul(dst[(o+r)*p.m*p.n:], p.n, left, p.m, scratch)
		}
	})
	return nil
}

// readyPairs is pairs for a right-hand side laid out at load: the batch is more rows.
func (p *product) readyPairs(dst, a, buf []int32) error {
	rows := p.m * kernel.PairsLen(p.k)
	left, scratch := buf[:rows], buf[rows:]
	for at := 0; at < len(dst); at += p.m * p.n {
		kernel.Pairs(left, a[at/p.n*p.k:], p.m, p.k)
		p.ready.Mul(dst[at:], p.n, left, p.m, scratch)
	}
	return nil
}

// layOut prepares a constant right-hand side of eight bits with a constant zero point
// or none; nil where there is none such.
func layOut(b *op.Build, i, zero int) *kernel.PackedInts {
	w, z := b.Const(i), b.Const(zero)
	if w == nil || w.Rank() != 2 || w.Len() == 0 || b.HasIn(zero) && z == nil || z != nil && (z.Elem() != w.Elem() || z.Len() != 1) {
		return nil
	}
	values := make([]int32, w.Len())
	switch w.Elem() {
	case tensor.Uint8:
		lessZero(values, tensor.Slice[uint8](w), z)
	case tensor.Int8:
		lessZero(values, tensor.Slice[int8](w), z)
	default:
		return nil
	}
	isa := kernel.Best()
	k, n := w.Dim(0), w.Dim(1)
	p := isa.PackInts(make([]int32, isa.PackedIntsLen(k, n)), values, k, n, n)
	return &p
}

// newMatMulInteger sums products of integers less their zero points: those of a for
// its rows, those of b for its columns.
func newMatMulInteger(b *op.Build) (op.Kernel, error) {
	ready := layOut(b, 1, 3)
	return op.Func(func(c *op.Ctx) error {
		p := product{ready: ready}
		a, b, err := integerOperands(c, &p, 0, 1, c.In(2), c.In(3))
		if err != nil {
			return err
		}
		y, err := c.Out(0, tensor.Int32, p.out[:p.rank])
		if err != nil {
			return err
		}
		return p.run(c, tensor.Slice[int32](y), a, b)
	}), nil
}

func integerOperands(c *op.Ctx, p *product, ia, ib int, za, zb *tensor.Tensor) (a, b []int32, err error) {
	ta, err := c.Need(ia)
	if err != nil {
		return nil, nil, err
	}
	tb, err := c.Need(ib)
	if err != nil {
		return nil, nil, err
	}
	if err := p.init(ta, tb); err != nil {
		return nil, nil, err
	}
	if a, err = centred(c, ta, za, -2); err != nil {
		return nil, nil, err
	}
	if p.ready != nil && p.small {
		return a, nil, nil
	}
	b, err = centred(c, tb, zb, -1)
	return a, b, err
}

// newQLinearMatMul is the product of quantized tensors, quantized again.
func newQLinearMatMul(b *op.Build) (op.Kernel, error) {
	ready := layOut(b, 3, 5)
	return op.Func(func(c *op.Ctx) error {
		p := product{ready: ready}
		a, b, err := integerOperands(c, &p, 0, 3, c.In(2), c.In(5))
		if err != nil {
			return err
		}
		n := 1
		for _, d := range p.out[:p.rank] {
			n *= d
		}
		sums, err := op.Scratch[int32](c, n)
		if err != nil {
			return err
		}
		if err := p.run(c, sums, a, b); err != nil {
			return err
		}
		var r requantizer
		if err := r.init(c, 1, 4, 6, p.n, 1); err != nil {
			return err
		}
		r.rows, r.cols = p.m, p.n
		return r.write(c, p.out[:p.rank], sums)
	}), nil
}

// requantizer turns integer sums back into quantized numbers.
type requantizer struct {
	a, b, y, zero []float64
	elem          tensor.Elem
	channels      int // numbers of scales of b, along an axis of
	inner         int // elements apart
	rows, cols    int
}

// init reads the scales at inputs a, b and y; the zero point follows y.
func (r *requantizer) init(c *op.Ctx, a, b, y, channels, inner int) (err error) {
	if r.a, err = numbers(c, c.In(a)); err != nil {
		return err
	}
	if r.b, err = numbers(c, c.In(b)); err != nil {
		return err
	}
	if r.y, err = numbers(c, c.In(y)); err != nil {
		return err
	}
	if r.zero, err = numbers(c, c.In(y+1)); err != nil {
		return err
	}
	r.elem, r.channels, r.inner = c.In(y+1).Elem(), channels, inner
	if len(r.y) != 1 || len(r.zero) != 1 || len(r.b) != 1 && len(r.b) != channels || len(r.a) == 0 {
		return fmt.Errorf("%w: scales %v, %v, %v", op.ErrInput, c.In(a), c.In(b), c.In(y))
	}
	return nil
}

func (r *requantizer) write(c *op.Ctx, shape []int, sums []int32) error {
	y, err := c.Out(0, r.elem, shape)
	if err != nil {
		return err
	}
	lo, hi := bounds(r.elem)
	v, err := op.Scratch[float64](c, len(sums))
	if err != nil {
		return err
	}
	for i, s := range sums {
		a, b := r.a[0], r.b[0]
		if len(r.a) > 1 && r.cols > 0 {
			a = r.a[i/r.cols%r.rows%len(r.a)]
		}
		if len(r.b) > 1 {
			b = r.b[i/r.inner%r.channels]
		}
		v[i] = min(max(math.RoundToEven(float64(s)*a*b/r.y[0])+r.zero[0], lo), hi)
	}
	return convert.Rounding{Saturate: true}.Store(y, v)
}
