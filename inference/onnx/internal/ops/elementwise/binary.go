package elementwise

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/convert"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// legacy holds the broadcasting of operator sets before 7, where only the second
// operand was stretched, and placed at an axis.
type legacy struct {
	on    bool
	apply bool // attribute broadcast
	axis  int
	given bool // attribute axis
}

func newLegacy(b *op.Build) legacy {
	if b.Version() >= 7 {
		return legacy{}
	}
	return legacy{on: true, apply: b.Bool("broadcast", false), given: b.Has("axis"), axis: b.Int("axis", 0)}
}

// shape is the second operand's shape as numpy broadcasting would need it: with
// ones behind it up to the first operand's rank. It is built in buf.
func (l legacy) shape(buf []int, a, b []int) []int {
	if !l.on || !l.apply || !l.given {
		return b
	}
	axis := l.axis
	if axis < 0 {
		axis += len(a)
	}
	s := append(buf[:0], b...)
	for len(s) < len(a)-axis && len(s) < kernel.MaxRank {
		s = append(s, 1)
	}
	return s
}

// operands is what every operator of two inputs needs: both of them and the loops
// over their broadcast shape.
type operands struct {
	a, b  *tensor.Tensor
	shape [kernel.MaxRank]int
	rank  int
	loops kernel.Loops
}

func (o *operands) init(c *op.Ctx, l legacy) (err error) {
	if o.a, err = c.Need(0); err != nil {
		return err
	}
	if o.b, err = c.Need(1); err != nil {
		return err
	}
	var buf [kernel.MaxRank]int
	sa := o.a.Shape()
	sb := l.shape(buf[:0], sa, o.b.Shape())
	shape, err := kernel.BroadcastShape(o.shape[:], sa, sb)
	if err != nil {
		return fmt.Errorf("%v with %v: %w", o.a, o.b, err)
	}
	o.rank = len(shape)
	o.loops.Init(shape, sa, sb, nil)
	return nil
}

func (o *operands) out() []int { return o.shape[:o.rank] }

// same refuses operands of different element types.
func (o *operands) same() error {
	if o.a.Elem() != o.b.Elem() {
		return fmt.Errorf("%w: %v with %v", op.ErrType, o.a, o.b)
	}
	return nil
}

// result is the output, in the memory of an operand where that is free and of the
// output's size.
func (o *operands) result(c *op.Ctx) (*tensor.Tensor, error) {
	j := 0
	if o.b.Len() > o.a.Len() {
		j = 1
	}
	return c.OutOver(0, j, o.a.Elem(), o.out())
}

// arith makes the constructor of an arithmetic operator.
func arith(k kernel.ArithOp) func(*op.Build) (op.Kernel, error) {
	return func(b *op.Build) (op.Kernel, error) {
		return &binary{op: k, legacy: newLegacy(b)}, nil
	}
}

// binary is an arithmetic operator of two inputs of one type.
type binary struct {
	op     kernel.ArithOp
	legacy legacy
}

func (k *binary) Run(c *op.Ctx) error {
	var o operands
	if err := o.init(c, k.legacy); err != nil {
		return err
	}
	if err := o.same(); err != nil {
		return err
	}
	y, err := o.result(c)
	if err != nil {
		return err
	}
	return runArith(k.op, &o.loops, y, o.a, o.b)
}

// runArith is y = a op b for any numeric element type.
func runArith(k kernel.ArithOp, l *kernel.Loops, y, a, b *tensor.Tensor) error {
	switch y.Elem() {
	case tensor.Float32:
		arithOn[float32](k, l, y, a, b)
	case tensor.Float64:
		arithOn[float64](k, l, y, a, b)
	case tensor.Int64:
		arithOn[int64](k, l, y, a, b)
	case tensor.Int32:
		arithOn[int32](k, l, y, a, b)
	case tensor.Int16:
		arithOn[int16](k, l, y, a, b)
	case tensor.Int8:
		arithOn[int8](k, l, y, a, b)
	case tensor.Uint64:
		arithOn[uint64](k, l, y, a, b)
	case tensor.Uint32:
		arithOn[uint32](k, l, y, a, b)
	case tensor.Uint16:
		arithOn[uint16](k, l, y, a, b)
	case tensor.Uint8:
		arithOn[uint8](k, l, y, a, b)
	default:
		return fmt.Errorf("%w: arithmetic on %v", op.ErrType, a)
	}
	return nil
}

func arithOn[T interface {
	kernel.Number
	tensor.Type
}](k kernel.ArithOp, l *kernel.Loops, y, a, b *tensor.Tensor) {
	kernel.Arith(k, l, tensor.Slice[T](y), tensor.Slice[T](a), tensor.Slice[T](b))
}

