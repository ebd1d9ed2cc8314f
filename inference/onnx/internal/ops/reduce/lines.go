package reduce

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// lines is a tensor seen as lines along one axis: element k of line (o, i) is at
// (o*n+k)*inner+i.
type lines struct{ outer, n, inner int }

func newLines(shape []int, axis int) lines {
	l := lines{1, shape[axis], 1}
	for i, d := range shape {
		switch {
		case i < axis:
			l.outer *= d
		case i > axis:
			l.inner *= d
		}
	}
	return l
}

// each calls f with the offset of the first element of every line.
func (l lines) each(f func(line, at int)) {
	for o := range l.outer {
		for i := range l.inner {
			f(o*l.inner+i, o*l.n*l.inner+i)
		}
	}
}

// take copies a line out, put copies it back.
func take[T any](dst, src []T, at, step int) {
	for k := range dst {
		dst[k] = src[at+k*step]
	}
}

func put[T any](dst, src []T, at, step int) {
	for k, v := range src {
		dst[at+k*step] = v
	}
}

func axisOf(axis int, x *tensor.Tensor) (int, error) {
	at := axis
	if at < 0 {
		at += x.Rank()
	}
	if at < 0 || at >= x.Rank() {
		return 0, fmt.Errorf("%w: axis %d of %v", op.ErrInput, axis, x)
	}
	return at, nil
}

// arg makes the constructor of ArgMax and ArgMin.
func arg(largest bool) func(*op.Build) (op.Kernel, error) {
	return func(b *op.Build) (op.Kernel, error) {
		k := &argument{axis: b.Int("axis", 0), keep: b.Bool("keepdims", true), last: b.Bool("select_last_index", false), largest: largest}
		return k, nil
	}
}

// argument is the index of the largest or smallest element of each line; NaN is
// beyond both. Of equals it is the first, or the last if asked.
type argument struct {
	axis                int
	keep, last, largest bool
}

func (k *argument) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	axis, err := axisOf(k.axis, x)
	if err != nil {
		return err
	}
	if x.Dim(axis) == 0 && x.Rank() > 0 {
		return fmt.Errorf("%w: no largest or smallest of %v at axis %d", op.ErrInput, x, axis)
	}
	var buf [kernel.MaxRank]int
	shape := buf[:0]
	for i, d := range x.Shape() {
		switch {
		case i != axis:
			shape = append(shape, d)
		case k.keep:
			shape = append(shape, 1)
		}
	}
	y, err := c.Out(0, tensor.Int64, shape)
	if err != nil {
		return err
	}
	dst, l := tensor.Slice[int64](y), newLines(x.Shape(), axis)
	switch x.Elem() {
	case tensor.Float32:
		argLines(k, dst, tensor.Slice[float32](x), l)
	case tensor.Float64:
		argLines(k, dst, tensor.Slice[float64](x), l)
	case tensor.Int64:
		argLines(k, dst, tensor.Slice[int64](x), l)
	case tensor.Int32:
		argLines(k, dst, tensor.Slice[int32](x), l)
	case tensor.Int16:
		argLines(k, dst, tensor.Slice[int16](x), l)
	case tensor.Int8:
		argLines(k, dst, tensor.Slice[int8](x), l)
	case tensor.Uint64:
		argLines(k, dst, tensor.Slice[uint64](x), l)
	case tensor.Uint32:
		argLines(k, dst, tensor.Slice[uint32](x), l)
	case tensor.Uint16:
		argLines(k, dst, tensor.Slice[uint16](x), l)
	case tensor.Uint8:
		argLines(k, dst, tensor.Slice[uint8](x), l)
	default:
		return fmt.Errorf("%w: ArgMax of %v", op.ErrType, x)
	}
	return nil
}

func argLines[T kernel.Number](k *argument, dst []int64, src []T, l lines) {
	l.each(func(line, at int) {
		best := 0
		top := src[at]
		for i := 1; i < l.n; i++ {
			if v := src[at+i*l.inner]; k.better(compare(v, top)) || v != v && top == top {
				best, top = i, v
			}
		}
		dst[line] = int64(best)
	})
}

