package linear

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Fused lists the operators that passes put in the place of several.
func Fused() []op.Def {
	return []op.Def{{Domain: op.Internal, Name: "MatMul", Since: 1, New: newFusedMatMul}}
}

// fusedMatMul is after(first(x·w + bias) + residual) for a constant float32 matrix w
// and a constant bias of its columns. x may have any number of dimensions.
type fusedMatMul struct {
	packed kernel.Packed
	bias   []float32
	first  kernel.Act
	after  kernel.Act
}

func newFusedMatMul(b *op.Build) (op.Kernel, error) {
	k := &fusedMatMul{first: b.Act("first"), after: b.Act("after")}
	w := b.Const(1)
	if w == nil || w.Elem() != tensor.Float32 || w.Rank() != 2 {
		return nil, fmt.Errorf("%w: weights %v", op.ErrInput, w)
	}
	m := asMatrix(w, b.Bool("transB", false))
	k.packed = packInto(make([]float32, kernel.Best().PackedLen(m.rows, m.cols)), m, b.Float("alpha", 1))
	if c := b.Const(2); c != nil {
		if c.Elem() != tensor.Float32 || c.Len() != m.cols {
			return nil, fmt.Errorf("%w: bias %v for %d columns", op.ErrInput, c, m.cols)
		}
		k.bias = kernel.Best().PadBias(tensor.Slice[float32](c))
	}
	return k, nil
}

// Kept says that weights and bias are laid out anew.
func (k *fusedMatMul) Kept() []int { return []int{1, 2} }

func (k *fusedMatMul) Run(c *op.Ctx) error {
	x := c.In(0)
	if x == nil || x.Elem() != tensor.Float32 || x.Rank() == 0 || x.Rank() > kernel.MaxRank || x.Dim(-1) != k.packed.K {
		return fmt.Errorf("%w: product of %v and a matrix of %d rows", op.ErrInput, x, k.packed.K)
	}
	var buf [kernel.MaxRank]int
	shape := append(buf[:0], x.Shape()...)
	shape[len(shape)-1] = k.packed.N
	t, err := c.Target(3, shape)
	if err != nil {
		return err
	}
	rows := product(shape[:len(shape)-1])
	scratch, err := op.Scratch[float32](c, kernel.Best().ScratchLen(rows, k.packed.K))
	if err != nil {
		return err
	}
	e := kernel.Epilogue{Bias: k.bias, First: k.first, Residual: t.Residual, Stride: k.packed.N, After: k.after}
	k.packed.MulThen(t.Dst, k.packed.N, tensor.Slice[float32](x), k.packed.K, rows, false, scratch, &e)
	return t.Finish(c, k.after)
}
