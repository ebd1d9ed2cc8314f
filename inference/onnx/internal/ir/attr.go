package ir

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/tensor"
)

// attributes converts the attributes of one node into dst. One that refers to an
// argument the enclosing function was not given is left out.
func (b *builder) attributes(list []*pb.Attribute, s *scope, dst map[string]*Attr) error {
	for _, p := range list {
		if p.Ref != "" {
			if a, ok := s.args[p.Ref]; ok {
				dst[p.Name] = a
			}
			continue
		}
		a, err := b.attribute(p, s)
		if err != nil {
			return fmt.Errorf("attribute %q: %w", p.Name, err)
		}
		dst[p.Name] = a
	}
	return nil
}

func (b *builder) attribute(p *pb.Attribute, s *scope) (*Attr, error) {
	a := &Attr{F: p.F, I: p.I, S: p.S, Floats: p.Floats, Ints: p.Ints, Strings: p.Strings}
	var err error
	switch p.Kind {
	case pb.AttrFloat:
		a.Kind = Float
	case pb.AttrInt:
		a.Kind = Int
	case pb.AttrString:
		a.Kind = String
	case pb.AttrFloats:
		a.Kind = Floats
	case pb.AttrInts:
		a.Kind = Ints
	case pb.AttrStrings:
		a.Kind = Strings
	case pb.AttrTensor:
		a.Kind = Tensor
		a.T, err = need(p.T, DecodeTensor)
	case pb.AttrSparseTensor:
		a.Kind = Tensor
		a.T, err = need(p.Sparse, func(t *pb.SparseTensor) (*tensor.Tensor, error) { return DecodeSparse(t, b.DenseElements) })
	case pb.AttrTensors:
		a.Kind = Tensors
		for _, t := range p.Tensors {
			var v *tensor.Tensor
			if v, err = DecodeTensor(t); err != nil {
				break
			}
			a.Tensors = append(a.Tensors, v)
		}
	case pb.AttrGraph:
		a.Kind = SubGraph
		a.G, err = need(p.G, func(g *pb.Graph) (*Graph, error) { return b.graph(g, s) })
	case pb.AttrType:
		a.Kind = TypeOf
		t := convertType(p.Type)
		a.Type = &t
	default:
		err = fmt.Errorf("%w: attributes of kind %d are not supported", ErrGraph, p.Kind)
	}
	return a, err
}

// need guards against an attribute that states a kind and carries nothing.
func need[P, T any](p *P, convert func(*P) (*T, error)) (*T, error) {
	if p == nil {
		return nil, fmt.Errorf("%w: it has no value", ErrGraph)
	}
	return convert(p)
}

func convertType(p *pb.Type) Type {
	if p == nil {
		return Type{}
	}
	t := Type{HasShape: p.HasShape}
	if p.Elem > 0 && p.Elem < 256 && tensor.Elem(p.Elem).Valid() {
		t.Elem = tensor.Elem(p.Elem)
	}
	switch p.Kind {
	case pb.TypeSequence:
		t.Kind = tensor.KindSequence
	case pb.TypeMap:
		t.Kind = tensor.KindMap
	case pb.TypeOptional:
		t.Kind = tensor.KindOptional
	}
	for _, d := range p.Dims {
		size := d.Size
		if size < 0 {
			size = -1
		}
		t.Dims = append(t.Dims, Dim{Size: size, Name: d.Name})
	}
	if p.Of != nil {
		of := convertType(p.Of)
		t.Of = &of
	}
	return t
}
