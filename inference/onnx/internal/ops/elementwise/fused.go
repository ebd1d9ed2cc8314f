package elementwise

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Fused lists the operators that passes put in the place of several.
func Fused() []op.Def {
	return []op.Def{{Domain: op.Internal, Name: "Act", Since: 1, New: newAct}}
}

// newAct is an activation of float32 values that its graph spelled out.
func newAct(b *op.Build) (op.Kernel, error) {
	a := b.Act("first")
	return op.Func(func(c *op.Ctx) error {
		x := c.In(0)
		if x == nil || x.Elem() != tensor.Float32 {
			return fmt.Errorf("%w: activation of %v", op.ErrType, x)
		}
		y, err := c.OutOver(0, 0, tensor.Float32, x.Shape())
		if err != nil {
			return err
		}
		kernel.Best().Apply(a, tensor.Slice[float32](y), tensor.Slice[float32](x))
		return nil
	}), nil
}
