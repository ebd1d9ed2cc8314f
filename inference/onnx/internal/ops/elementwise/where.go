package elementwise

import (
	"fmt"
	"unsafe"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// words is a numeric tensor's memory as words of its element size, for kernels
// that move elements without looking at them.
func words[W uint8 | uint16 | uint32 | uint64](t *tensor.Tensor) []W {
	b := t.Bytes()
	var w W
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*W)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(w)))
}

func newWhere(*op.Build) (op.Kernel, error) { return op.Func(runWhere), nil }

func runWhere(c *op.Ctx) error {
	cond, a, b := c.In(0), c.In(1), c.In(2)
	if cond == nil || a == nil || b == nil || cond.Elem() != tensor.Bool || a.Elem() != b.Elem() {
		return fmt.Errorf("%w: Where of %v, %v, %v", op.ErrType, cond, a, b)
	}
	var buf [kernel.MaxRank]int
	shape, err := kernel.BroadcastShape(buf[:], cond.Shape(), a.Shape(), b.Shape())
	if err != nil {
		return err
	}
	y, err := c.Out(0, a.Elem(), shape)
	if err != nil {
		return err
	}
	var l kernel.Loops
	l.Init(shape, cond.Shape(), a.Shape(), b.Shape())
	h := tensor.Slice[bool](cond)
	switch a.Elem().Size() {
	case 0:
		kernel.Select(&l, y.Strings(), h, a.Strings(), b.Strings())
	case 1:
		kernel.Select(&l, y.Bytes(), h, a.Bytes(), b.Bytes())
	case 2:
		kernel.Select(&l, words[uint16](y), h, words[uint16](a), words[uint16](b))
	case 4:
		kernel.Select(&l, words[uint32](y), h, words[uint32](a), words[uint32](b))
	case 8:
		kernel.Select(&l, words[uint64](y), h, words[uint64](a), words[uint64](b))
	default:
		kernel.Select(&l, tensor.Slice[complex128](y), h, tensor.Slice[complex128](a), tensor.Slice[complex128](b))
	}
	return nil
}

func newIdentity(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error { return c.Pass(0, 0) }), nil
}
