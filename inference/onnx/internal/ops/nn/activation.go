package nn

import (
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
)

// activation is a function of recurrent layers, in place over a slice.
type activation func(x []float32)

// each makes an activation of a function of one number.
func each(f func(float32) float32) activation {
	return func(x []float32) {
		for i, v := range x {
			x[i] = f(v)
		}
	}
}

// defaults of alpha and beta, for the functions that have them.
var activationDefaults = map[string][2]float32{
	"LeakyRelu": {0.01, 0}, "ThresholdedRelu": {1, 0}, "ScaledTanh": {1, 1}, "HardSigmoid": {0.2, 0.5}, "Elu": {1, 0}, "Affine": {1, 0},
}

// newActivation finds a function by name.
func newActivation(b *op.Build, name string, alpha, beta float32) activation {
	switch name {
	case "Sigmoid":
		return func(x []float32) { kernel.SigmoidSlice(x, x) }
	case "Tanh":
		return func(x []float32) { kernel.TanhSlice(x, x) }
	case "Relu":
		return func(x []float32) { kernel.ReluSlice(x, x) }
	case "Affine":
		return each(func(v float32) float32 { return alpha*v + beta })
	case "LeakyRelu":
		return each(func(v float32) float32 { return max(v, 0) + alpha*min(v, 0) })
	case "ThresholdedRelu":
		return each(func(v float32) float32 {
			if v > alpha {
				return v
			}
			return 0
		})
	case "ScaledTanh":
		return each(func(v float32) float32 { return alpha * kernel.Tanh(beta*v) })
	case "HardSigmoid":
		return each(func(v float32) float32 { return min(max(alpha*v+beta, 0), 1) })
	case "Elu":
		return each(func(v float32) float32 {
			if v < 0 {
				return alpha * (kernel.Exp(v) - 1)
			}
			return v
		})
	case "Softsign":
		return each(func(v float32) float32 { return v / (1 + float32(math.Abs(float64(v)))) })
	case "Softplus":
		return each(func(v float32) float32 {
			return float32(math.Log1p(math.Exp(-math.Abs(float64(v))))) + max(v, 0)
		})
	}
	b.Fail("activation %q is not known", name)
	return func([]float32) {}
}

// newActivations lists the functions of all directions. Those that have no alpha or
// beta take none from the attributes' lists.
func newActivations(b *op.Build, defaults []string, directions int) []activation {
	names := b.Strs("activations")
	if names == nil {
		for range directions {
			names = append(names, defaults...)
		}
	}
	if len(names) != directions*len(defaults) {
		b.Fail("%d activations for %d directions of %d", len(names), directions, len(defaults))
		return nil
	}
	alphas, betas := b.Floats("activation_alpha"), b.Floats("activation_beta")
	var out []activation
	for _, name := range names {
		d := activationDefaults[name]
		alpha, beta := d[0], d[1]
		if _, ok := activationDefaults[name]; ok && len(alphas) > 0 {
			alpha, alphas = alphas[0], alphas[1:]
		}
		if d[1] != 0 || name == "Affine" {
			if len(betas) > 0 {
				beta, betas = betas[0], betas[1:]
			}
		}
		out = append(out, newActivation(b, name, alpha, beta))
	}
	return out
}