func compare[T kernel.Number](a, b T) int {
	switch {
	case a > b:
		return 1
	case a < b:
		return -1
	case a == b:
		return 0
	}
	return 2 // NaN: neither better nor equal
}

func (k *argument) better(order int) bool {
	switch order {
	case 1:
		return k.largest
	case -1:
		return !k.largest
	case 0:
		return k.last
	}
	return false
}

// softmax works on lines along an axis; before version 13 all dimensions from the
// axis on were one.
type softmax struct {
	axis      int
	old       bool
	logarithm bool
}

func newSoftmax(logarithm bool) func(*op.Build) (op.Kernel, error) {
	return func(b *op.Build) (op.Kernel, error) {
		k := &softmax{old: b.Version() < 13, logarithm: logarithm}
		k.axis = b.Int("axis", map[bool]int{true: 1, false: -1}[k.old])
		return k, nil
	}
}

// linesOf is the lines that softmax and hardmax work on.
func linesOf(axis int, old bool, x *tensor.Tensor) (lines, error) {
	if x.Rank() == 0 {
		return lines{1, 1, 1}, nil
	}
	if old && axis == x.Rank() {
		return lines{x.Len(), 1, 1}, nil
	}
	at, err := axisOf(axis, x)
	if err != nil {
		return lines{}, err
	}
	l := newLines(x.Shape(), at)
	if old {
		l.n, l.inner = l.n*l.inner, 1
	}
	return l, nil
}

func (k *softmax) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	l, err := linesOf(k.axis, k.old, x)
	if err != nil {
		return err
	}
	y, err := c.OutOver(0, 0, x.Elem(), x.Shape())
	if err != nil {
		return err
	}
	switch x.Elem() {
	case tensor.Float32:
		return mapLines(c, l, tensor.Slice[float32](y), tensor.Slice[float32](x), func(d, s []float32) { kernel.SoftmaxRow(d, s, k.logarithm) })
	case tensor.Float64:
		return mapLines(c, l, tensor.Slice[float64](y), tensor.Slice[float64](x), func(d, s []float64) { kernel.SoftmaxRow64(d, s, k.logarithm) })
	}
	return fmt.Errorf("%w: softmax of %v", op.ErrType, x)
}

// mapLines applies f to every line. dst may be src.
func mapLines[T tensor.Type](c *op.Ctx, l lines, dst, src []T, f func(dst, src []T)) error {
	if l.inner == 1 {
		for o := range l.outer {
			f(dst[o*l.n:(o+1)*l.n], src[o*l.n:(o+1)*l.n])
		}
		return nil
	}
	line, err := op.Scratch[T](c, l.n)
	if err != nil {
		return err
	}
	l.each(func(_, at int) {
		take(line, src, at, l.inner)
		f(line, line)
		put(dst, line, at, l.inner)
	})
	return nil
}

// newHardmax is one at the first largest element of each line, else zero.
func newHardmax(b *op.Build) (op.Kernel, error) {
	old := b.Version() < 13
	axis := b.Int("axis", map[bool]int{true: 1, false: -1}[old])
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		l, err := linesOf(axis, old, x)
		if err != nil {
			return err
		}
		y, err := c.OutOver(0, 0, x.Elem(), x.Shape())
		if err != nil {
			return err
		}
		switch x.Elem() {
		case tensor.Float32:
			return mapLines(c, l, tensor.Slice[float32](y), tensor.Slice[float32](x), hardmax[float32])
		case tensor.Float64:
			return mapLines(c, l, tensor.Slice[float64](y), tensor.Slice[float64](x), hardmax[float64])
		}
		return fmt.Errorf("%w: Hardmax of %v", op.ErrType, x)
	}), nil
}

func hardmax[T kernel.Float](dst, src []T) {
	best := 0
	for i, v := range src {
		if v > src[best] {
			best = i
		}
	}
	clear(dst)
	if len(dst) > 0 {
		dst[best] = 1
	}
}

