//go:build unix

package onnx_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/tensor"
)

// outside is y = x + w, where w is four floats at a place outside the model.
func outside(entries ...pb.Entry) *onnxtest.Graph {
	return onnxtest.NewModel(18).Input("x", tensor.Float32, 4).
		Initializer(&pb.Tensor{Name: "w", Elem: 1, Dims: []int64{4}, Location: 1, External: entries}).
		Node("Add", names("x", "w"), names("y")).Output("y", tensor.Float32, 4)
}

func at(location string) pb.Entry { return pb.Entry{Key: "location", Value: location} }

// beside makes a folder with a model's weights in it and a secret outside it.
func beside(t *testing.T) (dir string, root *os.Root) {
	top := t.TempDir()
	dir = filepath.Join(top, "model")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o700))
	weights := []byte("\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40\x00\x00\x80\x40")
	for _, name := range []string{"model/weights.bin", "model/sub/weights.bin", "secret.bin"} {
		require.NoError(t, os.WriteFile(filepath.Join(top, name), weights, 0o600))
	}
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, root.Close()) })
	return dir, root
}

// TestExternalData: weights beside the model, with and without offset and length.
func TestExternalData(t *testing.T) {
	_, root := beside(t)
	for name, entries := range map[string][]pb.Entry{
		"plain":  {at("weights.bin")},
		"folder": {at("sub/weights.bin"), {Key: "offset", Value: "0"}, {Key: "length", Value: "16"}},
		"dotted": {at("./weights.bin"), {Key: "checksum", Value: "not looked at"}},
	} {
		m := load(t, outside(entries...), onnx.WithExternalData(root))
		out, err := m.NewSession(onnx.SessionConfig{}).RunNamed(map[string]tensor.Value{"x": tensor.Vector[float32](0, 0, 0, 1)})
		require.NoError(t, err, name)
		require.Equal(t, []float32{1, 2, 3, 5}, tensor.Slice[float32](out["y"].(*tensor.Tensor)), name)
	}
}

// TestDigest: one model is accepted, another is not, nor other weights.
func TestDigest(t *testing.T) {
	dir, root := beside(t)
	data := outside(at("weights.bin")).Bytes()
	weights, err := os.ReadFile(filepath.Join(dir, "weights.bin"))
	require.NoError(t, err)
	sum := sha256.Sum256(append(append([]byte(nil), data...), weights...))
	pin := onnx.WithSHA256(strings.ToUpper(hex.EncodeToString(sum[:])))
	_, err = onnx.Load(data, onnx.WithExternalData(root), pin)
	require.NoError(t, err)
	weights[0] ^= 1
	require.NoError(t, os.WriteFile(filepath.Join(dir, "weights.bin"), weights, 0o600))
	_, err = onnx.Load(data, onnx.WithExternalData(root), pin)
	require.ErrorIs(t, err, onnx.ErrDigest)
	alone := line().Bytes()
	sum = sha256.Sum256(alone)
	_, err = onnx.Load(alone, onnx.WithSHA256(hex.EncodeToString(sum[:])))
	require.NoError(t, err)
	_, err = onnx.Load(alone, pin)
	require.ErrorIs(t, err, onnx.ErrDigest)
}

// hostile is one file-system trap: what is put into the folder, and where a model
// then says that its weights lie.
type hostile struct {
	name    string
	prepare func(t *testing.T, dir string)
	entries []pb.Entry
}

func nothing(*testing.T, string) {}

