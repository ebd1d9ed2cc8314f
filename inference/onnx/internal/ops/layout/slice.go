package layout

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// cut is a slice along one dimension: n elements from start, step apart.
type cut struct{ start, step, n int }

// newSlice takes starts, ends and axes from attributes before version 10, and with
// steps from inputs since.
func newSlice(b *op.Build) (op.Kernel, error) {
	starts, ends, axes := b.Ints("starts"), b.Ints("ends"), b.Ints("axes")
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		if err := rankFits(x); err != nil {
			return err
		}
		if c.NumIn() < 2 {
			return slice(c, x, starts, ends, axes, nil)
		}
		var buf [4][kernel.MaxRank]int
		var args [4][]int
		for i := range args {
			if t := c.In(i + 1); t != nil {
				if args[i], err = integers(buf[i][:0], t); err != nil {
					return err
				}
			}
		}
		return slice(c, x, args[0], args[1], args[2], args[3])
	}), nil
}

func slice(c *op.Ctx, x *tensor.Tensor, starts, ends, axes, steps []int) error {
	if len(starts) != len(ends) || axes != nil && len(axes) != len(starts) || steps != nil && len(steps) != len(starts) {
		return fmt.Errorf("%w: %d starts, %d ends, %d axes, %d steps", op.ErrInput, len(starts), len(ends), len(axes), len(steps))
	}
	var cuts [kernel.MaxRank]cut
	for i, d := range x.Shape() {
		cuts[i] = cut{0, 1, d}
	}
	for i := range starts {
		axis, step := i, 1
		if axes != nil {
			axis = axes[i]
		}
		if steps != nil {
			step = steps[i]
		}
		axis, err := axisOf(axis, x.Rank())
		if err != nil {
			return err
		}
		if step == 0 {
			return fmt.Errorf("%w: a step of 0", op.ErrInput)
		}
		cuts[axis] = newCut(starts[i], ends[i], step, x.Dim(axis))
	}
	return cutOut(c, x, cuts[:x.Rank()])
}

// newCut applies Python's rules for a slice of a dimension of d.
func newCut(start, end, step, d int) cut {
	if start < 0 {
		start += d
	}
	if end < 0 && end >= -d {
		end += d
	} else if end < -d {
		end = -1
		if step > 0 {
			end = 0
		}
	}
	if step > 0 {
		start, end = min(max(start, 0), d), min(max(end, 0), d)
		// Not (end-start+step-1)/step: a huge step would overflow.
		n := max(end-start, 0)
		if n > 0 {
			n = (n-1)/step + 1
		}
		return cut{start, step, n}
	}
	start, end = min(max(start, -1), d-1), min(max(end, -1), d-1)
	n := max(start-end, 0)
	if n > 0 && step > -n {
		n = (n-1)/-step + 1
	} else if n > 0 {
		n = 1
	}
	return cut{start, step, n}
}

// cutOut moves what the cuts keep, or gives a view where that is one stretch.
func cutOut(c *op.Ctx, x *tensor.Tensor, cuts []cut) error {
	var buf [kernel.MaxRank]int
	out := buf[:len(cuts)]
	for i, k := range cuts {
		out[i] = k.n
	}
	if from, n, ok := stretch(x.Shape(), cuts); ok {
		return c.ViewRange(0, 0, from, n, out)
	}
	y, err := c.Out(0, x.Elem(), out)
	if err != nil {
		return err
	}
	var by maps
	for i, k := range cuts {
		if k == (cut{0, 1, x.Dim(i)}) {
			continue
		}
		if by[i], err = op.Scratch[int64](c, k.n); err != nil {
			return err
		}
		for j := range by[i] {
			by[i][j] = int64(k.start + j*k.step)
		}
	}
	m := newMover(y, x)
	remap(&m, x.Shape(), out, &by)
	return nil
}

// stretch reports whether the cuts keep one run of elements: at most one dimension
// is cut, by steps of one, and all before it are of size 1.
func stretch(shape []int, cuts []cut) (from, n int, ok bool) {
	n, run := 1, 1
	for i := len(cuts) - 1; i >= 0; i-- {
		k := cuts[i]
		if k.n != 1 && k.step != 1 {
			return 0, 0, false
		}
		// Whatever lies inside must be whole for a longer dimension to be one run.
		if k.n > 1 && n != run {
			return 0, 0, false
		}
		from += k.start * run
		n *= k.n
		run *= shape[i]
	}
	return from, n, n > 0
}

