package pass_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops"
	"github.com/turgo-io/turgo/inference/onnx/internal/pass"
	"github.com/turgo-io/turgo/inference/tensor"
)

func names(list ...string) []string { return list }

// apply builds a graph and runs the standard passes over it.
func apply(t *testing.T, g *onnxtest.Graph, foldBytes int64) *ir.Graph {
	t.Helper()
	m, err := ir.Build(g.Model, ir.Config{})
	require.NoError(t, err)
	require.NoError(t, pass.Apply(m.Graph, pass.Standard(), pass.Env{Ops: ops.Compiled(), FoldBytes: foldBytes}))
	return m.Graph
}

func opsOf(g *ir.Graph) []string {
	var out []string
	for _, n := range g.Nodes {
		out = append(out, n.Op)
	}
	return out
}

func TestFoldAndDead(t *testing.T) {
	g := apply(t, onnxtest.NewModel(18).Input("x", tensor.Float32, -1).Const("a", []int64{2}, 1, 2).Const("b", []int64{2}, 3, 4).
		Node("Add", names("a", "b"), names("c")).
		Node("Mul", names("c", "a"), names("d")).
		Node("Neg", names("x"), names("unused")).
		Node("Add", names("x", "d"), names("y")).Output("y", tensor.Float32, -1), 1<<20)
	require.Equal(t, []string{"Add"}, opsOf(g))
	require.Equal(t, []float32{4, 12}, tensor.Slice[float32](g.Nodes[0].Inputs[1].Const))
}

func TestFoldKeepsBombs(t *testing.T) {
	g := apply(t, onnxtest.NewModel(18).Input("x", tensor.Float32).ConstInts("shape", []int64{2}, 1<<20, 1<<20).
		Node("ConstantOfShape", names("shape"), names("big")).
		Node("Size", names("big"), names("y")).Output("y", tensor.Int64), 1<<20)
	require.Equal(t, []string{"ConstantOfShape", "Size"}, opsOf(g))
}

func TestIdentityKeepsOutputs(t *testing.T) {
	g := apply(t, onnxtest.NewModel(18).Input("x", tensor.Float32).
		Node("Identity", names("x"), names("a")).Node("Identity", names("a"), names("b")).
		Node("Neg", names("b"), names("c")).Node("Identity", names("c"), names("y")).
		Node("Identity", names("x"), names("z")).
		Output("y", tensor.Float32).Output("z", tensor.Float32), 1<<20)
	require.Equal(t, []string{"Neg"}, opsOf(g))
	require.Same(t, g.Inputs[0], g.Outputs[1])
	require.Same(t, g.Nodes[0].Outputs[0], g.Outputs[0])
}

// TestSubgraphsSeeConstants: what becomes constant outside is folded inside too.
func TestSubgraphsSeeConstants(t *testing.T) {
	then := onnxtest.NewGraph().Node("Add", names("k", "one"), names("t0")).Node("Add", names("x", "t0"), names("t")).Output("t", tensor.Float32)
	other := onnxtest.NewGraph().Node("Identity", names("x"), names("e")).Output("e", tensor.Float32)
	g := apply(t, onnxtest.NewModel(18).Input("x", tensor.Float32).Input("p", tensor.Bool).Const("one", nil, 1).
		Node("Add", names("one", "one"), names("k")).
		Node("If", names("p"), names("y"), then.Attr("then_branch"), other.Attr("else_branch")).Output("y", tensor.Float32), 1<<20)
	require.Equal(t, []string{"If"}, opsOf(g))
	sub := g.Nodes[0].Subgraphs()
	require.Equal(t, []string{"Add"}, opsOf(sub[0]))
	require.Len(t, sub[0].Captures, 1)
	require.Empty(t, opsOf(sub[1]))
}
