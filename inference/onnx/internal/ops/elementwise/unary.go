package elementwise

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/convert"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// unaryTable lists the operators of one input. Those of mathematics are given by
// a function on float64, some with a faster loop for float32.
func unaryTable() []op.Def {
	def := func(name string, since int, build func(*op.Build) (op.Kernel, error)) op.Def {
		return op.Def{Name: name, Since: since, Wide: true, New: build}
	}
	return []op.Def{
		def("Abs", 1, signedOp(absSigned)), def("Neg", 1, signedOp(negSigned)), def("Sign", 9, signedOp(signSigned)),
		def("Relu", 1, signedOp(reluSigned)),
		def("Exp", 1, plain(math.Exp, kernel.ExpSlice)), def("Log", 1, plain(math.Log, nil)),
		def("Sqrt", 1, plain(math.Sqrt, nil)), def("Reciprocal", 1, plain(func(x float64) float64 { return 1 / x }, nil)),
		def("Floor", 1, plain(math.Floor, nil)), def("Ceil", 1, plain(math.Ceil, nil)),
		def("Round", 11, plain(math.RoundToEven, nil)),
		def("Sin", 7, plain(math.Sin, nil)), def("Cos", 7, plain(math.Cos, nil)), def("Tan", 7, plain(math.Tan, nil)),
		def("Asin", 7, plain(math.Asin, nil)), def("Acos", 7, plain(math.Acos, nil)), def("Atan", 7, plain(math.Atan, nil)),
		def("Sinh", 9, plain(math.Sinh, nil)), def("Cosh", 9, plain(math.Cosh, nil)),
		def("Asinh", 9, plain(math.Asinh, nil)), def("Acosh", 9, plain(math.Acosh, nil)), def("Atanh", 9, plain(math.Atanh, nil)),
		def("Tanh", 1, plain(math.Tanh, kernel.TanhSlice)), def("Erf", 9, plain(math.Erf, kernel.ErfSlice)),
		def("Sigmoid", 1, plain(sigmoid, kernel.SigmoidSlice)),
		def("Softplus", 1, plain(softplus, nil)),
		def("Softsign", 1, plain(func(x float64) float64 { return x / (1 + math.Abs(x)) }, nil)),
		def("HardSwish", 14, plain(func(x float64) float64 { return x * clamp(x/6+0.5, 0, 1) }, nil)),
		def("Mish", 18, plain(func(x float64) float64 { return x * math.Tanh(softplus(x)) }, nil)),
		def("LeakyRelu", 1, newLeakyRelu), def("Elu", 1, newElu), def("Selu", 1, newSelu), def("Celu", 12, newCelu),
		def("ThresholdedRelu", 10, newThresholdedRelu), def("HardSigmoid", 1, newHardSigmoid),
		def("Shrink", 9, newShrink), def("Gelu", 20, newGelu), def("Swish", 24, newSwish),
		def("Affine", 1, newAffine), def("ScaledTanh", 1, newScaledTanh), def("ParametricSoftplus", 1, newParametricSoftplus),
	}
}

func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}

// softplus is log(1 + e^x) without overflow.
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func clamp(x, lo, hi float64) float64 { return min(max(x, lo), hi) }

// plain makes the constructor of a function that has no attributes.
func plain(f func(float64) float64, fast func(dst, src []float32)) func(*op.Build) (op.Kernel, error) {
	return func(*op.Build) (op.Kernel, error) { return &unary{f: f, fast: fast}, nil }
}

// unary applies a function to each element of a float tensor. Integers are let
// through where the function keeps them (rounding), else refused.
type unary struct {
	f    func(float64) float64
	fast func(dst, src []float32) // for float32, nil to use f
}

func (k *unary) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	if e := x.Elem(); e != tensor.Float32 && e != tensor.Float64 {
		return fmt.Errorf("%w: function of %v", op.ErrType, x)
	}
	y, err := c.OutOver(0, 0, x.Elem(), x.Shape())
	if err != nil {
		return err
	}
	switch {
	case x.Elem() == tensor.Float32 && k.fast != nil:
		k.fast(tensor.Slice[float32](y), tensor.Slice[float32](x))
	case x.Elem() == tensor.Float32:
		apply(k.f, tensor.Slice[float32](y), tensor.Slice[float32](x))
	default:
		apply(k.f, tensor.Slice[float64](y), tensor.Slice[float64](x))
	}
	return nil
}

func apply[T kernel.Float](f func(float64) float64, dst, src []T) {
	for i, v := range src {
		dst[i] = T(f(float64(v)))
	}
}

type signed uint8

const (
	absSigned signed = iota
	negSigned
	signSigned
	reluSigned
)

// signedOp makes the constructor of a function that all numeric types have.
func signedOp(k signed) func(*op.Build) (op.Kernel, error) {
	return func(*op.Build) (op.Kernel, error) {
		return op.Func(func(c *op.Ctx) error { return runSigned(c, k) }), nil
	}
}

func runSigned(c *op.Ctx, k signed) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	y, err := c.OutOver(0, 0, x.Elem(), x.Shape())
	if err != nil {
		return err
	}
	switch x.Elem() {
	case tensor.Float32:
		signedOn[float32](k, y, x)
	case tensor.Float64:
		signedOn[float64](k, y, x)
	case tensor.Int64:
		signedOn[int64](k, y, x)
	case tensor.Int32:
		signedOn[int32](k, y, x)
	case tensor.Int16:
		signedOn[int16](k, y, x)
	case tensor.Int8:
		signedOn[int8](k, y, x)
	case tensor.Uint64:
		signedOn[uint64](k, y, x)
	case tensor.Uint32:
		signedOn[uint32](k, y, x)
	case tensor.Uint16:
		signedOn[uint16](k, y, x)
	case tensor.Uint8:
		signedOn[uint8](k, y, x)
	default:
		return fmt.Errorf("%w: sign of %v", op.ErrType, x)
	}
	return nil
}

func signedOn[T convert.Numeric](k signed, y, x *tensor.Tensor) {
	dst, src := tensor.Slice[T](y), tensor.Slice[T](x)
	switch k {
	case absSigned:
		for i, v := range src {
			dst[i] = abs(v)
		}
	case negSigned:
		for i, v := range src {
			dst[i] = -v
		}
	case signSigned:
		for i, v := range src {
			dst[i] = sign(v)
		}
	default:
		for i, v := range src {
			dst[i] = max(v, 0)
		}
	}
}

func abs[T convert.Numeric](v T) T {
	if v <= 0 {
		return 0 - v // zero of either sign becomes +0
	}
	return v
}

func sign[T convert.Numeric](v T) T {
	switch {
	case v > 0:
		return 1
	case v < 0:
		var zero T
		return zero - 1
	}
	return v // zero and NaN
}
