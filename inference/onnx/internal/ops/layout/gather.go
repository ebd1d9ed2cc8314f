package layout

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// indices reads a tensor of indices into a dimension of d; negative ones count
// from its end.
func indices(c *op.Ctx, t *tensor.Tensor, d int) ([]int64, error) {
	v, err := op.Scratch[int64](c, t.Len())
	if err != nil {
		return nil, err
	}
	switch t.Elem() {
	case tensor.Int64:
		copy(v, tensor.Slice[int64](t))
	case tensor.Int32:
		toInts(v, tensor.Slice[int32](t))
	default:
		return nil, fmt.Errorf("%w: %v as indices", op.ErrType, t)
	}
	for i, x := range v {
		if x < 0 {
			x += int64(d)
			v[i] = x
		}
		if x < 0 || x >= int64(d) {
			return nil, fmt.Errorf("%w: index %d in a dimension of %d", op.ErrInput, x, d)
		}
	}
	return v, nil
}

// newGather takes slices along an axis; the indices' shape takes the axis' place.
func newGather(b *op.Build) (op.Kernel, error) {
	axis := b.Int("axis", 0)
	return op.Func(func(c *op.Ctx) error {
		x, t := c.In(0), c.In(1)
		if x == nil || t == nil {
			return fmt.Errorf("%w: Gather of %v at %v", op.ErrInput, x, t)
		}
		axis, err := axisOf(axis, x.Rank())
		if err != nil {
			return err
		}
		at, err := indices(c, t, x.Dim(axis))
		if err != nil {
			return err
		}
		if x.Rank()+t.Rank()-1 > kernel.MaxRank {
			return fmt.Errorf("%w: Gather of %v at %v", op.ErrInput, x, t)
		}
		var buf [kernel.MaxRank]int
		shape := append(append(append(buf[:0], x.Shape()[:axis]...), t.Shape()...), x.Shape()[axis+1:]...)
		outer, inner := split(x.Shape(), axis)
		if outer == 1 && len(at) == 1 && inner > 0 {
			return c.ViewRange(0, 0, int(at[0])*inner, inner, shape)
		}
		y, err := c.Out(0, x.Elem(), shape)
		if err != nil {
			return err
		}
		m := newMover(y, x)
		for o := range outer {
			m.line(o*len(at)*inner, o*x.Dim(axis)*inner, inner, at)
		}
		return nil
	}), nil
}

// newGatherElements takes single elements: the index stands for the coordinate
// along the axis, the others are those of the index itself.
func newGatherElements(b *op.Build) (op.Kernel, error) {
	axis := b.Int("axis", 0)
	return op.Func(func(c *op.Ctx) error {
		x, t := c.In(0), c.In(1)
		if x == nil || t == nil || x.Rank() != t.Rank() {
			return fmt.Errorf("%w: GatherElements of %v at %v", op.ErrInput, x, t)
		}
		axis, err := axisOf(axis, x.Rank())
		if err != nil {
			return err
		}
		at, err := indices(c, t, x.Dim(axis))
		if err != nil {
			return err
		}
		y, err := c.Out(0, x.Elem(), t.Shape())
		if err != nil {
			return err
		}
		w, err := newWalk(t.Shape(), x.Shape(), axis)
		if err != nil {
			return err
		}
		m := newMover(y, x)
		for i, v := range at {
			m.copy(i, w.offset()+int(v)*w.stride[axis], 1)
			w.next()
		}
		return nil
	}), nil
}

// walk goes through all coordinates of a shape and knows the offset of each in a
// tensor of another shape, one axis left out.
type walk struct {
	shape  []int
	axis   int
	at     [kernel.MaxRank]int
	stride [kernel.MaxRank]int
	sum    int
}

func newWalk(shape, in []int, axis int) (w walk, err error) {
	w.shape, w.axis = shape, axis
	run := 1
	for i := len(in) - 1; i >= 0; i-- {
		w.stride[i] = run
		run *= in[i]
		if i != axis && shape[i] > in[i] {
			return w, fmt.Errorf("%w: indices %v for %v", op.ErrInput, cloned(shape), cloned(in))
		}
	}
	return w, nil
}

func (w *walk) offset() int { return w.sum }

func (w *walk) next() {
	for i := len(w.shape) - 1; i >= 0; i-- {
		w.at[i]++
		if i != w.axis {
			w.sum += w.stride[i]
		}
		if w.at[i] < w.shape[i] {
			return
		}
		if i != w.axis {
			w.sum -= w.stride[i] * w.shape[i]
		}
		w.at[i] = 0
	}
}

// newGatherND takes slices at the coordinates in the last dimension of the indices.
func newGatherND(b *op.Build) (op.Kernel, error) {
	batch := b.Int("batch_dims", 0)
	return op.Func(func(c *op.Ctx) error {
		x, t := c.In(0), c.In(1)
		if x == nil || t == nil || t.Rank() == 0 || batch < 0 || batch >= t.Rank() || batch+t.Dim(-1) > x.Rank() || t.Elem() != tensor.Int64 {
			return fmt.Errorf("%w: GatherND of %v at %v", op.ErrInput, x, t)
		}
		k := t.Dim(-1)
		var buf [kernel.MaxRank]int
		if t.Rank()-1+x.Rank()-batch-k > kernel.MaxRank {
			return fmt.Errorf("%w: GatherND of %v at %v", op.ErrInput, x, t)
		}
		shape := append(append(buf[:0], t.Shape()[:t.Rank()-1]...), x.Shape()[batch+k:]...)
		y, err := c.Out(0, x.Elem(), shape)
		if err != nil {
			return err
		}
		n := newCoordinates(x.Shape(), batch, k)
		m := newMover(y, x)
		index := tensor.Slice[int64](t)
		rows := t.Len() / max(k, 1)
		if k == 0 {
			rows = product(t.Shape()[:t.Rank()-1])
		}
		each := max(rows/max(n.batches, 1), 1)
		for r := range rows {
			at, err := n.offset(index[r*k:][:k], r/each)
			if err != nil {
				return err
			}
			m.copy(r*n.block, at, n.block)
		}
		return nil
	}), nil
}

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// coordinates turns rows of k indices into offsets of blocks.
type coordinates struct {
	dims    []int
	batches int
	size    int // elements of one batch
	block   int
}

func newCoordinates(shape []int, batch, k int) coordinates {
	return coordinates{
		dims: shape[batch : batch+k], batches: product(shape[:batch]),
		size: product(shape[batch:]), block: product(shape[batch+k:]),
	}
}

func (n *coordinates) offset(index []int64, batch int) (int, error) {
	at := 0
	for i, v := range index {
		d := int64(n.dims[i])
		if v < 0 {
			v += d
		}
		if v < 0 || v >= d {
			return 0, fmt.Errorf("%w: index %d in a dimension of %d", op.ErrInput, index[i], d)
		}
		at = at*int(d) + int(v)
	}
	return batch*n.size + at*n.block, nil
}
