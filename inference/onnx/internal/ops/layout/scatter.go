package layout

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// combiner merges updates into elements: replaces them, or applies an operation.
type combiner struct {
	m    mover
	op   kernel.ArithOp
	set  bool
	y, u *tensor.Tensor
}

func newCombiner(y, u *tensor.Tensor, reduction string) (combiner, error) {
	c := combiner{m: newMover(y, u), y: y, u: u}
	switch reduction {
	case "none":
		c.set = true
	case "add":
		c.op = kernel.Add
	case "mul":
		c.op = kernel.Mul
	case "min":
		c.op = kernel.Min
	case "max":
		c.op = kernel.Max
	}
	if y.Elem() != u.Elem() {
		return c, fmt.Errorf("%w: updates of %v into %v", op.ErrType, u, y)
	}
	return c, nil
}

// run merges n elements of the updates into the output.
func (c *combiner) run(to, from, n int) error {
	if c.set {
		c.m.copy(to, from, n)
		return nil
	}
	switch c.y.Elem() {
	case tensor.Float32:
		merge[float32](c, to, from, n)
	case tensor.Float64:
		merge[float64](c, to, from, n)
	case tensor.Int64:
		merge[int64](c, to, from, n)
	case tensor.Int32:
		merge[int32](c, to, from, n)
	case tensor.Uint8:
		merge[uint8](c, to, from, n)
	case tensor.Int8:
		merge[int8](c, to, from, n)
	default:
		return fmt.Errorf("%w: reduction on %v", op.ErrType, c.y)
	}
	return nil
}

func merge[T interface {
	kernel.Number
	tensor.Type
}](c *combiner, to, from, n int) {
	d, s := tensor.Slice[T](c.y)[to:to+n], tensor.Slice[T](c.u)[from:from+n]
	var l kernel.Loops
	shape := [1]int{n}
	l.Init(shape[:], shape[:], shape[:], nil)
	kernel.Arith(c.op, &l, d, d, s)
}

// start copies the data into the output, to be updated there.
func start(c *op.Ctx, x *tensor.Tensor) (*tensor.Tensor, error) {
	y, err := c.OutOver(0, 0, x.Elem(), x.Shape())
	if err != nil {
		return nil, err
	}
	copy(y.Bytes(), x.Bytes())
	copy(y.Strings(), x.Strings())
	return y, nil
}

// newScatterElements is the inverse of GatherElements: updates go where the
// indices point.
func newScatterElements(b *op.Build) (op.Kernel, error) {
	axis := b.Int("axis", 0)
	reduction := b.Str("reduction", "none", "none", "add", "mul", "min", "max")
	return op.Func(func(c *op.Ctx) error {
		x, t, u := c.In(0), c.In(1), c.In(2)
		if x == nil || t == nil || u == nil || x.Rank() != t.Rank() || u.Len() != t.Len() {
			return fmt.Errorf("%w: ScatterElements of %v at %v with %v", op.ErrInput, x, t, u)
		}
		axis, err := axisOf(axis, x.Rank())
		if err != nil {
			return err
		}
		at, err := indices(c, t, x.Dim(axis))
		if err != nil {
			return err
		}
		w, err := newWalk(t.Shape(), x.Shape(), axis)
		if err != nil {
			return err
		}
		y, err := start(c, x)
		if err != nil {
			return err
		}
		k, err := newCombiner(y, u, reduction)
		if err != nil {
			return err
		}
		for i, v := range at {
			if err := k.run(w.offset()+int(v)*w.stride[axis], i, 1); err != nil {
				return err
			}
			w.next()
		}
		return nil
	}), nil
}

// newScatterND is the inverse of GatherND: slices of updates go to coordinates.
func newScatterND(b *op.Build) (op.Kernel, error) {
	reduction := b.Str("reduction", "none", "none", "add", "mul", "min", "max")
	return op.Func(func(c *op.Ctx) error {
		x, t, u := c.In(0), c.In(1), c.In(2)
		if x == nil || t == nil || u == nil || t.Rank() == 0 || t.Dim(-1) > x.Rank() || t.Elem() != tensor.Int64 {
			return fmt.Errorf("%w: ScatterND of %v at %v with %v", op.ErrInput, x, t, u)
		}
		k := t.Dim(-1)
		n := newCoordinates(x.Shape(), 0, k)
		rows := product(t.Shape()[:t.Rank()-1])
		if u.Len() != rows*n.block {
			return fmt.Errorf("%w: ScatterND of %v at %v with %v", op.ErrInput, x, t, u)
		}
		y, err := start(c, x)
		if err != nil {
			return err
		}
		m, err := newCombiner(y, u, reduction)
		if err != nil {
			return err
		}
		index := tensor.Slice[int64](t)
		for r := range rows {
			at, err := n.offset(index[r*k:][:k], 0)
			if err != nil {
				return err
			}
			if err := m.run(at, r*n.block, n.block); err != nil {
				return err
			}
		}
		return nil
	}), nil
}

// newTensorScatter writes updates into a cache along an axis, for each batch from
// its own place on; in circular mode past the end means the beginning.
func newTensorScatter(b *op.Build) (op.Kernel, error) {
	axis := b.Int("axis", -2)
	circular := b.Str("mode", "linear", "linear", "circular") == "circular"
	return op.Func(func(c *op.Ctx) error {
		x, u, t := c.In(0), c.In(1), c.In(2)
		if x == nil || u == nil || x.Rank() != u.Rank() || x.Elem() != u.Elem() {
			return fmt.Errorf("%w: TensorScatter of %v with %v", op.ErrInput, x, u)
		}
		axis, err := axisOf(axis, x.Rank())
		if err != nil || axis == 0 || !joins(u, x, axis) {
			return fmt.Errorf("%w: TensorScatter of %v with %v", op.ErrInput, x, u)
		}
		y, err := start(c, x)
		if err != nil {
			return err
		}
		var from []int64
		if t != nil {
			from = tensor.Slice[int64](t)
		}
		return scatterCache(y, u, from, axis, circular)
	}), nil
}

func scatterCache(y, u *tensor.Tensor, from []int64, axis int, circular bool) error {
	outer, inner := split(y.Shape(), axis)
	size, n := y.Dim(axis), u.Dim(axis)
	each := outer / max(y.Dim(0), 1)
	m := newMover(y, u)
	for o := range outer {
		first := int64(0)
		if b := o / each; b < len(from) {
			first = from[b]
		}
		if first < 0 || !circular && first+int64(n) > int64(size) || size == 0 && n > 0 {
			return fmt.Errorf("%w: %d steps from %d in a cache of %d", op.ErrInput, n, first, size)
		}
		for i := range n {
			m.copy((o*size+(int(first%int64(size))+i)%size)*inner, (o*n+i)*inner, inner)
		}
	}
	return nil
}
