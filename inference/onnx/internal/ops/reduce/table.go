package reduce

import (
	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
)

// Table lists the family's operators.
func Table() []op.Def {
	return []op.Def{
		{Name: "ReduceSum", Since: 1, Wide: true, New: reduction(kernel.ReduceSum, plain)},
		{Name: "ReduceMean", Since: 1, Wide: true, New: reduction(kernel.ReduceSum, mean)},
		{Name: "ReduceProd", Since: 1, Wide: true, New: reduction(kernel.ReduceProd, plain)},
		{Name: "ReduceMax", Since: 1, Wide: true, New: reduction(kernel.ReduceMax, plain)},
		{Name: "ReduceMin", Since: 1, Wide: true, New: reduction(kernel.ReduceMin, plain)},
		{Name: "ReduceL1", Since: 1, Wide: true, New: reduction(kernel.ReduceL1, plain)},
		{Name: "ReduceL2", Since: 1, Wide: true, New: reduction(kernel.ReduceSquares, root)},
		{Name: "ReduceSumSquare", Since: 1, Wide: true, New: reduction(kernel.ReduceSquares, plain)},
		{Name: "ReduceLogSum", Since: 1, Wide: true, New: reduction(kernel.ReduceSum, logarithm)},
		{Name: "ReduceLogSumExp", Since: 1, Wide: true, New: newLogSumExp},
		{Name: "ArgMax", Since: 1, Wide: true, New: arg(true)},
		{Name: "ArgMin", Since: 1, Wide: true, New: arg(false)},
		{Name: "TopK", Since: 1, Wide: true, New: newTopK},
		{Name: "Softmax", Since: 1, Wide: true, New: newSoftmax(false)},
		{Name: "LogSoftmax", Since: 1, Wide: true, New: newSoftmax(true)},
		{Name: "Hardmax", Since: 1, Wide: true, New: newHardmax},
		{Name: "CumSum", Since: 11, Wide: true, New: cumulate(false)},
		{Name: "CumProd", Since: 26, Wide: true, New: cumulate(true)},
		{Name: "Unique", Since: 11, New: newUnique},
		{Name: "LpNormalization", Since: 1, Wide: true, New: newLpNormalization},
	}
}
