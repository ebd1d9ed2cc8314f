package pb

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Encode writes a model in the protobuf format. Decode of the result gives an equal
// model. Tests build models with it, and tools write changed ones.
func Encode(m *Model) []byte {
	var w writer
	w.int(1, m.IRVersion)
	w.str(2, m.Producer)
	w.str(3, m.ProducerVersion)
	w.str(4, m.Domain)
	w.int(5, m.Version)
	w.str(6, m.Doc)
	if m.Graph != nil {
		w.sub(7, func(w *writer) { w.graph(m.Graph) })
	}
	w.opsets(8, m.Opsets)
	w.entries(14, m.Metadata)
	for _, f := range m.Functions {
		w.sub(25, func(w *writer) { w.function(f) })
	}
	return w.b
}

// EncodeTensor writes a TensorProto.
func EncodeTensor(t *Tensor) []byte {
	var w writer
	w.tensor(t)
	return w.b
}

// writer appends fields. Zero numbers and empty strings are left out, as the format
// wants it for fields with no presence.
type writer struct{ b []byte }

func (w *writer) int(id protowire.Number, v int64) {
	if v != 0 {
		w.b = protowire.AppendVarint(protowire.AppendTag(w.b, id, protowire.VarintType), uint64(v))
	}
}

func (w *writer) str(id protowire.Number, s string) {
	if s != "" {
		w.bytes(id, []byte(s))
	}
}

func (w *writer) bytes(id protowire.Number, b []byte) {
	w.b = protowire.AppendBytes(protowire.AppendTag(w.b, id, protowire.BytesType), b)
}

func (w *writer) sub(id protowire.Number, fill func(*writer)) {
	var inner writer
	fill(&inner)
	w.bytes(id, inner.b)
}

// strs keeps empty strings: an empty name among a node's inputs has a meaning.
func (w *writer) strs(id protowire.Number, list []string) {
	for _, s := range list {
		w.bytes(id, []byte(s))
	}
}

// packed writes a list of numbers in one field.
func packed[T number](w *writer, id protowire.Number, list []T) {
	if len(list) == 0 {
		return
	}
	var b []byte
	for _, v := range list {
		switch v := any(v).(type) {
		case float32:
			b = protowire.AppendFixed32(b, math.Float32bits(v))
		case float64:
			b = protowire.AppendFixed64(b, math.Float64bits(v))
		case int32:
			b = protowire.AppendVarint(b, uint64(int64(v)))
		case int64:
			b = protowire.AppendVarint(b, uint64(v))
		case uint64:
			b = protowire.AppendVarint(b, v)
		}
	}
	w.bytes(id, b)
}

func (w *writer) opsets(id protowire.Number, list []Opset) {
	for _, o := range list {
		w.sub(id, func(w *writer) {
			w.str(1, o.Domain)
			w.int(2, o.Version)
		})
	}
}

func (w *writer) entries(id protowire.Number, list []Entry) {
	for _, e := range list {
		w.sub(id, func(w *writer) {
			w.str(1, e.Key)
			w.str(2, e.Value)
		})
	}
}

func (w *writer) graph(g *Graph) {
	w.nodes(1, g.Nodes)
	w.str(2, g.Name)
	for _, t := range g.Initializers {
		w.sub(5, func(w *writer) { w.tensor(t) })
	}
	w.str(10, g.Doc)
	w.values(11, g.Inputs)
	w.values(12, g.Outputs)
	w.values(13, g.Values)
	for _, s := range g.Sparse {
		w.sub(15, func(w *writer) { w.sparse(s) })
	}
}

func (w *writer) nodes(id protowire.Number, list []*Node) {
	for _, n := range list {
		w.sub(id, func(w *writer) {
			w.strs(1, n.Inputs)
			w.strs(2, n.Outputs)
			w.str(3, n.Name)
			w.str(4, n.Op)
			w.attributes(5, n.Attributes)
			w.str(7, n.Domain)
			w.str(8, n.Overload)
		})
	}
}

