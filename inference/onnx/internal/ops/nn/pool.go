package nn

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// pooler reduces the elements of each window to one.
type pooler struct {
	attrs windowAttrs
	// place folds the elements of one window, given as (value, index) calls.
	kind    poolKind
	counted bool // average: padding counts
	p       float64
	order   bool // max: indices count columns first
}

type poolKind uint8

const (
	poolMax poolKind = iota
	poolAverage
	poolLp
)

func newMaxPool(b *op.Build) (op.Kernel, error) {
	k := &pooler{attrs: newWindowAttrs(b), kind: poolMax, order: b.Bool("storage_order", false)}
	k.attrs.ceil = b.Bool("ceil_mode", false)
	return op.Func(k.Run), nil
}

func newAveragePool(b *op.Build) (op.Kernel, error) {
	k := &pooler{attrs: newWindowAttrs(b), kind: poolAverage, counted: b.Bool("count_include_pad", false)}
	k.attrs.ceil = b.Bool("ceil_mode", false)
	return op.Func(k.Run), nil
}

// newLpPool: before version 2, p was a float and SAME padding had another name.
func newLpPool(b *op.Build) (op.Kernel, error) {
	k := &pooler{attrs: newWindowAttrs(b), kind: poolLp}
	if b.Version() < 2 {
		k.p = float64(b.Float("p", 2))
	} else {
		k.p = float64(b.Int("p", 2))
	}
	k.attrs.ceil = b.Bool("ceil_mode", false)
	return op.Func(k.Run), nil
}

func (k *pooler) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	if k.attrs.kernel == nil || x.Rank() < 3 {
		return fmt.Errorf("%w: pooling of %v by %v", op.ErrInput, x, k.attrs.kernel)
	}
	var w window
	if err := w.init(&k.attrs, x.Shape(), nil); err != nil {
		return err
	}
	switch x.Elem() {
	case tensor.Float32:
		return poolOn[float32](c, k, &w, x)
	case tensor.Float64:
		return poolOn[float64](c, k, &w, x)
	case tensor.Int8:
		return poolOn[int8](c, k, &w, x)
	case tensor.Uint8:
		return poolOn[uint8](c, k, &w, x)
	}
	return fmt.Errorf("%w: pooling of %v", op.ErrType, x)
}

func poolOn[T interface {
	float32 | float64 | int8 | uint8
	tensor.Type
}](c *op.Ctx, k *pooler, w *window, x *tensor.Tensor) error {
	var buf [2 + spatial]int
	shape := w.shape(buf[:], x.Dim(0), x.Dim(1))
	y, err := c.Out(0, x.Elem(), shape)
	if err != nil {
		return err
	}
	var index []int64
	if k.kind == poolMax && c.HasOut(1) {
		t, err := c.Out(1, tensor.Int64, shape)
		if err != nil {
			return err
		}
		index = tensor.Slice[int64](t)
	}
	src, dst := tensor.Slice[T](x), tensor.Slice[T](y)
	in, out := w.in.product(), w.out.product()
	for i := range x.Dim(0) * x.Dim(1) {
		p := plane[T]{window: w, pooler: k, src: src[i*in:][:in], base: int64(i * in)}
		if index != nil {
			p.index = index[i*out:][:out]
		}
		p.run(dst[i*out:][:out])
	}
	return nil
}

// plane pools one channel.
type plane[T float32 | float64 | int8 | uint8] struct {
	*window
	*pooler
	src   []T
	index []int64
	base  int64
}

func (p *plane[T]) run(dst []T) {
	i := 0
	for d := range p.out[0] {
		for h := range p.out[1] {
			for w := range p.out[2] {
				dst[i] = p.one(i, d, h, w)
				i++
			}
		}
	}
}

// clip is the range of kernel places along dimension i that lie inside the input,
// for output place o.
func (w *window) clip(i, o int) (from, to, start int) {
	start = o*w.stride[i] - w.before[i]
	if start < 0 {
		from = (-start + w.dilate[i] - 1) / w.dilate[i]
	}
	to = w.kernel[i]
	if room := w.in[i] - start; room <= 0 {
		to = from
	} else {
		to = min(to, (room+w.dilate[i]-1)/w.dilate[i])
	}
	return from, max(to, from), start
}

