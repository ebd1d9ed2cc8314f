package inference_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/turgo-io/turgo/inference"
	"github.com/turgo-io/turgo/inference/tensor"
)

// file is a small ONNX model, written field by field as the format's .proto has them.
type file struct {
	version int64
	inputs  []value
	outputs []value
	nodes   []node
	weights []weight
}

// value declares a tensor; a dimension of -1 is open. No dims at all: none declared. zipped declares
// seq(map(key, float32)) instead.
type value struct {
	name   string
	elem   tensor.Elem
	dims   []int
	scalar bool // declared to have no dimensions
	zipped tensor.Elem
}

type node struct {
	domain, op string
	in, out    []string
	ints       map[string][]int64
	strings    map[string][]string
}

type weight struct {
	name string
	dims []int
	data []float32
}

func x(elem tensor.Elem, dims ...int) value { return value{name: "x", elem: elem, dims: dims} }

func named(name string, elem tensor.Elem, dims ...int) value {
	return value{name: name, elem: elem, dims: dims}
}

// same is a model whose outputs are its inputs, under the names of outs.
func same(ins, outs []value) file {
	f := file{inputs: ins, outputs: outs}
	for i := range ins {
		f.nodes = append(f.nodes, node{op: "Identity", in: []string{ins[i].name}, out: []string{outs[i].name}})
	}
	return f
}

// model loads the file under the name churn.onnx.
func (f file) model(t testing.TB, opts ...inference.Option) *inference.Model {
	t.Helper()
	m, err := inference.Load(f.encode(), append([]inference.Option{inference.Named("churn.onnx")}, opts...)...)
	require.NoError(t, err)
	return m
}

func (f file) encode() []byte {
	var graph []byte
	for _, n := range f.nodes {
		graph = message(graph, 1, n.encode())
	}
	graph = text(graph, 2, "g")
	for _, w := range f.weights {
		graph = message(graph, 5, w.encode())
	}
	for _, v := range f.inputs {
		graph = message(graph, 11, v.encode())
	}
	for _, v := range f.outputs {
		graph = message(graph, 12, v.encode())
	}
	model := integer(nil, 1, 8)
	model = integer(model, 5, f.version)
	model = message(model, 7, graph)
	model = message(model, 8, integer(nil, 2, 17))
	return message(model, 8, integer(text(nil, 1, "ai.onnx.ml"), 2, 3))
}

func (n node) encode() (b []byte) {
	for _, s := range n.in {
		b = text(b, 1, s)
	}
	for _, s := range n.out {
		b = text(b, 2, s)
	}
	b = text(b, 4, n.op)
	for name, list := range n.ints {
		a := text(nil, 1, name)
		for _, v := range list {
			a = integer(a, 8, v)
		}
		b = message(b, 5, integer(a, 20, 7))
	}
	for name, list := range n.strings {
		a := text(nil, 1, name)
		for _, v := range list {
			a = text(a, 9, v)
		}
		b = message(b, 5, integer(a, 20, 8))
	}
	return text(b, 7, n.domain)
}

func (w weight) encode() (b []byte) {
	for _, d := range w.dims {
		b = integer(b, 1, int64(d))
	}
	b = integer(b, 2, int64(tensor.Float32))
	var raw []byte
	for _, v := range w.data {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return message(text(b, 8, w.name), 9, raw)
}

func (v value) encode() []byte {
	if v.zipped != tensor.Undefined {
		float := message(nil, 1, integer(nil, 1, int64(tensor.Float32)))
		pairs := message(integer(nil, 1, int64(v.zipped)), 2, float)
		return message(text(nil, 1, v.name), 2, message(nil, 4, message(nil, 1, message(nil, 5, pairs))))
	}
	t := integer(nil, 1, int64(v.elem))
	if len(v.dims) > 0 || v.scalar {
		var shape []byte
		for _, d := range v.dims {
			if d < 0 {
				shape = message(shape, 1, text(nil, 2, "N"))
			} else {
				shape = message(shape, 1, integer(nil, 1, int64(d)))
			}
		}
		t = message(t, 2, shape)
	}
	return message(text(nil, 1, v.name), 2, message(nil, 1, t))
}

func integer(b []byte, field protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(v))
}

func text(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

func message(b []byte, field protowire.Number, m []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), m)
}