// newSplit cuts a tensor into parts along an axis: sizes given, or equal ones with
// a smaller last.
func newSplit(b *op.Build) (op.Kernel, error) {
	axis := b.Int("axis", 0)
	sizes := b.Ints("split")
	b.Ignore("num_outputs") // the node's outputs tell
	outputs := b.NumOut()
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		axis, err := axisOf(axis, x.Rank())
		if err != nil {
			return err
		}
		var buf [64]int
		parts := append(buf[:0], sizes...)
		if t := c.In(1); t != nil {
			if parts, err = integers(buf[:0], t); err != nil {
				return err
			}
		}
		if len(parts) == 0 {
			parts = equalParts(buf[:0], x.Dim(axis), outputs)
		}
		return splitAt(c, x, axis, parts)
	}), nil
}

func equalParts(buf []int, total, n int) []int {
	size := (total + n - 1) / n
	for range n {
		part := min(size, total)
		buf = append(buf, part)
		total -= part
	}
	return buf
}

func splitAt(c *op.Ctx, x *tensor.Tensor, axis int, parts []int) error {
	sum := 0
	for _, p := range parts {
		if p < 0 {
			return fmt.Errorf("%w: split %v", op.ErrInput, cloned(parts))
		}
		sum += p
	}
	if sum != x.Dim(axis) || len(parts) < c.NumOut() {
		return fmt.Errorf("%w: split of %v at axis %d into %v", op.ErrInput, x, axis, cloned(parts))
	}
	outer, inner := split(x.Shape(), axis)
	var buf [kernel.MaxRank]int
	shape := append(buf[:0], x.Shape()...)
	at := 0
	for i, p := range parts {
		shape[axis] = p
		if err := onePart(c, i, x, outer, inner, at, p, shape, axis); err != nil {
			return err
		}
		at += p
	}
	return nil
}

func onePart(c *op.Ctx, i int, x *tensor.Tensor, outer, inner, at, p int, shape []int, axis int) error {
	if !c.HasOut(i) {
		return nil
	}
	if outer == 1 {
		return c.ViewRange(i, 0, at*inner, p*inner, shape)
	}
	y, err := c.Out(i, x.Elem(), shape)
	if err != nil {
		return err
	}
	columns(y, x, outer, p*inner, p*inner, x.Dim(axis)*inner, 0, at*inner)
	return nil
}

// columns copies rows of n elements; ldd and lds are the distances of rows, to and
// from where the first ones begin.
func columns(dst, src *tensor.Tensor, rows, n, ldd, lds, to, from int) {
	if size := dst.Elem().Size(); size > 0 && size%4 == 0 && rows > 1 && n > 0 {
		d, s, w := kernel.Words(dst.Bytes()), kernel.Words(src.Bytes()), size/4
		if d != nil && s != nil {
			kernel.Best().CopyRows(d[to*w:], ldd*w, s[from*w:], lds*w, rows, n*w)
			return
		}
	}
	m := newMover(dst, src)
	for r := range rows {
		m.copy(to+r*ldd, from+r*lds, n)
	}
}

// newConcat joins tensors along an axis. Before version 4 the axis could be left
// out and was 1.
func newConcat(b *op.Build) (op.Kernel, error) {
	axis := b.Int("axis", 1)
	return op.Func(func(c *op.Ctx) error {
		first, err := c.Need(0)
		if err != nil {
			return err
		}
		axis, err := axisOf(axis, first.Rank())
		if err != nil {
			return err
		}
		var buf [kernel.MaxRank]int
		if err := rankFits(first); err != nil {
			return err
		}
		shape := append(buf[:0], first.Shape()...)
		shape[axis] = 0
		for i := range c.NumIn() {
			t, err := c.Need(i)
			if err != nil {
				return err
			}
			if !joins(t, first, axis) {
				return fmt.Errorf("%w: %v beside %v at axis %d", op.ErrInput, first, t, axis)
			}
			shape[axis] += t.Dim(axis)
		}
		y, err := c.Out(0, first.Elem(), shape)
		if err != nil {
			return err
		}
		join(c, y, axis)
		return nil
	}), nil
}

// joins reports whether t agrees with first in type and in all dimensions but one.
func joins(t, first *tensor.Tensor, axis int) bool {
	if t.Elem() != first.Elem() || t.Rank() != first.Rank() {
		return false
	}
	for i, d := range t.Shape() {
		if i != axis && d != first.Dim(i) {
			return false
		}
	}
	return true
}

func join(c *op.Ctx, y *tensor.Tensor, axis int) {
	outer, inner := split(y.Shape(), axis)
	row, at := y.Dim(axis)*inner, 0
	for i := range c.NumIn() {
		t := c.In(i)
		n := t.Dim(axis) * inner
		columns(y, t, outer, n, row, n, at, 0)
		at += n
	}
}
