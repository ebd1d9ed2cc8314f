package onnx_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/tensor"
)

// fusion is a graph that passes change: what must be left of it, and inputs.
type fusion struct {
	name  string
	graph *onnxtest.Graph
	want  []string // operators after the passes
	in    [][]int  // shapes of the inputs; each is run
}

func list(names ...string) []string { return names }

// weights adds a seeded float32 constant.
func weights(g *onnxtest.Graph, name string, dims ...int64) *onnxtest.Graph {
	n := int64(1)
	for _, d := range dims {
		n *= d
	}
	rng := rand.New(rand.NewSource(int64(len(name)) + n))
	data := make([]float32, n)
	for i := range data {
		data[i] = rng.Float32()*2 - 1
	}
	return g.Const(name, dims, data...)
}

func start(rank int) *onnxtest.Graph {
	dims := make([]int64, rank)
	for i := range dims {
		dims[i] = -1
	}
	return onnxtest.NewModel(18).Input("x", tensor.Float32, dims...)
}

func productFusions() []fusion {
	mlp := weights(weights(start(2), "w", 5, 70), "b", 70).Node("MatMul", list("x", "w"), list("m")).Node("Add", list("b", "m"), list("y")).Node("Relu", list("y"), list("r")).Output("r", tensor.Float32)
	gemm := weights(weights(start(2), "w", 40, 5), "b", 1, 40).
		Node("Gemm", list("x", "w", "b"), list("y"), onnxtest.Int("transB", 1), onnxtest.Float("alpha", 0.5), onnxtest.Float("beta", 2)).
		Node("LeakyRelu", list("y"), list("r"), onnxtest.Float("alpha", 0.2)).Output("r", tensor.Float32)
	residual := weights(start(3), "w", 6, 6).Node("MatMul", list("x", "w"), list("m")).Node("Tanh", list("m"), list("t")).
		Node("Add", list("t", "x"), list("y")).Node("Sigmoid", list("y"), list("r")).Output("r", tensor.Float32)
	// The other operand is larger than the product: the sum is broadcast.
	wide := weights(weights(start(2), "w", 6, 6), "o", 2, 3, 6).Node("MatMul", list("x", "w"), list("m")).
		Node("Add", list("m", "o"), list("y")).Node("Relu", list("y"), list("r")).Output("r", tensor.Float32)
	twice := weights(start(2), "w", 6, 6).Node("MatMul", list("x", "w"), list("m")).Node("Add", list("m", "m"), list("y")).Output("y", tensor.Float32)
	kept := weights(start(2), "w", 6, 6).Node("MatMul", list("x", "w"), list("m")).Node("Relu", list("m"), list("y")).Output("m", tensor.Float32).Output("y", tensor.Float32)
	vector := weights(weights(start(1), "w", 6, 3), "b", 3).Node("MatMul", list("x", "w"), list("m")).Node("Add", list("m", "b"), list("y")).Output("y", tensor.Float32)
	return []fusion{
		{"mlp", mlp, list("MatMul"), [][]int{{1, 5}, {3, 5}, {0, 5}, {200, 5}}},
		{"gemm", gemm, list("MatMul"), [][]int{{1, 5}, {7, 5}}},
		{"residual", residual, list("MatMul"), [][]int{{2, 3, 6}, {1, 1, 6}, {0, 3, 6}}},
		{"wide", wide, list("MatMul"), [][]int{{3, 6}, {1, 6}}},
		{"twice", twice, list("MatMul", "Add"), [][]int{{3, 6}}},
		{"kept", kept, list("MatMul", "Relu"), [][]int{{3, 6}}},
		{"vector", vector, list("MatMul"), [][]int{{6}}},
	}
}

