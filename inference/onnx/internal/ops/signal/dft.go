package signal

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// dft transforms along one axis of [..., 1] or [..., 2]: real numbers, or pairs of
// real and imaginary parts.
type dft struct {
	axis              int
	inverse, onesided bool
}

func newDFT(b *op.Build) (op.Kernel, error) {
	k := &dft{axis: -2, inverse: b.Bool("inverse", false), onesided: b.Bool("onesided", false)}
	if b.Version() < 20 {
		k.axis = b.Int("axis", 1)
	}
	return k, nil
}

// maxPoints bounds the length of a transform.
const maxPoints = 1 << 26

// pass is the geometry of one transform: lines of `in` points to lines of `out`.
type pass struct {
	outer, inner, in, out int
	parts, results        int // numbers in an element: 1 real, 2 complex
	n                     int // points of the transform
	inverse               bool
	mirror                bool // the spectrum's other half is the conjugate of the given one
}

func (k *dft) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	axis, err := k.axisOf(c, x)
	if err != nil {
		return err
	}
	p := pass{outer: 1, inner: 1, in: x.Dim(axis), parts: x.Dim(-1), results: 2, inverse: k.inverse}
	for i, d := range x.Shape()[:x.Rank()-1] {
		switch {
		case i < axis:
			p.outer *= d
		case i > axis:
			p.inner *= d
		}
	}
	p.n = p.in
	if p.mirror = k.inverse && k.onesided; p.mirror {
		p.n, p.results = 2*(p.in-1), 1
	}
	if err := k.length(c, &p); err != nil {
		return err
	}
	p.out = p.n
	if k.onesided && !k.inverse {
		p.out = p.n/2 + 1
	}
	var buf [kernel.MaxRank]int
	shape := append(buf[:0], x.Shape()...)
	shape[axis], shape[len(shape)-1] = p.out, p.results
	y, err := c.Out(0, x.Elem(), shape)
	if err != nil || y.Len() == 0 {
		return err
	}
	plan := planFor(c, p.n)
	switch x.Elem() {
	case tensor.Float32:
		lines(&p, plan, tensor.Slice[float32](y), tensor.Slice[float32](x))
	case tensor.Float64:
		lines(&p, plan, tensor.Slice[float64](y), tensor.Slice[float64](x))
	default:
		return fmt.Errorf("%w: DFT of %v", op.ErrType, x)
	}
	return nil
}

func (k *dft) axisOf(c *op.Ctx, x *tensor.Tensor) (int, error) {
	axis := k.axis
	if t := c.In(2); t != nil {
		v, err := tensor.Item[int64](t)
		if err != nil {
			return 0, err
		}
		if axis = int(v); int64(axis) != v {
			return 0, fmt.Errorf("%w: axis %d of %v", op.ErrInput, v, x)
		}
	}
	if axis < 0 {
		axis += x.Rank()
	}
	if x.Rank() < 2 || x.Rank() > kernel.MaxRank || axis < 0 || axis > x.Rank()-2 || x.Dim(-1) != 1 && x.Dim(-1) != 2 {
		return 0, fmt.Errorf("%w: DFT of %v along axis %d", op.ErrInput, x, axis)
	}
	return axis, nil
}

// length takes the number of points from input 1, if given.
func (k *dft) length(c *op.Ctx, p *pass) error {
	if t := c.In(1); t != nil {
		n, err := integer(t)
		if err != nil {
			return err
		}
		p.n = n
	}
	if p.n < 1 || p.n > maxPoints {
		return fmt.Errorf("%w: DFT of %d points", op.ErrInput, p.n)
	}
	return nil
}

// integer is a scalar of int32 or int64.
func integer(t *tensor.Tensor) (int, error) {
	if t.Elem() == tensor.Int32 {
		v, err := tensor.Item[int32](t)
		return int(v), err
	}
	v, err := tensor.Item[int64](t)
	if v < -1<<31 || v >= 1<<31 {
		return 0, fmt.Errorf("%w: length %d", op.ErrInput, v)
	}
	return int(v), err
}

// planFor is the plan for n points, made on its first use in a run's context.
func planFor(c *op.Ctx, n int) *plan {
	type key int
	return op.Private(c, key(n), func() *plan { return newPlan(n) })
}

func lines[T float32 | float64](p *pass, plan *plan, dst, src []T) {
	for o := range p.outer {
		for i := range p.inner {
			gather(p, plan.line, src, o*p.in*p.inner+i)
			if p.inverse {
				plan.inverse(plan.line)
			} else {
				plan.forward(plan.line)
			}
			for k := range p.out {
				at := ((o*p.out+k)*p.inner + i) * p.results
				dst[at] = T(real(plan.line[k]))
				if p.results == 2 {
					dst[at+1] = T(imag(plan.line[k]))
				}
			}
		}
	}
}

// gather copies a line that begins at element `at`, cut or filled up with zeros to
// n points; a half spectrum is completed with its mirror image.
func gather[T float32 | float64](p *pass, line []complex128, src []T, at int) {
	clear(line)
	given := min(p.in, p.n)
	if p.mirror {
		given = min(p.in, p.n/2+1)
	}
	for k := range given {
		e := (at + k*p.inner) * p.parts
		v := complex(float64(src[e]), 0)
		if p.parts == 2 {
			v = complex(float64(src[e]), float64(src[e+1]))
		}
		line[k] = v
	}
	if !p.mirror {
		return
	}
	for k := p.n/2 + 1; k < p.n; k++ {
		line[k] = complex(real(line[p.n-k]), -imag(line[p.n-k]))
	}
}
