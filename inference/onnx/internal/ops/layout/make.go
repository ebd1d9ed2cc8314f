package layout

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// newConstant gives the value that one of the attributes holds.
func newConstant(b *op.Build) (op.Kernel, error) {
	var found []*tensor.Tensor
	if t := b.Tensor("value"); t != nil {
		found = append(found, t)
	}
	if t := b.Tensor("sparse_value"); t != nil {
		found = append(found, t)
	}
	if b.Has("value_float") {
		found = append(found, tensor.Scalar(b.Float("value_float", 0)))
	}
	if b.Has("value_int") {
		found = append(found, tensor.Scalar(int64(b.Int("value_int", 0))))
	}
	if b.Has("value_string") {
		found = append(found, tensor.Scalar(b.Str("value_string", "")))
	}
	if b.Has("value_floats") {
		found = append(found, tensor.Vector(b.Floats("value_floats")...))
	}
	if b.Has("value_ints") {
		found = append(found, tensor.Vector(b.Int64s("value_ints")...))
	}
	if b.Has("value_strings") {
		found = append(found, tensor.Vector(b.Strs("value_strings")...))
	}
	if len(found) != 1 {
		b.Fail("a Constant has one value, not %d", len(found))
		return nil, nil
	}
	return op.Func(func(c *op.Ctx) error {
		c.Set(0, found[0])
		return nil
	}), nil
}

// newConstantOfShape fills a shape with one value, 0 of float32 by default.
func newConstantOfShape(b *op.Build) (op.Kernel, error) {
	value := b.Tensor("value")
	if value == nil {
		value = tensor.Scalar(float32(0))
	}
	if value.Len() != 1 {
		b.Fail("value has %d elements, not 1", value.Len())
	}
	return op.Func(func(c *op.Ctx) error {
		t, err := c.Need(0)
		if err != nil {
			return err
		}
		var buf [kernel.MaxRank]int
		shape, err := integers(buf[:0], t)
		if err != nil {
			return err
		}
		y, err := c.Out(0, value.Elem(), shape)
		if err != nil {
			return err
		}
		m := newMover(y, value)
		m.fillB = value.Bytes()
		m.fill(0, y.Len())
		return nil
	}), nil
}

// newRange counts from start to limit by delta.
func newRange(b *op.Build) (op.Kernel, error) {
	b.Ignore("stash_type") // each element is computed by itself: nothing is carried that could be narrower
	return op.Func(func(c *op.Ctx) error {
		start, limit, delta := c.In(0), c.In(1), c.In(2)
		if start == nil || limit == nil || delta == nil || start.Elem() != limit.Elem() || start.Elem() != delta.Elem() ||
			start.Len() != 1 || limit.Len() != 1 || delta.Len() != 1 {
			return fmt.Errorf("%w: Range of %v, %v, %v", op.ErrInput, start, limit, delta)
		}
		switch start.Elem() {
		case tensor.Int64:
			return count[int64](c)
		case tensor.Int32:
			return count[int32](c)
		case tensor.Int16:
			return count[int16](c)
		case tensor.Float32:
			return count[float32](c)
		case tensor.Float64:
			return count[float64](c)
		}
		return countHalf(c, start.Elem())
	}), nil
}

func count[T interface {
	kernel.Number
	tensor.Type
}](c *op.Ctx) error {
	start, limit, delta := tensor.Slice[T](c.In(0))[0], tensor.Slice[T](c.In(1))[0], tensor.Slice[T](c.In(2))[0]
	n, err := steps(float64(start), float64(limit), float64(delta))
	if err != nil {
		return err
	}
	y, err := c.Out(0, c.In(0).Elem(), n[:])
	if err != nil {
		return err
	}
	for i, d := 0, tensor.Slice[T](y); i < len(d); i++ {
		d[i] = start + T(i)*delta
	}
	return nil
}

// steps is how many numbers a range has. It is refused where it cannot be held.
func steps(start, limit, delta float64) ([1]int, error) {
	n := math.Ceil((limit - start) / delta)
	if delta == 0 || n != n || n > math.MaxInt32 {
		return [1]int{}, fmt.Errorf("%w: Range from %v to %v by %v", op.ErrInput, start, limit, delta)
	}
	return [1]int{int(max(n, 0))}, nil
}

