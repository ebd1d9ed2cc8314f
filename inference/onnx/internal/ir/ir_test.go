package ir_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/tensor"
)

func names(list ...string) []string { return list }

// TestDecodeTensorEncodings: each type from raw bytes and from its typed list.
func TestDecodeTensorEncodings(t *testing.T) {
	for _, c := range []struct {
		typed *pb.Tensor
		raw   []byte
		want  *tensor.Tensor
	}{
		{&pb.Tensor{Elem: 1, Floats: []float32{1.5, -2}}, []byte{0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0}, tensor.Vector[float32](1.5, -2)},
		{&pb.Tensor{Elem: 11, Doubles: []float64{1}}, []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f}, tensor.Vector[float64](1)},
		{&pb.Tensor{Elem: 7, Int64s: []int64{-2}}, []byte{0xfe, 255, 255, 255, 255, 255, 255, 255}, tensor.Vector[int64](-2)},
		{&pb.Tensor{Elem: 6, Int32s: []int32{-2}}, []byte{0xfe, 255, 255, 255}, tensor.Vector[int32](-2)},
		{&pb.Tensor{Elem: 5, Int32s: []int32{-2}}, []byte{0xfe, 255}, tensor.Vector[int16](-2)},
		{&pb.Tensor{Elem: 3, Int32s: []int32{-2}}, []byte{0xfe}, tensor.Vector[int8](-2)},
		{&pb.Tensor{Elem: 2, Int32s: []int32{200}}, []byte{200}, tensor.Vector[uint8](200)},
		{&pb.Tensor{Elem: 4, Int32s: []int32{60000}}, []byte{0x60, 0xea}, tensor.Vector[uint16](60000)},
		{&pb.Tensor{Elem: 12, Uint64s: []uint64{7}}, []byte{7, 0, 0, 0}, tensor.Vector[uint32](7)},
		{&pb.Tensor{Elem: 13, Uint64s: []uint64{1 << 63}}, []byte{0, 0, 0, 0, 0, 0, 0, 0x80}, tensor.Vector[uint64](1 << 63)},
		{&pb.Tensor{Elem: 9, Int32s: []int32{1, 0}}, []byte{7, 0}, tensor.Vector(true, false)},
		{&pb.Tensor{Elem: 10, Int32s: []int32{0x3c00}}, []byte{0, 0x3c}, tensor.Vector(tensor.ToF16(1))},
		{&pb.Tensor{Elem: 16, Int32s: []int32{0x3f80}}, []byte{0x80, 0x3f}, tensor.Vector(tensor.ToBF16(1))},
		{&pb.Tensor{Elem: 17, Int32s: []int32{0x7e}}, []byte{0x7e}, tensor.Vector(tensor.F8E4M3FN(0x7e))},
		{&pb.Tensor{Elem: 22, Int32s: []int32{0xf1, 0x08}, Dims: []int64{3}}, []byte{0xf1, 0x08}, tensor.Vector(tensor.I4(1), tensor.I4(-1), tensor.I4(-8))},
		{&pb.Tensor{Elem: 21, Int32s: []int32{0xf1}, Dims: []int64{2}}, []byte{0xf1}, tensor.Vector(tensor.U4(1), tensor.U4(15))},
		{&pb.Tensor{Elem: 26, Int32s: []int32{0b11_10_01_00}, Dims: []int64{4}}, []byte{0b11_10_01_00}, tensor.Vector(tensor.I2(0), tensor.I2(1), tensor.I2(-2), tensor.I2(-1))},
		{&pb.Tensor{Elem: 14, Floats: []float32{1, -1}, Dims: []int64{1}}, []byte{0, 0, 0x80, 0x3f, 0, 0, 0x80, 0xbf}, tensor.Vector(complex64(complex(1, -1)))},
		{&pb.Tensor{Elem: 15, Doubles: []float64{0, 2}, Dims: []int64{1}}, nil, tensor.Vector(complex(0, 2))},
		{&pb.Tensor{Elem: 8, Strings: []string{"a", ""}}, nil, tensor.Vector("a", "")},
	} {
		if c.typed.Dims == nil {
			c.typed.Dims = []int64{int64(c.want.Len())}
		}
		got, err := ir.DecodeTensor(c.typed)
		require.NoError(t, err, "%v", c.want)
		require.Equal(t, c.want, got)
		if c.raw != nil {
			got, err = ir.DecodeTensor(&pb.Tensor{Elem: c.typed.Elem, Dims: c.typed.Dims, Raw: c.raw, HasRaw: true})
			require.NoError(t, err)
			require.Equal(t, c.want.Bytes(), got.Bytes(), "%v", c.want)
		}
	}
}

