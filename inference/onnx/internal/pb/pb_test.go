package pb_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
)

// full is a model that uses every field of every message.
func full() *pb.Model {
	t := &pb.Tensor{Name: "t", Elem: 1, Dims: []int64{2, 3}, Raw: make([]byte, 24), HasRaw: true}
	lists := &pb.Tensor{
		Name: "l", Elem: 9, Dims: []int64{1}, Floats: []float32{1.5, float32(math.Inf(1))}, Int32s: []int32{-1, 7}, Int64s: []int64{-1 << 40},
		Doubles: []float64{math.Pi}, Uint64s: []uint64{1 << 63}, Strings: []string{"a", ""}, External: []pb.Entry{{Key: "location", Value: "w.bin"}}, Location: 1,
	}
	sparse := &pb.SparseTensor{Values: t, Indices: lists, Dims: []int64{10, 10}}
	scalar := &pb.Type{Kind: pb.TypeTensor, Elem: 1, HasShape: true}
	matrix := &pb.Type{Kind: pb.TypeTensor, Elem: 1, HasShape: true, Dims: []pb.Dim{{Size: -1, Name: "N"}, {Size: 0}, {Size: -1}}}
	maps := &pb.Type{Kind: pb.TypeSequence, Of: &pb.Type{Kind: pb.TypeMap, Elem: 8, Of: scalar}}
	inner := &pb.Graph{Name: "inner", Outputs: []*pb.ValueInfo{{Name: "o", Type: &pb.Type{Kind: pb.TypeOptional, Of: matrix}}}}
	node := &pb.Node{Name: "n", Op: "If", Domain: "d", Overload: "v", Inputs: []string{"x", "", "y"}, Outputs: []string{"z"}, Attributes: []*pb.Attribute{
		{Name: "f", Kind: pb.AttrFloat, F: 0.5},
		{Name: "i", Kind: pb.AttrInt, I: -3},
		{Name: "s", Kind: pb.AttrString, S: "str"},
		{Name: "t", Kind: pb.AttrTensor, T: t},
		{Name: "g", Kind: pb.AttrGraph, G: inner},
		{Name: "sp", Kind: pb.AttrSparseTensor, Sparse: sparse},
		{Name: "ty", Kind: pb.AttrType, Type: maps},
		{Name: "fs", Kind: pb.AttrFloats, Floats: []float32{1, 2}},
		{Name: "is", Kind: pb.AttrInts, Ints: []int64{3, -4}},
		{Name: "ss", Kind: pb.AttrStrings, Strings: []string{"p", "q"}},
		{Name: "ts", Kind: pb.AttrTensors, Tensors: []*pb.Tensor{t, t}},
		{Name: "gs", Kind: pb.AttrGraphs, Graphs: []*pb.Graph{inner}},
		{Name: "r", Kind: pb.AttrInt, Ref: "outer"},
	}}
	return &pb.Model{
		IRVersion: 8, Producer: "p", ProducerVersion: "1", Domain: "dom", Version: 4, Doc: "doc",
		Opsets: []pb.Opset{{Version: 18}, {Domain: "ai.onnx.ml", Version: 3}}, Metadata: []pb.Entry{{Key: "k", Value: "v"}},
		Functions: []*pb.Function{{
			Name: "F", Domain: "d", Overload: "o", Inputs: []string{"a"}, Outputs: []string{"b"}, Attributes: []string{"x"},
			Defaults: []*pb.Attribute{{Name: "y", Kind: pb.AttrInt, I: 1}}, Nodes: []*pb.Node{node}, Opsets: []pb.Opset{{Version: 18}},
			Values: []*pb.ValueInfo{{Name: "v"}},
		}},
		Graph: &pb.Graph{
			Name: "g", Doc: "gd", Nodes: []*pb.Node{node}, Initializers: []*pb.Tensor{t, lists}, Sparse: []*pb.SparseTensor{sparse},
			Inputs: []*pb.ValueInfo{{Name: "x", Type: matrix}}, Outputs: []*pb.ValueInfo{{Name: "z", Type: maps}}, Values: []*pb.ValueInfo{{Name: "v", Type: scalar}},
		},
	}
}

