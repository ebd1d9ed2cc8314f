package reduce

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// finish is what is done to an accumulated value at the end.
type finish uint8

const (
	plain finish = iota
	mean
	root
	logarithm
)

// axes says along which dimensions is reduced: an attribute at first, input 1 in
// later versions. None means all, or with noop none at all.
type axes struct {
	fixed []int
	noop  bool
	keep  bool
}

func newAxes(b *op.Build) axes {
	return axes{fixed: b.Ints("axes"), noop: b.Bool("noop_with_empty_axes", false), keep: b.Bool("keepdims", true)}
}

// plan is the geometry of one reduction.
type plan struct {
	kept  [kernel.MaxRank]int // the input's shape with reduced dimensions 1
	rank  int
	out   [kernel.MaxRank]int
	outN  int // rank of out
	count int // elements folded into one
	none  bool
	loops kernel.Loops
}

func (a *axes) plan(c *op.Ctx, x *tensor.Tensor, p *plan) error {
	if x.Rank() > kernel.MaxRank {
		return fmt.Errorf("%w: %v has too many dimensions", op.ErrInput, x)
	}
	var reduced [kernel.MaxRank]bool
	n, err := a.mark(c, x, &reduced)
	if err != nil {
		return err
	}
	p.none = n == 0 && a.noop
	p.rank, p.count = x.Rank(), 1
	for i, d := range x.Shape() {
		p.kept[i] = d
		if reduced[i] || n == 0 && !a.noop {
			p.kept[i] = 1
			p.count *= d
			if !a.keep {
				continue
			}
		}
		p.out[p.outN] = p.kept[i]
		p.outN++
	}
	p.loops.Init(x.Shape(), p.kept[:p.rank], nil, nil)
	return nil
}

// mark notes the dimensions that are listed, and how many there are.
func (a *axes) mark(c *op.Ctx, x *tensor.Tensor, reduced *[kernel.MaxRank]bool) (n int, err error) {
	set := func(axis int) {
		if axis < 0 {
			axis += x.Rank()
		}
		if axis < 0 || axis >= x.Rank() {
			err = fmt.Errorf("%w: axis %d of %v", op.ErrInput, axis, x)
			return
		}
		reduced[axis] = true
		n++
	}
	if t := c.In(1); t != nil {
		if t.Elem() != tensor.Int64 {
			return 0, fmt.Errorf("%w: axes of %v", op.ErrType, t)
		}
		for _, v := range tensor.Slice[int64](t) {
			set(int(v))
		}
		return n, err
	}
	for _, v := range a.fixed {
		set(v)
	}
	return n, err
}

func reduction(k kernel.ReduceOp, f finish) func(*op.Build) (op.Kernel, error) {
	return func(b *op.Build) (op.Kernel, error) {
		return &reducer{op: k, finish: f, axes: newAxes(b)}, nil
	}
}

type reducer struct {
	op     kernel.ReduceOp
	finish finish
	axes   axes
}

func (k *reducer) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	var p plan
	if err := k.axes.plan(c, x, &p); err != nil {
		return err
	}
	if p.none && k.op != kernel.ReduceL1 && k.op != kernel.ReduceSquares && k.finish == plain {
		return c.Pass(0, 0)
	}
	y, err := c.Out(0, x.Elem(), p.out[:p.outN])
	if err != nil {
		return err
	}
	switch x.Elem() {
	case tensor.Float32:
		return reduceFloat[float32](c, k, &p, y, x)
	case tensor.Float64:
		return reduceFloat[float64](c, k, &p, y, x)
	case tensor.Int64:
		return reduceInt[int64](k, &p, y, x)
	case tensor.Int32:
		return reduceInt[int32](k, &p, y, x)
	case tensor.Int8:
		return reduceInt[int8](k, &p, y, x)
	case tensor.Uint64:
		return reduceInt[uint64](k, &p, y, x)
	case tensor.Uint32:
		return reduceInt[uint32](k, &p, y, x)
	case tensor.Uint8:
		return reduceInt[uint8](k, &p, y, x)
	case tensor.Bool:
		return reduceBool(k, &p, y, x)
	}
	return fmt.Errorf("%w: reduction of %v", op.ErrType, x)
}

