package state

import (
	"fmt"
	"math"
	"reflect"
	"unsafe"
)

// resolver makes decoders that read what was written under another schema into a type of this program. What is
// possible: fields added (they are zero), dropped, reordered; numbers widened; string and []byte exchanged; a value
// put behind a pointer; an array made a slice. All else is an error that names the place and both types.
type resolver struct {
	made map[resolved]*decodeFunc
}

type resolved struct {
	writer *node
	reader reflect.Type
}

func newResolver() *resolver { return &resolver{made: map[resolved]*decodeFunc{}} }

// resolve returns a decoder, by a pointer that is filled when the outermost call returns: types can be recursive.
func (r *resolver) resolve(w *node, t reflect.Type, path string) (*decodeFunc, error) {
	w = w.deref()
	if d, ok := r.made[resolved{w, t}]; ok {
		return d, nil
	}
	d := new(decodeFunc)
	r.made[resolved{w, t}] = d
	var err error
	*d, err = r.make(w, t, path)
	return d, err
}

// later calls a decoder that may not be there yet.
func later(d *decodeFunc) decodeFunc {
	return func(src []byte, p unsafe.Pointer, depth int) ([]byte, error) { return (*d)(src, p, depth) }
}

func misfit(w *node, t reflect.Type, path string) error {
	return fmt.Errorf("%w: %s was written as %.200s and is now %v", ErrIncompatible, path, w, t)
}

func (r *resolver) make(w *node, t reflect.Type, path string) (decodeFunc, error) {
	if m := marshalerOf(t); m != nil {
		if w.form != formCustom || w.name != m.name {
			return nil, misfit(w, t, path)
		}
		return m.decode, nil
	}
	if t == timeType {
		return ifForm(w, t, path, formTime, decodeTime)
	}
	if t.Kind() == reflect.Pointer {
		return r.pointer(w, t, path)
	}
	switch w.form {
	case formString, formBytes:
		return text(w, t, path)
	case formList, formArray:
		return r.list(w, t, path)
	case formMap:
		return r.mapping(w, t, path)
	case formStruct:
		return r.structure(w, t, path)
	case formBool, formInt, formUint, formFloat, formComplex:
		return number(w, t, path)
	}
	return nil, misfit(w, t, path)
}

func ifForm(w *node, t reflect.Type, path string, f form, d decodeFunc) (decodeFunc, error) {
	if w.form != f {
		return nil, misfit(w, t, path)
	}
	return d, nil
}

func text(w *node, t reflect.Type, path string) (decodeFunc, error) {
	switch {
	case t.Kind() == reflect.String:
		return decodeString, nil
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return decodeBytes, nil
	}
	return nil, misfit(w, t, path)
}

func (r *resolver) pointer(w *node, t reflect.Type, path string) (decodeFunc, error) {
	elem := w
	if w.form == formPointer {
		elem = w.elem
	}
	d, err := r.resolve(elem, t.Elem(), path)
	if err != nil {
		return nil, err
	}
	if w.form == formPointer {
		return pointerDecoder(t, later(d)), nil
	}
	return func(src []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		to := reflect.New(t.Elem())
		reflect.NewAt(t, p).Elem().Set(to)
		return (*d)(src, to.UnsafePointer(), depth)
	}, nil
}

func (r *resolver) list(w *node, t reflect.Type, path string) (decodeFunc, error) {
	if t.Kind() != reflect.Slice && !(t.Kind() == reflect.Array && w.form == formArray && t.Len() == w.size) || t.Elem().Kind() == reflect.Uint8 && t.Kind() == reflect.Slice {
		return nil, misfit(w, t, path)
	}
	d, err := r.resolve(w.elem, t.Elem(), path+"[]")
	if err != nil {
		return nil, err
	}
	size, n := t.Elem().Size(), w.size
	switch {
	case w.form == formList:
		return listDecoder(t, later(d), w.elem), nil
	case t.Kind() == reflect.Array:
		return func(src []byte, p unsafe.Pointer, depth int) ([]byte, error) {
			return decodeElems(src, *d, p, n, size, depth)
		}, nil
	}
	least := w.least()
	return func(src []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		if len(src) < least || least == 0 && n > maxEmpty {
			return nil, errShort
		}
		s := reflect.MakeSlice(t, n, n)
		reflect.NewAt(t, p).Elem().Set(s)
		return decodeElems(src, *d, s.UnsafePointer(), n, size, depth)
	}, nil
}

func (r *resolver) mapping(w *node, t reflect.Type, path string) (decodeFunc, error) {
	if t.Kind() != reflect.Map {
		return nil, misfit(w, t, path)
	}
	k, err := r.resolve(w.key, t.Key(), path+" key")
	if err != nil {
		return nil, err
	}
	e, err := r.resolve(w.elem, t.Elem(), path+"[]")
	if err != nil {
		return nil, err
	}
	return mapDecoder(t, later(k), later(e), w.key, w.elem), nil
}

// step reads one written field: into the reader's field at off, or nowhere.
type step struct {
	decode decodeFunc
	off    uintptr
}