func (w *writer) function(f *Function) {
	w.str(1, f.Name)
	w.strs(4, f.Inputs)
	w.strs(5, f.Outputs)
	w.strs(6, f.Attributes)
	w.nodes(7, f.Nodes)
	w.opsets(9, f.Opsets)
	w.str(10, f.Domain)
	w.attributes(11, f.Defaults)
	w.values(12, f.Values)
	w.str(13, f.Overload)
}

func (w *writer) attributes(id protowire.Number, list []*Attribute) {
	for _, a := range list {
		w.sub(id, func(w *writer) { w.attribute(a) })
	}
}

func (w *writer) attribute(a *Attribute) {
	w.str(1, a.Name)
	if a.Kind == AttrFloat {
		w.b = protowire.AppendFixed32(protowire.AppendTag(w.b, 2, protowire.Fixed32Type), math.Float32bits(a.F))
	}
	w.int(3, a.I)
	w.str(4, a.S)
	if a.T != nil {
		w.sub(5, func(w *writer) { w.tensor(a.T) })
	}
	if a.G != nil {
		w.sub(6, func(w *writer) { w.graph(a.G) })
	}
	packed(w, 7, a.Floats)
	packed(w, 8, a.Ints)
	w.strs(9, a.Strings)
	for _, t := range a.Tensors {
		w.sub(10, func(w *writer) { w.tensor(t) })
	}
	for _, g := range a.Graphs {
		w.sub(11, func(w *writer) { w.graph(g) })
	}
	if a.Type != nil {
		w.sub(14, func(w *writer) { w.typ(a.Type) })
	}
	w.int(20, int64(a.Kind))
	w.str(21, a.Ref)
	if a.Sparse != nil {
		w.sub(22, func(w *writer) { w.sparse(a.Sparse) })
	}
}

func (w *writer) tensor(t *Tensor) {
	packed(w, 1, t.Dims)
	w.int(2, int64(t.Elem))
	packed(w, 4, t.Floats)
	packed(w, 5, t.Int32s)
	w.strs(6, t.Strings)
	packed(w, 7, t.Int64s)
	w.str(8, t.Name)
	if t.HasRaw {
		w.bytes(9, t.Raw)
	}
	packed(w, 10, t.Doubles)
	packed(w, 11, t.Uint64s)
	w.entries(13, t.External)
	w.int(14, t.Location)
}

func (w *writer) sparse(s *SparseTensor) {
	if s.Values != nil {
		w.sub(1, func(w *writer) { w.tensor(s.Values) })
	}
	if s.Indices != nil {
		w.sub(2, func(w *writer) { w.tensor(s.Indices) })
	}
	packed(w, 3, s.Dims)
}

func (w *writer) values(id protowire.Number, list []*ValueInfo) {
	for _, v := range list {
		w.sub(id, func(w *writer) {
			w.str(1, v.Name)
			if v.Type != nil {
				w.sub(2, func(w *writer) { w.typ(v.Type) })
			}
		})
	}
}

// typ writes the case of a TypeProto under its field number.
func (w *writer) typ(t *Type) {
	id := map[TypeKind]protowire.Number{TypeTensor: 1, TypeSequence: 4, TypeMap: 5, TypeSparse: 8, TypeOptional: 9}[t.Kind]
	if id == 0 {
		return
	}
	w.sub(id, func(w *writer) {
		of := protowire.Number(1)
		if t.Kind == TypeTensor || t.Kind == TypeSparse || t.Kind == TypeMap {
			w.int(1, int64(t.Elem))
			of = 2
		}
		if t.Of != nil {
			w.sub(of, func(w *writer) { w.typ(t.Of) })
		}
		if t.HasShape {
			w.sub(2, func(w *writer) { w.dims(t.Dims) })
		}
	})
}

func (w *writer) dims(list []Dim) {
	for _, d := range list {
		w.sub(1, func(w *writer) {
			switch {
			case d.Name != "":
				w.str(2, d.Name)
			case d.Size >= 0:
				// A size of 0 is a statement: it is written.
				w.b = protowire.AppendVarint(protowire.AppendTag(w.b, 1, protowire.VarintType), uint64(d.Size))
			}
		})
	}
}