func reduceFloat[T interface {
	kernel.Float
	tensor.Type
}](c *op.Ctx, k *reducer, p *plan, y, x *tensor.Tensor) error {
	acc, err := op.Scratch[float64](c, y.Len())
	if err != nil {
		return err
	}
	fill(acc, kernel.Start[float64](k.op))
	kernel.Reduce(k.op, &p.loops, acc, tensor.Slice[T](x))
	dst := tensor.Slice[T](y)
	for i, v := range acc {
		dst[i] = T(k.finish.of(v, p.count))
	}
	return nil
}

func fill[T any](s []T, v T) {
	for i := range s {
		s[i] = v
	}
}

// of finishes one accumulated value of n elements.
func (f finish) of(v float64, n int) float64 {
	switch f {
	case mean:
		return v / float64(n)
	case root:
		return math.Sqrt(v)
	case logarithm:
		return math.Log(v)
	}
	return v
}

func reduceInt[T interface {
	kernel.Integer
	tensor.Type
}](k *reducer, p *plan, y, x *tensor.Tensor) error {
	dst := tensor.Slice[T](y)
	fill(dst, kernel.Start[T](k.op))
	kernel.Reduce(k.op, &p.loops, dst, tensor.Slice[T](x))
	for i, v := range dst {
		switch k.finish {
		case plain:
		case mean:
			dst[i] = v / T(max(p.count, 1))
		default:
			dst[i] = T(k.finish.of(float64(v), p.count))
		}
	}
	return nil
}

// reduceBool serves max and min, which are or and and.
func reduceBool(k *reducer, p *plan, y, x *tensor.Tensor) error {
	if k.op != kernel.ReduceMax && k.op != kernel.ReduceMin {
		return fmt.Errorf("%w: reduction of %v", op.ErrType, x)
	}
	dst := y.Bytes()
	start := uint8(0)
	if k.op == kernel.ReduceMin {
		start = 1
	}
	fill(dst, start)
	kernel.Reduce(k.op, &p.loops, dst, x.Bytes())
	return nil
}

// newLogSumExp is log of the sum of exponentials, with the largest value taken out
// first so that nothing overflows.
func newLogSumExp(b *op.Build) (op.Kernel, error) {
	a := newAxes(b)
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		var p plan
		if err := a.plan(c, x, &p); err != nil {
			return err
		}
		y, err := c.Out(0, x.Elem(), p.out[:p.outN])
		if err != nil {
			return err
		}
		switch x.Elem() {
		case tensor.Float32:
			return logSumExp[float32](c, &p, y, x)
		case tensor.Float64:
			return logSumExp[float64](c, &p, y, x)
		}
		return fmt.Errorf("%w: ReduceLogSumExp of %v", op.ErrType, x)
	}), nil
}

func logSumExp[T interface {
	kernel.Float
	tensor.Type
}](c *op.Ctx, p *plan, y, x *tensor.Tensor) error {
	top, err := op.Scratch[float64](c, y.Len())
	if err != nil {
		return err
	}
	sum, err := op.Scratch[float64](c, y.Len())
	if err != nil {
		return err
	}
	src := tensor.Slice[T](x)
	fill(top, math.Inf(-1))
	kernel.Reduce(kernel.ReduceMax, &p.loops, top, src)
	clear(sum)
	step := p.loops.Step[0]
	p.loops.Each(func(n, o, i, _, _ int) {
		for k := range n {
			if t := top[i+k*step]; !math.IsInf(t, -1) {
				sum[i+k*step] += math.Exp(float64(src[o+k]) - t)
			}
		}
	})
	dst := tensor.Slice[T](y)
	for i := range dst {
		dst[i] = T(top[i])
		if !math.IsInf(top[i], 0) {
			dst[i] = T(top[i] + math.Log(sum[i]))
		}
	}
	return nil
}
