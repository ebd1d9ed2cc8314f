package inference_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference"
	"github.com/turgo-io/turgo/inference/tensor"
)

// faultsOf are all faults found when the model is bound.
func faultsOf[In, Out any](t *testing.T, m *inference.Model) []string {
	t.Helper()
	_, err := inference.Bind[In, Out](m)
	require.ErrorIs(t, err, inference.ErrMismatch)
	var e *inference.MismatchError
	require.True(t, errors.As(err, &e))
	require.Equal(t, "churn.onnx", e.Model)
	return e.Faults
}

// y is the usual prediction: something that always fits.
type y struct {
	V []float32 `onnx:"y"`
}

func TestInputMismatches(t *testing.T) {
	nine := echo(tensor.Float32, -1, 9)
	const wants = "model churn.onnx wants input x float32[N,9]; "

	type Gap struct {
		A [7]float32 `onnx:"x,0"`
		B float32    `onnx:"x,8"`
	}
	require.Equal(t, []string{wants + "struct Gap gives columns 0-6, 8: column 7 has no field"}, faultsOf[Gap, y](t, nine.model(t)))

	type Short struct {
		A float32 `onnx:"x,1"`
		B float32 `onnx:"x,4"`
	}
	require.Equal(t, []string{wants + "struct Short gives columns 1, 4: column 0, 2-3, 5-8 has no field"}, faultsOf[Short, y](t, nine.model(t)))

	type Twice struct {
		A    [9]float32 `onnx:"x,0"`
		B, C float32    `onnx:"x,8"`
	}
	require.Equal(t, []string{
		wants + "fields Twice.A and Twice.B both give column 8",
		wants + "fields Twice.A and Twice.C both give column 8",
	}, faultsOf[Twice, y](t, nine.model(t)))

	type Beyond struct {
		A [9]float32 `onnx:"x,0"`
		B float32    `onnx:"x,9"`
	}
	require.Equal(t, []string{wants + "field Beyond.B gives column 9: the last is column 8"}, faultsOf[Beyond, y](t, nine.model(t)))

	type Mixed struct {
		A float32    `onnx:"x,0"`
		B [9]float32 `onnx:"x"`
	}
	require.Equal(t, []string{wants + "field Mixed.B has all of it, field Mixed.A column 0: use one way"}, faultsOf[Mixed, y](t, nine.model(t)))

	type TwoWholes struct {
		A [9]float32 `onnx:"x"`
		B []float32  `onnx:"x"`
	}
	require.Equal(t, []string{wants + "fields TwoWholes.A and TwoWholes.B are both bound to it: one that has all of it can be the only one"}, faultsOf[TwoWholes, y](t, nine.model(t)))

	type Long struct {
		A [10]float32 `onnx:"x"`
	}
	require.Equal(t, []string{wants + "field Long.A gives 10 values a record, not 9"}, faultsOf[Long, y](t, nine.model(t)))

	type Kinds struct {
		A string             `onnx:"x,0"`
		B *float32           `onnx:"x,1"`
		C []float32          `onnx:"x,2"`
		D map[string]float32 `onnx:"x,3"`
		E float32            `onnx:"x,four"`
		F complex64          `onnx:"x,5"`
		G [2]struct{}        `onnx:"x,6"`
		H float32            `onnx:",8"`
	}
	require.Equal(t, []string{
		`field Kinds.H: tag onnx:",8" names no input or output`,
		wants + "field Kinds.A is string, which cannot become float32",
		wants + "field Kinds.B: type *float32 cannot be bound: use a number, bool, string, or an array or slice of them",
		wants + "field Kinds.C is a slice, whose length is not known: columns are given by numbers and arrays",
		wants + "field Kinds.D is a map, which no tensor is made of",
		wants + `field Kinds.E is tagged onnx:"x,four": column four is not a number`,
		wants + "field Kinds.F: type complex64 cannot be bound: use a number, bool, string, or an array or slice of them",
		wants + "field Kinds.G: type [2]struct {} cannot be bound: use an array of numbers, bools or strings",
	}, faultsOf[Kinds, y](t, nine.model(t)))
}