func activationFusions() []fusion {
	gelu := func(nodes func(g *onnxtest.Graph)) *onnxtest.Graph {
		g := start(2).Const("r", nil, float32(math.Sqrt2)).Const("i", []int64{1}, float32(math.Sqrt2/2)).Const("one", nil, 1).Const("half", nil, 0.5)
		nodes(g)
		return g.Output("y", tensor.Float32)
	}
	tail := func(g *onnxtest.Graph) {
		g.Node("Erf", list("d"), list("e")).Node("Add", list("e", "one"), list("a"))
	}
	norm := weights(weights(start(2), "s", 9), "b", 9).ConstInts("axes", []int64{1}, -1).Const("e", nil, 1e-3).Const("two", nil, 2).
		Node("ReduceMean", list("x", "axes"), list("m")).Node("Sub", list("x", "m"), list("d")).Node("Pow", list("d", "two"), list("p")).
		Node("ReduceMean", list("p", "axes"), list("v")).Node("Add", list("v", "e"), list("ve")).Node("Sqrt", list("ve"), list("q")).
		Node("Div", list("d", "q"), list("n")).Node("Mul", list("n", "s"), list("ns")).Node("Add", list("ns", "b"), list("y")).Output("y", tensor.Float32)
	rms := weights(onnxtest.NewModel(23).Input("x", tensor.Float32, -1, -1), "s", 9).ConstInts("axes", []int64{1}, -1).Const("e", nil, 1e-3).Const("two", nil, 2).
		Node("Pow", list("x", "two"), list("p")).Node("ReduceMean", list("p", "axes"), list("v")).Node("Add", list("v", "e"), list("ve")).
		Node("Sqrt", list("ve"), list("q")).Node("Reciprocal", list("q"), list("r")).Node("Mul", list("x", "r"), list("n")).Node("Mul", list("s", "n"), list("y")).Output("y", tensor.Float32)
	silu := weights(start(2), "w", 9, 4).Node("MatMul", list("x", "w"), list("m")).Node("Sigmoid", list("m"), list("s")).Node("Mul", list("m", "s"), list("y")).Output("y", tensor.Float32)
	in := [][]int{{3, 9}, {1, 9}, {40, 9}}
	return []fusion{
		{"gelu 1", gelu(func(g *onnxtest.Graph) {
			g.Node("Div", list("x", "r"), list("d"))
			tail(g)
			g.Node("Mul", list("x", "a"), list("m")).Node("Mul", list("m", "half"), list("y"))
		}), list("Act"), in},
		{"gelu 2", gelu(func(g *onnxtest.Graph) {
			g.Node("Mul", list("i", "x"), list("d"))
			tail(g)
			g.Node("Mul", list("x", "half"), list("h")).Node("Mul", list("h", "a"), list("y"))
		}), list("Act"), in},
		{"gelu 3", gelu(func(g *onnxtest.Graph) {
			g.Node("Div", list("x", "r"), list("d"))
			tail(g)
			g.Node("Mul", list("half", "a"), list("m")).Node("Mul", list("m", "x"), list("y"))
		}), list("Act"), in},
		{"no gelu", gelu(func(g *onnxtest.Graph) {
			g.Node("Div", list("x", "r"), list("d"))
			tail(g)
			g.Node("Mul", list("x", "a"), list("m")).Node("Mul", list("m", "one"), list("y"))
		}), list("Div", "Erf", "Add", "Mul", "Mul"), in},
		{"layer norm", norm, list("LayerNormalization"), in},
		{"rms norm", rms, list("RMSNormalization"), in},
		{"silu", silu, list("MatMul"), in},
	}
}

