package inference_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference"
	"github.com/turgo-io/turgo/inference/tensor"
)

// predict binds and runs a model on some records.
func predict[In, Out any](t *testing.T, m *inference.Model, in ...In) []Out {
	t.Helper()
	p, err := inference.Bind[In, Out](m)
	require.NoError(t, err)
	out := make([]Out, len(in))
	require.NoError(t, p.Predict(context.Background(), in, out))
	return out
}

// pair is a model that gives x back as y.
func pair(in, out value) file {
	in.name, out.name = "x", "y"
	return same([]value{in}, []value{out})
}

func echo(elem tensor.Elem, dims ...int) file {
	return pair(named("x", elem, dims...), named("y", elem, dims...))
}

func TestColumnsOfManyKinds(t *testing.T) {
	type where struct {
		Lat float64 `onnx:"x,5"`
		Lon float64 `onnx:"x,4"`
	}
	type Embedded struct {
		Flag bool `onnx:"x,3"`
	}
	type In struct {
		ID     string  // not bound
		Amount float32 `onnx:"x,0"`
		Embedded
		Where  where
		Counts [2]int16 `onnx:"x,1"`
		Skip   struct {
			V float32 `onnx:"x,9"`
		} `onnx:"-"`
	}
	type Out struct {
		All   [6]float32 `onnx:"y"`
		Last  float64    `onnx:"y,5"`
		Mid   [2]float32 `onnx:"y,1"`
		Slice []float64  `onnx:"y"`
		Rest  string
	}
	in := []In{
		{Amount: 1, Counts: [2]int16{2, 3}, Embedded: Embedded{true}, Where: where{Lat: 6, Lon: 5}},
		{Amount: -1, Counts: [2]int16{-2, -3}, Where: where{Lat: -6, Lon: -5}},
	}
	got := predict[In, Out](t, echo(tensor.Float32, -1, 6).model(t), in...)
	require.Equal(t, []Out{
		{All: [6]float32{1, 2, 3, 1, 5, 6}, Last: 6, Mid: [2]float32{2, 3}, Slice: []float64{1, 2, 3, 1, 5, 6}},
		{All: [6]float32{-1, -2, -3, 0, -5, -6}, Last: -6, Mid: [2]float32{-2, -3}, Slice: []float64{-1, -2, -3, 0, -5, -6}},
	}, got)
	got[0].Slice = append(got[0].Slice, 99)
	require.Equal(t, float64(-1), got[1].Slice[0], "slices of two records must not share their room to grow")
}

func TestWholeTensors(t *testing.T) {
	m := same(
		[]value{named("a", tensor.Float32, -1), named("b", tensor.Int64, -1, 1), named("c", tensor.String, -1, 2), named("d", tensor.Bool, -1, 1), named("e", tensor.Float64, -1, 2, 3), named("f", tensor.Uint8, -1, 3)},
		[]value{named("A", tensor.Float32, -1), named("B", tensor.Int64, -1, 1), named("C", tensor.String, -1, 2), named("D", tensor.Bool, -1, 1), named("E", tensor.Float64, -1, 2, 3), named("F", tensor.Uint8, -1, 3)},
	).model(t)
	type In struct {
		A float64       `onnx:"a"`
		B int           `onnx:"b"`
		C []string      `onnx:"c"`
		D bool          `onnx:"d"`
		E [2][3]float32 `onnx:"e"`
		F [3]uint8      `onnx:"f"`
	}
	type Out struct {
		A float32    `onnx:"A"`
		B int64      `onnx:"B"`
		C [2]string  `onnx:"C"`
		D uint8      `onnx:"D"`
		E [6]float64 `onnx:"E"`
		F [3]int16   `onnx:"F"`
		G []string   `onnx:"C"`
	}
	in := In{A: 1.5, B: -7, C: []string{"p", "q"}, D: true, E: [2][3]float32{{1, 2, 3}, {4, 5, 6}}, F: [3]uint8{7, 8, 255}}
	want := Out{A: 1.5, B: -7, C: [2]string{"p", "q"}, D: 1, E: [6]float64{1, 2, 3, 4, 5, 6}, F: [3]int16{7, 8, 255}, G: []string{"p", "q"}}
	require.Equal(t, []Out{want, want, want}, predict[In, Out](t, m, in, in, in))
}

func TestTypesThatAreNoStructs(t *testing.T) {
	require.Equal(t, [][2]float64{{1, 2}, {3, 4}}, predict[[2]float32, [2]float64](t, echo(tensor.Float32, -1, 2).model(t), [2]float32{1, 2}, [2]float32{3, 4}))
	require.Equal(t, []string{"a", "b"}, predict[string, string](t, echo(tensor.String, -1, 1).model(t), "a", "b"))
	require.Equal(t, [][]int64{{1}, {2}}, predict[int32, []int64](t, echo(tensor.Int64, -1).model(t), 1, 2))
}

func TestHalfFloats(t *testing.T) {
	require.Equal(t, []float64{0.5, -2}, predict[float32, float64](t, echo(tensor.Float16, -1).model(t), 0.5, -2))
	require.Equal(t, []float32{0.5, -2}, predict[float64, float32](t, echo(tensor.BFloat16, -1).model(t), 0.5, -2))
	require.Equal(t, []float32{0.5}, predict[tensor.F16, float32](t, echo(tensor.Float16, -1).model(t), tensor.ToF16(0.5)))
}

