package linear

import "github.com/turgo-io/turgo/inference/onnx/internal/ops/op"

// Table lists the family's operators.
func Table() []op.Def {
	return []op.Def{
		{Name: "Det", Since: 11, Wide: true, New: newDet},
		{Name: "Einsum", Since: 12, Wide: true, New: newEinsum},
		{Name: "Gemm", Since: 1, Wide: true, New: newGemm},
		{Name: "MatMul", Since: 1, Wide: true, New: newMatMul},
	}
}