func convFusions() []fusion {
	conv := func(rank int, dims []int64, attrs ...onnxtest.Attribute) *onnxtest.Graph {
		return weights(weights(start(rank), "w", dims...), "b", dims[0]).Node("Conv", list("x", "w", "b"), list("c"), attrs...)
	}
	relu := func(g *onnxtest.Graph) *onnxtest.Graph {
		return g.Node("Relu", list("c"), list("y")).Output("y", tensor.Float32)
	}
	wrapped := list("ToLast", "Conv", "ToFirst")
	swish := conv(4, []int64{40, 1, 3, 3}, onnxtest.Int("group", 40), onnxtest.Ints("pads", 1, 1, 1, 1)).
		Node("HardSwish", list("c"), list("h")).Node("Add", list("h", "x"), list("y")).Output("y", tensor.Float32)
	block := weights(weights(weights(weights(weights(start(4), "w", 6, 4, 3, 3), "s", 6), "m", 6), "k", 6, 1, 1), "w2", 6, 6, 1, 1).
		Const("v", []int64{6}, 1, 2, 0.5, 0.1, 3, 1).
		Node("Conv", list("x", "w"), list("c"), onnxtest.Str("auto_pad", "SAME_UPPER"), onnxtest.Ints("strides", 2, 2)).
		Node("BatchNormalization", list("c", "s", "m", "m", "v"), list("n")).Node("Relu", list("n"), list("r")).
		Node("Conv", list("r", "w2"), list("d")).Node("Mul", list("d", "k"), list("e")).Node("Add", list("e", "r"), list("f")).
		Node("MaxPool", list("f"), list("p"), onnxtest.Ints("kernel_shape", 2, 2), onnxtest.Ints("strides", 1, 2), onnxtest.Ints("pads", 1, 0, 0, 1)).
		Node("Concat", list("p", "p"), list("q"), onnxtest.Int("axis", 1)).Node("GlobalAveragePool", list("q"), list("y")).Output("y", tensor.Float32)
	padded := weights(start(3), "w", 5, 4, 3).ConstInts("p", []int64{6}, 0, 0, 4, 0, 0, 0).Node("Pad", list("x", "p"), list("c0")).
		Node("Conv", list("c0", "w"), list("c"), onnxtest.Ints("dilations", 2), onnxtest.Ints("pads", 1, 0)).Output("c", tensor.Float32)
	images := [][]int{{1, 4, 9, 11}, {3, 4, 5, 5}, {0, 4, 9, 9}}
	return []fusion{
		{"plain", relu(conv(4, []int64{7, 4, 1, 1})), wrapped, images},
		{"stride", relu(conv(4, []int64{33, 4, 3, 2}, onnxtest.Ints("strides", 2, 1), onnxtest.Ints("pads", 1, 0, 2, 1))), wrapped, images},
		{"dilated", relu(conv(4, []int64{5, 4, 3, 3}, onnxtest.Ints("dilations", 2, 1), onnxtest.Ints("pads", 2, 2, 2, 2))), wrapped, images},
		{"groups", relu(conv(4, []int64{6, 2, 3, 3}, onnxtest.Int("group", 2), onnxtest.Ints("pads", 1, 1, 1, 1))), wrapped, images},
		{"depthwise", relu(conv(4, []int64{4, 1, 3, 3}, onnxtest.Int("group", 4), onnxtest.Ints("pads", 1, 1, 1, 1), onnxtest.Ints("strides", 2, 2))), wrapped, images},
		{"multiplied", relu(conv(4, []int64{8, 1, 3, 3}, onnxtest.Int("group", 4))), wrapped, images[:2]},
		{"depthwise swish", swish, wrapped, [][]int{{1, 40, 9, 21}, {2, 40, 2, 1}}},
		{"padding only", relu(conv(4, []int64{4, 1, 3, 3}, onnxtest.Int("group", 4), onnxtest.Ints("pads", 4, 4, 4, 4))), wrapped, images},
		{"one dimension", relu(conv(3, []int64{5, 4, 3}, onnxtest.Ints("pads", 2, 0))), wrapped, [][]int{{2, 4, 9}, {1, 4, 1}}},
		{"three dimensions", relu(conv(5, []int64{5, 4, 2, 3, 2}, onnxtest.Ints("strides", 1, 2, 1))), wrapped, [][]int{{2, 4, 3, 5, 4}}},
		{"many channels", relu(conv(4, []int64{40, 70, 3, 3}, onnxtest.Ints("pads", 1, 1, 1, 1))), wrapped, [][]int{{1, 70, 20, 20}}},
		{"block", block, list("ToLast", "Conv", "Conv", "Mul", "Add", "MaxPool", "Concat", "GlobalAveragePool", "ToFirst"), images[:2]},
		{"padded", padded, wrapped, [][]int{{2, 4, 9}, {1, 4, 7}}},
	}
}

