package layout

import (
	"fmt"
	"slices"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// newReshape: the shape is an attribute before version 5, an input since. 0 keeps
// the input's dimension unless allowzero is set, -1 takes what is left.
func newReshape(b *op.Build) (op.Kernel, error) {
	fixed := b.Ints("shape")
	allowZero := b.Bool("allowzero", false)
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		var buf [kernel.MaxRank]int
		shape := append(buf[:0], fixed...)
		if t := c.In(1); t != nil {
			if shape, err = integers(buf[:0], t); err != nil {
				return err
			}
		}
		if err := fill(shape, x, allowZero); err != nil {
			return err
		}
		return c.View(0, 0, shape)
	}), nil
}

// fill resolves 0 and -1 in a shape.
func fill(shape []int, x *tensor.Tensor, allowZero bool) error {
	known, free := 1, -1
	for i, d := range shape {
		switch {
		case d == 0 && !allowZero:
			if i >= x.Rank() {
				return fmt.Errorf("%w: dimension %d of %v is to be kept", op.ErrInput, i, x)
			}
			shape[i] = x.Dim(i)
			known *= shape[i]
		case d == -1 && free < 0:
			free = i
		case d < 0:
			return fmt.Errorf("%w: shape %v", op.ErrInput, slices.Clone(shape))
		default:
			known *= d
		}
	}
	if free < 0 {
		return nil
	}
	if known == 0 || x.Len()%known != 0 {
		if x.Len() == 0 && known == 0 {
			shape[free] = 0
			return nil
		}
		return fmt.Errorf("%w: %v cannot be seen as %v", op.ErrInput, x, slices.Clone(shape))
	}
	shape[free] = x.Len() / known
	return nil
}

// newFlatten makes a matrix: the dimensions before the axis, and those from it on.
func newFlatten(b *op.Build) (op.Kernel, error) {
	axis := b.Int("axis", 1)
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		at := axis
		if at < 0 {
			at += x.Rank()
		}
		if at < 0 || at > x.Rank() {
			return fmt.Errorf("%w: axis %d of %v", op.ErrInput, axis, x)
		}
		shape := [2]int{1, 1}
		for i, d := range x.Shape() {
			if i < at {
				shape[0] *= d
			} else {
				shape[1] *= d
			}
		}
		return c.View(0, 0, shape[:])
	}), nil
}

// axesFrom reads axes from an attribute (before version 13) or from input 1.
type axesFrom struct{ fixed []int }

func (a axesFrom) read(c *op.Ctx, buf []int) ([]int, error) {
	if t := c.In(1); t != nil {
		return integers(buf, t)
	}
	return append(buf, a.fixed...), nil
}

// newSqueeze drops dimensions of size 1: those listed, or all.
func newSqueeze(b *op.Build) (op.Kernel, error) {
	from := axesFrom{b.Ints("axes")}
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		var buf, out [kernel.MaxRank]int
		axes, err := from.read(c, buf[:0])
		if err != nil {
			return err
		}
		var drop [kernel.MaxRank]bool
		for i, d := range x.Shape() {
			drop[i] = len(axes) == 0 && d == 1
		}
		for _, a := range axes {
			if a, err = axisOf(a, x.Rank()); err != nil {
				return err
			}
			if x.Dim(a) != 1 {
				return fmt.Errorf("%w: axis %d of %v is not 1", op.ErrInput, a, x)
			}
			drop[a] = true
		}
		shape := out[:0]
		for i, d := range x.Shape() {
			if !drop[i] {
				shape = append(shape, d)
			}
		}
		return c.View(0, 0, shape)
	}), nil
}

// newUnsqueeze adds dimensions of size 1 at the places listed.
func newUnsqueeze(b *op.Build) (op.Kernel, error) {
	from := axesFrom{b.Ints("axes")}
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		var buf, out [kernel.MaxRank]int
		axes, err := from.read(c, buf[:0])
		if err != nil {
			return err
		}
		rank := x.Rank() + len(axes)
		if rank > kernel.MaxRank {
			return fmt.Errorf("%w: %d dimensions", op.ErrInput, rank)
		}
		var added [kernel.MaxRank]bool
		for _, a := range axes {
			if a, err = axisOf(a, rank); err != nil {
				return err
			}
			if added[a] {
				return fmt.Errorf("%w: axis %d is listed twice", op.ErrInput, a)
			}
			added[a] = true
		}
		shape, k := out[:rank], 0
		for i := range shape {
			shape[i] = 1
			if !added[i] {
				shape[i] = x.Dim(k)
				k++
			}
		}
		return c.View(0, 0, shape)
	}), nil
}

// newShape gives the dimensions from start to end.
func newShape(b *op.Build) (op.Kernel, error) {
	start, end := b.Int("start", 0), b.Int("end", int(^uint(0)>>1))
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		from, to := within(start, x.Rank()), within(end, x.Rank())
		n := [1]int{max(to-from, 0)}
		y, err := c.Out(0, tensor.Int64, n[:])
		if err != nil {
			return err
		}
		dst := tensor.Slice[int64](y)
		for i := range dst {
			dst[i] = int64(x.Dim(from + i))
		}
		return nil
	}), nil
}

// within is an index that may count from the end, forced into [0, rank].
func within(i, rank int) int {
	if i < 0 {
		i += rank
	}
	return min(max(i, 0), rank)
}

func newSize(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		y, err := c.Out(0, tensor.Int64, nil)
		if err != nil {
			return err
		}
		tensor.Slice[int64](y)[0] = int64(x.Len())
		return nil
	}), nil
}