func TestDecodeTensorRefuses(t *testing.T) {
	for name, p := range map[string]*pb.Tensor{
		"no such type":       {Elem: 99},
		"negative dimension": {Elem: 1, Dims: []int64{-1}},
		"too few floats":     {Elem: 1, Dims: []int64{3}, Floats: []float32{1}},
		"bomb":               {Elem: 1, Dims: []int64{1 << 40}},
		"overflow":           {Elem: 1, Dims: []int64{1 << 40, 1 << 40}},
		"raw too long":       {Elem: 1, Dims: []int64{1}, Raw: make([]byte, 5), HasRaw: true},
		"raw strings":        {Elem: 8, Dims: []int64{1}, Raw: []byte{1}, HasRaw: true},
	} {
		_, err := ir.DecodeTensor(p)
		require.Error(t, err, name)
	}
	_, err := ir.DecodeTensor(&pb.Tensor{Elem: 1, Location: 1})
	require.ErrorIs(t, err, ir.ErrExternal)
	_, err = ir.DecodeTensor(&pb.Tensor{Elem: 1, External: []pb.Entry{{Key: "location", Value: "../../etc/passwd"}}})
	require.ErrorIs(t, err, ir.ErrExternal)
}

func TestDecodeSparse(t *testing.T) {
	values := &pb.Tensor{Elem: 1, Dims: []int64{2}, Floats: []float32{5, 6}}
	linear := &pb.Tensor{Elem: 7, Dims: []int64{2}, Int64s: []int64{1, 5}}
	pairs := &pb.Tensor{Elem: 7, Dims: []int64{2, 2}, Int64s: []int64{0, 1, 1, 2}}
	for _, index := range []*pb.Tensor{linear, pairs} {
		got, err := ir.DecodeSparse(&pb.SparseTensor{Values: values, Indices: index, Dims: []int64{2, 3}}, 100)
		require.NoError(t, err)
		require.Equal(t, []float32{0, 5, 0, 0, 0, 6}, tensor.Slice[float32](got))
	}
	_, err := ir.DecodeSparse(&pb.SparseTensor{Values: values, Indices: linear, Dims: []int64{1 << 30, 1 << 10}}, 100)
	require.ErrorIs(t, err, pb.ErrLimit)
	_, err = ir.DecodeSparse(&pb.SparseTensor{Values: values, Indices: &pb.Tensor{Elem: 7, Dims: []int64{2}, Int64s: []int64{1, 6}}, Dims: []int64{2, 3}}, 100)
	require.ErrorIs(t, err, ir.ErrTensor)
	_, err = ir.DecodeSparse(&pb.SparseTensor{}, 100)
	require.ErrorIs(t, err, ir.ErrTensor)
}

func build(t *testing.T, g *onnxtest.Graph) (*ir.Model, error) {
	t.Helper()
	return ir.Build(g.Model, ir.Config{})
}

func TestBuildSortsNodes(t *testing.T) {
	m, err := build(t, onnxtest.NewModel(18).Input("x", tensor.Float32).
		Node("C", names("b"), names("y")).Node("B", names("a"), names("b")).Node("A", names("x"), names("a")).Output("y", tensor.Float32))
	require.NoError(t, err)
	var order string
	for _, n := range m.Graph.Nodes {
		order += n.Op
	}
	require.Equal(t, "ABC", order)
	require.Equal(t, "A-18(x) -> (a)", m.Graph.Nodes[0].String())
}

func TestBuildRefuses(t *testing.T) {
	base := func() *onnxtest.Graph {
		return onnxtest.NewModel(18).Input("x", tensor.Float32).Output("y", tensor.Float32)
	}
	for name, g := range map[string]*onnxtest.Graph{
		"undefined input":  base().Node("A", names("q"), names("y")),
		"undefined output": base().Node("A", names("x"), names("z")),
		"cycle":            base().Node("A", names("b"), names("y")).Node("B", names("y"), names("b")),
		"self":             base().Node("A", names("y"), names("y")),
		"defined twice":    base().Node("A", names("x"), names("y")).Node("B", names("x"), names("y")),
		"no such domain":   base().Node("other:A", names("x"), names("y")),
		"empty attribute":  base().Node("A", names("x"), names("y"), &pb.Attribute{Name: "t", Kind: pb.AttrTensor}),
	} {
		_, err := build(t, g)
		require.ErrorIs(t, err, ir.ErrGraph, name)
	}
}

func TestBuildCaptures(t *testing.T) {
	deepest := onnxtest.NewGraph().Node("Add", names("x", "w"), names("d")).Output("d", tensor.Float32)
	then := onnxtest.NewGraph().Node("If", names("p"), names("t"), deepest.Attr("then_branch"), deepest.Attr("else_branch")).Output("t", tensor.Float32)
	other := onnxtest.NewGraph().Node("Neg", names("x"), names("e")).Output("e", tensor.Float32)
	m, err := build(t, onnxtest.NewModel(18).Input("x", tensor.Float32).Input("p", tensor.Bool).Const("w", nil, 1).
		Node("If", names("p"), names("y"), then.Attr("then_branch"), other.Attr("else_branch")).Output("y", tensor.Float32))
	require.NoError(t, err)
	subs := m.Graph.Nodes[0].Subgraphs()
	require.Len(t, subs, 2)
	// The constant is seen through all levels; x and p are captured level by level.
	require.Len(t, subs[0].Captures, 2)
	require.Len(t, subs[0].Nodes[0].Subgraphs()[0].Captures, 1)
	require.Same(t, m.Graph.Inputs[1], subs[0].Captures[0].Outer)
	require.NotNil(t, subs[0].Nodes[0].Subgraphs()[0].Nodes[0].Inputs[1].Const)
}

