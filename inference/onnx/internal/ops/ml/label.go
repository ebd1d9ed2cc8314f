package ml

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// newLabelEncoder maps keys to values. Version 1 numbers a list of strings, and
// names numbers by it; version 2 has lists of keys and values; version 4 tensors.
func newLabelEncoder(b *op.Build) (op.Kernel, error) {
	if b.Version() < 2 {
		return newLabelEncoder1(b), nil
	}
	keys := list(b, "keys")
	values := list(b, "values")
	if keys == nil || values == nil {
		b.Fail("keys or values are missing")
		return nil, nil
	}
	if keys.Len() != values.Len() {
		b.Fail("%d keys for %d values", keys.Len(), values.Len())
		return nil, nil
	}
	otherwise := defaultOf(b, values.Elem())
	return encoderOf(b, keys, values, otherwise), nil
}

func newLabelEncoder1(b *op.Build) op.Kernel {
	strs := b.Strs("classes_strings")
	ints := make([]int64, len(strs))
	for i := range ints {
		ints[i] = int64(i)
	}
	m := &mapping{strDefault: b.Str("default_string", "_Unused"), intDefault: int64(b.Int("default_int64", -1))}
	m.fill(ints, strs)
	return m
}

// list is the attribute of one of the forms name_strings, name_int64s, name_floats
// and name_tensor that is given.
func list(b *op.Build, name string) *tensor.Tensor {
	var found []*tensor.Tensor
	if v := b.Strs(name + "_strings"); v != nil {
		found = append(found, tensor.Vector(v...))
	}
	if v := b.Int64s(name + "_int64s"); v != nil {
		found = append(found, tensor.Vector(v...))
	}
	if v := b.Floats(name + "_floats"); v != nil {
		found = append(found, tensor.Vector(v...))
	}
	if v := b.Tensor(name + "_tensor"); v != nil {
		found = append(found, v)
	}
	if len(found) != 1 {
		b.Fail("%s are given in %d forms, one is needed", name, len(found))
		return nil
	}
	return found[0]
}

// defaultOf is the value for keys that are not listed, as a tensor of one element.
func defaultOf(b *op.Build, elem tensor.Elem) *tensor.Tensor {
	s := b.Str("default_string", "_Unused")
	i := int64(b.Int("default_int64", -1))
	f := b.Float("default_float", float32(math.Copysign(0, -1)))
	if t := b.Tensor("default_tensor"); t != nil {
		if t.Elem() != elem || t.Len() != 1 {
			b.Fail("default_tensor is %v for values of %v", t, elem)
		}
		return t
	}
	switch elem {
	case tensor.String:
		return tensor.Scalar(s)
	case tensor.Int64:
		return tensor.Scalar(i)
	case tensor.Float32:
		return tensor.Scalar(f)
	case tensor.Float64:
		return tensor.Scalar(math.Copysign(0, -1))
	case tensor.Int16:
		return tensor.Scalar(int16(-1))
	case tensor.Int32:
		return tensor.Scalar(int32(-1))
	}
	b.Fail("values of %v are not supported", elem)
	return tensor.Scalar(i)
}

func encoderOf(b *op.Build, keys, values, otherwise *tensor.Tensor) op.Kernel {
	switch keys.Elem() {
	case tensor.String:
		return encoderFrom(b, tensor.Slice[string](keys), values, otherwise)
	case tensor.Int64:
		return encoderFrom(b, tensor.Slice[int64](keys), values, otherwise)
	case tensor.Int32:
		return encoderFrom(b, tensor.Slice[int32](keys), values, otherwise)
	case tensor.Int16:
		return encoderFrom(b, tensor.Slice[int16](keys), values, otherwise)
	case tensor.Float32:
		return encoderFrom(b, tensor.Slice[float32](keys), values, otherwise)
	case tensor.Float64:
		return encoderFrom(b, tensor.Slice[float64](keys), values, otherwise)
	}
	b.Fail("keys of %v are not supported", keys.Elem())
	return nil
}

// key lists the types that labels have.
type key interface {
	string | int64 | int32 | int16 | float32 | float64
}

func encoderFrom[K key](b *op.Build, keys []K, values, otherwise *tensor.Tensor) op.Kernel {
	nan := b.Version() >= 4 // before, NaN was equal to no key
	switch values.Elem() {
	case tensor.String:
		return newEncoder[K, string](keys, values, otherwise, nan)
	case tensor.Int64:
		return newEncoder[K, int64](keys, values, otherwise, nan)
	case tensor.Int32:
		return newEncoder[K, int32](keys, values, otherwise, nan)
	case tensor.Int16:
		return newEncoder[K, int16](keys, values, otherwise, nan)
	case tensor.Float32:
		return newEncoder[K, float32](keys, values, otherwise, nan)
	case tensor.Float64:
		return newEncoder[K, float64](keys, values, otherwise, nan)
	}
	b.Fail("values of %v are not supported", values.Elem())
	return nil
}

// encoder is a map with a default. NaN can be a key since version 4.
type encoder[K key, V key] struct {
	values    map[K]V
	nan       V
	hasNaN    bool
	otherwise V
}

func newEncoder[K key, V interface {
	key
	tensor.Type
}](keys []K, values, otherwise *tensor.Tensor, nan bool) op.Kernel {
	e := &encoder[K, V]{values: make(map[K]V, len(keys))}
	if d := tensor.Slice[V](otherwise); len(d) == 1 {
		e.otherwise = d[0]
	}
	for i, v := range tensor.Slice[V](values) {
		k := keys[i]
		if k != k {
			e.nan, e.hasNaN = v, nan
			continue
		}
		if _, ok := e.values[k]; !ok {
			e.values[k] = v
		}
	}
	return encode[K, V](e)
}

// encode ties the map to tensors of its types.
func encode[K, V interface {
	key
	tensor.Type
}](e *encoder[K, V]) op.Kernel {
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		if x.Elem() != tensor.ElemOf[K]() {
			return fmt.Errorf("%w: LabelEncoder has keys of %v, given %v", op.ErrType, tensor.ElemOf[K](), x)
		}
		y, err := c.Out(0, tensor.ElemOf[V](), x.Shape())
		if err != nil {
			return err
		}
		dst := tensor.Slice[V](y)
		for i, k := range tensor.Slice[K](x) {
			v, ok := e.values[k]
			switch {
			case !ok && e.hasNaN && k != k:
				v = e.nan
			case !ok:
				v = e.otherwise
			}
			dst[i] = v
		}
		return nil
	})
}
