package linear

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// matMul is numpy's matmul: products of the last two dimensions, the others
// broadcast; a vector counts as a row on the left and as a column on the right.
type matMul struct {
	packed *kernel.Packed // b, where it is a constant float32 matrix
}

func newMatMul(b *op.Build) (op.Kernel, error) {
	k := &matMul{}
	if w := b.Const(1); w != nil && w.Elem() == tensor.Float32 && w.Rank() == 2 {
		m := asMatrix(w, false)
		p := packInto(make([]float32, kernel.Best().PackedLen(m.rows, m.cols)), m, 1)
		k.packed = &p
	}
	return k, nil
}

// shapes is the geometry of one product.
type shapes struct {
	m, k, n   int
	batch     [kernel.MaxRank]int
	batchRank int
	out       [kernel.MaxRank]int
	outRank   int
	loops     kernel.Loops // over the batch, in matrices
	batchA    int          // product of a's leading dimensions
	batchB    int
}

func (s *shapes) init(a, b []int) error {
	if len(a) == 0 || len(b) == 0 || len(a) > kernel.MaxRank || len(b) > kernel.MaxRank {
		return fmt.Errorf("%w: product of a scalar", op.ErrInput)
	}
	ka := a[len(a)-1]
	s.m, s.k = 1, ka
	leadA, leadB := a[:max(len(a)-2, 0)], b[:max(len(b)-2, 0)]
	if len(a) > 1 {
		s.m = a[len(a)-2]
	}
	kb := b[0]
	s.n = 1
	if len(b) > 1 {
		kb, s.n = b[len(b)-2], b[len(b)-1]
	}
	if ka != kb {
		return fmt.Errorf("%w: product of %v and %v", op.ErrInput, append([]int(nil), a...), append([]int(nil), b...))
	}
	batch, err := kernel.BroadcastShape(s.batch[:], leadA, leadB)
	if err != nil {
		return err
	}
	s.batchRank = len(batch)
	s.loops.Init(batch, leadA, leadB, nil)
	s.batchA, s.batchB = product(leadA), product(leadB)
	out := append(s.out[:0], batch...)
	if len(a) > 1 {
		out = append(out, s.m)
	}
	if len(b) > 1 {
		out = append(out, s.n)
	}
	s.outRank = len(out)
	return nil
}

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

func (k *matMul) Run(c *op.Ctx) error {
	x, w := c.In(0), c.In(1)
	if x == nil || w == nil || x.Elem() != w.Elem() {
		return fmt.Errorf("%w: product of %v and %v", op.ErrInput, x, w)
	}
	var s shapes
	if err := s.init(x.Shape(), w.Shape()); err != nil {
		return err
	}
	y, err := c.Out(0, x.Elem(), s.out[:s.outRank])
	if err != nil {
		return err
	}
	if y.Len() == 0 {
		return nil
	}
	return multiply(c, &s, y, x, w, k.packed)
}

func multiply(c *op.Ctx, s *shapes, y, x, w *tensor.Tensor, packed *kernel.Packed) error {
	if x.Elem() != tensor.Float32 {
		return multiplyPlain(s, y, x, w)
	}
	// One right-hand side for all of a: the batch is just more rows.
	if s.batchB == 1 {
		if packed == nil {
			p, err := pack(c, matrix{t: w, rows: s.k, cols: s.n}, 1)
			if err != nil {
				return err
			}
			packed = &p
		}
		return mul(c, tensor.Slice[float32](y), matrix{t: x, rows: s.batchA * s.m, cols: s.k}, packed, false)
	}
	return multiplyBatch(c, s, y, x, w)
}

// multiplyBatch packs each right-hand side in turn, into the same memory.
func multiplyBatch(c *op.Ctx, s *shapes, y, x, w *tensor.Tensor) error {
	isa := kernel.Best()
	buf, err := op.Scratch[float32](c, isa.PackedLen(s.k, s.n))
	if err != nil {
		return err
	}
	scratch, err := op.Scratch[float32](c, isa.ScratchLen(s.m, s.k))
	if err != nil {
		return err
	}
	ys, xs, ws := tensor.Slice[float32](y), tensor.Slice[float32](x), tensor.Slice[float32](w)
	sa, sb := s.loops.Step[0], s.loops.Step[1]
	s.loops.Each(func(n, o, i, j, _ int) {
		for r := range n {
			b := ws[min((j+r*sb)*s.k*s.n, len(ws)):]
			a := xs[min((i+r*sa)*s.m*s.k, len(xs)):]
			p := isa.Pack(buf, b, s.k, s.n, s.n, false, 1)
			p.Mul(ys[(o+r)*s.m*s.n:], s.n, a, s.k, s.m, false, scratch)
		}
	})
	return nil
}

func multiplyPlain(s *shapes, y, x, w *tensor.Tensor) (err error) {
	sa, sb := s.loops.Step[0], s.loops.Step[1]
	s.loops.Each(func(n, o, i, j, _ int) {
		for r := range n {
			a := matrix{t: x, offset: (i + r*sa) * s.m * s.k, rows: s.m, cols: s.k}
			b := matrix{t: w, offset: (j + r*sb) * s.k * s.n, rows: s.k, cols: s.n}
			if e := plain(y, (o+r)*s.m*s.n, a, b); e != nil {
				err = e
			}
		}
	})
	return err
}