func countHalf(c *op.Ctx, e tensor.Elem) error {
	if !e.IsHalf() {
		return fmt.Errorf("%w: Range of %v", op.ErrType, e)
	}
	var v [3]float32
	for i := range v {
		tensor.Widen(v[i:i+1], c.In(i))
	}
	n, err := steps(float64(v[0]), float64(v[1]), float64(v[2]))
	if err != nil {
		return err
	}
	y, err := c.Out(0, e, n[:])
	if err != nil {
		return err
	}
	wide, err := op.Scratch[float32](c, n[0])
	if err != nil {
		return err
	}
	for i := range wide {
		wide[i] = v[0] + float32(i)*v[2]
	}
	tensor.Narrow(y, wide)
	return nil
}

// newEyeLike makes ones on the k-th diagonal of a matrix like the input.
func newEyeLike(b *op.Build) (op.Kernel, error) {
	elem, k := b.ElemOf("dtype", tensor.Undefined), b.Int("k", 0)
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		e := elem
		if e == tensor.Undefined {
			e = x.Elem()
		}
		one := oneOf(e)
		if x.Rank() != 2 || one == nil {
			return fmt.Errorf("%w: EyeLike of %v as %v", op.ErrInput, x, e)
		}
		y, err := c.OutZero(0, e, x.Shape())
		if err != nil {
			return err
		}
		size := e.Size()
		for r := range x.Dim(0) {
			if col := r + k; col >= 0 && col < x.Dim(1) {
				copy(y.Bytes()[(r*x.Dim(1)+col)*size:], one.Bytes())
			}
		}
		return nil
	}), nil
}

// oneOf is the number 1 in an element type, nil if it has none.
func oneOf(e tensor.Elem) *tensor.Tensor {
	switch e {
	case tensor.Float32:
		return tensor.Scalar(float32(1))
	case tensor.Float64:
		return tensor.Scalar(float64(1))
	case tensor.Float16:
		return tensor.Scalar(tensor.ToF16(1))
	case tensor.BFloat16:
		return tensor.Scalar(tensor.ToBF16(1))
	case tensor.Int64, tensor.Uint64:
		return tensor.Scalar(int64(1))
	case tensor.Int32, tensor.Uint32:
		return tensor.Scalar(int32(1))
	case tensor.Int16, tensor.Uint16:
		return tensor.Scalar(int16(1))
	case tensor.Int8, tensor.Uint8, tensor.Bool:
		return tensor.Scalar(int8(1))
	}
	return nil
}

// newOneHot puts the on value at each index along a new axis, off elsewhere.
func newOneHot(b *op.Build) (op.Kernel, error) {
	axis := b.Int("axis", -1)
	return op.Func(func(c *op.Ctx) error {
		x, depth, values := c.In(0), c.In(1), c.In(2)
		if x == nil || depth == nil || values == nil || values.Len() != 2 || depth.Len() != 1 {
			return fmt.Errorf("%w: OneHot of %v, %v, %v", op.ErrInput, x, depth, values)
		}
		index, err := op.Scratch[int64](c, x.Len()+1)
		if err != nil {
			return err
		}
		if err := anyInts(index, x); err != nil {
			return err
		}
		if err := anyInts(index[x.Len():], depth); err != nil {
			return err
		}
		n := clampInt(index[x.Len()])
		at, err := axisOf(axis, x.Rank()+1)
		if err != nil {
			return err
		}
		var buf [kernel.MaxRank]int
		shape := append(append(append(buf[:0], x.Shape()[:at]...), n), x.Shape()[at:]...)
		y, err := c.Out(0, values.Elem(), shape)
		if err != nil {
			return err
		}
		oneHot(y, values, index[:x.Len()], n, at)
		return nil
	}), nil
}