func (r *resolver) structure(w *node, t reflect.Type, path string) (decodeFunc, error) {
	if t.Kind() != reflect.Struct {
		return nil, misfit(w, t, path)
	}
	readers := map[string]reflect.StructField{}
	for f := range t.Fields() {
		if f.Name != "_" && f.Tag.Get("state") != "-" {
			readers[wireName(f)] = f
		}
	}
	steps := make([]step, len(w.fields))
	for i, wf := range w.fields {
		f, ok := readers[wf.name]
		if !ok {
			steps[i].decode = skipper(wf.node)
			continue
		}
		d, err := r.resolve(wf.node, f.Type, path+"."+f.Name)
		if err != nil {
			return nil, err
		}
		steps[i] = step{later(d), f.Offset}
	}
	return func(src []byte, p unsafe.Pointer, depth int) (_ []byte, err error) {
		for _, s := range steps {
			if src, err = s.decode(src, unsafe.Add(p, s.off), depth); err != nil {
				return nil, err
			}
		}
		return src, nil
	}, nil
}

// number reads a number into one that holds every value of the written type.
func number(w *node, t reflect.Type, path string) (decodeFunc, error) {
	f, ok := numberForms[t.Kind()]
	size := int(t.Size())
	fits := ok && w.form == f && size >= w.size && (f != formBool || size == 1)
	switch {
	case fits && size == w.size:
		return sameNumber(t), nil
	case fits, w.form == formUint && f == formInt && size > w.size, isWhole(w) && f == formFloat && mantissa(size) >= 8*w.size:
		return widen(w, f, size), nil
	}
	return nil, misfit(w, t, path)
}

func isWhole(w *node) bool { return w.form == formInt || w.form == formUint }

// mantissa is the width of whole numbers that a float of that size holds exactly.
func mantissa(size int) int {
	if size == 8 {
		return 53
	}
	return 24
}

func sameNumber(t reflect.Type) decodeFunc {
	c := &compiled{node: &node{}}
	_ = c.number(t, "") // it is a number
	c.useSpans()
	return c.decode
}

func widen(w *node, to form, size int) decodeFunc {
	from := w.size
	return func(src []byte, p unsafe.Pointer, _ int) ([]byte, error) {
		if len(src) < from {
			return nil, errShort
		}
		x := wholeOf(src, w)
		switch {
		case to == formComplex:
			re, im := math.Float32frombits(uint32(x)), math.Float32frombits(uint32(x>>32))
			*(*complex128)(p) = complex(float64(re), float64(im))
		case w.form == formFloat:
			*(*float64)(p) = float64(math.Float32frombits(uint32(x)))
		case to == formFloat && size == 8:
			*(*float64)(p) = float64(int64(x))
		case to == formFloat:
			*(*float32)(p) = float32(int64(x))
		default:
			putWhole(x, size, p)
		}
		return src[from:], nil
	}
}

// wholeOf reads a little-endian number, sign extended if it has a sign.
func wholeOf(src []byte, w *node) uint64 {
	x := uint64(0)
	for i := w.size - 1; i >= 0; i-- {
		x = x<<8 | uint64(src[i])
	}
	if shift := 64 - 8*w.size; w.form == formInt {
		x = uint64(int64(x<<shift) >> shift)
	}
	return x
}

func putWhole(x uint64, size int, p unsafe.Pointer) {
	switch size {
	case 2:
		*(*uint16)(p) = uint16(x)
	case 4:
		*(*uint32)(p) = uint32(x)
	default:
		*(*uint64)(p) = x
	}
}

// skipper reads over a value that no field wants.
func skipper(w *node) decodeFunc {
	return func(src []byte, _ unsafe.Pointer, depth int) ([]byte, error) { return skip(w, src, depth) }
}

func skip(w *node, src []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	switch w = w.deref(); w.form {
	case formString, formBytes, formCustom:
		n, src, err := cutCount(src, 1)
		return src[max(n, 0):], err
	case formPointer:
		return skipPointer(w, src, depth)
	case formStruct:
		return skipFields(w, src, depth)
	case formArray:
		return skipMany(src, w.size, depth, w.elem)
	case formList:
		n, src, err := cutCount(src, w.elem.least())
		if err != nil {
			return nil, err
		}
		return skipMany(src, n, depth+1, w.elem)
	case formMap:
		n, src, err := cutCount(src, w.key.least()+w.elem.least())
		if err != nil {
			return nil, err
		}
		return skipMany(src, n, depth+1, w.key, w.elem)
	}
	if len(src) < w.size {
		return nil, errShort
	}
	return src[w.size:], nil
}

func skipPointer(w *node, src []byte, depth int) ([]byte, error) {
	switch {
	case len(src) == 0:
		return nil, errShort
	case src[0] > 1:
		return nil, errBool
	case src[0] == 0:
		return src[1:], nil
	}
	return skip(w.elem, src[1:], depth+1)
}

func skipFields(w *node, src []byte, depth int) (_ []byte, err error) {
	for _, f := range w.fields {
		if src, err = skip(f.node, src, depth); err != nil {
			return nil, err
		}
	}
	return src, nil
}

// skipMany reads over n groups of values. Values without content need no steps.
func skipMany(src []byte, n, depth int, of ...*node) (_ []byte, err error) {
	least := 0
	for _, w := range of {
		least += w.least()
	}
	for i := 0; i < n && least > 0; i++ {
		for _, w := range of {
			if src, err = skip(w, src, depth); err != nil {
				return nil, err
			}
		}
	}
	return src, nil
}
