package elementwise

import (
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/convert"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

func newLeakyRelu(b *op.Build) (op.Kernel, error) {
	alpha := b.Float("alpha", 0.01)
	return &unary{
		f: func(x float64) float64 {
			if x < 0 {
				return float64(alpha) * x
			}
			return x
		},
		fast: func(dst, src []float32) {
			for i, v := range src {
				if v < 0 {
					v *= alpha
				}
				dst[i] = v
			}
		},
	}, nil
}

func newElu(b *op.Build) (op.Kernel, error) {
	alpha := float64(b.Float("alpha", 1))
	return &unary{f: func(x float64) float64 {
		if x < 0 {
			return alpha * math.Expm1(x)
		}
		return x
	}}, nil
}

// newSelu: before version 6 the defaults had fewer digits.
func newSelu(b *op.Build) (op.Kernel, error) {
	alpha, gamma := float32(1.67326319217681884765625), float32(1.05070102214813232421875)
	if b.Version() < 6 {
		alpha, gamma = 1.6732, 1.0507
	}
	a, g := float64(b.Float("alpha", alpha)), float64(b.Float("gamma", gamma))
	return &unary{f: func(x float64) float64 {
		if x <= 0 {
			return g * a * math.Expm1(x)
		}
		return g * x
	}}, nil
}

func newCelu(b *op.Build) (op.Kernel, error) {
	a := float64(b.Float("alpha", 1))
	return &unary{f: func(x float64) float64 { return max(0, x) + min(0, a*math.Expm1(x/a)) }}, nil
}

func newThresholdedRelu(b *op.Build) (op.Kernel, error) {
	a := float64(b.Float("alpha", 1))
	return &unary{f: func(x float64) float64 {
		if x > a {
			return x
		}
		return 0
	}}, nil
}

func newHardSigmoid(b *op.Build) (op.Kernel, error) {
	alpha, beta := b.Float("alpha", 0.2), b.Float("beta", 0.5)
	return &unary{
		f: func(x float64) float64 { return clamp(float64(alpha)*x+float64(beta), 0, 1) },
		fast: func(dst, src []float32) {
			for i, v := range src {
				dst[i] = min(max(alpha*v+beta, 0), 1)
			}
		},
	}, nil
}

// newShrink pulls values beyond lambd towards zero by bias, and others to zero.
func newShrink(b *op.Build) (op.Kernel, error) {
	lambda, bias := float64(b.Float("lambd", 0.5)), float64(b.Float("bias", 0))
	f := func(x float64) float64 {
		switch {
		case x < -lambda:
			return x + bias
		case x > lambda:
			return x - bias
		}
		return 0
	}
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		v, err := op.Scratch[float64](c, x.Len())
		if err != nil {
			return err
		}
		y, err := c.Out(0, x.Elem(), x.Shape())
		if err != nil {
			return err
		}
		if err := convert.ToFloat64(v, x); err != nil {
			return err
		}
		apply(f, v, v)
		return convert.FromFloat64(y, v)
	}), nil
}

// newGelu is x times the normal distribution function, by erf or by its tanh
// approximation (Hendrycks and Gimpel 2016).
func newGelu(b *op.Build) (op.Kernel, error) {
	if b.Str("approximate", "none", "none", "tanh") == "tanh" {
		const c = 0.7978845608028654 // sqrt(2/pi)
		return &unary{f: func(x float64) float64 { return 0.5 * x * (1 + math.Tanh(c*(x+0.044715*x*x*x))) }}, nil
	}
	return &unary{f: func(x float64) float64 { return 0.5 * x * (1 + math.Erf(x/math.Sqrt2)) }}, nil
}

func newSwish(b *op.Build) (op.Kernel, error) {
	alpha := float64(b.Float("alpha", 1))
	return &unary{f: func(x float64) float64 { return x * sigmoid(alpha*x) }}, nil
}

// newAffine, newScaledTanh and newParametricSoftplus are experimental operators of
// opset 1 that old exporters wrote.
func newAffine(b *op.Build) (op.Kernel, error) {
	alpha, beta := float64(b.Float("alpha", 1)), float64(b.Float("beta", 0))
	return &unary{f: func(x float64) float64 { return alpha*x + beta }}, nil
}

func newScaledTanh(b *op.Build) (op.Kernel, error) {
	alpha, beta := float64(b.Float("alpha", 1)), float64(b.Float("beta", 1))
	return &unary{f: func(x float64) float64 { return alpha * math.Tanh(beta*x) }}, nil
}

func newParametricSoftplus(b *op.Build) (op.Kernel, error) {
	alpha, beta := float64(b.Float("alpha", 1)), float64(b.Float("beta", 1))
	return &unary{f: func(x float64) float64 { return alpha * softplus(beta*x) }}, nil
}

// newPRelu: before version 7 the slope was one number or one for each channel.
func newPRelu(b *op.Build) (op.Kernel, error) {
	channel := b.Version() < 7
	return op.Func(func(c *op.Ctx) error {
		l := legacy{}
		if s := c.In(1); channel && s != nil && s.Rank() == 1 && s.Len() > 1 {
			l = legacy{on: true, apply: true, given: true, axis: 1}
		}
		var o operands
		if err := o.init(c, l); err != nil {
			return err
		}
		if err := o.same(); err != nil {
			return err
		}
		y, err := c.Out(0, o.a.Elem(), o.out())
		if err != nil {
			return err
		}
		return prelu(&o, y)
	}), nil
}

func prelu(o *operands, y *tensor.Tensor) error {
	switch y.Elem() {
	case tensor.Float32:
		zip(o, y, slope[float32])
	case tensor.Float64:
		zip(o, y, slope[float64])
	case tensor.Int32:
		zip(o, y, slope[int32])
	case tensor.Int64:
		zip(o, y, slope[int64])
	case tensor.Uint32:
		zip(o, y, slope[uint32])
	case tensor.Uint64:
		zip(o, y, slope[uint64])
	default:
		return op.ErrType
	}
	return nil
}

func slope[T kernel.Number](x, s T) T {
	if x < 0 {
		return x * s
	}
	return x
}