func TestEncodeDecode(t *testing.T) {
	want := full()
	got, err := pb.Decode(pb.Encode(want), pb.Limits{})
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestDecodeUnpackedLists(t *testing.T) {
	// Files written by protobuf 2 code have a field for each number.
	var b []byte
	for _, v := range []uint64{2, 3} {
		b = protowire.AppendVarint(protowire.AppendTag(b, 1, protowire.VarintType), v)
	}
	b = protowire.AppendFixed32(protowire.AppendTag(b, 4, protowire.Fixed32Type), math.Float32bits(2.5))
	b = protowire.AppendFixed64(protowire.AppendTag(b, 10, protowire.Fixed64Type), math.Float64bits(-1))
	got, err := pb.DecodeTensor(b, pb.Limits{})
	require.NoError(t, err)
	require.Equal(t, &pb.Tensor{Dims: []int64{2, 3}, Floats: []float32{2.5}, Doubles: []float64{-1}}, got)
}

func TestDecodeGuessesKinds(t *testing.T) {
	// Before IR version 2 an attribute did not state its kind.
	m := &pb.Model{Graph: &pb.Graph{Nodes: []*pb.Node{{Op: "X", Attributes: []*pb.Attribute{{Name: "a", Ints: []int64{1}}, {Name: "b", S: "s"}, {Name: "c", I: 2}}}}}}
	got, err := pb.Decode(pb.Encode(m), pb.Limits{})
	require.NoError(t, err)
	var kinds []pb.AttributeKind
	for _, a := range got.Graph.Nodes[0].Attributes {
		kinds = append(kinds, a.Kind)
	}
	require.Equal(t, []pb.AttributeKind{pb.AttrInts, pb.AttrString, pb.AttrInt}, kinds)
}

func TestDecodeRefuses(t *testing.T) {
	good := pb.Encode(full())
	many := &pb.Model{Graph: &pb.Graph{}}
	for range 50 {
		many.Graph.Nodes = append(many.Graph.Nodes, &pb.Node{Op: "X"})
	}
	for name, c := range map[string]struct {
		data   []byte
		limits pb.Limits
		want   error
	}{
		"nothing":        {nil, pb.Limits{}, pb.ErrFormat},
		"text":           {[]byte("this is no model at all"), pb.Limits{}, pb.ErrFormat},
		"cut short":      {good[:len(good)-3], pb.Limits{}, pb.ErrFormat},
		"number as tree": {protowire.AppendVarint(protowire.AppendTag(nil, 7, protowire.VarintType), 1), pb.Limits{}, pb.ErrFormat},
		"too long":       {good, pb.Limits{Bytes: 10}, pb.ErrLimit},
		"too deep":       {nestModel(200), pb.Limits{}, pb.ErrLimit},
		"too many nodes": {pb.Encode(many), pb.Limits{Nodes: 49}, pb.ErrLimit},
		"too many items": {good, pb.Limits{Elements: 20}, pb.ErrLimit},
	} {
		_, err := pb.Decode(c.data, c.limits)
		require.ErrorIs(t, err, c.want, name)
	}
}

// nest puts a graph into an attribute of a node of a graph.
func nest(graph []byte) []byte {
	attr := protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), graph)
	node := protowire.AppendBytes(protowire.AppendTag(nil, 5, protowire.BytesType), attr)
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), node)
}

func nestModel(depth int) []byte {
	var graph []byte
	for range depth {
		graph = nest(graph)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), graph)
}

// TestDecodeBoundsMemory: stated lengths are no reason to allocate.
func TestDecodeBoundsMemory(t *testing.T) {
	claim := protowire.AppendVarint(protowire.AppendTag(nil, 7, protowire.BytesType), 1<<40)
	data := append(claim, bytes.Repeat([]byte{0}, 1000)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := pb.Decode(data, pb.Limits{})
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, pb.ErrFormat)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

func FuzzDecode(f *testing.F) {
	f.Add(pb.Encode(full()))
	f.Add(nestModel(3))
	files, _ := filepath.Glob("../../testdata/zoo/*/model.onnx")
	for _, name := range files {
		if data, err := os.ReadFile(name); err == nil && len(data) < 4000 && !strings.Contains(name, "svc") {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := pb.Decode(data, pb.Limits{Nodes: 1000, Elements: 1 << 16})
		if err != nil {
			return
		}
		again, err := pb.Decode(pb.Encode(m), pb.Limits{})
		require.NoError(t, err)
		require.Equal(t, len(m.Graph.Nodes), len(again.Graph.Nodes))
	})
}

func FuzzDecodeTensor(f *testing.F) {
	f.Add(pb.EncodeTensor(full().Graph.Initializers[1]))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = pb.DecodeTensor(data, pb.Limits{})
		_, _ = pb.DecodeSequence(data, pb.Limits{})
		_, _ = pb.DecodeOptional(data, pb.Limits{})
	})
}
