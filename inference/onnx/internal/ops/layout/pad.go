package layout

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// pad adds elements before and after each dimension, or takes some away where a
// number is negative.
type pad struct {
	mode  string
	pads  []int // from attributes, before version 11
	value float32
	old   bool
}

func newPad(b *op.Build) (op.Kernel, error) {
	k := &pad{mode: b.Str("mode", "constant", "constant", "reflect", "edge", "wrap"), old: b.Version() < 11}
	if k.old {
		k.pads = b.Ints("pads")
		if k.pads == nil {
			k.pads = b.Ints("paddings")
		}
		k.value = b.Float("value", 0)
	}
	return k, nil
}

func (k *pad) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	if err := rankFits(x); err != nil {
		return err
	}
	var before, after [kernel.MaxRank]int
	if err := k.amounts(c, x, &before, &after); err != nil {
		return err
	}
	var buf [kernel.MaxRank]int
	out := buf[:x.Rank()]
	for i, d := range x.Shape() {
		out[i] = before[i] + d + after[i]
		if out[i] < 0 {
			return fmt.Errorf("%w: Pad takes more from %v than there is", op.ErrInput, x)
		}
	}
	y, err := c.Out(0, x.Elem(), out)
	if err != nil {
		return err
	}
	m := newMover(y, x)
	if err := k.fillWith(c, &m, x); err != nil {
		return err
	}
	var by maps
	for i, d := range x.Shape() {
		if before[i] == 0 && after[i] == 0 {
			continue
		}
		if by[i], err = op.Scratch[int64](c, out[i]); err != nil {
			return err
		}
		if err := k.index(by[i], before[i], d); err != nil {
			return err
		}
	}
	remap(&m, x.Shape(), out, &by)
	return nil
}

// amounts reads the pads: all begins, then all ends, for all axes or those listed.
func (k *pad) amounts(c *op.Ctx, x *tensor.Tensor, before, after *[kernel.MaxRank]int) error {
	var buf, axesBuf [2 * kernel.MaxRank]int
	pads, axes := k.pads, axesBuf[:0]
	var err error
	if !k.old {
		t, err := c.Need(1)
		if err != nil {
			return err
		}
		if pads, err = integers(buf[:0], t); err != nil {
			return err
		}
	}
	if t := c.In(3); t != nil {
		if axes, err = integers(axes, t); err != nil {
			return err
		}
	} else {
		for i := range x.Rank() {
			axes = append(axes, i)
		}
	}
	if len(pads) != 2*len(axes) {
		return fmt.Errorf("%w: %d pads for %d axes", op.ErrInput, len(pads), len(axes))
	}
	for i, a := range axes {
		if a, err = axisOf(a, x.Rank()); err != nil {
			return err
		}
		before[a], after[a] = pads[i], pads[len(axes)+i]
	}
	return nil
}

// fillWith sets the element that constant padding is filled with.
func (k *pad) fillWith(c *op.Ctx, m *mover, x *tensor.Tensor) error {
	if k.old {
		if k.value == 0 {
			return nil
		}
		switch x.Elem() {
		case tensor.Float32:
			m.fillB = tensor.Scalar(k.value).Bytes()
		case tensor.Float64:
			m.fillB = tensor.Scalar(float64(k.value)).Bytes()
		case tensor.Float16:
			m.fillB = tensor.Scalar(tensor.ToF16(k.value)).Bytes()
		default:
			return fmt.Errorf("%w: Pad of %v", op.ErrType, x)
		}
		return nil
	}
	v := c.In(2)
	if v == nil {
		return nil
	}
	if v.Len() != 1 || v.Elem() != x.Elem() {
		return fmt.Errorf("%w: Pad of %v with %v", op.ErrInput, x, v)
	}
	m.fillB = v.Bytes()
	if s := v.Strings(); s != nil {
		m.fillS = s[0]
	}
	return nil
}

// index fills one dimension's map: where each output index comes from in d.
func (k *pad) index(dst []int64, before, d int) error {
	if d == 0 && k.mode != "constant" && len(dst) > 0 {
		return fmt.Errorf("%w: Pad of an empty dimension by %s", op.ErrInput, k.mode)
	}
	for i := range dst {
		at := i - before
		switch {
		case at >= 0 && at < d:
		case k.mode == "constant":
			at = -1
		case k.mode == "edge":
			at = min(max(at, 0), d-1)
		case k.mode == "wrap":
			at = ((at % d) + d) % d
		default:
			at = reflect(at, d)
		}
		dst[i] = int64(at)
	}
	return nil
}

// reflect mirrors an index at both ends, as often as needed, without repeating the
// ends themselves.
func reflect(at, d int) int {
	if d == 1 {
		return 0
	}
	period := 2 * (d - 1)
	at = ((at % period) + period) % period
	if at >= d {
		at = period - at
	}
	return at
}

