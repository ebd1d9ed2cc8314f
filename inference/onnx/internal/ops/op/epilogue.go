package op

import (
	"fmt"
	"slices"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Internal is the domain of operators that only passes write. A file that names it
// is refused like one that names any other unknown domain.
const Internal = "turgo.internal"

// SetAct writes an activation into a node's attributes, under a name of its own.
func SetAct(n *ir.Node, name string, a kernel.Act) {
	n.Attrs[name] = &ir.Attr{Kind: ir.Floats, Floats: []float32{float32(a.Kind), a.A, a.B}}
}

// Act is an activation written by [SetAct]; Identity if there is none.
func (b *Build) Act(name string) kernel.Act {
	f := b.Floats(name)
	if f == nil {
		return kernel.Act{}
	}
	if len(f) != 3 {
		b.Fail("%s has %d numbers", name, len(f))
		return kernel.Act{}
	}
	return kernel.Act{Kind: kernel.ActKind(f[0]), A: f[1], B: f[2]}
}

// Target is where a fused kernel writes its result: output 0, or where the residual
// has another shape than the result, scratch memory from which [Target.Finish]
// broadcasts.
type Target struct {
	Dst []float32
	// Residual is what the kernel has to add, nil for nothing.
	Residual []float32

	shape [kernel.MaxRank]int
	rank  int
	other *tensor.Tensor
}

// Target begins a float32 result of the given shape, to which input i, where given,
// is added.
func (c *Ctx) Target(i int, shape []int) (t Target, err error) {
	other := c.In(i)
	if other != nil && other.Elem() != tensor.Float32 {
		return t, fmt.Errorf("%w: adding %v", ErrType, other)
	}
	if other == nil || slices.Equal(other.Shape(), shape) {
		y, err := c.Out(0, tensor.Float32, shape)
		if err != nil {
			return t, err
		}
		t.Dst = tensor.Slice[float32](y)
		if other != nil {
			t.Residual = tensor.Slice[float32](other)
		}
		return t, nil
	}
	if len(shape) > kernel.MaxRank {
		return t, fmt.Errorf("%w: %d dimensions", ErrInput, len(shape))
	}
	n, err := tensor.Count(shape)
	if err != nil {
		return t, err
	}
	t.other, t.rank = other, copy(t.shape[:], shape)
	t.Dst, err = Scratch[float32](c, n)
	return t, err
}

// Finish adds a residual of another shape. Where there is none, the kernel has
// already applied after.
func (t *Target) Finish(c *Ctx, after kernel.Act) error {
	if t.other == nil {
		return nil
	}
	var buf [kernel.MaxRank]int
	shape, err := kernel.BroadcastShape(buf[:], t.shape[:t.rank], t.other.Shape())
	if err != nil {
		return err
	}
	y, err := c.Out(0, tensor.Float32, shape)
	if err != nil {
		return err
	}
	var l kernel.Loops
	l.Init(shape, t.shape[:t.rank], t.other.Shape(), nil)
	dst := tensor.Slice[float32](y)
	kernel.Arith(kernel.Add, &l, dst, t.Dst, tensor.Slice[float32](t.other))
	kernel.Best().Apply(after, dst, dst)
	return nil
}
