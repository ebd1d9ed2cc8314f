package sequence

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Table lists the family's operators.
func Table() []op.Def {
	return []op.Def{
		{Name: "ConcatFromSequence", Since: 11, New: newConcat},
		{Name: "Optional", Since: 15, New: newOptional},
		{Name: "OptionalGetElement", Since: 15, New: newGetElement},
		{Name: "OptionalHasElement", Since: 15, New: newHasElement},
		{Name: "SequenceAt", Since: 11, New: newAt},
		{Name: "SequenceConstruct", Since: 11, New: newConstruct},
		{Name: "SequenceEmpty", Since: 11, New: newEmpty},
		{Name: "SequenceErase", Since: 11, New: newErase},
		{Name: "SequenceInsert", Since: 11, New: newInsert},
		{Name: "SequenceLength", Since: 11, New: newLength},
		{Name: "SplitToSequence", Since: 11, New: newSplit},
	}
}

// sequenceIn is input i as a sequence, taken out of an optional if need be.
func sequenceIn(c *op.Ctx, i int) (*tensor.Sequence, error) {
	v := c.Value(i)
	if o, ok := v.(*tensor.Optional); ok {
		v = o.Value
	}
	s, ok := v.(*tensor.Sequence)
	if !ok {
		return nil, fmt.Errorf("%w: input %d is no sequence", op.ErrInput, i)
	}
	return s, nil
}

// position reads an index into a list of n; last is the largest allowed.
func position(t *tensor.Tensor, n, last int) (int, error) {
	var p int
	switch {
	case t.Len() == 1 && t.Elem() == tensor.Int64:
		p = int(tensor.Slice[int64](t)[0])
	case t.Len() == 1 && t.Elem() == tensor.Int32:
		p = int(tensor.Slice[int32](t)[0])
	default:
		return 0, fmt.Errorf("%w: position %v", op.ErrInput, t)
	}
	if p < 0 {
		p += n
	}
	if p < 0 || p > last {
		return 0, fmt.Errorf("%w: position %d in a sequence of %d", op.ErrInput, p, n)
	}
	return p, nil
}

func newConstruct(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		s := &tensor.Sequence{}
		for i := range c.NumIn() {
			t, err := c.Need(i)
			if err != nil {
				return err
			}
			s.Elem = t.Elem()
			s.Items = append(s.Items, t.Clone())
		}
		c.Set(0, s)
		return nil
	}), nil
}

func newEmpty(b *op.Build) (op.Kernel, error) {
	elem := b.ElemOf("dtype", tensor.Float32)
	return op.Func(func(c *op.Ctx) error {
		c.Set(0, &tensor.Sequence{Elem: elem})
		return nil
	}), nil
}

func newLength(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		s, err := sequenceIn(c, 0)
		if err != nil {
			return err
		}
		y, err := c.Out(0, tensor.Int64, nil)
		if err != nil {
			return err
		}
		tensor.Slice[int64](y)[0] = int64(len(s.Items))
		return nil
	}), nil
}

func newAt(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		s, err := sequenceIn(c, 0)
		if err != nil {
			return err
		}
		t, err := c.Need(1)
		if err != nil {
			return err
		}
		p, err := position(t, len(s.Items), len(s.Items)-1)
		if err != nil {
			return err
		}
		c.Set(0, s.Items[p])
		return nil
	}), nil
}

// newInsert puts a tensor at a position, at the end by default.
func newInsert(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		s, err := sequenceIn(c, 0)
		if err != nil {
			return err
		}
		t, err := c.Need(1)
		if err != nil {
			return err
		}
		p := len(s.Items)
		if at := c.In(2); at != nil {
			if p, err = position(at, len(s.Items), len(s.Items)); err != nil {
				return err
			}
		}
		items := append([]tensor.Value(nil), s.Items[:p]...)
		items = append(append(items, t.Clone()), s.Items[p:]...)
		c.Set(0, &tensor.Sequence{Elem: t.Elem(), Items: items})
		return nil
	}), nil
}

// newErase drops the tensor at a position, the last by default.
func newErase(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		s, err := sequenceIn(c, 0)
		if err != nil {
			return err
		}
		p := len(s.Items) - 1
		if at := c.In(1); at != nil {
			if p, err = position(at, len(s.Items), len(s.Items)-1); err != nil {
				return err
			}
		}
		if p < 0 {
			return fmt.Errorf("%w: nothing to erase", op.ErrInput)
		}
		items := append([]tensor.Value(nil), s.Items[:p]...)
		c.Set(0, &tensor.Sequence{Elem: s.Elem, Items: append(items, s.Items[p+1:]...)})
		return nil
	}), nil
}

// newConcat joins the tensors of a sequence along an axis, or along a new one.
func newConcat(b *op.Build) (op.Kernel, error) {
	axis, fresh := b.Int("axis", 0), b.Bool("new_axis", false)
	return op.Func(func(c *op.Ctx) error {
		s, err := sequenceIn(c, 0)
		if err != nil {
			return err
		}
		parts := make([]*tensor.Tensor, len(s.Items))
		for i, v := range s.Items {
			t, ok := v.(*tensor.Tensor)
			if !ok {
				return fmt.Errorf("%w: item %d is no tensor", op.ErrInput, i)
			}
			parts[i] = t
		}
		if len(parts) == 0 {
			return fmt.Errorf("%w: ConcatFromSequence of nothing", op.ErrInput)
		}
		return concat(c, parts, axis, fresh)
	}), nil
}

