package signal

import "github.com/turgo-io/turgo/inference/onnx/internal/ops/op"

// Table lists the family's operators.
func Table() []op.Def {
	return []op.Def{
		{Name: "DFT", Since: 17, Wide: true, New: newDFT},
		{Name: "STFT", Since: 17, Wide: true, New: newSTFT},
		{Name: "HannWindow", Since: 17, New: window(0.5, 0.5, 0)},
		{Name: "HammingWindow", Since: 17, New: window(25.0/46, 21.0/46, 0)},
		{Name: "BlackmanWindow", Since: 17, New: window(0.42, 0.5, 0.08)},
		{Name: "MelWeightMatrix", Since: 17, New: newMel},
	}
}