// newLpNormalization divides each line by its norm; a line of norm 0 becomes 0.
func newLpNormalization(b *op.Build) (op.Kernel, error) {
	axis, p := b.Int("axis", -1), b.Int("p", 2)
	if p != 1 && p != 2 {
		b.Fail("p is %d, not 1 or 2", p)
	}
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		l, err := linesOf(axis, false, x)
		if err != nil {
			return err
		}
		y, err := c.OutOver(0, 0, x.Elem(), x.Shape())
		if err != nil {
			return err
		}
		switch x.Elem() {
		case tensor.Float32:
			return mapLines(c, l, tensor.Slice[float32](y), tensor.Slice[float32](x), func(d, s []float32) { normalize(d, s, p) })
		case tensor.Float64:
			return mapLines(c, l, tensor.Slice[float64](y), tensor.Slice[float64](x), func(d, s []float64) { normalize(d, s, p) })
		}
		return fmt.Errorf("%w: LpNormalization of %v", op.ErrType, x)
	}), nil
}

func normalize[T kernel.Float](dst, src []T, p int) {
	norm := 0.0
	for _, v := range src {
		f := float64(v)
		if p == 2 {
			norm += f * f
		} else {
			norm += max(f, -f)
		}
	}
	if p == 2 {
		norm = sqrt(norm)
	}
	for i, v := range src {
		dst[i] = 0
		if norm != 0 {
			dst[i] = T(float64(v) / norm)
		}
	}
}

// cumulate makes the constructor of CumSum and CumProd.
func cumulate(product bool) func(*op.Build) (op.Kernel, error) {
	return func(b *op.Build) (op.Kernel, error) {
		k := &cumulative{exclusive: b.Bool("exclusive", false), reverse: b.Bool("reverse", false), product: product}
		return k, nil
	}
}

type cumulative struct{ exclusive, reverse, product bool }

func (k *cumulative) Run(c *op.Ctx) error {
	x, t := c.In(0), c.In(1)
	if x == nil || t == nil || t.Len() != 1 {
		return fmt.Errorf("%w: CumSum of %v along %v", op.ErrInput, x, t)
	}
	axis := 0
	switch t.Elem() {
	case tensor.Int64:
		axis = int(tensor.Slice[int64](t)[0])
	case tensor.Int32:
		axis = int(tensor.Slice[int32](t)[0])
	}
	axis, err := axisOf(axis, x)
	if err != nil {
		return err
	}
	y, err := c.OutOver(0, 0, x.Elem(), x.Shape())
	if err != nil {
		return err
	}
	l := newLines(x.Shape(), axis)
	switch x.Elem() {
	case tensor.Float32:
		cumulateLines(k, l, tensor.Slice[float32](y), tensor.Slice[float32](x))
	case tensor.Float64:
		cumulateLines(k, l, tensor.Slice[float64](y), tensor.Slice[float64](x))
	case tensor.Int64:
		cumulateLines(k, l, tensor.Slice[int64](y), tensor.Slice[int64](x))
	case tensor.Int32:
		cumulateLines(k, l, tensor.Slice[int32](y), tensor.Slice[int32](x))
	case tensor.Uint64:
		cumulateLines(k, l, tensor.Slice[uint64](y), tensor.Slice[uint64](x))
	case tensor.Uint32:
		cumulateLines(k, l, tensor.Slice[uint32](y), tensor.Slice[uint32](x))
	default:
		return fmt.Errorf("%w: CumSum of %v", op.ErrType, x)
	}
	return nil
}

func cumulateLines[T kernel.Number](k *cumulative, l lines, dst, src []T) {
	l.each(func(_, at int) {
		var sum T
		if k.product {
			sum = 1
		}
		for i := range l.n {
			p := at + i*l.inner
			if k.reverse {
				p = at + (l.n-1-i)*l.inner
			}
			v, before := src[p], sum
			if k.product {
				sum *= v
			} else {
				sum += v
			}
			dst[p] = sum
			if k.exclusive {
				dst[p] = before
			}
		}
	})
}