// newPow: the exponent may be of another type than the base; the result has the
// base's type. It is computed in float64 where either is a float, else exactly.
func newPow(b *op.Build) (op.Kernel, error) {
	same := &binary{op: kernel.Pow, legacy: newLegacy(b)}
	return op.Func(func(c *op.Ctx) error {
		x, e := c.In(0), c.In(1)
		if x == nil || e == nil || x.Elem() == e.Elem() {
			return same.Run(c)
		}
		return powMixed(c, same.legacy)
	}), nil
}

func powMixed(c *op.Ctx, l legacy) error {
	var o operands
	if err := o.init(c, l); err != nil {
		return err
	}
	e, err := op.Scratch[float64](c, o.b.Len())
	if err != nil {
		return err
	}
	x, err := op.Scratch[float64](c, o.a.Len())
	if err != nil {
		return err
	}
	y, err := c.Out(0, o.a.Elem(), o.out())
	if err != nil {
		return err
	}
	r, err := op.Scratch[float64](c, y.Len())
	if err != nil {
		return err
	}
	if err := errorsFirst(convert.ToFloat64(x, o.a), convert.ToFloat64(e, o.b)); err != nil {
		return err
	}
	kernel.Arith(kernel.Pow, &o.loops, r, x, e)
	return convert.FromFloat64(y, r)
}

func errorsFirst(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// newMod: integers take the divisor's sign unless fmod is set, floats need fmod.
func newMod(b *op.Build) (op.Kernel, error) {
	if b.Bool("fmod", false) {
		return &binary{op: kernel.Fmod}, nil
	}
	return &binary{op: kernel.Mod}, nil
}

// compare makes the constructor of a comparison.
func compare(k kernel.CompareOp) func(*op.Build) (op.Kernel, error) {
	return func(b *op.Build) (op.Kernel, error) {
		l := newLegacy(b)
		return op.Func(func(c *op.Ctx) error { return runCompare(c, k, l) }), nil
	}
}

func runCompare(c *op.Ctx, k kernel.CompareOp, l legacy) error {
	var o operands
	if err := o.init(c, l); err != nil {
		return err
	}
	if err := o.same(); err != nil {
		return err
	}
	y, err := c.Out(0, tensor.Bool, o.out())
	if err != nil {
		return err
	}
	switch o.a.Elem() {
	case tensor.Float32:
		compareOn[float32](k, &o, y)
	case tensor.Float64:
		compareOn[float64](k, &o, y)
	case tensor.Int64:
		compareOn[int64](k, &o, y)
	case tensor.Int32:
		compareOn[int32](k, &o, y)
	case tensor.Int16:
		compareOn[int16](k, &o, y)
	case tensor.Int8:
		compareOn[int8](k, &o, y)
	case tensor.Uint64:
		compareOn[uint64](k, &o, y)
	case tensor.Uint32:
		compareOn[uint32](k, &o, y)
	case tensor.Uint16:
		compareOn[uint16](k, &o, y)
	case tensor.Uint8:
		compareOn[uint8](k, &o, y)
	case tensor.String:
		compareOn[string](k, &o, y)
	case tensor.Bool:
		zip(&o, y, func(a, b bool) bool { return a == b })
	default:
		return fmt.Errorf("%w: comparison of %v", op.ErrType, o.a)
	}
	return nil
}

func compareOn[T interface {
	kernel.Ordered
	tensor.Type
}](k kernel.CompareOp, o *operands, y *tensor.Tensor) {
	kernel.Compare(k, &o.loops, tensor.Slice[bool](y), tensor.Slice[T](o.a), tensor.Slice[T](o.b))
}

// zip is y = f(a, b) for operands of one Go type.
func zip[T, R tensor.Type](o *operands, y *tensor.Tensor, f func(T, T) R) {
	kernel.Zip(&o.loops, tensor.Slice[R](y), tensor.Slice[T](o.a), tensor.Slice[T](o.b), f)
}

// logic makes the constructor of an operator on two bools.
func logic(f func(a, b bool) bool) func(*op.Build) (op.Kernel, error) {
	return func(b *op.Build) (op.Kernel, error) {
		l := newLegacy(b)
		return op.Func(func(c *op.Ctx) error {
			var o operands
			if err := o.init(c, l); err != nil {
				return err
			}
			if o.a.Elem() != tensor.Bool || o.b.Elem() != tensor.Bool {
				return fmt.Errorf("%w: logic on %v and %v", op.ErrType, o.a, o.b)
			}
			y, err := o.result(c)
			if err != nil {
				return err
			}
			zip(&o, y, f)
			return nil
		}), nil
	}
}

func newNot(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		if x.Elem() != tensor.Bool {
			return fmt.Errorf("%w: Not of %v", op.ErrType, x)
		}
		y, err := c.OutOver(0, 0, tensor.Bool, x.Shape())
		if err != nil {
			return err
		}
		src, dst := tensor.Slice[bool](x), tensor.Slice[bool](y)
		for i := range dst {
			dst[i] = !src[i]
		}
		return nil
	}), nil
}
