package tensor

import (
	"fmt"
	"strconv"
)

// Kind tells the values of a model apart.
type Kind uint8

// The kinds of values.
const (
	KindTensor Kind = iota
	KindSequence
	KindMap
	KindOptional
)

// String is the kind's name.
func (k Kind) String() string {
	switch k {
	case KindTensor:
		return "tensor"
	case KindSequence:
		return "sequence"
	case KindMap:
		return "map"
	case KindOptional:
		return "optional"
	}
	return "kind(" + strconv.Itoa(int(k)) + ")"
}

// Value is what flows through a model: a *Tensor, *Sequence, *Map or *Optional.
type Value interface {
	// Kind says which of the four it is.
	Kind() Kind
	isValue()
}

// Sequence is an ordered list of values of one kind. The zero Sequence is empty
// and ready for use.
type Sequence struct {
	// Elem is the element type of the tensors in it, so that an empty sequence
	// has a type too.
	Elem  Elem
	Items []Value
}

// Map is a finite map, held as two parallel lists: key i has value i. Classifiers
// give one for each row, all with the same Keys.
type Map struct {
	// Keys is a one-dimensional tensor of int64 or string.
	Keys *Tensor
	// Values is one-dimensional and as long as Keys.
	Values *Tensor
}

// Optional is a value that may be absent (Value nil).
type Optional struct{ Value Value }

// Kind is KindTensor.
func (*Tensor) Kind() Kind { return KindTensor }

// Kind is KindSequence.
func (*Sequence) Kind() Kind { return KindSequence }

// Kind is KindMap.
func (*Map) Kind() Kind { return KindMap }

// Kind is KindOptional.
func (*Optional) Kind() Kind { return KindOptional }

func (*Tensor) isValue()   {}
func (*Sequence) isValue() {}
func (*Map) isValue()      {}
func (*Optional) isValue() {}

// Lookup is the value at a key of m, and whether m has it. K and V must be the
// element types of keys and values.
func Lookup[K interface{ int64 | string }, V Type](m *Map, key K) (V, bool) {
	var zero V
	values := Slice[V](m.Values)
	for i, k := range Slice[K](m.Keys) {
		if k == key && i < len(values) {
			return values[i], true
		}
	}
	return zero, false
}

// Clone is an independent copy of any value.
func Clone(v Value) Value {
	switch v := v.(type) {
	case *Tensor:
		return v.Clone()
	case *Sequence:
		s := &Sequence{Elem: v.Elem, Items: make([]Value, len(v.Items))}
		for i, item := range v.Items {
			s.Items[i] = Clone(item)
		}
		return s
	case *Map:
		return &Map{Keys: v.Keys.Clone(), Values: v.Values.Clone()}
	case *Optional:
		if v.Value == nil {
			return &Optional{}
		}
		return &Optional{Value: Clone(v.Value)}
	}
	return nil
}

// Assign makes dst an independent copy of src, which must be of the same kind.
// Memory that dst holds is used where it fits.
func Assign(dst, src Value) error {
	switch d := dst.(type) {
	case *Tensor:
		if s, ok := src.(*Tensor); ok {
			return d.CopyFrom(s)
		}
	case *Sequence:
		if s, ok := src.(*Sequence); ok {
			return d.assign(s)
		}
	case *Map:
		if s, ok := src.(*Map); ok {
			*d = *Clone(s).(*Map)
			return nil
		}
	case *Optional:
		if s, ok := src.(*Optional); ok {
			*d = *Clone(s).(*Optional)
			return nil
		}
	}
	if src == nil {
		return fmt.Errorf("%w: no value to assign", ErrElem)
	}
	return fmt.Errorf("%w: a %v cannot take a %v", ErrElem, dst.Kind(), src.Kind())
}

func (d *Sequence) assign(s *Sequence) error {
	d.Elem = s.Elem
	for len(d.Items) < len(s.Items) {
		d.Items = append(d.Items, nil)
	}
	d.Items = d.Items[:len(s.Items)]
	for i, item := range s.Items {
		if t, ok := d.Items[i].(*Tensor); ok && item.Kind() == KindTensor {
			if err := t.CopyFrom(item.(*Tensor)); err != nil {
				return err
			}
			continue
		}
		d.Items[i] = Clone(item)
	}
	return nil
}
