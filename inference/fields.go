package inference

import (
	"fmt"
	"reflect"

	"github.com/turgo-io/turgo/inference/tensor"
)

// field is a place in a Go value that a tag binds to a model.
type field struct {
	path   string // as in messages: Features.Position.Lat
	offset uintptr
	typ    reflect.Type
	tag    tag
}

// fieldsOf returns the tagged fields of a struct type, those of nested and embedded structs included.
// A field without a tag is not bound. Structs behind pointers are not looked into: a nil would have
// no value to give.
func fieldsOf(t reflect.Type) (fields []field, faults []string) {
	w := walker{}
	w.walk(t, typeName(t), 0)
	return w.fields, w.faults
}

type walker struct {
	fields []field
	faults []string
}

func (w *walker) walk(t reflect.Type, path string, offset uintptr) {
	for i := range t.NumField() {
		f := t.Field(i)
		text, tagged := f.Tag.Lookup(tagName)
		name := path + "." + f.Name
		switch {
		case text == "-":
		case tagged:
			w.add(field{path: name, offset: offset + f.Offset, typ: f.Type}, text)
		case f.Type.Kind() == reflect.Struct:
			w.walk(f.Type, name, offset+f.Offset)
		}
	}
}

func (w *walker) add(f field, text string) {
	t, err := parseTag(text)
	if err != nil {
		w.faults = append(w.faults, fmt.Sprintf("field %s: %v", f.path, err))
		return
	}
	f.tag = t
	w.fields = append(w.fields, f)
}

// typeName is a type's name in messages, without its package.
func typeName(t reflect.Type) string {
	switch {
	case t.Name() != "":
		return t.Name()
	case t.Kind() == reflect.Struct:
		return "struct{…}"
	}
	return t.String()
}

// cells says how a Go type lies in memory as elements of a tensor.
type cells struct {
	elem  tensor.Elem // of one element
	count int         // elements of a record; free for a slice
	dims  []int       // of an array, outermost first
	key   tensor.Elem // of a map's keys, with elem for its values; else Undefined
}

// free is a count that each record decides by the length of its slice.
const free = -1

func (c cells) slice() bool { return c.count == free }
func (c cells) isMap() bool { return c.key != tensor.Undefined }

// size is the bytes of one element in memory.
func (c cells) size() uintptr { return elemSize(c.elem) }

// cellsOf describes numbers, bools, strings, arrays of them (also nested), slices of them, and maps from
// int64 or string to float32 or float64.
func cellsOf(t reflect.Type) (cells, error) {
	switch t.Kind() {
	case reflect.Array:
		return arrayCells(t)
	case reflect.Slice:
		if e := elemOf(t.Elem()); e != tensor.Undefined {
			return cells{elem: e, count: free}, nil
		}
	case reflect.Map:
		if c := mapCells(t); c.elem != tensor.Undefined {
			return c, nil
		}
		return cells{}, fmt.Errorf("type %v is no map that a model can fill: use map[int64]float32 or map[string]float32", t)
	default:
		if e := elemOf(t); e != tensor.Undefined {
			return cells{elem: e, count: 1}, nil
		}
	}
	return cells{}, fmt.Errorf("type %v cannot be bound: use a number, bool, string, or an array or slice of them", t)
}

func arrayCells(whole reflect.Type) (cells, error) {
	c, t := cells{count: 1}, whole
	for ; t.Kind() == reflect.Array; t = t.Elem() {
		c.count *= t.Len()
		c.dims = append(c.dims, t.Len())
	}
	c.elem = elemOf(t)
	if c.elem == tensor.Undefined || c.count == 0 {
		return c, fmt.Errorf("type %v cannot be bound: use an array of numbers, bools or strings", whole)
	}
	return c, nil
}

func mapCells(t reflect.Type) cells {
	k, v := elemOf(t.Key()), elemOf(t.Elem())
	keyed := t.Key().Kind() == reflect.Int64 || k == tensor.String
	if !keyed || v != tensor.Float32 && v != tensor.Float64 {
		return cells{}
	}
	return cells{elem: v, key: k, count: 1}
}

// elemOf is the element type that a Go scalar stands for, Undefined if none does. int and uint count by
// their size on this machine.
func elemOf(t reflect.Type) tensor.Elem {
	switch t {
	case reflect.TypeFor[tensor.F16]():
		return tensor.Float16
	case reflect.TypeFor[tensor.BF16]():
		return tensor.BFloat16
	}
	switch k := t.Kind(); k {
	case reflect.Float32:
		return tensor.Float32
	case reflect.Float64:
		return tensor.Float64
	case reflect.Bool:
		return tensor.Bool
	case reflect.String:
		return tensor.String
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return bySize(t.Size(), tensor.Int8, tensor.Int16, tensor.Int32, tensor.Int64)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return bySize(t.Size(), tensor.Uint8, tensor.Uint16, tensor.Uint32, tensor.Uint64)
	}
	return tensor.Undefined
}

// bySize picks by the bytes that an element takes.
func bySize[T any](size uintptr, one, two, four, eight T) T {
	switch size {
	case 1:
		return one
	case 2:
		return two
	case 4:
		return four
	}
	return eight
}
