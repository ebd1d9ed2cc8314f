package nn

import "github.com/turgo-io/turgo/inference/onnx/internal/ops/op"

// Table lists the family's operators.
func Table() []op.Def {
	return []op.Def{
		{Name: "AveragePool", Since: 1, Wide: true, New: newAveragePool},
		{Name: "BatchNormalization", Since: 1, Wide: true, New: newBatchNorm},
		{Name: "Conv", Since: 1, Wide: true, New: newConv},
		{Name: "ConvTranspose", Since: 1, Wide: true, New: newConvTranspose},
		{Name: "GRU", Since: 1, Wide: true, New: newGRU},
		{Name: "GlobalAveragePool", Since: 1, Wide: true, New: newGlobalPool(meanOf)},
		{Name: "GlobalLpPool", Since: 1, Wide: true, New: newGlobalLpPool},
		{Name: "GlobalMaxPool", Since: 1, Wide: true, New: newGlobalPool(maxOf)},
		{Name: "GroupNormalization", Since: 18, Wide: true, New: newGroupNorm},
		{Name: "InstanceNormalization", Since: 1, Wide: true, New: newInstanceNorm},
		{Name: "LRN", Since: 1, Wide: true, New: newLRN},
		{Name: "LSTM", Since: 1, Wide: true, New: newLSTM},
		{Name: "LayerNormalization", Since: 17, Wide: true, New: newLayerNorm},
		{Name: "LpPool", Since: 1, Wide: true, New: newLpPool},
		{Name: "MaxPool", Since: 1, Wide: true, New: newMaxPool},
		{Name: "MaxUnpool", Since: 9, Wide: true, New: newMaxUnpool},
		{Name: "MeanVarianceNormalization", Since: 9, Wide: true, New: newMeanVariance},
		{Name: "NegativeLogLikelihoodLoss", Since: 12, Wide: true, New: newNLLLoss},
		{Name: "RMSNormalization", Since: 23, Wide: true, New: newRMSNorm},
		{Name: "RNN", Since: 1, Wide: true, New: newRNN},
		{Name: "Resize", Since: 10, Wide: true, New: newResize},
		{Name: "SoftmaxCrossEntropyLoss", Since: 12, Wide: true, New: newCrossEntropy},
		{Name: "Upsample", Since: 1, Wide: true, New: newUpsample},
	}
}