// TestOpenLengths: records of one length run together, with the dimension that the slice gives.
func TestOpenLengths(t *testing.T) {
	m := echo(tensor.Int64, -1, -1).model(t)
	in := [][]int64{{1, 2}, {3, 4}, {}, {5}, {6, 7, 8}, {9, 10, 11}}
	require.Equal(t, in, predict[[]int64, []int64](t, m, in...))

	pairs := echo(tensor.Float32, -1, -1, 2).model(t)
	p, err := inference.Bind[[]float32, []float32](pairs)
	require.NoError(t, err)
	out := make([][]float32, 2)
	require.NoError(t, p.Predict(context.Background(), [][]float32{{1, 2, 3, 4}, {5, 6}}, out))
	require.Equal(t, [][]float32{{1, 2, 3, 4}, {5, 6}}, out)
	err = p.Predict(context.Background(), [][]float32{{1, 2, 3}}, out[:1])
	require.ErrorIs(t, err, inference.ErrRow)
	require.ErrorContains(t, err, "field []float32 has 3 values; model churn.onnx takes input x float32[N,N,2]")
}

// TestFixedRows: a model for runs of exactly three records serves any number.
func TestFixedRows(t *testing.T) {
	m := echo(tensor.Float32, 3, 2).model(t)
	var in [][2]float32
	for i := range 7 {
		in = append(in, [2]float32{float32(i), -float32(i)})
	}
	for n := 1; n <= len(in); n++ {
		require.Equal(t, in[:n], predict[[2]float32, [2]float32](t, m, in[:n]...))
	}
}

// TestRecordByRecord: models without a dimension for the records.
func TestRecordByRecord(t *testing.T) {
	scalar := pair(value{elem: tensor.Float32, scalar: true}, value{elem: tensor.Float32, scalar: true}).model(t)
	require.Equal(t, []float32{1, 2, 3}, predict[float32, float32](t, scalar, 1, 2, 3))
	vector := echo(tensor.Float32, 3).model(t)
	require.Equal(t, [][3]float32{{1, 2, 3}, {4, 5, 6}}, predict[[3]float32, [3]float32](t, vector, [3]float32{1, 2, 3}, [3]float32{4, 5, 6}))
	tokens := echo(tensor.Int64, -1).model(t)
	require.Equal(t, [][]int64{{1, 2}, {3}}, predict[[]int64, []int64](t, tokens, []int64{1, 2}, []int64{3}))
}

func TestNothingDeclared(t *testing.T) {
	m := pair(value{elem: tensor.Float32}, value{elem: tensor.Float32}).model(t)
	require.Equal(t, []float32{1, 2}, predict[float32, float32](t, m, 1, 2))
	require.Equal(t, [][2]float32{{1, 2}}, predict[[2]float32, [2]float32](t, m, [2]float32{1, 2}))
	require.Equal(t, [][]float32{{1, 2}, {3}}, predict[[]float32, []float32](t, m, []float32{1, 2}, []float32{3}))
}

func TestGiven(t *testing.T) {
	f := file{
		inputs:  []value{x(tensor.Float32, -1, 1), named("scale", tensor.Float32, 1)},
		outputs: []value{named("y", tensor.Float32, -1, 1)},
		nodes:   []node{{op: "Mul", in: []string{"x", "scale"}, out: []string{"y"}}},
	}
	m := f.model(t, inference.Given("scale", tensor.Vector[float32](10)))
	require.Equal(t, []float32{10, 20}, predict[float32, float32](t, m, 1, 2))
}

// TestDeclaredOutputsCanLie: what the run gives decides, not what the file says of it.
func TestDeclaredOutputsCanLie(t *testing.T) {
	m := pair(x(tensor.Float32, -1, 2), named("", tensor.Float32, 1, 3)).model(t)
	require.Equal(t, [][2]float32{{1, 2}, {3, 4}}, predict[[2]float32, [2]float32](t, m, [2]float32{1, 2}, [2]float32{3, 4}))

	_, err := inference.Bind[[2]float32, [3]float32](m)
	require.ErrorIs(t, err, inference.ErrMismatch)
	require.EqualError(t, err, `inference: model churn.onnx gave output y float32[1,2] for 1 record; field [3]float32 takes 3 values a record, not 2: take some by onnx:"name,0"`)
}

// TestOutputFoundWrongLate: a shape that only shows with more than one record.
func TestOutputFoundWrongLate(t *testing.T) {
	f := file{
		inputs:  []value{x(tensor.Float32, -1, 2)},
		outputs: []value{named("y", tensor.Float32, -1, 2)},
		nodes:   []node{{op: "Max", in: []string{"x", "w"}, out: []string{"m"}}, {op: "Min", in: []string{"m", "w"}, out: []string{"y"}}},
		weights: []weight{{"w", []int{1, 1, 2}, []float32{1, 1}}},
	}
	p, err := inference.Bind[[2]float32, [2]float32](f.model(t))
	require.NoError(t, err)
	err = p.Predict(context.Background(), make([][2]float32, 3), make([][2]float32, 3))
	require.ErrorIs(t, err, inference.ErrOutput)
	require.ErrorContains(t, err, "model churn.onnx gave output y float32[1,3,2] for 3 records; its first dimension should be the records")
}