func concat(c *op.Ctx, parts []*tensor.Tensor, axis int, fresh bool) error {
	first := parts[0]
	rank := first.Rank()
	if fresh {
		rank++
	}
	if axis < 0 {
		axis += rank
	}
	if axis < 0 || axis >= rank {
		return fmt.Errorf("%w: axis %d of %v", op.ErrInput, axis, first)
	}
	shape := append([]int(nil), first.Shape()...)
	if fresh {
		shape = append(append(append([]int(nil), first.Shape()[:axis]...), len(parts)), first.Shape()[axis:]...)
	} else {
		shape[axis] = 0
		for _, p := range parts {
			shape[axis] += p.Dim(axis)
		}
	}
	for _, p := range parts {
		if !fits(p, first, axis, fresh) {
			return fmt.Errorf("%w: %v beside %v", op.ErrInput, first, p)
		}
	}
	y, err := c.Out(0, first.Elem(), shape)
	if err != nil || y.Len() == 0 {
		return err
	}
	outer := 1
	for _, d := range shape[:axis] {
		outer *= d
	}
	row, at := y.Len()/outer, 0
	for _, p := range parts {
		n := p.Len() / outer
		for o := range outer {
			move(y, o*row+at, p, o*n, n)
		}
		at += n
	}
	return nil
}

func fits(p, first *tensor.Tensor, axis int, fresh bool) bool {
	if p.Elem() != first.Elem() || p.Rank() != first.Rank() {
		return false
	}
	for i, d := range p.Shape() {
		if d != first.Dim(i) && (fresh || i != axis) {
			return false
		}
	}
	return true
}

// move copies n elements between tensors of one type.
func move(dst *tensor.Tensor, to int, src *tensor.Tensor, from, n int) {
	size := src.Elem().Size()
	if size == 0 {
		copy(dst.Strings()[to:to+n], src.Strings()[from:])
		return
	}
	copy(dst.Bytes()[to*size:(to+n)*size], src.Bytes()[from*size:])
}

// newSplit cuts a tensor into a sequence: into parts of given sizes, of one size, or
// into single slices, which lose the axis if keepdims is 0.
func newSplit(b *op.Build) (op.Kernel, error) {
	axis, keep := b.Int("axis", 0), b.Bool("keepdims", true)
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		axis := axis
		if axis < 0 {
			axis += x.Rank()
		}
		if axis < 0 || axis >= x.Rank() {
			return fmt.Errorf("%w: axis %d of %v", op.ErrInput, axis, x)
		}
		sizes, err := parts(c.In(1), x.Dim(axis))
		if err != nil {
			return err
		}
		s := &tensor.Sequence{Elem: x.Elem()}
		at := 0
		for _, n := range sizes {
			part, err := cut(x, axis, at, n, keep || c.In(1) != nil)
			if err != nil {
				return err
			}
			s.Items = append(s.Items, part)
			at += n
		}
		c.Set(0, s)
		return nil
	}), nil
}

// parts is the sizes that a dimension of d is cut into.
func parts(t *tensor.Tensor, d int) ([]int, error) {
	var sizes []int
	if t == nil {
		for range d {
			sizes = append(sizes, 1)
		}
		return sizes, nil
	}
	var list []int64
	switch t.Elem() {
	case tensor.Int64:
		list = tensor.Slice[int64](t)
	case tensor.Int32:
		for _, v := range tensor.Slice[int32](t) {
			list = append(list, int64(v))
		}
	}
	sum := 0
	if t.Rank() == 0 && len(list) == 1 && list[0] > 0 {
		for sum < d {
			n := min(int(list[0]), d-sum)
			sizes = append(sizes, n)
			sum += n
		}
		return sizes, nil
	}
	for _, v := range list {
		if v < 0 || v > int64(d) {
			return nil, fmt.Errorf("%w: a part of %d from %d", op.ErrInput, v, d)
		}
		sizes = append(sizes, int(v))
		sum += int(v)
	}
	if sum != d {
		return nil, fmt.Errorf("%w: parts of %d in all from %d", op.ErrInput, sum, d)
	}
	return sizes, nil
}

func cut(x *tensor.Tensor, axis, at, n int, keep bool) (*tensor.Tensor, error) {
	shape := append([]int(nil), x.Shape()[:axis]...)
	if keep {
		shape = append(shape, n)
	}
	shape = append(shape, x.Shape()[axis+1:]...)
	out, err := tensor.New(x.Elem(), shape...)
	if err != nil {
		return nil, err
	}
	outer, inner := 1, 1
	for i, d := range x.Shape() {
		switch {
		case i < axis:
			outer *= d
		case i > axis:
			inner *= d
		}
	}
	for o := range outer {
		move(out, o*n*inner, x, (o*x.Dim(axis)+at)*inner, n*inner)
	}
	return out, nil
}

// newOptional wraps its input, or makes an empty optional.
func newOptional(b *op.Build) (op.Kernel, error) {
	b.Has("type")
	return op.Func(func(c *op.Ctx) error {
		o := &tensor.Optional{}
		if v := c.Value(0); v != nil {
			o.Value = tensor.Clone(v)
		}
		c.Set(0, o)
		return nil
	}), nil
}

// newHasElement says whether there is a value; a plain value counts as one.
func newHasElement(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		v := c.Value(0)
		if o, ok := v.(*tensor.Optional); ok {
			v = o.Value
		}
		y, err := c.Out(0, tensor.Bool, nil)
		if err != nil {
			return err
		}
		tensor.Slice[bool](y)[0] = v != nil
		return nil
	}), nil
}

func newGetElement(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		o, ok := c.Value(0).(*tensor.Optional)
		switch {
		case !ok:
			return c.Pass(0, 0)
		case o.Value == nil:
			return fmt.Errorf("%w: the optional is empty", op.ErrInput)
		}
		c.Set(0, o.Value)
		return nil
	}), nil
}