// newCenterCropPad cuts or pads the listed axes around the middle to given sizes.
func newCenterCropPad(b *op.Build) (op.Kernel, error) {
	axes := b.Ints("axes")
	return op.Func(func(c *op.Ctx) error {
		x, t := c.In(0), c.In(1)
		if x == nil || t == nil {
			return fmt.Errorf("%w: CenterCropPad of %v to %v", op.ErrInput, x, t)
		}
		var sizeBuf, outBuf [kernel.MaxRank]int
		sizes, err := integers(sizeBuf[:0], t)
		if err != nil {
			return err
		}
		out := append(outBuf[:0], x.Shape()...)
		var by maps
		for i, size := range sizes {
			axis := i
			if axes != nil && i < len(axes) {
				axis = axes[i]
			}
			if axis, err = axisOf(axis, x.Rank()); err != nil {
				return err
			}
			if size < 0 {
				return fmt.Errorf("%w: size %d", op.ErrInput, size)
			}
			out[axis] = size
			if by[axis], err = op.Scratch[int64](c, size); err != nil {
				return err
			}
			centre(by[axis], x.Dim(axis))
		}
		y, err := c.Out(0, x.Elem(), out)
		if err != nil {
			return err
		}
		m := newMover(y, x)
		remap(&m, x.Shape(), out, &by)
		return nil
	}), nil
}

// centre maps a dimension of len(dst) onto one of d, middle on middle.
func centre(dst []int64, d int) {
	n := len(dst)
	from := (d - n) / 2
	if n > d {
		from = -((n - d) / 2)
	}
	for i := range dst {
		at := i + from
		if at < 0 || at >= d {
			at = -1
		}
		dst[i] = int64(at)
	}
}

// newTile repeats a tensor along each dimension. In version 1 the inputs were a
// number of tiles and one axis.
func newTile(b *op.Build) (op.Kernel, error) {
	old := b.Version() < 6
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		var buf, outBuf [kernel.MaxRank]int
		repeats := buf[:0]
		if old {
			repeats, err = oldRepeats(c, buf[:x.Rank()])
		} else {
			var t *tensor.Tensor
			if t, err = c.Need(1); err == nil {
				repeats, err = integers(repeats, t)
			}
		}
		if err != nil {
			return err
		}
		if len(repeats) != x.Rank() {
			return fmt.Errorf("%w: %d repeats for %v", op.ErrInput, len(repeats), x)
		}
		out := outBuf[:x.Rank()]
		for i, d := range x.Shape() {
			if repeats[i] < 0 {
				return fmt.Errorf("%w: %d repeats", op.ErrInput, repeats[i])
			}
			out[i] = d * repeats[i]
		}
		return tile(c, x, out)
	}), nil
}

// oldRepeats reads version 1's inputs: float numbers for tiles and axis.
func oldRepeats(c *op.Ctx, repeats []int) ([]int, error) {
	n, err1 := number(c.In(1))
	axis, err2 := number(c.In(2))
	if err1 != nil || err2 != nil || axis < 0 || axis >= len(repeats) {
		return nil, fmt.Errorf("%w: Tile by %v at %v", op.ErrInput, c.In(1), c.In(2))
	}
	for i := range repeats {
		repeats[i] = 1
	}
	repeats[axis] = n
	return repeats, nil
}

func number(t *tensor.Tensor) (int, error) {
	if t == nil || t.Len() != 1 {
		return 0, op.ErrInput
	}
	if f := tensor.Slice[float32](t); f != nil {
		return int(f[0]), nil
	}
	v, err := integers(nil, t)
	if err != nil {
		return 0, err
	}
	return v[0], nil
}

func tile(c *op.Ctx, x *tensor.Tensor, out []int) error {
	y, err := c.Out(0, x.Elem(), out)
	if err != nil {
		return err
	}
	var by maps
	for i, d := range x.Shape() {
		if out[i] == d {
			continue
		}
		if by[i], err = op.Scratch[int64](c, out[i]); err != nil {
			return err
		}
		for j := range by[i] {
			by[i][j] = int64(j % d)
		}
	}
	m := newMover(y, x)
	remap(&m, x.Shape(), out, &by)
	return nil
}

// newExpand broadcasts a tensor with a shape.
func newExpand(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		x, t := c.In(0), c.In(1)
		if x == nil || t == nil {
			return fmt.Errorf("%w: Expand of %v to %v", op.ErrInput, x, t)
		}
		var buf, outBuf [kernel.MaxRank]int
		want, err := integers(buf[:0], t)
		if err != nil {
			return err
		}
		shape, err := kernel.BroadcastShape(outBuf[:], x.Shape(), want)
		if err != nil {
			return err
		}
		y, err := c.Out(0, x.Elem(), shape)
		if err != nil {
			return err
		}
		var l kernel.Loops
		l.Init(shape, x.Shape(), nil, nil)
		switch x.Elem().Size() {
		case 0:
			kernel.Copy(&l, y.Strings(), x.Strings())
		case 1:
			kernel.Copy(&l, y.Bytes(), x.Bytes())
		case 2:
			kernel.Copy(&l, words[uint16](y), words[uint16](x))
		case 4:
			kernel.Copy(&l, words[uint32](y), words[uint32](x))
		case 8:
			kernel.Copy(&l, words[uint64](y), words[uint64](x))
		default:
			kernel.Copy(&l, tensor.Slice[complex128](y), tensor.Slice[complex128](x))
		}
		return nil
	}), nil
}
