package tensor_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/tensor"
)

func Example() {
	x, err := tensor.Of([]int{2, 3}, []float32{1, 2, 3, 4, 5, 6})
	if err != nil {
		fmt.Println(err)
		return
	}
	row, err := tensor.Data[float32](x)
	fmt.Println(x, row[4], err)
	// Output: float32[2,3] 5 <nil>
}

func TestOfSharesMemory(t *testing.T) {
	data := []int64{1, 2, 3, 4}
	x, err := tensor.Of([]int{2, 2}, data)
	require.NoError(t, err)
	data[3] = 9
	got, err := tensor.Data[int64](x)
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2, 3, 9}, got)
	require.Equal(t, 4*8, len(x.Bytes()))
	require.Equal(t, 2, x.Dim(-1))
	require.Equal(t, 1, x.Dim(5))
}

func TestOfRefuses(t *testing.T) {
	_, err := tensor.Of([]int{2, 2}, []float32{1, 2, 3})
	require.ErrorIs(t, err, tensor.ErrShape)
	_, err = tensor.Of([]int{-1}, []float32{})
	require.ErrorIs(t, err, tensor.ErrShape)
	_, err = tensor.New(tensor.Float32, math.MaxInt, 2)
	require.ErrorIs(t, err, tensor.ErrShape)
	_, err = tensor.New(tensor.Undefined, 2)
	require.ErrorIs(t, err, tensor.ErrElem)
	x := tensor.Vector("a")
	_, err = tensor.Data[int32](x)
	require.ErrorIs(t, err, tensor.ErrElem)
	require.ErrorContains(t, err, "string[1]")
	_, err = tensor.Item[string](tensor.Vector("a", "b"))
	require.ErrorIs(t, err, tensor.ErrShape)
}

func TestScalarsAndEmpties(t *testing.T) {
	s := tensor.Scalar(true)
	require.Equal(t, 0, s.Rank())
	require.Equal(t, 1, s.Len())
	v, err := tensor.Item[bool](s)
	require.NoError(t, err)
	require.True(t, v)
	e, err := tensor.New(tensor.Float64, 0, 3)
	require.NoError(t, err)
	require.Zero(t, e.Len())
	d, err := tensor.Data[float64](e)
	require.NoError(t, err)
	require.Empty(t, d)
	// An empty tensor may have a dimension that memory could not hold.
	n, err := tensor.Count([]int{0, math.MaxInt, math.MaxInt})
	require.NoError(t, err)
	require.Zero(t, n)
}

// TestEveryElem: each type has a name, a size, a Go type and survives a round.
func TestEveryElem(t *testing.T) {
	check := func(e tensor.Elem, made *tensor.Tensor, err error) {
		require.NoError(t, err)
		require.Equal(t, e, made.Elem())
		require.True(t, e.Valid())
		require.NotContains(t, e.String(), "(")
		require.Equal(t, made.String(), made.Clone().String())
	}
	one := func(e tensor.Elem, made *tensor.Tensor) { check(e, made, nil) }
	one(tensor.Float32, tensor.Scalar(float32(1)))
	one(tensor.Float64, tensor.Scalar(float64(1)))
	one(tensor.Float16, tensor.Scalar(tensor.F16(1)))
	one(tensor.BFloat16, tensor.Scalar(tensor.BF16(1)))
	one(tensor.Int8, tensor.Scalar(int8(1)))
	one(tensor.Int16, tensor.Scalar(int16(1)))
	one(tensor.Int32, tensor.Scalar(int32(1)))
	one(tensor.Int64, tensor.Scalar(int64(1)))
	one(tensor.Uint8, tensor.Scalar(uint8(1)))
	one(tensor.Uint16, tensor.Scalar(uint16(1)))
	one(tensor.Uint32, tensor.Scalar(uint32(1)))
	one(tensor.Uint64, tensor.Scalar(uint64(1)))
	one(tensor.Bool, tensor.Scalar(true))
	one(tensor.String, tensor.Scalar("x"))
	one(tensor.Complex64, tensor.Scalar(complex64(1)))
	one(tensor.Complex128, tensor.Scalar(complex128(1)))
	one(tensor.Float8E4M3FN, tensor.Scalar(tensor.F8E4M3FN(1)))
	one(tensor.Float8E4M3FNUZ, tensor.Scalar(tensor.F8E4M3FNUZ(1)))
	one(tensor.Float8E5M2, tensor.Scalar(tensor.F8E5M2(1)))
	one(tensor.Float8E5M2FNUZ, tensor.Scalar(tensor.F8E5M2FNUZ(1)))
	one(tensor.Float8E8M0, tensor.Scalar(tensor.F8E8M0(1)))
	one(tensor.Float4E2M1, tensor.Scalar(tensor.F4E2M1(1)))
	one(tensor.Uint4, tensor.Scalar(tensor.U4(1)))
	one(tensor.Int4, tensor.Scalar(tensor.I4(1)))
	one(tensor.Uint2, tensor.Scalar(tensor.U2(1)))
	one(tensor.Int2, tensor.Scalar(tensor.I2(1)))
	require.Equal(t, "elem(99)", tensor.Elem(99).String())
	require.Equal(t, 4, tensor.Int4.Bits())
	require.Equal(t, 32, tensor.Float32.Bits())
}

