package pass_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops"
	"github.com/turgo-io/turgo/inference/onnx/internal/pass"
	"github.com/turgo-io/turgo/inference/tensor"
)

// alone runs one pass once and returns the operators that are left.
func alone(t *testing.T, name string, g *onnxtest.Graph) []string {
	t.Helper()
	m, err := ir.Build(g.Model, ir.Config{})
	require.NoError(t, err)
	all := pass.Standard()
	i := slices.IndexFunc(all, func(p pass.Pass) bool { return p.Name == name })
	require.GreaterOrEqual(t, i, 0, "no pass is named %q", name)
	seen := ""
	e := pass.Env{Ops: ops.Compiled(), FoldBytes: 1 << 20, Changed: func(name string, _ *ir.Graph) { seen = name }}
	require.NoError(t, pass.Apply(m.Graph, all[i:i+1], e))
	require.Equal(t, name, seen, "the pass says that it has changed the graph")
	return opsOf(m.Graph)
}

func matrix() *onnxtest.Graph {
	return onnxtest.NewModel(18).Input("x", tensor.Float32, -1, -1)
}

func images() *onnxtest.Graph {
	return onnxtest.NewModel(18).Input("x", tensor.Float32, -1, 1, -1, -1).Const("w", []int64{1, 1, 1, 1}, 2).Const("one", []int64{1}, 1).ConstInts("pads", []int64{8}, 0, 0, 1, 1, 0, 0, 1, 1)
}

// TestPassesAlone: what each pass makes of the smallest graph it is for.
func TestPassesAlone(t *testing.T) {
	then := onnxtest.NewGraph().Node("Neg", names("x"), names("t")).Output("t", tensor.Float32)
	other := onnxtest.NewGraph().Node("Abs", names("x"), names("e")).Output("e", tensor.Float32)
	yes := matrix().Initializer(onnxtest.NewModel(18).ConstInts("p", nil, 1).Model.Graph.Initializers[0])
	yes.Model.Graph.Initializers[0].Elem = int32(tensor.Bool)
	yes.Model.Graph.Initializers[0].Int32s, yes.Model.Graph.Initializers[0].Int64s = []int32{1}, nil
	tree := func(g *onnxtest.Graph, out string) *onnxtest.Graph {
		return g.Node("ai.onnx.ml:TreeEnsembleRegressor", names("x"), names(out),
			onnxtest.Ints("nodes_treeids", 0, 0, 0), onnxtest.Ints("nodes_nodeids", 0, 1, 2), onnxtest.Ints("nodes_featureids", 0, 0, 0),
			onnxtest.Strs("nodes_modes", "BRANCH_LEQ", "LEAF", "LEAF"), onnxtest.Ints("nodes_truenodeids", 1, 0, 0), onnxtest.Ints("nodes_falsenodeids", 2, 0, 0),
			floats("nodes_values", 0.5, 0, 0), onnxtest.Ints("target_treeids", 0, 0), onnxtest.Ints("target_nodeids", 1, 2), onnxtest.Ints("target_ids", 0, 0),
			floats("target_weights", 1, 2), onnxtest.Int("n_targets", 1))
	}
	for _, c := range []struct {
		pass  string
		graph *onnxtest.Graph
		want  []string
	}{
		{"identity", matrix().Node("Identity", names("x"), names("i")).Node("Neg", names("i"), names("y")).Output("y", tensor.Float32), names("Neg")},
		{"shapes", onnxtest.NewModel(18).Input("x", tensor.Float32, 2, 3).Node("Shape", names("x"), names("y")).Output("y", tensor.Int64), nil},
		{"fold", matrix().Const("a", nil, 1).Node("Neg", names("a"), names("y")).Output("y", tensor.Float32), nil},
		{"branch", yes.Node("If", names("p"), names("y"), then.Attr("then_branch"), other.Attr("else_branch")).Output("y", tensor.Float32), names("Neg")},
		{"common", matrix().Node("Neg", names("x"), names("a")).Node("Neg", names("x"), names("b")).Node("Add", names("a", "b"), names("y")).Output("y", tensor.Float32), names("Neg", "Add")},
		{"convpad", images().Node("Pad", names("x", "pads"), names("p")).Node("Conv", names("p", "w"), names("y")).Output("y", tensor.Float32), names("Conv")},
		{"convnorm", images().Node("Conv", names("x", "w"), names("c")).Node("BatchNormalization", names("c", "one", "one", "one", "one"), names("y")).Output("y", tensor.Float32), names("Conv")},
		{
			"leaves", tree(matrix(), "t").Const("two", nil, 2).Node("Mul", names("t", "two"), names("y")).Output("y", tensor.Float32),
			names("TreeEnsembleRegressor"),
		},
		{"forest", tree(tree(matrix(), "t"), "u").Node("Sum", names("t", "u"), names("y")).Output("y", tensor.Float32), names("TreeEnsembleRegressor")},
		{"product", matrix().Const("w", []int64{1, 1}, 3).Node("MatMul", names("x", "w"), names("y")).Output("y", tensor.Float32), names("MatMul")},
		{"channels-last", images().Node("Conv", names("x", "w"), names("y")).Output("y", tensor.Float32), names("ToLast", "Conv", "ToFirst")},
		{"dead", matrix().Node("Neg", names("x"), names("unused")).Node("Abs", names("x"), names("y")).Output("y", tensor.Float32), names("Abs")},
	} {
		require.Equal(t, c.want, alone(t, c.pass, c.graph), c.pass)
	}
}