func hostilePaths() []hostile {
	must := func(t *testing.T, err error) { require.NoError(t, err) }
	link := func(old, name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { must(t, os.Symlink(old, filepath.Join(dir, name))) }
	}
	byName := func(name, location string) hostile { return hostile{name, nothing, []pb.Entry{at(location)}} }
	return []hostile{
		byName("parent", "../secret.bin"),
		byName("parent of parent", "../../../../../../etc/passwd"),
		byName("parent inside", "sub/../../secret.bin"),
		byName("parent that stays inside", "sub/../weights.bin"),
		byName("absolute", "/etc/passwd"),
		byName("absolute device", "/dev/zero"),
		byName("process", "/proc/self/environ"),
		byName("backslashes", `..\secret.bin`),
		byName("drive", "c:secret.bin"),
		byName("alternate stream", "weights.bin:hidden"),
		byName("empty", ""),
		byName("dot", "."),
		byName("doubled slash", "sub//weights.bin"),
		byName("trailing slash", "weights.bin/"),
		byName("zero byte", "weights.bin\x00.txt"),
		byName("long name", strings.Repeat("a/", 2000)+"b"),
		byName("folder", "sub"),
		byName("missing", "nowhere.bin"),
		{"symlink out", link("../secret.bin", "l"), []pb.Entry{at("l")}},
		{"symlink in", link("weights.bin", "l"), []pb.Entry{at("l")}},
		{"symlink to root", link("/", "l"), []pb.Entry{at("l/etc/passwd")}},
		{"symlinked folder", link("sub", "l"), []pb.Entry{at("l/weights.bin")}},
		{"symlink to itself", link("l", "l"), []pb.Entry{at("l")}},
		{"hardlink", func(t *testing.T, dir string) {
			must(t, os.Link(filepath.Join(dir, "..", "secret.bin"), filepath.Join(dir, "l")))
		}, []pb.Entry{at("l")}},
		{"pipe", func(t *testing.T, dir string) { must(t, syscall.Mkfifo(filepath.Join(dir, "p"), 0o600)) }, []pb.Entry{at("p")}},
		{"device", link("/dev/zero", "d"), []pb.Entry{at("d")}},
		{"sparse", func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "s"), nil, 0o600))
			must(t, os.Truncate(filepath.Join(dir, "s"), 1<<32))
		}, []pb.Entry{at("s")}},
		{"too short", nothing, []pb.Entry{at("weights.bin"), {Key: "offset", Value: "4"}}},
		{"wrong length", nothing, []pb.Entry{at("weights.bin"), {Key: "length", Value: "8"}}},
		{"offset that wraps", nothing, []pb.Entry{at("weights.bin"), {Key: "offset", Value: "9223372036854775807"}, {Key: "length", Value: "16"}}},
		{"negative offset", nothing, []pb.Entry{at("weights.bin"), {Key: "offset", Value: "-16"}}},
	}
}

// TestHostilePaths: every trap is refused, as an initializer and as the value of a
// Constant node, soon and without much memory.
func TestHostilePaths(t *testing.T) {
	cases := hostilePaths()
	require.GreaterOrEqual(t, len(cases), 30)
	for _, h := range cases {
		t.Run(h.name, func(t *testing.T) {
			dir, root := beside(t)
			h.prepare(t, dir)
			constant := onnxtest.NewModel(18).Output("y", tensor.Float32, 4).Node("Constant", nil, names("y"),
				&pb.Attribute{Name: "value", Kind: pb.AttrTensor, T: &pb.Tensor{Elem: 1, Dims: []int64{4}, Location: 1, External: h.entries}})
			for _, g := range []*onnxtest.Graph{outside(h.entries...), constant} {
				refused(t, g.Bytes(), onnx.WithExternalData(root))
			}
		})
	}
}

// refused loads a model that must not load, within a second and 64 MiB.
func refused(t *testing.T, data []byte, opts ...onnx.Option) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	_, err := onnx.Load(data, opts...)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	require.Error(t, err)
	require.NotErrorIs(t, err, onnx.ErrInternal)
	require.Less(t, took, bombTime, "%v", err)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20), "%v", err)
}

// TestSwapInFlight replaces the weights with a link to the secret and back while
// models load: each load gives the weights or an error, never the secret.
func TestSwapInFlight(t *testing.T) {
	dir, root := beside(t)
	name := filepath.Join(dir, "weights.bin")
	weights, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "..", "secret.bin"), []byte("\xff\xff\x7f\x7f\xff\xff\x7f\x7f\xff\xff\x7f\x7f\xff\xff\x7f\x7f"), 0o600))
	stop, done := make(chan struct{}), make(chan error)
	go func() { done <- swap(dir, name, weights, stop) }()
	data := outside(at("weights.bin")).Bytes()
	loaded := 0
	for range 400 {
		m, err := onnx.Load(data, onnx.WithExternalData(root))
		if err != nil {
			require.ErrorIs(t, err, onnx.ErrExternalData)
			continue
		}
		loaded++
		out, err := m.NewSession(onnx.SessionConfig{}).RunNamed(map[string]tensor.Value{"x": tensor.Vector[float32](0, 0, 0, 0)})
		require.NoError(t, err)
		require.Equal(t, []float32{1, 2, 3, 4}, tensor.Slice[float32](out["y"].(*tensor.Tensor)))
	}
	close(stop)
	require.NoError(t, <-done)
	t.Logf("%d of 400 loads met the weights", loaded)
}

// swap puts a link in the place of a file and the file back, until it is stopped.
func swap(dir, name string, weights []byte, stop chan struct{}) error {
	for i := 0; ; i++ {
		next := filepath.Join(dir, fmt.Sprintf("next%d", i%2))
		err := os.WriteFile(next, weights, 0o600)
		if i%2 == 1 {
			_ = os.Remove(next)
			err = os.Symlink("../secret.bin", next)
		}
		if err == nil {
			err = os.Rename(next, name)
		}
		if err != nil {
			return err
		}
		select {
		case <-stop:
			return nil
		default:
		}
	}
}

