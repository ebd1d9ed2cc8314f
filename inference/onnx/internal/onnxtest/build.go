package onnxtest

import (
	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Attribute is an attribute of a node, made by Int, Ints, Float, Str, Strs or Graph.Attr.
type Attribute = *pb.Attribute

// Graph builds a model for a test, part by part.
type Graph struct {
	Model *pb.Model
	graph *pb.Graph
}

// NewModel starts a model on a version of the default operator set and version 3
// of ai.onnx.ml.
func NewModel(opset int64) *Graph {
	g := &pb.Graph{Name: "test"}
	return &Graph{
		Model: &pb.Model{IRVersion: 10, Producer: "onnxtest", Graph: g, Opsets: []pb.Opset{{Version: opset}, {Domain: "ai.onnx.ml", Version: 3}}},
		graph: g,
	}
}

// NewGraph starts a subgraph, for use as an attribute.
func NewGraph() *Graph { return &Graph{graph: &pb.Graph{Name: "sub"}} }

// Attr makes a graph an attribute.
func (g *Graph) Attr(name string) *pb.Attribute {
	return &pb.Attribute{Name: name, Kind: pb.AttrGraph, G: g.graph}
}

// Input declares an input; a dimension of -1 is named N.
func (g *Graph) Input(name string, elem tensor.Elem, dims ...int64) *Graph {
	g.graph.Inputs = append(g.graph.Inputs, info(name, elem, dims))
	return g
}

// Output declares an output.
func (g *Graph) Output(name string, elem tensor.Elem, dims ...int64) *Graph {
	g.graph.Outputs = append(g.graph.Outputs, info(name, elem, dims))
	return g
}

func info(name string, elem tensor.Elem, dims []int64) *pb.ValueInfo {
	t := &pb.Type{Kind: pb.TypeTensor, Elem: int32(elem), HasShape: true}
	for _, d := range dims {
		dim := pb.Dim{Size: d}
		if d < 0 {
			dim = pb.Dim{Size: -1, Name: "N"}
		}
		t.Dims = append(t.Dims, dim)
	}
	return &pb.ValueInfo{Name: name, Type: t}
}

// Const adds an initializer of float32.
func (g *Graph) Const(name string, dims []int64, values ...float32) *Graph {
	return g.Initializer(&pb.Tensor{Name: name, Elem: int32(tensor.Float32), Dims: dims, Floats: values})
}

// ConstInts adds an initializer of int64.
func (g *Graph) ConstInts(name string, dims []int64, values ...int64) *Graph {
	return g.Initializer(&pb.Tensor{Name: name, Elem: int32(tensor.Int64), Dims: dims, Int64s: values})
}

// Initializer adds an initializer of any kind.
func (g *Graph) Initializer(t *pb.Tensor) *Graph {
	g.graph.Initializers = append(g.graph.Initializers, t)
	return g
}

// Node adds a node. The operator may be given as domain:name.
func (g *Graph) Node(op string, in, out []string, attrs ...*pb.Attribute) *Graph {
	domain := ""
	for i := range op {
		if op[i] == ':' {
			domain, op = op[:i], op[i+1:]
			break
		}
	}
	g.graph.Nodes = append(g.graph.Nodes, &pb.Node{Name: op + "_node", Op: op, Domain: domain, Inputs: in, Outputs: out, Attributes: attrs})
	return g
}

// Bytes is the model as a file.
func (g *Graph) Bytes() []byte { return pb.Encode(g.Model) }

// Int is an attribute.
func Int(name string, v int64) *pb.Attribute {
	return &pb.Attribute{Name: name, Kind: pb.AttrInt, I: v}
}

// Ints is an attribute.
func Ints(name string, v ...int64) *pb.Attribute {
	return &pb.Attribute{Name: name, Kind: pb.AttrInts, Ints: v}
}

// Float is an attribute.
func Float(name string, v float32) *pb.Attribute {
	return &pb.Attribute{Name: name, Kind: pb.AttrFloat, F: v}
}

// Str is an attribute.
func Str(name, v string) *pb.Attribute {
	return &pb.Attribute{Name: name, Kind: pb.AttrString, S: v}
}

// Strs is an attribute.
func Strs(name string, v ...string) *pb.Attribute {
	return &pb.Attribute{Name: name, Kind: pb.AttrStrings, Strings: v}
}