func TestResizeKeepsMemory(t *testing.T) {
	var x tensor.Tensor
	require.NoError(t, x.Resize(tensor.Float32, []int{100}))
	tensor.Slice[float32](&x)[0] = 7
	shape := []int{5, 10}
	require.Zero(t, testing.AllocsPerRun(20, func() {
		if err := x.Resize(tensor.Float64, shape); err != nil {
			t.Error(err)
		}
	}))
	require.Equal(t, "float64[5,10]", x.String())
	require.NoError(t, x.Resize(tensor.String, []int{2}))
	require.Equal(t, []string{"", ""}, x.Strings())
}

// TestResizeRealigns: a block bound as bytes need not be aligned for floats.
func TestResizeRealigns(t *testing.T) {
	raw := make([]uint8, 65)
	for at := range 8 {
		var x tensor.Tensor
		require.NoError(t, tensor.Bind(&x, []int{57}, raw[at:at+57]))
		require.NoError(t, x.Resize(tensor.Float64, []int{7}))
		for i := range tensor.Slice[float64](&x) {
			tensor.Slice[float64](&x)[i] = 1
		}
		require.Equal(t, 7, x.Len())
	}
}

func TestBindAllocatesNothing(t *testing.T) {
	x, data, shape := tensor.Vector[float32](), make([]float32, 6), []int{2, 3}
	require.NoError(t, tensor.Bind(x, shape, data))
	require.Zero(t, testing.AllocsPerRun(20, func() {
		if err := tensor.Bind(x, shape, data); err != nil {
			t.Error(err)
		}
	}))
}

func TestOfBytes(t *testing.T) {
	x, err := tensor.OfBytes(tensor.Bool, []int{3}, []byte{0, 1, 200})
	require.NoError(t, err)
	require.Equal(t, []byte{0, 1, 1}, x.Bytes())
	_, err = tensor.OfBytes(tensor.Int32, []int{3}, make([]byte, 11))
	require.ErrorIs(t, err, tensor.ErrShape)
	_, err = tensor.OfBytes(tensor.String, []int{1}, []byte{1})
	require.ErrorIs(t, err, tensor.ErrElem)
	raw := make([]byte, 17)
	odd, err := tensor.OfBytes(tensor.Int64, []int{2}, raw[1:])
	require.NoError(t, err)
	require.Equal(t, []int64{0, 0}, tensor.Slice[int64](odd))
}

func TestAlias(t *testing.T) {
	x := tensor.Vector[int32](1, 2, 3, 4, 5, 6)
	var y tensor.Tensor
	require.NoError(t, y.Alias(x, []int{2, 3}))
	tensor.Slice[int32](&y)[5] = 60
	require.Equal(t, int32(60), tensor.Slice[int32](x)[5])
	require.ErrorIs(t, y.Alias(x, []int{4}), tensor.ErrShape)
	require.NoError(t, y.AliasRange(x, 2, []int{2}))
	require.Equal(t, []int32{3, 4}, tensor.Slice[int32](&y))
	require.ErrorIs(t, y.AliasRange(x, 5, []int{2}), tensor.ErrShape)
	require.ErrorIs(t, y.AliasRange(x, -1, []int{2}), tensor.ErrShape)
	words := tensor.Vector("a", "b", "c")
	require.NoError(t, y.AliasRange(words, 1, []int{2}))
	require.Equal(t, []string{"b", "c"}, y.Strings())
}

func TestValues(t *testing.T) {
	m := &tensor.Map{Keys: tensor.Vector("a", "b"), Values: tensor.Vector[float32](1, 2)}
	v, ok := tensor.Lookup[string, float32](m, "b")
	require.True(t, ok)
	require.Equal(t, float32(2), v)
	_, ok = tensor.Lookup[string, float32](m, "c")
	require.False(t, ok)
	_, ok = tensor.Lookup[int64, float32](m, 1)
	require.False(t, ok)

	s := &tensor.Sequence{Elem: tensor.Int64, Items: []tensor.Value{tensor.Vector[int64](1), m, &tensor.Optional{Value: m}, &tensor.Optional{}}}
	c := tensor.Clone(s).(*tensor.Sequence)
	require.Equal(t, s, c)
	tensor.Slice[int64](c.Items[0].(*tensor.Tensor))[0] = 5
	require.NotEqual(t, s, c)
	for _, value := range []tensor.Value{s, m, &tensor.Optional{Value: s}, tensor.Scalar("x")} {
		dst := map[tensor.Kind]tensor.Value{
			tensor.KindSequence: &tensor.Sequence{}, tensor.KindMap: &tensor.Map{}, tensor.KindOptional: &tensor.Optional{}, tensor.KindTensor: &tensor.Tensor{},
		}[value.Kind()]
		require.NoError(t, tensor.Assign(dst, value))
		require.Equal(t, value.Kind().String(), dst.Kind().String())
	}
	require.ErrorIs(t, tensor.Assign(&tensor.Tensor{}, s), tensor.ErrElem)
	require.ErrorIs(t, tensor.Assign(&tensor.Tensor{}, nil), tensor.ErrElem)
}

func TestAssignReuses(t *testing.T) {
	src := &tensor.Sequence{Items: []tensor.Value{tensor.Vector[float32](1, 2), tensor.Vector[float32](3)}}
	dst := &tensor.Sequence{}
	require.NoError(t, tensor.Assign(dst, src))
	require.Zero(t, testing.AllocsPerRun(10, func() {
		if err := tensor.Assign(dst, src); err != nil {
			t.Error(err)
		}
	}))
	require.Equal(t, src, dst)
}