func TestNamesThatDoNotMatch(t *testing.T) {
	m := echo(tensor.Float32, -1, 2).model(t)
	type In struct {
		A float32 `onnx:"x,0"`
		B float32 `onnx:"x,1"`
		C float32 `onnx:"z,1"`
	}
	type Out struct {
		P float32 `onnx:"prob"`
	}
	require.Equal(t, []string{
		`field In.C is tagged onnx:"z,1"; model churn.onnx has no input of that name: it takes x float32[N,2]`,
		`field Out.P is tagged onnx:"prob"; model churn.onnx has no output of that name: it gives y float32[N,2]`,
	}, faultsOf[In, Out](t, m), "both sides at once")

	type Bare struct{ A, B float32 }
	require.Equal(t, []string{
		"model churn.onnx has the inputs x float32[N,2]; struct Bare has no field with an onnx tag: bind one with `onnx:\"x\"`",
		"model churn.onnx has the outputs y float32[N,2]; struct Bare has no field with an onnx tag: bind one with `onnx:\"y\"`",
	}, faultsOf[Bare, Bare](t, m))
}

func TestInputsWithoutFields(t *testing.T) {
	two := same(
		[]value{named("a", tensor.Float32, -1, 1), named("b", tensor.Int64, -1)},
		[]value{named("y", tensor.Float32, -1, 1), named("z", tensor.Int64, -1)},
	)
	type OnlyA struct {
		A float32 `onnx:"a"`
	}
	require.Equal(t, []string{
		`model churn.onnx wants input b int64[N]; struct OnlyA has no field for it: tag fields onnx:"b" or onnx:"b,0", or set it by Given`,
	}, faultsOf[OnlyA, y](t, two.model(t)))
	require.Equal(t, []string{
		"model churn.onnx has 2 inputs, a float32[N,1], b int64[N]; type float32 is no struct that could name them",
		"model churn.onnx has 2 outputs, y float32[N,1], z int64[N]; type int64 is no struct that could name them",
	}, faultsOf[float32, int64](t, two.model(t)))

	given := two.model(t, inference.Given("a", tensor.Vector[int64](1)), inference.Given("b", &tensor.Sequence{}), inference.Given("c", tensor.Vector[int64](1)))
	require.Equal(t, []string{
		"model churn.onnx wants input a float32[N,1]; Given sets it to int64[1]",
		"model churn.onnx wants input b int64[N]; Given sets it to a sequence",
		"Given sets input c; model churn.onnx has no such input: it takes a float32[N,1], b int64[N]",
		"model churn.onnx wants input a float32[N,1]; it is set by Given and by field OnlyA.A: use one of them",
	}, faultsOf[OnlyA, y](t, given))
}

func TestShapesThatCannotBe(t *testing.T) {
	type dims []int
	for name, c := range map[string]struct {
		dims  dims
		fault string
	}{
		"no room":   {dims{0, 2}, "model churn.onnx wants input x float32[0,2]; that is room for 0 records: its first dimension should be the records of a batch"},
		"too much":  {dims{1 << 30, 2}, "model churn.onnx wants input x float32[1073741824,2]; that is room for 1073741824 records: its first dimension should be the records of a batch"},
		"too large": {dims{1 << 20, 1 << 10}, "model churn.onnx wants input x float32[1048576,1024]; that is too large to be filled for each run"},
		"empty":     {dims{-1, 0}, "model churn.onnx wants input x float32[N,0]; no record can have values for that shape"},
		"overflow":  {dims{-1, 1 << 30, 1 << 30, 1 << 30}, "model churn.onnx wants input x float32[N,1073741824,1073741824,1073741824]; no record can have values for that shape"},
		"odd":       {dims{-1, -1, 3}, "model churn.onnx wants input x float32[N,N,3]; 2 values a record cannot fill dimensions of 3"},
		"ambiguous": {dims{-1, -1, -1}, "model churn.onnx wants input x float32[N,N,N]; 2 of its dimensions are open and cannot be told from 2 values: use an array with a dimension for each"},
	} {
		t.Run(name, func(t *testing.T) {
			out := named("y", tensor.Float32)
			require.Equal(t, []string{c.fault}, faultsOf[[2]float32, y](t, pair(x(tensor.Float32, c.dims...), out).model(t)))
		})
	}
	m := same([]value{named("a", tensor.Float32, 2), named("b", tensor.Float32, 3)}, []value{named("y", tensor.Float32), named("z", tensor.Float32)}).model(t)
	type In struct {
		A float32 `onnx:"a"`
		B float32 `onnx:"b"`
	}
	require.Equal(t, []string{"model churn.onnx wants input b float32[3], that is 3 records in a run; another input is for 2: they cannot come from the same records"}, faultsOf[In, y](t, m))
	require.Equal(t, []string{"model churn.onnx wants input x float32[N,N,3]; an array of [2][2] does not fit"}, faultsOf[[2][2]float32, y](t, echo(tensor.Float32, -1, -1, 3).model(t)))
	require.Equal(t, []string{"model churn.onnx wants input x float32[N,N,N]; 2 of its dimensions are open and cannot be told from a slice: use an array with a dimension for each"}, faultsOf[[]float32, y](t, echo(tensor.Float32, -1, -1, -1).model(t)))
}

