package ops

import (
	"errors"
	"fmt"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
)

// required lists operators by how many inputs they cannot do without, in whatever
// version. What is in none of the lists needs one; operators of any number of inputs
// are under 0. Passes and kernels build on it.
func required() map[int]string {
	return map[int]string{
		0: "Concat Constant Einsum FeatureVectorizer Gradient Loop Max Mean Min Optional OptionalHasElement RandomNormal RandomUniform Scan " +
			"SequenceConstruct SequenceEmpty Sum",
		2: "Adagrad Adam Add AffineGrid And ArrayFeatureExtractor BitShift BitwiseAnd BitwiseOr BitwiseXor CastLike CausalConvWithState CenterCropPad " +
			"Compress Conv ConvInteger ConvTranspose CumProd CumSum DequantizeLinear Div Equal Expand Gather GatherElements GatherND Gemm Greater " +
			"GreaterOrEqual GridSample LayerNormalization Less LessOrEqual MatMul MatMulInteger MaxRoiPool MaxUnpool Mod Momentum Mul " +
			"NegativeLogLikelihoodLoss NonMaxSuppression Or PRelu Pow QuantizeLinear RMSNormalization ReverseSequence STFT SequenceAt SequenceInsert " +
			"SoftmaxCrossEntropyLoss StringConcat Sub SwiGLU TensorScatter Tile Xor",
		3: "Attention Col2Im DeformConv FlexAttention GRU GroupNormalization InstanceNormalization LSTM LinearAttention OneHot RNN Range RoiAlign " +
			"RotaryEmbedding Scatter ScatterElements ScatterND Where",
		5: "BatchNormalization MelWeightMatrix",
		8: "QLinearConv QLinearMatMul",
	}
}

// Check reports every node of g and its subgraphs that lacks an input it cannot do
// without, or has no output.
func Check(g *ir.Graph) error {
	needs := map[string]int{}
	for n, list := range required() {
		for _, name := range strings.Fields(list) {
			needs[name] = n
		}
	}
	return check(g, needs)
}

func check(g *ir.Graph, needs map[string]int) error {
	var faults []error
	for _, n := range g.Nodes {
		want, listed := needs[n.Op]
		if !listed {
			want = 1
		}
		if want > 0 && len(n.Outputs) == 0 {
			faults = append(faults, fmt.Errorf("%w: node %q (%s) has no output", ir.ErrGraph, n.Name, n.Op))
		}
		for i := range want {
			if i >= len(n.Inputs) || n.Inputs[i] == nil {
				faults = append(faults, fmt.Errorf("%w: node %q (%s) lacks input %d", ir.ErrGraph, n.Name, n.Op, i))
			}
		}
		for _, sub := range n.Subgraphs() {
			if err := check(sub, needs); err != nil {
				faults = append(faults, err)
			}
		}
	}
	return errors.Join(faults...)
}
