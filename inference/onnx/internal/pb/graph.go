package pb

import (
	"fmt"
)

// Decode reads a ModelProto.
func Decode(data []byte, l Limits) (*Model, error) {
	d, err := newDecoder(data, l)
	if err != nil {
		return nil, err
	}
	m := &Model{}
	if err := model(d, data, m); err != nil {
		return nil, err
	}
	if m.Graph == nil {
		return nil, fmt.Errorf("%w: it holds no graph", ErrFormat)
	}
	return m, nil
}

func model(d *decoder, b []byte, m *Model) error {
	return d.message(b, func(f field) error {
		switch f.id {
		case 1:
			m.IRVersion = f.int()
		case 2:
			m.Producer = f.str()
		case 3:
			m.ProducerVersion = f.str()
		case 4:
			m.Domain = f.str()
		case 5:
			m.Version = f.int()
		case 6:
			m.Doc = f.str()
		case 7:
			return into(d, f, &m.Graph, graph)
		case 8:
			return opset(d, f, &m.Opsets)
		case 14:
			return entry(d, f, &m.Metadata)
		case 25:
			return appendTo(d, f, &m.Functions, function)
		}
		return nil
	})
}

func opset(d *decoder, f field, dst *[]Opset) error {
	o, err := sub(d, f, func(d *decoder, b []byte, o *Opset) error {
		return d.message(b, func(f field) error {
			switch f.id {
			case 1:
				o.Domain = f.str()
			case 2:
				o.Version = f.int()
			}
			return nil
		})
	})
	if err == nil {
		*dst = append(*dst, *o)
	}
	return err
}

func entry(d *decoder, f field, dst *[]Entry) error {
	e, err := sub(d, f, func(d *decoder, b []byte, e *Entry) error {
		return d.message(b, func(f field) error {
			switch f.id {
			case 1:
				e.Key = f.str()
			case 2:
				e.Value = f.str()
			}
			return nil
		})
	})
	if err == nil {
		*dst = append(*dst, *e)
	}
	return err
}

func graph(d *decoder, b []byte, g *Graph) error {
	if err := d.countNodes(b); err != nil {
		return err
	}
	return d.message(b, func(f field) error {
		switch f.id {
		case 1:
			return d.node(f, &g.Nodes)
		case 2:
			g.Name = f.str()
		case 5:
			return appendTo(d, f, &g.Initializers, decodeTensor)
		case 10:
			g.Doc = f.str()
		case 11:
			return appendTo(d, f, &g.Inputs, valueInfo)
		case 12:
			return appendTo(d, f, &g.Outputs, valueInfo)
		case 13:
			return appendTo(d, f, &g.Values, valueInfo)
		case 15:
			return appendTo(d, f, &g.Sparse, sparse)
		}
		return nil
	})
}

// countNodes refuses a graph of too many nodes before the first one takes memory.
// What is not in order is left to the reading itself to find.
func (d *decoder) countNodes(b []byte) error {
	for left := d.nodes; len(b) > 0; {
		f, n := nextField(b)
		if n < 0 {
			return nil
		}
		if f.id == 1 {
			if left--; left < 0 {
				return fmt.Errorf("%w: too many nodes", ErrLimit)
			}
		}
		b = b[n:]
	}
	return nil
}

// node reads one node, against the budget of nodes.
func (d *decoder) node(f field, dst *[]*Node) error {
	if d.nodes == 0 {
		return fmt.Errorf("%w: too many nodes", ErrLimit)
	}
	d.nodes--
	return appendTo(d, f, dst, node)
}

func node(d *decoder, b []byte, n *Node) error {
	return d.message(b, func(f field) error {
		switch f.id {
		case 1:
			n.Inputs = append(n.Inputs, f.str())
		case 2:
			n.Outputs = append(n.Outputs, f.str())
		case 3:
			n.Name = f.str()
		case 4:
			n.Op = f.str()
		case 5:
			return appendTo(d, f, &n.Attributes, attribute)
		case 7:
			n.Domain = f.str()
		case 8:
			n.Overload = f.str()
		}
		return nil
	})
}

func function(d *decoder, b []byte, fn *Function) error {
	return d.message(b, func(f field) error {
		switch f.id {
		case 1:
			fn.Name = f.str()
		case 4:
			fn.Inputs = append(fn.Inputs, f.str())
		case 5:
			fn.Outputs = append(fn.Outputs, f.str())
		case 6:
			fn.Attributes = append(fn.Attributes, f.str())
		case 7:
			return d.node(f, &fn.Nodes)
		case 9:
			return opset(d, f, &fn.Opsets)
		case 10:
			fn.Domain = f.str()
		case 11:
			return appendTo(d, f, &fn.Defaults, attribute)
		case 12:
			return appendTo(d, f, &fn.Values, valueInfo)
		case 13:
			fn.Overload = f.str()
		}
		return nil
	})
}

func attribute(d *decoder, b []byte, a *Attribute) error {
	err := d.message(b, func(f field) error { return attributeField(d, f, a) })
	if a.Kind == AttrUndefined {
		a.Kind = guessKind(a)
	}
	return err
}

func attributeField(d *decoder, f field, a *Attribute) error {
	switch f.id {
	case 1:
		a.Name = f.str()
	case 2:
		a.F = fromBits[float32](f.num)
	case 3:
		a.I = f.int()
	case 4:
		a.S = f.str()
	case 5:
		return into(d, f, &a.T, decodeTensor)
	case 6:
		return into(d, f, &a.G, graph)
	case 7:
		return list(d, f, &a.Floats)
	case 8:
		return list(d, f, &a.Ints)
	case 9:
		a.Strings = append(a.Strings, f.str())
	case 10:
		return appendTo(d, f, &a.Tensors, decodeTensor)
	case 11:
		return appendTo(d, f, &a.Graphs, graph)
	case 14:
		return into(d, f, &a.Type, typeProto)
	case 20:
		a.Kind = AttributeKind(f.num)
	case 21:
		a.Ref = f.str()
	case 22:
		return into(d, f, &a.Sparse, sparse)
	}
	return nil
}

// guessKind serves files of IR version 1, which did not state the kind.
func guessKind(a *Attribute) AttributeKind {
	switch {
	case a.T != nil:
		return AttrTensor
	case a.G != nil:
		return AttrGraph
	case a.Floats != nil:
		return AttrFloats
	case a.Ints != nil:
		return AttrInts
	case a.Strings != nil:
		return AttrStrings
	case a.S != "":
		return AttrString
	case a.F != 0:
		return AttrFloat
	}
	return AttrInt
}
