package inference_test

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference"
	"github.com/turgo-io/turgo/inference/tensor"
)

type scalar interface {
	bool | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64 | tensor.F16 | tensor.BF16
}

// samples are values at and around the ends of a type.
func samples[T scalar]() (s []T) {
	switch v := any(&s).(type) {
	case *[]bool:
		*v = []bool{false, true}
	case *[]int8:
		*v = []int8{0, 1, -1, math.MinInt8, math.MaxInt8}
	case *[]int16:
		*v = []int16{0, 1, -1, math.MinInt16, math.MaxInt16}
	case *[]int32:
		*v = []int32{0, 1, -1, math.MinInt32, math.MaxInt32}
	case *[]int64:
		*v = []int64{0, 1, -1, math.MinInt64, math.MaxInt64, 1<<24 + 1, 1<<53 + 1}
	case *[]uint8:
		*v = []uint8{0, 1, math.MaxUint8}
	case *[]uint16:
		*v = []uint16{0, 1, math.MaxUint16}
	case *[]uint32:
		*v = []uint32{0, 1, math.MaxUint32}
	case *[]uint64:
		*v = []uint64{0, 1, math.MaxUint64, 1<<63 + 1<<10}
	case *[]float32:
		*v = []float32{0, 1, -1.5, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(1))}
	case *[]float64:
		*v = []float64{0, 1, -1.5, 0.1, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(-1)}
	case *[]tensor.F16:
		*v = []tensor.F16{0, tensor.ToF16(1.5), tensor.ToF16(-65504), 1}
	case *[]tensor.BF16:
		*v = []tensor.BF16{0, tensor.ToBF16(1.5), tensor.ToBF16(-3e38)}
	}
	return s
}

// exact is a value as a number without limits; an infinity has none.
func exact(v any) *big.Float {
	f := new(big.Float).SetPrec(200)
	switch v := v.(type) {
	case bool:
		if v {
			return f.SetInt64(1)
		}
		return f
	case tensor.F16:
		return exact(v.Float32())
	case tensor.BF16:
		return exact(v.Float32())
	case float32:
		return f.SetFloat64(float64(v))
	case float64:
		return f.SetFloat64(v)
	}
	_, ok := f.SetString(fmt.Sprint(v))
	if !ok {
		panic(fmt.Sprintf("no number: %v", v))
	}
	return f
}

// allowed says by the values of the types whether S may become D: the rule as the documentation has it.
func allowed[D, S scalar]() bool {
	d, s := tensor.ElemOf[D](), tensor.ElemOf[S]()
	half := func(e tensor.Elem) bool { return e == tensor.Float16 || e == tensor.BFloat16 }
	full := func(e tensor.Elem) bool { return e == tensor.Float32 || e == tensor.Float64 }
	switch {
	case d == s:
		return true
	case half(d):
		return full(s)
	case half(s):
		return full(d)
	case d == tensor.Bool:
		return false
	case full(d) || s == tensor.Bool:
		return true
	case full(s):
		return false
	}
	low, high := bounds[D]()
	for _, v := range samples[S]() {
		if f := exact(v); f.Cmp(low) < 0 || f.Cmp(high) > 0 {
			return false
		}
	}
	return true
}

func bounds[T scalar]() (low, high *big.Float) {
	low, high = exact(false), exact(false)
	for _, v := range samples[T]() {
		if f := exact(v); f.Cmp(low) < 0 {
			low = f
		} else if f.Cmp(high) > 0 {
			high = f
		}
	}
	return low, high
}

// rounded is v as a D, by way of numbers without limits.
func rounded[D scalar](v any) (d D) {
	f := exact(v)
	switch p := any(&d).(type) {
	case *bool:
		*p = f.Sign() != 0
	case *float32:
		*p, _ = f.Float32()
	case *float64:
		*p, _ = f.Float64()
	case *tensor.F16:
		v, _ := f.Float32()
		*p = tensor.ToF16(v)
	case *tensor.BF16:
		v, _ := f.Float32()
		*p = tensor.ToBF16(v)
	case *uint64:
		*p, _ = f.Uint64()
	default:
		n, _ := f.Int64()
		_, err := fmt.Sscan(fmt.Sprint(n), p)
		if err != nil {
			panic(err)
		}
	}
	return d
}

// converted takes every sample of S into a tensor of D and out again as D, one at a time and in pairs.
func converted[D, S scalar](t *testing.T) {
	elem := tensor.ElemOf[D]()
	t.Run(fmt.Sprintf("%v to %v", tensor.ElemOf[S](), elem), func(t *testing.T) {
		m := echo(elem, -1, 2).model(t)
		if !allowed[D, S]() {
			faults := faultsOf[[2]S, [2]D](t, m)
			require.Len(t, faults, 1)
			require.Contains(t, faults[0], fmt.Sprintf("field [2]%T is [2]%[1]T, which cannot become %v", *new(S), elem))
			return
		}
		type columns struct {
			A S `onnx:"x,1"`
			B S `onnx:"x,0"`
		}
		one, err := inference.Bind[columns, [2]D](m)
		require.NoError(t, err)
		two, err := inference.Bind[[2]S, [2]D](m)
		require.NoError(t, err)
		for _, v := range samples[S]() {
			want := rounded[D](v)
			out := make([][2]D, 1)
			require.NoError(t, one.Predict(t.Context(), []columns{{v, v}}, out))
			require.Equal(t, [2]D{want, want}, out[0], v)
			clear(out)
			require.NoError(t, two.Predict(t.Context(), [][2]S{{v, v}}, out))
			require.Equal(t, [2]D{want, want}, out[0], v)
		}
	})
}

func convertedTo[D scalar](t *testing.T) {
	converted[D, bool](t)
	converted[D, int8](t)
	converted[D, int16](t)
	converted[D, int32](t)
	converted[D, int64](t)
	converted[D, uint8](t)
	converted[D, uint16](t)
	converted[D, uint32](t)
	converted[D, uint64](t)
	converted[D, float32](t)
	converted[D, float64](t)
	converted[D, tensor.F16](t)
	converted[D, tensor.BF16](t)
}

// TestConversions: every type into every type, against arithmetic without limits.
func TestConversions(t *testing.T) {
	convertedTo[bool](t)
	convertedTo[int8](t)
	convertedTo[int16](t)
	convertedTo[int32](t)
	convertedTo[int64](t)
	convertedTo[uint8](t)
	convertedTo[uint16](t)
	convertedTo[uint32](t)
	convertedTo[uint64](t)
	convertedTo[float32](t)
	convertedTo[float64](t)
	convertedTo[tensor.F16](t)
	convertedTo[tensor.BF16](t)
}
