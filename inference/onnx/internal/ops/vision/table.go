package vision

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Table lists the family's operators.
func Table() []op.Def {
	return []op.Def{
		{Name: "AffineGrid", Since: 20, Wide: true, New: newAffineGrid},
		{Name: "Col2Im", Since: 18, Wide: true, New: newCol2Im},
		{Name: "DeformConv", Since: 19, Wide: true, New: newDeformConv},
		{Name: "GridSample", Since: 16, Wide: true, New: newGridSample},
		{Name: "ImageDecoder", Since: 20, New: newImageDecoder},
		{Name: "MaxRoiPool", Since: 1, Wide: true, New: newMaxRoiPool},
		{Name: "NonMaxSuppression", Since: 10, New: newNonMaxSuppression},
		{Name: "RoiAlign", Since: 10, Wide: true, New: newRoiAlign},
	}
}

// float is what the operators of this package compute on.
type float interface{ float32 | float64 }

// need is input i, which must have the given rank and float elements like those of
// input 0.
func need(c *op.Ctx, i, rank int) (*tensor.Tensor, error) {
	t, err := c.Need(i)
	switch {
	case err != nil:
		return nil, err
	case t.Rank() != rank:
		return nil, fmt.Errorf("%w: input %d is %v, not of rank %d", op.ErrInput, i, t, rank)
	case t.Elem() != tensor.Float32 && t.Elem() != tensor.Float64:
		return nil, fmt.Errorf("%w: input %d is %v", op.ErrType, i, t)
	}
	if first := c.In(0); i > 0 && first != nil && first.Elem() != t.Elem() {
		return nil, fmt.Errorf("%w: %v beside %v", op.ErrType, t, first)
	}
	return t, nil
}
