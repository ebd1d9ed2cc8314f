package onnx_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/tensor"
)

func names(list ...string) []string { return list }

// line is y = 2x + b for rows of three.
func line() *onnxtest.Graph {
	return onnxtest.NewModel(18).Input("x", tensor.Float32, -1, 3).Const("two", nil, 2).Const("b", []int64{3}, 1, 2, 3).
		Node("Mul", names("x", "two"), names("h")).Node("Add", names("h", "b"), names("y")).Output("y", tensor.Float32, -1, 3)
}

func load(t testing.TB, g *onnxtest.Graph, opts ...onnx.Option) *onnx.Model {
	m, err := onnx.Load(g.Bytes(), opts...)
	require.NoError(t, err)
	return m
}

func ExampleSession_Run() {
	model, err := onnx.Load(line().Bytes())
	if err != nil {
		fmt.Println(err)
		return
	}
	session := model.NewSession(onnx.SessionConfig{})
	x, _ := tensor.Of([]int{2, 3}, []float32{1, 0, 0, 0, 10, 0})
	y := new(tensor.Tensor)
	if err := session.Run([]*tensor.Tensor{x}, []*tensor.Tensor{y}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(model.Inputs()[0], "->", y, tensor.Slice[float32](y))
	// Output: x float32[N,3] -> float32[2,3] [3 2 3 1 22 3]
}

func TestSignatureAndInfo(t *testing.T) {
	g := line()
	g.Model.Metadata = []pb.Entry{{Key: "author", Value: "x"}}
	m := load(t, g)
	in, out := m.Inputs(), m.Outputs()
	require.Len(t, in, 1)
	require.Equal(t, "x", in[0].Name)
	require.Equal(t, tensor.Float32, in[0].Elem)
	require.Equal(t, []onnx.Dim{{Size: -1, Name: "N"}, {Size: 3}}, in[0].Dims)
	require.True(t, in[0].Ranked)
	require.Equal(t, "y float32[N,3]", out[0].String())
	info := m.Info()
	require.Equal(t, "onnxtest", info.Producer)
	require.Equal(t, 18, info.Opsets[""])
	require.Equal(t, "x", info.Metadata["author"])
	info.Metadata["author"] = "changed"
	require.Equal(t, "x", m.Info().Metadata["author"])
}

func TestOpenAndRead(t *testing.T) {
	data := line().Bytes()
	fsys := fstest.MapFS{"m/model.onnx": {Data: data}}
	_, err := onnx.Open(fsys, "m/model.onnx")
	require.NoError(t, err)
	_, err = onnx.Open(fsys, "m/other.onnx")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = onnx.Read(bytes.NewReader(data))
	require.NoError(t, err)
	_, err = onnx.Read(bytes.NewReader(data), onnx.WithLimits(onnx.Limits{Bytes: 20}))
	require.ErrorIs(t, err, onnx.ErrLimit)
}

// TestLoadKeepsNoReference: the caller may reuse the buffer.
func TestLoadKeepsNoReference(t *testing.T) {
	data := line().Bytes()
	m, err := onnx.Load(data)
	require.NoError(t, err)
	clear(data)
	out, err := m.NewSession(onnx.SessionConfig{}).RunNamed(map[string]tensor.Value{"x": row(1, 1, 1)})
	require.NoError(t, err)
	require.Equal(t, []float32{3, 4, 5}, tensor.Slice[float32](out["y"].(*tensor.Tensor)))
}

func row(v ...float32) *tensor.Tensor {
	t, _ := tensor.Of([]int{1, len(v)}, v)
	return t
}

func TestRunRefusesMisfits(t *testing.T) {
	s := load(t, line()).NewSession(onnx.SessionConfig{})
	y := new(tensor.Tensor)
	wrong, _ := tensor.Of([]int{1, 3}, []float64{1, 2, 3})
	for name, in := range map[string][]*tensor.Tensor{
		"none": {}, "nil": {nil}, "two": {row(1, 2, 3), row(1, 2, 3)}, "type": {wrong}, "width": {row(1, 2)}, "rank": {tensor.Vector[float32](1, 2, 3)},
	} {
		err := s.Run(in, []*tensor.Tensor{y})
		require.ErrorIs(t, err, onnx.ErrInput, name)
	}
	err := s.Run([]*tensor.Tensor{wrong}, []*tensor.Tensor{y})
	require.ErrorContains(t, err, "x float32[N,3] is given as float64[1,3]")
	x := row(1, 2, 3)
	require.ErrorIs(t, s.Run([]*tensor.Tensor{x}, []*tensor.Tensor{x}), onnx.ErrInput)
	require.ErrorIs(t, s.Run([]*tensor.Tensor{x}, nil), onnx.ErrInput)
	_, err = s.RunNamed(map[string]tensor.Value{"x": x, "q": x})
	require.ErrorContains(t, err, `no input "q"`)
	require.NoError(t, s.Run([]*tensor.Tensor{x}, []*tensor.Tensor{nil}))
	require.NoError(t, s.Run([]*tensor.Tensor{x}, []*tensor.Tensor{y}))
	require.Equal(t, []float32{3, 6, 9}, tensor.Slice[float32](y))
}

// TestEmptyBatch: no rows in, no rows out.
func TestEmptyBatch(t *testing.T) {
	s := load(t, line()).NewSession(onnx.SessionConfig{})
	x, err := tensor.New(tensor.Float32, 0, 3)
	require.NoError(t, err)
	y := new(tensor.Tensor)
	require.NoError(t, s.Run([]*tensor.Tensor{x}, []*tensor.Tensor{y}))
	require.Equal(t, []int{0, 3}, y.Shape())
}

// TestConcurrentRuns: one session, many goroutines, each with its own sizes.
func TestConcurrentRuns(t *testing.T) {
	s := load(t, line()).NewSession(onnx.SessionConfig{MaxIdle: 2})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			y := new(tensor.Tensor)
			for i := range 200 {
				n := 1 + (g*31+i)%17
				x, _ := tensor.New(tensor.Float32, n, 3)
				for k, d := 0, tensor.Slice[float32](x); k < len(d); k++ {
					d[k] = float32(g)
				}
				if err := s.Run([]*tensor.Tensor{x}, []*tensor.Tensor{y}); err != nil {
					t.Error(err)
					return
				}
				if got := tensor.Slice[float32](y)[3*n-1]; got != float32(2*g+3) || y.Dim(0) != n {
					t.Errorf("goroutine %d: %v in %v", g, got, y)
					return
				}
			}
		}()
	}
	wg.Wait()
}