func TestOutputMismatches(t *testing.T) {
	m := echo(tensor.Float32, -1, 2).model(t)
	type Out struct {
		A int64             `onnx:"y,0"`
		B map[int64]float32 `onnx:"y"`
		C []float32         `onnx:"y,1"`
		D float32           `onnx:"y,no"`
		E chan int          `onnx:"y"`
		F float32           `onnx:"y,2"`
		G [3]float32        `onnx:"y"`
		H map[bool]float32  `onnx:"y"`
	}
	const gives = "model churn.onnx gives output y float32[N,2]; "
	require.Equal(t, []string{
		gives + "field Out.B is a map: use an array or a slice",
		gives + "field Out.C is a slice, which takes the whole output: name no column",
		gives + `field Out.D is tagged onnx:"y,no": column no is not a number`,
		gives + "field Out.E: type chan int cannot be bound: use a number, bool, string, or an array or slice of them",
		gives + "field Out.H: type map[bool]float32 is no map that a model can fill: use map[int64]float32 or map[string]float32",
		gives + "field Out.A is int64, which cannot hold float32",
		gives + "field Out.F takes column 2 of 2",
		gives + `field Out.G takes 3 values a record, not 2: take some by onnx:"name,0"`,
	}, faultsOf[[2]float32, Out](t, m))

	type Fine struct {
		F float32    `onnx:"y,2"`
		G [3]float32 `onnx:"y"`
		A int64      `onnx:"z"`
	}
	two := same([]value{x(tensor.Float32, -1, 2), named("w", tensor.Int64, -1)}, []value{named("y", tensor.Float32), named("z", tensor.Float32)})
	two.nodes[1] = node{op: "Identity", in: []string{"x"}, out: []string{"z"}}
	two.inputs = two.inputs[:1]
	require.Equal(t, []string{
		"model churn.onnx gave output y float32[1,2] for 1 record; field Fine.F takes column 2",
		"model churn.onnx gave output z float32[1,2] for 1 record; field Fine.A cannot hold float32",
	}, faultsOf[[2]float32, Fine](t, two.model(t)), "found by the trial run, of all outputs at once")
}

// TestModelHeldToItsWord: where a trial run can tell nothing, the declared shapes count.
func TestModelHeldToItsWord(t *testing.T) {
	f := pair(x(tensor.Float32, -1, -1), named("", tensor.Float32, -1, 2))
	require.Equal(t, []string{
		`model churn.onnx gives output y float32[N,2]; field [3]float32 takes 3 values a record, not 2: take some by onnx:"name,0"`,
	}, faultsOf[[]float32, [3]float32](t, f.model(t)))
}

func TestUnsuitableModels(t *testing.T) {
	_, err := inference.Bind[int, int](nil)
	require.ErrorContains(t, err, "inference: the model is nil")
	_, err = inference.Bind[int, int](inference.FromONNX(nil))
	require.ErrorContains(t, err, "FromONNX: the model is nil")
	_, err = inference.Bind[int, int](inference.Func[int, int](nil))
	require.ErrorContains(t, err, "Func: the function is nil")
	_, err = inference.Bind[int, int](inference.Custom[int, int](nil))
	require.ErrorContains(t, err, "Custom: the function is nil")

	rules := inference.Func(func(a int) string { return "" }, inference.Named("rules"))
	_, err = inference.Bind[int, int](rules)
	require.EqualError(t, err, "inference: model rules turns int into string; it is used to turn int into int")

	empty := inference.Custom(func(context.Context) (inference.Predictor[int, int], error) { return nil, nil })
	_, err = inference.Bind[int, int](empty)
	require.ErrorContains(t, err, "returned no predictor")

	_, err = inference.Load([]byte("no model"), inference.Named("junk"))
	require.ErrorContains(t, err, "inference: model junk: ")
}