// TestBombs: small files that ask for much are refused soon and cheaply.
func TestBombs(t *testing.T) {
	for name, data := range map[string][]byte{
		"2^40 dimensions":    manyDims(1 << 22),
		"one huge dimension": onnxtest.NewModel(18).Initializer(&pb.Tensor{Name: "w", Elem: 1, Dims: []int64{1 << 40}, Floats: []float32{1}}).Output("w", tensor.Float32).Bytes(),
		"product overflows":  onnxtest.NewModel(18).Initializer(&pb.Tensor{Name: "w", Elem: 1, Dims: []int64{1 << 32, 1 << 32}, HasRaw: true}).Output("w", tensor.Float32).Bytes(),
		"10^6 nodes":         manyNodes(1_000_000),
		"deep protobuf":      deep(5_000),
		"nested ifs":         nested("If", 200),
		"nested loops":       nested("Loop", 200),
		"sparse tensor":      sparseBomb(),
		"functions":          functionBomb(30),
	} {
		t.Run(name, func(t *testing.T) { refused(t, data) })
	}
}

// manyDims is a tensor of n dimensions.
func manyDims(n int) []byte {
	dims := make([]int64, n)
	for i := range dims {
		dims[i] = 1
	}
	return onnxtest.NewModel(18).Initializer(&pb.Tensor{Name: "w", Elem: 1, Dims: dims, HasRaw: true, Raw: make([]byte, 4)}).Output("w", tensor.Float32).Bytes()
}

// manyNodes is a model of n nodes.
func manyNodes(n int) []byte {
	node := message(1, append(append(message(1, []byte("x")), message(2, []byte("y"))...), message(4, []byte("Neg"))...))
	return message(7, bytes.Repeat(node, n))
}

// message wraps data as a field.
func message(field byte, data []byte) []byte {
	out := []byte{field<<3 | 2}
	n := uint64(len(data))
	for ; n >= 0x80; n >>= 7 {
		out = append(out, byte(n)|0x80)
	}
	return append(append(out, byte(n)), data...)
}

// deep is types within types.
func deep(n int) []byte {
	var inner []byte // a sequence of a sequence of …: field 4, and in it field 1
	for range n {
		inner = message(4, message(1, inner))
	}
	return message(7, message(11, message(2, inner)))
}

// nested is n levels of a control operator in one another.
func nested(op string, n int) []byte {
	g := onnxtest.NewGraph().Node("Identity", names("c"), names("o")).Output("o", tensor.Bool)
	for range n {
		outer := onnxtest.NewGraph()
		if op == "If" {
			outer.Node("If", names("c"), names("o"), g.Attr("then_branch"), onnxtest.NewGraph().Node("Identity", names("c"), names("o")).Output("o", tensor.Bool).Attr("else_branch"))
		} else {
			g.Input("i", tensor.Int64).Input("k", tensor.Bool)
			outer.Node("Loop", names("", "c"), names(), g.Attr("body"))
		}
		g = outer.Output("o", tensor.Bool)
	}
	return onnxtest.NewModel(18).Input("c", tensor.Bool).Node("If", names("c"), names("y"), g.Attr("then_branch"), g.Attr("else_branch")).Output("y", tensor.Bool).Bytes()
}

// sparseBomb is one value in a dense shape of 2^40 elements.
func sparseBomb() []byte {
	g := onnxtest.NewModel(18).Output("y", tensor.Float32)
	return g.Node("Constant", nil, names("y"), &pb.Attribute{Name: "sparse_value", Kind: pb.AttrSparseTensor, Sparse: &pb.SparseTensor{
		Values: &pb.Tensor{Elem: 1, Dims: []int64{1}, Floats: []float32{1}}, Indices: &pb.Tensor{Elem: 7, Dims: []int64{1}, Int64s: []int64{5}}, Dims: []int64{1 << 20, 1 << 20},
	}}).Bytes()
}

// functionBomb is functions that each call the one below twice: 2^n nodes.
func functionBomb(n int) []byte {
	g := onnxtest.NewModel(18).Input("x", tensor.Float32).Node("local:F0", names("x"), names("y")).Output("y", tensor.Float32)
	g.Model.Opsets = append(g.Model.Opsets, pb.Opset{Domain: "local", Version: 1})
	for i := range n {
		op, dom := fmt.Sprintf("F%d", i+1), "local"
		if i == n-1 {
			op, dom = "Neg", ""
		}
		g.Model.Functions = append(g.Model.Functions, &pb.Function{
			Name: fmt.Sprintf("F%d", i), Domain: "local", Inputs: names("a"), Outputs: names("c"), Opsets: g.Model.Opsets,
			Nodes: []*pb.Node{{Op: op, Domain: dom, Inputs: names("a"), Outputs: names("b")}, {Op: op, Domain: dom, Inputs: names("b"), Outputs: names("c")}},
		})
	}
	return g.Bytes()
}
