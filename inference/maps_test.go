package inference_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/tensor"
)

// byInt gives x as a map from the classes -1, 1 and 7.
func byInt() file {
	return file{
		inputs: []value{x(tensor.Float32, -1, 3)}, outputs: []value{{name: "p", zipped: tensor.Int64}},
		nodes: []node{{domain: "ai.onnx.ml", op: "ZipMap", in: []string{"x"}, out: []string{"p"}, ints: map[string][]int64{"classlabels_int64s": {-1, 1, 7}}}},
	}
}

// byText gives x as a map from the classes ham and spam.
func byText() file {
	f := byInt()
	f.inputs[0].dims[1] = 2
	f.outputs[0].zipped = tensor.String
	f.nodes[0].ints, f.nodes[0].strings = nil, map[string][]string{"classlabels_strings": {"ham", "spam"}}
	return f
}

func TestZipMap(t *testing.T) {
	type Named map[int64]float64
	type Out struct {
		All   map[int64]float32 `onnx:"p"`
		Wide  Named             `onnx:"p"`
		Seven float64           `onnx:"p,7"`
		Minus float32           `onnx:"p,-1"`
	}
	got := predict[[3]float32, Out](t, byInt().model(t), [3]float32{1, 2, 3}, [3]float32{4, 5, 6})
	require.Equal(t, []Out{
		{map[int64]float32{-1: 1, 1: 2, 7: 3}, Named{-1: 1, 1: 2, 7: 3}, 3, 1},
		{map[int64]float32{-1: 4, 1: 5, 7: 6}, Named{-1: 4, 1: 5, 7: 6}, 6, 4},
	}, got)

	type Mail struct {
		All  map[string]float64 `onnx:"p"`
		Also map[string]float32 `onnx:"p"`
		Spam float32            `onnx:"p,spam"`
	}
	mail := predict[[2]float32, Mail](t, byText().model(t), [2]float32{0.25, 0.75})
	require.Equal(t, []Mail{{map[string]float64{"ham": 0.25, "spam": 0.75}, map[string]float32{"ham": 0.25, "spam": 0.75}, 0.75}}, mail)
	require.Equal(t, []map[string]float32{{"ham": 1, "spam": 0}}, predict[[2]float32, map[string]float32](t, byText().model(t), [2]float32{1, 0}))
}

func TestZipMapMismatches(t *testing.T) {
	type Out struct {
		A map[string]float32 `onnx:"p"`
		B map[int64]float32  `onnx:"p,1"`
		C [3]float32         `onnx:"p"`
		D int64              `onnx:"p,1"`
		E float32            `onnx:"p,spam"`
		F []float32          `onnx:"p,1"`
	}
	const gives = "model churn.onnx gives output p sequence(map(int64, float32)); "
	require.Equal(t, []string{
		gives + "field Out.A is map[string]float32: its keys should be int64",
		gives + "field Out.B is a map and takes all of it: name no key",
		gives + `field Out.C is [3]float32: use map[int64]float32, or name a key as in onnx:"p,KEY"`,
		gives + "field Out.D is int64, which cannot hold a float32",
		gives + `field Out.E names key "spam", which is no int64`,
		gives + "field Out.F is []float32, which cannot hold a float32",
	}, faultsOf[[3]float32, Out](t, byInt().model(t)))

	type Absent struct {
		A float32 `onnx:"p,0"`
	}
	require.Equal(t, []string{
		"model churn.onnx gave output p a map of int64[3] to float32[3] for 1 record; field Absent.A with key 0 does not find its value there",
	}, faultsOf[[3]float32, Absent](t, byInt().model(t)))
	require.Equal(t, []string{
		"model churn.onnx gave output p a map of string[2] to float32[2] for 1 record; field struct{…}.A does not find its value there",
	}, faultsOf[[2]float32, struct {
		A map[int64]float32 `onnx:"p"`
	}](t, liar(byText()).model(t)))
}

// liar declares string keys as integers.
func liar(f file) file {
	f.outputs[0].zipped = tensor.Int64
	return f
}