func floats(name string, v ...float32) onnxtest.Attribute {
	a := onnxtest.Float(name, 0)
	a.Kind, a.Floats = 6, v
	return a
}

// TestLookalikes: graphs that resemble what a pass is for, and must stay.
func TestLookalikes(t *testing.T) {
	erf := func(divisor float32, add float32) *onnxtest.Graph {
		return matrix().Const("d", nil, divisor).Const("a", nil, add).Const("h", nil, 0.5).
			Node("Div", names("x", "d"), names("q")).Node("Erf", names("q"), names("e")).Node("Add", names("e", "a"), names("s")).
			Node("Mul", names("x", "s"), names("m")).Node("Mul", names("m", "h"), names("y")).Output("y", tensor.Float32)
	}
	whole := names("Div", "Erf", "Add", "Mul", "Mul")
	require.Equal(t, names("Act"), opsOf(apply(t, erf(math.Sqrt2, 1), 1<<20)))
	require.Equal(t, whole, opsOf(apply(t, erf(1.5, 1), 1<<20)))
	require.Equal(t, whole, opsOf(apply(t, erf(math.Sqrt2, 2), 1<<20)))
	// Padding with ones, of channels, or by cutting, is no convolution's.
	for _, pads := range [][]int64{{0, 1, 0, 0, 0, 0, 0, 0}, {0, 0, -1, 0, 0, 0, 0, 0}} {
		g := onnxtest.NewModel(18).Input("x", tensor.Float32, -1, 1, -1, -1).Const("w", []int64{1, 2, 1, 1}, 2, 1).ConstInts("pads", []int64{8}, pads...).
			Node("Pad", names("x", "pads"), names("p")).Node("Conv", names("p", "w"), names("y")).Output("y", tensor.Float32)
		require.Contains(t, opsOf(apply(t, g, 1<<20)), "Pad")
	}
	ones := images().Node("Pad", names("x", "pads", "one"), names("p")).Node("Conv", names("p", "w"), names("y")).Output("y", tensor.Float32)
	require.Contains(t, opsOf(apply(t, ones, 1<<20)), "Pad")
	// Random numbers are drawn each time.
	random := onnxtest.NewModel(18).Node("RandomNormal", nil, names("a"), onnxtest.Ints("shape", 2)).Node("RandomNormal", nil, names("b"), onnxtest.Ints("shape", 2)).
		Node("Add", names("a", "b"), names("y")).Output("y", tensor.Float32)
	require.Equal(t, names("RandomNormal", "RandomNormal", "Add"), opsOf(apply(t, random, 1<<20)))
}