// TestUnknownOperatorsAreAllListed, those of subgraphs too, each once.
func TestUnknownOperatorsAreAllListed(t *testing.T) {
	sub := onnxtest.NewGraph().Node("Deep", names("x"), names("d")).Output("d", tensor.Float32)
	g := onnxtest.NewModel(18).Input("x", tensor.Float32).Input("p", tensor.Bool).
		Node("Odd", names("x"), names("a")).Node("Odd", names("a"), names("b")).Node("ai.onnx.ml:Strange", names("b"), names("c")).
		Node("If", names("p"), names("e"), sub.Attr("then_branch"), sub.Attr("else_branch")).
		Node("Add", names("c", "e"), names("y")).Output("y", tensor.Float32)
	_, err := onnx.Load(g.Bytes())
	require.True(t, onnx.IsUnsupported(err))
	require.EqualError(t, err, "onnx: operators not supported: Deep (ai.onnx, opset 18, 2 nodes), Odd (ai.onnx, opset 18, 2 nodes), Strange (ai.onnx.ml, opset 3, 1 nodes)")
}

// TestDeclaredOutputsAreNotTrusted: the file's claim is shown, the run gives the truth.
func TestDeclaredOutputsAreNotTrusted(t *testing.T) {
	m := load(t, onnxtest.NewModel(18).Input("x", tensor.Float32, -1).Node("Cast", names("x"), names("y"), onnxtest.Int("to", 7)).Output("y", tensor.String, 1, 1))
	require.Equal(t, "y string[1,1]", m.Outputs()[0].String())
	y := new(tensor.Tensor)
	require.NoError(t, m.NewSession(onnx.SessionConfig{}).Run([]*tensor.Tensor{tensor.Vector[float32](1, 2, 3)}, []*tensor.Tensor{y}))
	require.Equal(t, []int64{1, 2, 3}, tensor.Slice[int64](y))
}

func TestExternalDataIsRefused(t *testing.T) {
	for _, location := range []string{"weights.bin", "../../../etc/passwd", "/etc/passwd", "/dev/zero"} {
		g := line().Initializer(&pb.Tensor{Name: "w", Elem: 1, Dims: []int64{3}, Location: 1, External: []pb.Entry{{Key: "location", Value: location}}})
		_, err := onnx.Load(g.Bytes())
		require.ErrorIs(t, err, onnx.ErrExternalData)
	}
	// Hidden in an attribute it is refused just the same.
	g := onnxtest.NewModel(18).Node("Constant", nil, names("y"), &pb.Attribute{Name: "value", Kind: pb.AttrTensor, T: &pb.Tensor{Elem: 1, Dims: []int64{1}, Location: 1}}).
		Output("y", tensor.Float32)
	_, err := onnx.Load(g.Bytes())
	require.ErrorIs(t, err, onnx.ErrExternalData)
}