// heads builds attention over [B, S, H·D] by its parts.
func heads(mask bool, scores func(g *onnxtest.Graph)) *onnxtest.Graph {
	g := start(3).ConstInts("s", []int64{4}, 0, 0, 2, 5).ConstInts("o", []int64{3}, 0, 0, 10).Const("k", nil, 0.4).Const("d", []int64{1}, 2.5)
	weights(weights(weights(g, "wq", 10, 10), "wk", 10, 10), "wv", 10, 10)
	for _, n := range []string{"q", "k", "v"} {
		g.Node("MatMul", list("x", "w"+n), list("m"+n)).Node("Reshape", list("m"+n, "s"), list("r"+n))
	}
	g.Node("Transpose", list("rq"), list("tq"), onnxtest.Ints("perm", 0, 2, 1, 3)).Node("Transpose", list("rv"), list("tv"), onnxtest.Ints("perm", 0, 2, 1, 3))
	scores(g)
	last := "sc"
	if mask {
		g.Node("ReduceMax", list("x"), list("mx"), onnxtest.Int("keepdims", 0)).Node("Add", list("mx", "sc"), list("ma"))
		last = "ma"
	}
	return g.Node("Softmax", list(last), list("p")).Node("MatMul", list("p", "tv"), list("pv")).Node("Transpose", list("pv"), list("to"), onnxtest.Ints("perm", 0, 2, 1, 3)).
		Node("Reshape", list("to", "o"), list("y")).Output("y", tensor.Float32)
}

func attentionFusions() []fusion {
	one := func(g *onnxtest.Graph) {
		g.Node("Transpose", list("rk"), list("tk"), onnxtest.Ints("perm", 0, 2, 3, 1)).Node("MatMul", list("tq", "tk"), list("qk")).Node("Mul", list("k", "qk"), list("sc"))
	}
	two := func(g *onnxtest.Graph) {
		g.Node("Transpose", list("rk"), list("t0"), onnxtest.Ints("perm", 0, 2, 1, 3)).Node("Transpose", list("t0"), list("tk"), onnxtest.Ints("perm", 0, 1, 3, 2)).
			Node("MatMul", list("tq", "tk"), list("qk")).Node("Div", list("qk", "d"), list("sc"))
	}
	in := [][]int{{1, 1, 10}, {2, 3, 10}, {1, 4, 10}, {3, 100, 10}, {1, 0, 10}}
	after := list("MatMul", "Reshape", "MatMul", "Reshape", "MatMul", "Reshape", "Attention", "Reshape")
	return []fusion{
		{"attention, transposed keys", heads(false, one), after, in},
		{"attention, keys as heads", heads(false, two), after, in},
		{"attention, a number as mask", heads(true, one), list("MatMul", "Reshape", "MatMul", "Reshape", "MatMul", "Reshape", "ReduceMax", "Attention", "Reshape"), in[:4]},
	}
}

func plainFusions() []fusion {
	then := onnxtest.NewGraph().Node("Neg", list("x"), list("t")).Output("t", tensor.Float32)
	other := onnxtest.NewGraph().Node("Identity", list("x"), list("e")).Output("e", tensor.Float32)
	chosen := start(2).ConstInts("one", nil, 1).Node("Equal", list("one", "one"), list("p")).
		Node("If", list("p"), list("i"), then.Attr("then_branch"), other.Attr("else_branch")).Node("Exp", list("i"), list("y")).Output("y", tensor.Float32)
	same := start(2).Const("a", nil, 2).Const("b", nil, 2).Node("Add", list("x", "a"), list("p")).Node("Add", list("x", "b"), list("q")).
		Node("Mul", list("p", "q"), list("y")).Output("y", tensor.Float32)
	fixed := onnxtest.NewModel(18).Input("x", tensor.Float32, 2, 3).Node("Shape", list("x"), list("s")).Node("ConstantOfShape", list("s"), list("z")).
		Node("Sub", list("x", "z"), list("y")).Output("y", tensor.Float32)
	return []fusion{
		{"known branch", chosen, list("Neg", "Exp"), [][]int{{2, 3}}},
		{"common", same, list("Add", "Mul"), [][]int{{2, 3}}},
		{"fixed shape", fixed, list("Sub"), [][]int{{2, 3}}},
	}
}

