package inference

import (
	"reflect"

	"github.com/turgo-io/turgo/inference/tensor"
)

// floats is where a type has floating-point numbers: in its fields, exported or not, in those of nested
// structs, in arrays, slices and maps of them.
type floats []floatPlace

type floatPlace struct {
	cells
	offset uintptr
}

func floatsOf(t reflect.Type) floats {
	var f floats
	f.find(t, 0)
	return f
}

func (f *floats) find(t reflect.Type, offset uintptr) {
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			f.find(t.Field(i).Type, offset+t.Field(i).Offset)
		}
		return
	}
	if c, err := cellsOf(t); err == nil && isFloat(c.elem) {
		*f = append(*f, floatPlace{c, offset})
	}
}

// nan reports whether the value at p has a NaN.
func (f floats) nan(p pointer) bool {
	for i := range f {
		if f[i].nan(beyond(p, f[i].offset)) {
			return true
		}
	}
	return false
}

func (f *floatPlace) nan(p pointer) bool {
	n := f.count
	switch {
	case f.isMap():
		return f.nanInMap(p)
	case f.slice():
		p, n = sliceAt(p)
	}
	if f.elem == tensor.Float64 {
		return anyNaN[float64](p, n, f.size())
	}
	return anyNaN[float32](p, n, f.size())
}

func (f *floatPlace) nanInMap(p pointer) bool {
	wide := f.elem == tensor.Float64
	switch {
	case f.key == tensor.String && wide:
		return nanIn(mapAt[string, float64](p))
	case f.key == tensor.String:
		return nanIn(mapAt[string, float32](p))
	case wide:
		return nanIn(mapAt[int64, float64](p))
	}
	return nanIn(mapAt[int64, float32](p))
}

func nanIn[K comparable, V float32 | float64](m map[K]V) bool {
	for _, v := range m {
		if v != v {
			return true
		}
	}
	return false
}

func anyNaN[F float32 | float64](p pointer, n int, size uintptr) bool {
	for i := range n {
		if v := floatAt[F](at(p, i, size)); v != v {
			return true
		}
	}
	return false
}