// one folds the window of one output place.
func (p *plane[T]) one(i, od, oh, ow int) T {
	d0, d1, ds := p.clip(0, od)
	h0, h1, hs := p.clip(1, oh)
	w0, w1, ws := p.clip(2, ow)
	best, at, sum, n := T(0), -1, 0.0, 0
	for d := d0; d < d1; d++ {
		for h := h0; h < h1; h++ {
			row := ((ds+d*p.dilate[0])*p.in[1] + hs + h*p.dilate[1]) * p.in[2]
			for w := w0; w < w1; w++ {
				j := row + ws + w*p.dilate[2]
				v := p.src[j]
				switch p.kind {
				case poolMax:
					if at < 0 || v > best {
						best, at = v, j
					}
				case poolAverage:
					sum += float64(v)
					n++
				default:
					sum += math.Pow(math.Abs(float64(v)), p.p)
				}
			}
		}
	}
	return p.finish(i, best, at, sum, n, [spatial]int{ds, hs, ws})
}

func (p *plane[T]) finish(i int, best T, at int, sum float64, n int, start [spatial]int) T {
	switch p.kind {
	case poolMax:
		if p.index != nil {
			p.index[i] = p.base + p.number(at)
		}
		return best
	case poolAverage:
		if p.counted {
			n = p.padded(start)
		}
		return T(sum / float64(max(n, 1)))
	}
	return T(math.Pow(sum, 1/p.p))
}

// padded is the number of kernel places inside the padded input: with ceil_mode a
// window may reach beyond it.
func (p *plane[T]) padded(start [spatial]int) int {
	n := 1
	for i, s := range start {
		room := p.in[i] + p.after[i] - s
		n *= min(p.kernel[i], (room+p.dilate[i]-1)/p.dilate[i])
	}
	return n
}

// number is the index that MaxPool reports, rows first or columns first.
func (p *plane[T]) number(at int) int64 {
	if !p.order || at < 0 {
		return int64(at)
	}
	d, h, w := at/(p.in[1]*p.in[2]), at/p.in[2]%p.in[1], at%p.in[2]
	return int64((w*p.in[1]+h)*p.in[0] + d)
}

// newGlobalPool makes the constructor of a pool over all spatial dimensions.
func newGlobalPool(fold func([]float64) float64) func(*op.Build) (op.Kernel, error) {
	return func(*op.Build) (op.Kernel, error) {
		return op.Func(func(c *op.Ctx) error { return globalPool(c, fold) }), nil
	}
}

func newGlobalLpPool(b *op.Build) (op.Kernel, error) {
	p := 2.0
	if b.Version() < 2 {
		p = float64(b.Float("p", 2))
	} else {
		p = float64(b.Int("p", 2))
	}
	return newGlobalPool(func(v []float64) float64 {
		sum := 0.0
		for _, x := range v {
			sum += math.Pow(math.Abs(x), p)
		}
		return math.Pow(sum, 1/p)
	})(b)
}

func meanOf(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

func maxOf(v []float64) float64 {
	top := math.Inf(-1)
	for _, x := range v {
		top = max(top, x)
	}
	return top
}

func globalPool(c *op.Ctx, fold func([]float64) float64) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	if x.Rank() < 2 || x.Rank() > 16 {
		return fmt.Errorf("%w: global pooling of %v", op.ErrInput, x)
	}
	var buf [16]int
	shape := buf[:x.Rank()]
	for i := range shape {
		shape[i] = 1
	}
	shape[0], shape[1] = x.Dim(0), x.Dim(1)
	y, err := c.Out(0, x.Elem(), shape)
	if err != nil || y.Len() == 0 {
		return err
	}
	n := x.Len() / y.Len()
	line, err := op.Scratch[float64](c, n)
	if err != nil {
		return err
	}
	for i := range y.Len() {
		switch x.Elem() {
		case tensor.Float32:
			for k, v := range tensor.Slice[float32](x)[i*n:][:n] {
				line[k] = float64(v)
			}
			tensor.Slice[float32](y)[i] = float32(fold(line))
		case tensor.Float64:
			copy(line, tensor.Slice[float64](x)[i*n:])
			tensor.Slice[float64](y)[i] = fold(line)
		default:
			return fmt.Errorf("%w: global pooling of %v", op.ErrType, x)
		}
	}
	return nil
}