func allFusions() (all []fusion) {
	for _, f := range [][]fusion{plainFusions(), productFusions(), activationFusions(), convFusions(), attentionFusions()} {
		all = append(all, f...)
	}
	return all
}

// TestFusions runs each graph as written and as passes leave it.
func TestFusions(t *testing.T) {
	for _, f := range allFusions() {
		t.Run(f.name, func(t *testing.T) {
			data := f.graph.Bytes()
			fast, err := onnx.Load(data)
			require.NoError(t, err)
			plain, err := onnx.Load(data, onnx.WithoutPasses())
			require.NoError(t, err)
			e, err := onnx.Explain(data)
			require.NoError(t, err)
			require.Equal(t, f.want, operators(t, e, fast))
			for _, shape := range f.in {
				compare(t, fast, plain, shape)
			}
		})
	}
}

// operators lists the operators of the last step, which are those that run.
func operators(t *testing.T, e *onnx.Explanation, m *onnx.Model) (list []string) {
	p := m.Profile(func() time.Duration { return 0 })
	for _, c := range p.Costs() {
		list = append(list, c.Op)
	}
	require.NoError(t, e.AddCosts(p.Costs()))
	return list
}

func compare(t *testing.T, fast, plain *onnx.Model, shape []int) {
	t.Helper()
	x, err := tensor.New(tensor.Float32, shape...)
	require.NoError(t, err)
	rng := rand.New(rand.NewSource(int64(x.Len())))
	for i, d := 0, tensor.Slice[float32](x); i < len(d); i++ {
		d[i] = rng.Float32()*4 - 2
	}
	in := map[string]tensor.Value{"x": x}
	want, err := plain.NewSession(onnx.SessionConfig{}).RunNamed(in)
	require.NoError(t, err)
	s := fast.NewSession(onnx.SessionConfig{})
	for range 2 { // the second in used memory
		got, err := s.RunNamed(in)
		require.NoError(t, err)
		for name := range want {
			require.NoError(t, onnxtest.Equal(got[name], want[name], onnxtest.Tolerance{Rel: 1e-4, Abs: 5e-5}), "%s of %v", name, shape)
		}
	}
}

// TestExplainPrints: the graph as written, what changed, and the graph as run.
func TestExplainPrints(t *testing.T) {
	f := productFusions()[0]
	e, err := onnx.Explain(f.graph.Bytes())
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, e.Write(&b))
	for _, part := range []string{"as written: 3 nodes", "product: 3 nodes, before 3", "epilogue: 1 nodes", "as run: 1 nodes", "constant bytes"} {
		require.Contains(t, b.String(), part)
	}
	require.ErrorIs(t, e.AddCosts(nil), onnx.ErrInput)
	_, err = onnx.Explain([]byte("no model"))
	require.Error(t, err)
	unknown, err := onnx.Load(onnxtest.NewModel(18).Input("x", tensor.Float32).Node("turgo.internal:Act", list("x"), list("y")).Output("y", tensor.Float32).Bytes())
	require.Error(t, err, "what passes write is no operator for files")
	require.Nil(t, unknown)
}

// TestInstructionSets runs the goldens and the fusions again in a process that is
// told to see less of the processor.
func TestInstructionSets(t *testing.T) {
	if os.Getenv("TURGO_ONNX_CHILD") != "" {
		return // the process that this test starts
	}
	less := []string{"cpu.avx512f=off", "cpu.avx512f=off,cpu.avx2=off"}
	if runtime.GOARCH != "amd64" {
		less = nil // one set of loops; and under an emulator a process cannot start itself
	}
	for _, without := range less {
		cmd := exec.Command(os.Args[0], "-test.run", "^(TestZoo|TestFusions)$")
		cmd.Env = append(os.Environ(), "TURGO_ONNX_CHILD=1", "GODEBUG="+without)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, fmt.Sprintf("%s\n%s", without, out))
	}
}
