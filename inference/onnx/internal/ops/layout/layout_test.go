package layout_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/tensor"
)

// counting is a tensor whose elements are their own places, as numbers or strings.
func counting(asStrings bool, shape ...int) *tensor.Tensor {
	if asStrings {
		t, _ := tensor.New(tensor.String, shape...)
		for i := range t.Strings() {
			t.Strings()[i] = string(rune('a' + i))
		}
		return t
	}
	t, _ := tensor.New(tensor.Int16, shape...)
	for i, d := 0, tensor.Slice[int16](t); i < len(d); i++ {
		d[i] = int16(i)
	}
	return t
}

// element is the place that an element of counting stands for, -1 for a fill.
func element(t *tensor.Tensor, i int) int {
	if t.Elem() == tensor.String {
		if s := t.Strings()[i]; s != "" {
			return int([]rune(s)[0] - 'a')
		}
		return -1
	}
	return int(tensor.Slice[int16](t)[i])
}

// each calls f with every place of a shape.
func each(shape []int, f func(i int, at []int)) {
	n := 1
	for _, d := range shape {
		n *= d
	}
	at := make([]int, len(shape))
	for i := range n {
		rest := i
		for d := len(shape) - 1; d >= 0; d-- {
			at[d] = rest % shape[d]
			rest /= shape[d]
		}
		f(i, at)
	}
}

func place(shape, at []int) int {
	off := 0
	for i, d := range shape {
		off = off*d + at[i]
	}
	return off
}

func shapes(min int) *rapid.Generator[[]int] {
	return rapid.SliceOfN(rapid.IntRange(1, 5), min, 4)
}

// python is Python's slice of a dimension, index by index.
func python(start, end, step, d int) []int {
	clamp := func(v, lo, hi int) int { return max(lo, min(v, hi)) }
	if start < 0 {
		start += d
	}
	if end < 0 {
		end += d
	}
	var out []int
	if step > 0 {
		for i := clamp(start, 0, d); i < clamp(end, 0, d); i += step {
			out = append(out, i)
		}
		return out
	}
	for i := clamp(start, -1, d-1); i > clamp(end, -1, d-1); i += step {
		out = append(out, i)
	}
	return out
}

func TestSliceAgainstPython(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := shapes(1).Draw(t, "shape")
		x := counting(rapid.Bool().Draw(t, "strings"), shape...)
		var starts, ends, axes, steps []int64
		index := make([][]int, len(shape))
		for i, d := range shape {
			index[i] = python(0, d, 1, d)
			if rapid.Bool().Draw(t, "cut") {
				s, e := rapid.IntRange(-d-2, d+2).Draw(t, "start"), rapid.IntRange(-d-2, d+2).Draw(t, "end")
				step := rapid.SampledFrom([]int{1, 2, 3, -1, -2}).Draw(t, "step")
				starts, ends, steps = append(starts, int64(s)), append(ends, int64(e)), append(steps, int64(step))
				axes = append(axes, int64(i-len(shape)*rapid.IntRange(0, 1).Draw(t, "from end")))
				index[i] = python(s, e, step, d)
			}
		}
		y, err := onnxtest.One(13, "Slice", nil, x, tensor.Vector(starts...), tensor.Vector(ends...), tensor.Vector(axes...), tensor.Vector(steps...))
		require.NoError(t, err)
		checkIndex(t, x, y, index)
	})
}

// checkIndex checks that y is x at the cross product of indices; -1 is a fill.
func checkIndex(t require.TestingT, x, y *tensor.Tensor, index [][]int) {
	want := make([]int, len(index))
	for i := range index {
		want[i] = len(index[i])
	}
	require.Equal(t, want, append([]int{}, y.Shape()...))
	each(want, func(i int, at []int) {
		from := make([]int, len(at))
		for d, k := range at {
			from[d] = index[d][k]
			if from[d] < 0 {
				require.Equal(t, -1, element(y, i))
				return
			}
		}
		require.Equal(t, element(x, place(x.Shape(), from)), element(y, i))
	})
}

func TestPadModes(t *testing.T) {
	modes := map[string]func(i, d int) int{
		"constant": func(i, d int) int {
			if i < 0 || i >= d {
				return -1
			}
			return i
		},
		"edge": func(i, d int) int { return max(0, min(i, d-1)) },
		"wrap": func(i, d int) int { return ((i % d) + d) % d },
		"reflect": func(i, d int) int {
			for d > 1 && (i < 0 || i >= d) {
				if i < 0 {
					i = -i
				} else {
					i = 2*(d-1) - i
				}
			}
			if d == 1 {
				return 0
			}
			return i
		},
	}
	rapid.Check(t, func(t *rapid.T) {
		shape := shapes(1).Draw(t, "shape")
		x := counting(false, shape...)
		mode := rapid.SampledFrom([]string{"constant", "edge", "wrap", "reflect"}).Draw(t, "mode")
		before, after, index := make([]int64, len(shape)), make([]int64, len(shape)), make([][]int, len(shape))
		for i, d := range shape {
			before[i], after[i] = int64(rapid.IntRange(-d/2, 6).Draw(t, "before")), int64(rapid.IntRange(-d/2, 6).Draw(t, "after"))
			index[i] = []int{}
			for k := -int(before[i]); k < d+int(after[i]); k++ {
				index[i] = append(index[i], modes[mode](k, d))
			}
		}
		y, err := onnxtest.One(19, "Pad", []onnxtest.Attribute{onnxtest.Str("mode", mode)}, x, tensor.Vector(append(before, after...)...), tensor.Scalar(int16(-1)))
		require.NoError(t, err)
		checkIndex(t, x, y, index)
	})
}

func TestTileGatherConcatSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := shapes(1).Draw(t, "shape")
		x := counting(rapid.Bool().Draw(t, "strings"), shape...)
		axis := rapid.IntRange(0, len(shape)-1).Draw(t, "axis")
		index := make([][]int, len(shape))
		for i, d := range shape {
			index[i] = python(0, d, 1, d)
		}
		at := rapid.SliceOfN(rapid.IntRange(-shape[axis], shape[axis]-1), 0, 6).Draw(t, "at")
		at64 := make([]int64, len(at))
		index[axis] = []int{}
		for i, v := range at {
			at64[i] = int64(v)
			index[axis] = append(index[axis], (v+shape[axis])%shape[axis])
		}
		y, err := onnxtest.One(13, "Gather", []onnxtest.Attribute{onnxtest.Int("axis", int64(axis-len(shape)))}, x, tensor.Vector(at64...))
		require.NoError(t, err)
		checkIndex(t, x, y, index)

		repeats := make([]int64, len(shape))
		for i, d := range shape {
			repeats[i] = int64(rapid.IntRange(0, 3).Draw(t, "repeats"))
			index[i] = []int{}
			for k := range d * int(repeats[i]) {
				index[i] = append(index[i], k%d)
			}
		}
		y, err = onnxtest.One(13, "Tile", nil, x, tensor.Vector(repeats...))
		require.NoError(t, err)
		checkIndex(t, x, y, index)

		// What is split and joined again is what it was.
		first := rapid.IntRange(0, shape[axis]).Draw(t, "first")
		g := onnxtest.NewModel(13).Input("x", x.Elem()).ConstInts("s", []int64{2}, int64(first), int64(shape[axis]-first)).
			Node("Split", []string{"x", "s"}, []string{"a", "b"}, onnxtest.Int("axis", int64(axis))).
			Node("Concat", []string{"a", "b"}, []string{"y"}, onnxtest.Int("axis", int64(axis))).Output("y", x.Elem())
		g.Model.Graph.Inputs[0].Type.HasShape = false
		out, err := onnxtest.Eval(g.Bytes(), x)
		require.NoError(t, err)
		require.NoError(t, onnxtest.Equal(out[0], x, onnxtest.Tolerance{}))
	})
}

func TestReshape(t *testing.T) {
	x := counting(false, 2, 3, 4)
	for _, c := range []struct {
		shape     []int64
		allowZero int64
		want      []int
	}{
		{[]int64{-1}, 0, []int{24}}, {[]int64{0, -1}, 0, []int{2, 12}}, {[]int64{4, 0, 2}, 0, []int{4, 3, 2}}, {[]int64{1, 24, 1, 1}, 0, []int{1, 24, 1, 1}},
	} {
		y, err := onnxtest.One(14, "Reshape", []onnxtest.Attribute{onnxtest.Int("allowzero", c.allowZero)}, x, tensor.Vector(c.shape...))
		require.NoError(t, err)
		require.Equal(t, c.want, y.Shape())
	}
	for _, shape := range [][]int64{{5, -1}, {-1, -1}, {-2}, {7}, {0, 0, 0, 0}} {
		_, err := onnxtest.One(14, "Reshape", nil, x, tensor.Vector(shape...))
		require.Error(t, err, "%v", shape)
	}
	empty := counting(false, 0, 3)
	y, err := onnxtest.One(14, "Reshape", []onnxtest.Attribute{onnxtest.Int("allowzero", 1)}, empty, tensor.Vector[int64](3, 0))
	require.NoError(t, err)
	require.Equal(t, []int{3, 0}, y.Shape())
}

// TestIndicesAreChecked: no index reaches outside its dimension.
func TestIndicesAreChecked(t *testing.T) {
	x := counting(false, 3, 2)
	for name, c := range map[string]struct {
		attrs []onnxtest.Attribute
		in    []*tensor.Tensor
	}{
		"Gather":          {nil, []*tensor.Tensor{x, tensor.Vector[int64](3)}},
		"GatherElements":  {nil, []*tensor.Tensor{x, matrix(-4, 0)}},
		"GatherND":        {nil, []*tensor.Tensor{x, matrix(0, 2)}},
		"ScatterElements": {nil, []*tensor.Tensor{x, matrix(3, 0), counting(false, 1, 2)}},
		"ScatterND":       {nil, []*tensor.Tensor{x, matrix(0, -3), counting(false, 1)}},
		"Slice":           {nil, []*tensor.Tensor{x, tensor.Vector[int64](0), tensor.Vector[int64](1), tensor.Vector[int64](2)}},
		"Transpose":       {[]onnxtest.Attribute{onnxtest.Ints("perm", 0, 0)}, []*tensor.Tensor{x}},
		"Split":           {nil, []*tensor.Tensor{x, tensor.Vector[int64](1, 1)}},
		"Expand":          {nil, []*tensor.Tensor{x, tensor.Vector[int64](2, 2)}},
		"Tile":            {nil, []*tensor.Tensor{x, tensor.Vector[int64](-1, 1)}},
		"Pad":             {nil, []*tensor.Tensor{x, tensor.Vector[int64](-4, 0, 0, 0)}},
	} {
		_, err := onnxtest.One(13, name, c.attrs, c.in...)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "internal fault", name)
	}
}

func matrix(v ...int64) *tensor.Tensor {
	t, _ := tensor.Of([]int{1, len(v)}, v)
	return t
}
