package linear_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/tensor"
)

const letters = "abcd"

// naive sums over every combination of all labels.
func naive(terms []string, result string, size map[rune]int, in []*tensor.Tensor) []float64 {
	n := 1
	for _, l := range result {
		n *= size[l]
	}
	out := make([]float64, n)
	total := 1
	for _, l := range letters {
		total *= size[l]
	}
	at := map[rune]int{}
	index := func(term string) int {
		i := 0
		for _, l := range term {
			i = i*size[l] + at[l]
		}
		return i
	}
	used := strings.Join(terms, "")
	for c := range total {
		rest, skip := c, false
		for _, l := range letters {
			at[l], rest = rest%size[l], rest/size[l]
			skip = skip || at[l] > 0 && !strings.ContainsRune(used, l) // labels that do not occur count once
		}
		if skip {
			continue
		}
		v := 1.0
		for i, term := range terms {
			v *= tensor.Slice[float64](in[i])[index(term)]
		}
		out[index(result)] += v
	}
	return out
}

// TestEinsum compares random equations with the naive sum.
func TestEinsum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := map[rune]int{}
		for _, l := range letters {
			size[l] = rapid.IntRange(1, 3).Draw(t, "size")
		}
		var terms []string
		var in []*tensor.Tensor
		for range rapid.IntRange(1, 3).Draw(t, "operands") {
			term := rapid.StringOfN(rapid.RuneFrom([]rune(letters)), 0, 3, -1).Draw(t, "term")
			var shape []int
			n := 1
			for _, l := range term {
				shape, n = append(shape, size[l]), n*size[l]
			}
			x, err := tensor.Of(shape, rapid.SliceOfN(rapid.Float64Range(-2, 2), n, n).Draw(t, "data"))
			require.NoError(t, err)
			terms, in = append(terms, term), append(in, x)
		}
		result := ""
		for _, l := range rapid.Permutation([]rune(letters)).Draw(t, "order") {
			if strings.ContainsRune(strings.Join(terms, ""), l) && rapid.Bool().Draw(t, "kept") {
				result += string(l)
			}
		}
		equation := strings.Join(terms, ",") + "->" + result
		y, err := onnxtest.One(22, "Einsum", []onnxtest.Attribute{onnxtest.Str("equation", equation)}, in...)
		require.NoError(t, err, equation)
		require.InDeltaSlice(t, naive(terms, result, size, in), tensor.Slice[float64](y), 1e-9, equation)
	})
}

// TestEinsumForms: ellipses, implied results, float32 through the packed product.
func TestEinsumForms(t *testing.T) {
	a, err := tensor.Of([]int{2, 2, 2}, []float32{1, 2, 3, 4, 5, 6, 7, 8})
	require.NoError(t, err)
	for equation, want := range map[string][]float32{
		"...ij,...jk->...ik": {7, 10, 15, 22, 67, 78, 91, 106},
		"bij,bjk":            {74, 88, 106, 128},
		"...,...":            {1, 4, 9, 16, 25, 36, 49, 64},
		"iab, iab -> ba":     {26, 58, 40, 80},
	} {
		in := []*tensor.Tensor{a, a}
		y, err := onnxtest.One(22, "Einsum", []onnxtest.Attribute{onnxtest.Str("equation", equation)}, in...)
		require.NoError(t, err, equation)
		require.Equal(t, want, tensor.Slice[float32](y), equation)
	}
	for _, equation := range []string{"ij,jk->ik", "abc,abd->abx", "a.b,abc->a", "abc->a", "abc,abc->aa", "abc,abc,abc->a", "1,2->3"} {
		_, err := onnxtest.One(22, "Einsum", []onnxtest.Attribute{onnxtest.Str("equation", equation)}, a, a)
		require.Error(t, err, equation)
		require.NotErrorIs(t, err, onnx.ErrInternal)
	}
}

// TestDet: a permuted and a singular matrix.
func TestDet(t *testing.T) {
	x, err := tensor.Of([]int{3, 2, 2}, []float32{0, 1, 1, 0, 2, 4, 1, 2, 3, 1, 1, 2})
	require.NoError(t, err)
	y, err := onnxtest.One(22, "Det", nil, x)
	require.NoError(t, err)
	require.Equal(t, []float32{-1, 0, 5}, tensor.Slice[float32](y))
}
