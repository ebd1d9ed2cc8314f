package pb

import "fmt"

// DecodeTensor reads a TensorProto, the form of test data and of constants kept
// outside a model.
func DecodeTensor(data []byte, l Limits) (*Tensor, error) { return decode(data, l, decodeTensor) }

// DecodeSequence reads a SequenceProto.
func DecodeSequence(data []byte, l Limits) (*Sequence, error) { return decode(data, l, sequence) }

// DecodeOptional reads an OptionalProto.
func DecodeOptional(data []byte, l Limits) (*Optional, error) { return decode(data, l, optional) }

func decode[M any](data []byte, l Limits, fill func(*decoder, []byte, *M) error) (*M, error) {
	d, err := newDecoder(data, l)
	if err != nil {
		return nil, err
	}
	m := new(M)
	if err := fill(d, data, m); err != nil {
		return nil, err
	}
	return m, nil
}

func decodeTensor(d *decoder, b []byte, t *Tensor) error {
	return d.message(b, func(f field) error {
		switch f.id {
		case 1:
			return dims(d, f, &t.Dims)
		case 2:
			t.Elem = int32(f.num)
		case 4:
			return list(d, f, &t.Floats)
		case 5:
			return list(d, f, &t.Int32s)
		case 6:
			t.Strings = append(t.Strings, f.str())
		case 7:
			return list(d, f, &t.Int64s)
		case 8:
			t.Name = f.str()
		case 9:
			t.Raw, t.HasRaw = f.buf, true
		case 10:
			return list(d, f, &t.Doubles)
		case 11:
			return list(d, f, &t.Uint64s)
		case 13:
			return entry(d, f, &t.External)
		case 14:
			t.Location = f.int()
		}
		return nil
	})
}

// maxDims bounds the dimensions of one tensor; real ones have few.
const maxDims = 64

// dims reads a shape, and refuses one of absurd rank before it takes memory.
func dims(d *decoder, f field, dst *[]int64) error {
	if len(f.buf) > 10*maxDims || len(*dst) >= maxDims { // a number takes ten bytes at most
		return fmt.Errorf("%w: a tensor of more than %d dimensions", ErrLimit, maxDims)
	}
	if err := list(d, f, dst); err != nil {
		return err
	}
	if len(*dst) > maxDims {
		return fmt.Errorf("%w: a tensor of %d dimensions", ErrLimit, len(*dst))
	}
	return nil
}

func sparse(d *decoder, b []byte, s *SparseTensor) error {
	return d.message(b, func(f field) error {
		switch f.id {
		case 1:
			return into(d, f, &s.Values, decodeTensor)
		case 2:
			return into(d, f, &s.Indices, decodeTensor)
		case 3:
			return dims(d, f, &s.Dims)
		}
		return nil
	})
}

func valueInfo(d *decoder, b []byte, v *ValueInfo) error {
	return d.message(b, func(f field) error {
		switch f.id {
		case 1:
			v.Name = f.str()
		case 2:
			return into(d, f, &v.Type, typeProto)
		}
		return nil
	})
}

func typeProto(d *decoder, b []byte, t *Type) error {
	return d.message(b, func(f field) error {
		switch f.id {
		case 1:
			return d.typeCase(f, t, TypeTensor)
		case 4:
			return d.typeCase(f, t, TypeSequence)
		case 5:
			return d.typeCase(f, t, TypeMap)
		case 8:
			return d.typeCase(f, t, TypeSparse)
		case 9:
			return d.typeCase(f, t, TypeOptional)
		}
		return nil
	})
}

// typeCase reads one case of TypeProto. Tensors have (1: elem, 2: shape), maps
// (1: key, 2: value type), sequences and optionals (1: element type).
func (d *decoder) typeCase(f field, t *Type, kind TypeKind) error {
	t.Kind = kind
	return d.message(f.buf, func(f field) error {
		switch {
		case f.id == 1 && (kind == TypeSequence || kind == TypeOptional):
			return into(d, f, &t.Of, typeProto)
		case f.id == 1:
			t.Elem = int32(f.num)
		case f.id == 2 && kind == TypeMap:
			return into(d, f, &t.Of, typeProto)
		case f.id == 2:
			t.HasShape = true
			return d.shape(f, &t.Dims)
		}
		return nil
	})
}

func (d *decoder) shape(f field, dst *[]Dim) error {
	return d.message(f.buf, func(f field) error {
		if f.id != 1 {
			return nil
		}
		if len(*dst) == maxDims {
			return fmt.Errorf("%w: a type of more than %d dimensions", ErrLimit, maxDims)
		}
		dim := Dim{Size: -1}
		err := d.message(f.buf, func(f field) error {
			switch f.id {
			case 1:
				dim.Size = f.int()
			case 2:
				dim.Name = f.str()
			}
			return nil
		})
		*dst = append(*dst, dim)
		return err
	})
}

func sequence(d *decoder, b []byte, s *Sequence) error {
	return d.message(b, func(f field) error {
		switch f.id {
		case 1:
			s.Name = f.str()
		case 2:
			s.Kind = f.int()
		case 3:
			return appendTo(d, f, &s.Tensors, decodeTensor)
		case 5:
			return appendTo(d, f, &s.Sequences, sequence)
		case 6:
			return appendTo(d, f, &s.Maps, mapProto)
		case 7:
			return appendTo(d, f, &s.Optionals, optional)
		}
		return nil
	})
}

func mapProto(d *decoder, b []byte, m *Map) error {
	return d.message(b, func(f field) error {
		switch f.id {
		case 2:
			m.KeyType = f.int()
		case 3:
			return list(d, f, &m.Keys)
		case 4:
			m.StringKeys = append(m.StringKeys, f.str())
		case 5:
			return into(d, f, &m.Values, sequence)
		}
		return nil
	})
}

func optional(d *decoder, b []byte, o *Optional) error {
	return d.message(b, func(f field) error {
		switch f.id {
		case 2:
			o.Kind = f.int()
		case 3:
			return into(d, f, &o.Tensor, decodeTensor)
		case 5:
			return into(d, f, &o.Sequence, sequence)
		case 6:
			return into(d, f, &o.Map, mapProto)
		}
		return nil
	})
}