// function makes y = a*x + b with a from an attribute and b optional.
func function() *pb.Function {
	return &pb.Function{
		Name: "Line", Domain: "f", Inputs: names("v", "b"), Outputs: names("r"), Attributes: names("a"),
		Defaults: []*pb.Attribute{onnxtest.Float("slope", 2)}, Opsets: []pb.Opset{{Version: 13}},
		Nodes: []*pb.Node{
			{Op: "Constant", Outputs: names("k"), Attributes: []*pb.Attribute{{Name: "value_float", Kind: pb.AttrFloat, Ref: "slope"}}},
			{Op: "Scale", Inputs: names("v", "k", "b"), Outputs: names("r"), Attributes: []*pb.Attribute{{Name: "mode", Kind: pb.AttrInt, Ref: "absent"}}},
		},
	}
}

func TestBuildInlinesFunctions(t *testing.T) {
	g := onnxtest.NewModel(18).Input("x", tensor.Float32).
		Node("f:Line", names("x"), names("h")).
		Node("f:Line", names("h", "x"), names("y"), onnxtest.Float("slope", 5)).Output("y", tensor.Float32)
	g.Model.Functions = []*pb.Function{function()}
	m, err := build(t, g)
	require.NoError(t, err)
	require.Len(t, m.Graph.Nodes, 4)
	require.Equal(t, 13, m.Graph.Nodes[1].Version)
	require.Equal(t, float32(2), m.Graph.Nodes[0].Attrs["value_float"].F)
	require.Equal(t, float32(5), m.Graph.Nodes[2].Attrs["value_float"].F)
	require.Nil(t, m.Graph.Nodes[1].Inputs[2])
	require.Same(t, m.Graph.Inputs[0], m.Graph.Nodes[3].Inputs[2])
	require.Empty(t, m.Graph.Nodes[1].Attrs)
	require.Same(t, m.Graph.Outputs[0], m.Graph.Nodes[3].Outputs[0])
}

// TestBuildBoundsFunctions: functions may not recurse, nor multiply without end.
func TestBuildBoundsFunctions(t *testing.T) {
	g := onnxtest.NewModel(18).Input("x", tensor.Float32).Node("f:R", names("x"), names("y")).Output("y", tensor.Float32)
	g.Model.Functions = []*pb.Function{{
		Name: "R", Domain: "f", Inputs: names("a"), Outputs: names("b"), Opsets: []pb.Opset{{Version: 18}, {Domain: "f", Version: 1}},
		Nodes: []*pb.Node{{Op: "R", Domain: "f", Inputs: names("a"), Outputs: names("b")}},
	}}
	_, err := build(t, g)
	require.ErrorIs(t, err, pb.ErrLimit)
	g.Model.Functions = nil
	for _, pair := range []string{"AB", "BC", "CD", "DE", "EF"} {
		f := &pb.Function{Name: pair[:1], Domain: "f", Inputs: names(name(0)), Outputs: names(name(30)), Opsets: []pb.Opset{{Version: 18}}}
		for i := range 30 {
			domain := "f"
			if pair == "EF" {
				domain = "" // an ordinary operator, 30^5 times
			}
			f.Nodes = append(f.Nodes, &pb.Node{Op: pair[1:], Domain: domain, Inputs: names(name(i)), Outputs: names(name(i + 1))})
		}
		g.Model.Functions = append(g.Model.Functions, f)
	}
	g.Model.Graph.Nodes[0].Op = "A"
	_, err = build(t, g)
	require.ErrorIs(t, err, pb.ErrLimit)
}

func name(i int) string { return "v" + string(rune('0'+i/10)) + string(rune('0'+i%10)) }

func TestTypeStrings(t *testing.T) {
	m, err := build(t, onnxtest.NewModel(18).Input("x", tensor.Float32, -1, 3).Output("x", tensor.Float32))
	require.NoError(t, err)
	require.Equal(t, "float32[N,3]", m.Graph.Inputs[0].Type.String())
	seq := ir.Type{Kind: tensor.KindSequence, Of: &ir.Type{Kind: tensor.KindMap, Elem: tensor.String, Of: &ir.Type{Elem: tensor.Float32}}}
	require.Equal(t, "sequence(map(string, float32))", seq.String())
	require.Equal(t, "?", ir.Dim{Size: -1}.String())
}