// TestMemoryLimit: a model that asks for a terabyte is stopped, at load and when it
// runs, and the session works on.
func TestMemoryLimit(t *testing.T) {
	g := onnxtest.NewModel(18).Input("s", tensor.Int64, -1).Node("ConstantOfShape", names("s"), names("big")).
		Node("ReduceSum", names("big"), names("y"), onnxtest.Int("keepdims", 0)).Output("y", tensor.Float32)
	s := load(t, g).NewSession(onnx.SessionConfig{MemoryBytes: 1 << 20})
	y := new(tensor.Tensor)
	for _, shape := range [][]int64{{1 << 40}, {1 << 20, 1 << 20, 1 << 10}, {1 << 62, 1 << 62}, {-3}} {
		err := s.Run([]*tensor.Tensor{tensor.Vector(shape...)}, []*tensor.Tensor{y})
		require.Error(t, err)
	}
	require.NoError(t, s.Run([]*tensor.Tensor{tensor.Vector[int64](100, 100)}, []*tensor.Tensor{y}))

	bomb := onnxtest.NewModel(18).ConstInts("s", []int64{2}, 1<<13, 1<<13).Node("ConstantOfShape", names("s"), names("big")).
		Node("ReduceSum", names("big"), names("y"), onnxtest.Int("keepdims", 0)).Output("y", tensor.Float32)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s = load(t, bomb).NewSession(onnx.SessionConfig{MemoryBytes: 1 << 20})
	require.ErrorIs(t, s.Run(nil, []*tensor.Tensor{y}), onnx.ErrMemory)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20))
}

// TestNestedIfs: depth is bounded long before the stack is.
func TestNestedIfs(t *testing.T) {
	g := onnxtest.NewGraph().Node("Neg", names("x"), names("o")).Output("o", tensor.Float32)
	for range 60 {
		g = onnxtest.NewGraph().Node("If", names("p"), names("o"), g.Attr("then_branch"), g.Attr("else_branch")).Output("o", tensor.Float32)
		if len(g.Attr("x").G.Nodes[0].Attributes) != 2 {
			t.Fatal("a branch is missing")
		}
		// One branch goes deeper, so that the file stays small.
		g.Attr("x").G.Nodes[0].Attributes[1] = onnxtest.NewGraph().Node("Abs", names("x"), names("o")).Output("o", tensor.Float32).Attr("else_branch")
	}
	m := onnxtest.NewModel(18).Input("x", tensor.Float32).Input("p", tensor.Bool).Node("If", names("p"), names("y"), g.Attr("then_branch"), g.Attr("else_branch")).Output("y", tensor.Float32)
	m.Model.Graph.Nodes[0].Attributes[1] = onnxtest.NewGraph().Node("Abs", names("x"), names("o")).Output("o", tensor.Float32).Attr("else_branch")
	_, err := onnx.Load(m.Bytes())
	require.ErrorIs(t, err, onnx.ErrLimit)
}

// FuzzLoad loads damaged models, and runs those that load on plausible inputs.
func FuzzLoad(f *testing.F) {
	f.Add(line().Bytes())
	for _, dir := range []string{"net_mlp", "net_branches", "ml_tree_branch_leq", "logistic_zipmap_words", "ml_label_floats", "net_gru"} {
		if data, err := os.ReadFile("testdata/zoo/" + dir + "/model.onnx"); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := onnx.Limits{Nodes: 200, Elements: 1 << 16, FoldBytes: 1 << 20}
		m, err := onnx.Load(data, onnx.WithLimits(limits))
		if err != nil {
			require.NotErrorIs(t, err, onnx.ErrInternal)
			return
		}
		if strings.Contains(string(data), "Loop") {
			return // a damaged condition may never end; callers bound that by time
		}
		in := make([]tensor.Value, len(m.Inputs()))
		for i, v := range m.Inputs() {
			in[i] = plausible(v)
		}
		err = m.NewSession(onnx.SessionConfig{MemoryBytes: 1 << 22}).RunValues(in, make([]tensor.Value, len(m.Outputs())))
		require.NotErrorIs(t, err, onnx.ErrInternal)
	})
}

// plausible is a small value that fits a declaration, nil if it asks for too much.
func plausible(v onnx.ValueInfo) tensor.Value {
	shape := make([]int, len(v.Dims))
	for i, d := range v.Dims {
		shape[i] = 2
		if d.Size >= 0 && d.Size < 64 {
			shape[i] = int(d.Size)
		}
	}
	t := new(tensor.Tensor)
	if n, err := tensor.Count(shape); err != nil || n > 1<<12 || t.Resize(max(v.Elem, tensor.Float32), shape) != nil {
		return nil
	}
	return t
}
