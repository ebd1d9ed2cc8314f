package attention

import "github.com/turgo-io/turgo/inference/onnx/internal/ops/op"

// Table lists the family's operators.
func Table() []op.Def {
	return []op.Def{
		{Name: "Attention", Since: 23, Wide: true, New: newAttention},
		{Domain: "ai.onnx.preview", Name: "FlexAttention", Since: 1, Wide: true, New: newFlex},
		{Name: "CausalConvWithState", Since: 27, Wide: true, New: newCausalConv},
		{Name: "LinearAttention", Since: 27, Wide: true, New: newLinearAttention},
		{Name: "RotaryEmbedding", Since: 23, Wide: true, New: newRotary},
		{Name: "SwiGLU", Since: 27, Wide: true, New: newSwiGLU},
	}
}