func oneHot(y, values *tensor.Tensor, index []int64, n, axis int) {
	_, inner := split(y.Shape(), axis)
	m := newMover(y, values)
	for i := range y.Len() {
		m.copy(i, 0, 1)
	}
	for i, v := range index {
		if v < 0 {
			v += int64(n)
		}
		if v >= 0 && v < int64(n) {
			m.copy(i/inner*inner*n+int(v)*inner+i%inner, 1, 1)
		}
	}
}

// anyInts reads a tensor of any common numeric type as integers.
func anyInts(dst []int64, t *tensor.Tensor) error {
	switch t.Elem() {
	case tensor.Int64:
		copy(dst, tensor.Slice[int64](t))
	case tensor.Int32:
		toInts(dst, tensor.Slice[int32](t))
	case tensor.Float32:
		toInts(dst, tensor.Slice[float32](t))
	case tensor.Float64:
		toInts(dst, tensor.Slice[float64](t))
	case tensor.Uint8:
		toInts(dst, tensor.Slice[uint8](t))
	case tensor.Int8:
		toInts(dst, tensor.Slice[int8](t))
	case tensor.Int16:
		toInts(dst, tensor.Slice[int16](t))
	case tensor.Uint16:
		toInts(dst, tensor.Slice[uint16](t))
	case tensor.Uint32:
		toInts(dst, tensor.Slice[uint32](t))
	case tensor.Uint64:
		toInts(dst, tensor.Slice[uint64](t))
	default:
		return fmt.Errorf("%w: %v as integers", op.ErrType, t)
	}
	return nil
}

func toInts[T kernel.Number](dst []int64, src []T) {
	for i, v := range src {
		dst[i] = int64(v)
	}
}

// newNonZero lists the places of non-zero elements, a row for each dimension.
func newNonZero(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		n := 0
		for i := range x.Len() {
			if !isZero(x, i) {
				n++
			}
		}
		shape := [2]int{x.Rank(), n}
		y, err := c.Out(0, tensor.Int64, shape[:])
		if err != nil {
			return err
		}
		dst := tensor.Slice[int64](y)
		k := 0
		for i := range x.Len() {
			if isZero(x, i) {
				continue
			}
			rest := i
			for d := x.Rank() - 1; d >= 0; d-- {
				dst[d*n+k] = int64(rest % x.Dim(d))
				rest /= x.Dim(d)
			}
			k++
		}
		return nil
	}), nil
}

// isZero looks at the bits: negative zero counts as zero too.
func isZero(x *tensor.Tensor, i int) bool {
	size := x.Elem().Size()
	if size == 0 {
		return x.Strings()[i] == ""
	}
	b := x.Bytes()[i*size:][:size]
	for k, v := range b {
		if v != 0 && !(k == size-1 && v == 0x80 && x.Elem().IsFloat()) {
			return false
		}
	}
	return true
}

// newCompress keeps the elements, or the slices along an axis, that a condition
// marks.
func newCompress(b *op.Build) (op.Kernel, error) {
	axis, flat := b.Int("axis", 0), !b.Has("axis")
	return op.Func(func(c *op.Ctx) error {
		x, cond := c.In(0), c.In(1)
		if x == nil || cond == nil || cond.Elem() != tensor.Bool {
			return fmt.Errorf("%w: Compress of %v by %v", op.ErrInput, x, cond)
		}
		var buf, outBuf [kernel.MaxRank]int
		in := append(buf[:0], x.Shape()...)
		if flat {
			in = append(buf[:0], x.Len())
		}
		at, err := axisOf(axis, len(in))
		if err != nil {
			return err
		}
		return compress(c, x, cond, in, append(outBuf[:0], in...), at)
	}), nil
}

func compress(c *op.Ctx, x, cond *tensor.Tensor, in, out []int, axis int) error {
	keep, err := op.Scratch[int64](c, cond.Len())
	if err != nil {
		return err
	}
	keep = keep[:0]
	for i, on := range tensor.Slice[bool](cond) {
		if on && i < in[axis] {
			keep = append(keep, int64(i))
		}
	}
	out[axis] = len(keep)
	y, err := c.Out(0, x.Elem(), out)
	if err != nil {
		return err
	}
	var by maps
	by[axis] = keep
	m := newMover(y, x)
	remap(&m, in, out, &by)
	return nil
}
