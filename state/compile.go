package state

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"unsafe"
)

// appendFunc appends the value at p. Depth counts the pointers, lists and maps around it.
type appendFunc func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error)

// decodeFunc reads a value from the front of src into the zero value at p and returns what follows.
type decodeFunc func(src []byte, p unsafe.Pointer, depth int) ([]byte, error)

// maxDepth bounds how deep a value nests, such as a linked list: it keeps the stack small.
const maxDepth = 10_000

var (
	errDepth = fmt.Errorf("state: a value nests deeper than %d; keep a slice in place of a linked list", maxDepth)
	errShort = fmt.Errorf("%w: a value ends early", ErrCorrupt)
	errBool  = fmt.Errorf("%w: a bool is neither 0 nor 1", ErrCorrupt)
	errLen   = fmt.Errorf("%w: a length is longer than what follows", ErrCorrupt)
)

// compiled is a type with its codec. A flat type is fixed in size and copied in spans.
type compiled struct {
	node   *node
	append appendFunc
	decode decodeFunc
	flat   bool
	spans  []span
	bools  []uintptr
}

// whole says whether the memory of a value of the given size is exactly what is written.
func (c *compiled) whole(size uintptr) bool {
	return c.flat && len(c.spans) == 1 && c.spans[0] == span{0, size}
}

type compiler struct {
	path  []reflect.Type // the enclosing composite types
	built map[reflect.Type]*compiled
}

func newCompiler() *compiler { return &compiler{built: map[reflect.Type]*compiled{}} }

var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

func (x *compiler) compile(t reflect.Type, path string) (*compiled, error) {
	if !littleEndian {
		return nil, fmt.Errorf("%w: codecs are derived on little-endian machines only", ErrUnsupported)
	}
	if depth := slices.Index(x.path, t); depth >= 0 {
		return x.recursive(t, depth), nil
	}
	c := &compiled{node: &node{}}
	x.built[t] = c
	x.path = append(x.path, t)
	err := x.fill(c, t, path)
	x.path = x.path[:len(x.path)-1]
	if err != nil {
		return nil, err
	}
	if c.flat {
		c.useSpans()
	}
	return c, nil
}

// recursive refers to a type that is being compiled; its functions are there when they are called.
func (x *compiler) recursive(t reflect.Type, depth int) *compiled {
	of := x.built[t]
	return &compiled{
		node:   &node{form: formRef, size: depth, elem: of.node},
		append: func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) { return of.append(dst, p, depth) },
		decode: func(src []byte, p unsafe.Pointer, depth int) ([]byte, error) { return of.decode(src, p, depth) },
	}
}

func (c *compiled) useSpans() {
	spans, bools, size := c.spans, c.bools, 0
	for _, s := range spans {
		size += int(s.size)
	}
	c.append = func(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) { return appendSpans(dst, spans, p), nil }
	c.decode = func(src []byte, p unsafe.Pointer, _ int) ([]byte, error) {
		if len(src) < size {
			return nil, errShort
		}
		return copySpans(spans, src, p), checkBools(bools, p)
	}
}

func (x *compiler) fill(c *compiled, t reflect.Type, path string) error {
	if m := marshalerOf(t); m != nil {
		c.node.form, c.node.name = formCustom, m.name
		c.append, c.decode = m.append, m.decode
		return nil
	}
	if t == timeType {
		*c.node = basicNodes["time"]
		c.append, c.decode = appendTime, decodeTime
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		c.node.form, c.append, c.decode = formString, appendString, decodeString
		return nil
	case reflect.Slice:
		return x.list(c, t, path)
	case reflect.Array:
		return x.array(c, t, path)
	case reflect.Map:
		return x.mapping(c, t, path)
	case reflect.Pointer:
		return x.pointer(c, t, path)
	case reflect.Struct:
		return x.structure(c, t, path)
	}
	return c.number(t, path)
}

var numberForms = map[reflect.Kind]form{
	reflect.Bool: formBool, reflect.Int: formInt, reflect.Int8: formInt, reflect.Int16: formInt, reflect.Int32: formInt, reflect.Int64: formInt,
	reflect.Uint: formUint, reflect.Uint8: formUint, reflect.Uint16: formUint, reflect.Uint32: formUint, reflect.Uint64: formUint,
	reflect.Float32: formFloat, reflect.Float64: formFloat, reflect.Complex64: formComplex, reflect.Complex128: formComplex,
}

func (c *compiled) number(t reflect.Type, path string) error {
	f, ok := numberForms[t.Kind()]
	if !ok {
		return fmt.Errorf("%w: %s is %v, which cannot be stored; leave it out with the tag `state:\"-\"`, or give the state a codec (state.WithCodec)", ErrUnsupported, path, t)
	}
	c.node.form, c.node.size = f, int(t.Size())
	c.flat, c.spans = true, []span{{0, t.Size()}}
	if f == formBool {
		c.bools = []uintptr{0}
	}
	return nil
}

func (x *compiler) structure(c *compiled, t reflect.Type, path string) error {
	c.node.form = formStruct
	var parts []part
	flat := true
	for f := range t.Fields() {
		if f.Name == "_" || f.Tag.Get("state") == "-" {
			continue
		}
		if !f.IsExported() {
			return fmt.Errorf("%w: %s.%s is unexported; export it, leave it out with the tag `state:\"-\"`, implement encoding.BinaryMarshaler and BinaryUnmarshaler on %v, or give the state a codec (state.WithCodec)",
				ErrUnsupported, path, f.Name, t)
		}
		fc, err := x.compile(f.Type, path+"."+f.Name)
		if err != nil {
			return err
		}
		if err := c.node.addField(wireName(f), fc.node, path); err != nil {
			return err
		}
		parts = append(parts, part{f.Offset, fc})
		flat = flat && fc.flat
	}
	c.flat = flat
	for _, p := range parts {
		c.spans, c.bools = p.place(c.spans, c.bools)
	}
	if !flat {
		c.append, c.decode = appendParts(parts), decodeParts(parts)
	}
	return nil
}

func (n *node) addField(name string, f *node, path string) error {
	if n.named(name) != nil {
		return fmt.Errorf("%w: %s has two fields named %q", ErrUnsupported, path, name)
	}
	for i := range len(name) {
		if !isWordByte(name[i]) {
			return fmt.Errorf("%w: %s: a field name %q in a state tag has other characters than letters, digits, '_', '-' and '.'", ErrUnsupported, path, name)
		}
	}
	n.fields = append(n.fields, field{name, f})
	return nil
}

// part is a field of a struct at its offset.
type part struct {
	off uintptr
	c   *compiled
}

// place adds the spans of a flat part to those of its struct; neighbours become one.
func (p part) place(spans []span, bools []uintptr) ([]span, []uintptr) {
	for _, s := range p.c.spans {
		s.off += p.off
		spans = joinSpan(spans, s)
	}
	for _, b := range p.c.bools {
		bools = append(bools, b+p.off)
	}
	return spans, bools
}

func joinSpan(spans []span, s span) []span {
	if n := len(spans); n > 0 && spans[n-1].off+spans[n-1].size == s.off {
		spans[n-1].size += s.size
		return spans
	}
	return append(spans, s)
}

func appendParts(parts []part) appendFunc {
	return func(dst []byte, p unsafe.Pointer, depth int) (_ []byte, err error) {
		for i := range parts {
			if dst, err = parts[i].c.append(dst, unsafe.Add(p, parts[i].off), depth); err != nil {
				return dst, err
			}
		}
		return dst, nil
	}
}

func decodeParts(parts []part) decodeFunc {
	return func(src []byte, p unsafe.Pointer, depth int) (_ []byte, err error) {
		for i := range parts {
			if src, err = parts[i].c.decode(src, unsafe.Add(p, parts[i].off), depth); err != nil {
				return nil, err
			}
		}
		return src, nil
	}
}

// maxFlatArray is the number of elements up to which an array is taken apart into spans.
const maxFlatArray = 64

func (x *compiler) array(c *compiled, t reflect.Type, path string) error {
	e, err := x.compile(t.Elem(), path+"[]")
	if err != nil {
		return err
	}
	c.node.form, c.node.size, c.node.elem = formArray, t.Len(), e.node
	n, size := t.Len(), t.Elem().Size()
	if e.whole(size) && len(e.bools) == 0 {
		c.flat, c.spans = true, []span{{0, t.Size()}}
		return nil
	}
	if e.flat && n <= maxFlatArray {
		c.flat = true
		for i := range n {
			c.spans, c.bools = part{uintptr(i) * size, e}.place(c.spans, c.bools)
		}
		return nil
	}
	c.append = func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		return appendElems(dst, e, p, n, size, depth)
	}
	c.decode = func(src []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		return decodeElems(src, e.decode, p, n, size, depth)
	}
	return nil
}

func appendElems(dst []byte, e *compiled, p unsafe.Pointer, n int, size uintptr, depth int) (_ []byte, err error) {
	for i := range n {
		if dst, err = e.append(dst, unsafe.Add(p, uintptr(i)*size), depth); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func decodeElems(src []byte, decode decodeFunc, p unsafe.Pointer, n int, size uintptr, depth int) (_ []byte, err error) {
	for i := range n {
		if src, err = decode(src, unsafe.Add(p, uintptr(i)*size), depth); err != nil {
			return nil, err
		}
	}
	return src, nil
}

// sliceHeader is how Go lays out a slice; reflect.SliceHeader without its rules about pointers.
type sliceHeader struct {
	data     unsafe.Pointer
	len, cap int
}

func (x *compiler) list(c *compiled, t reflect.Type, path string) error {
	if t.Elem().Kind() == reflect.Uint8 {
		c.node.form, c.append, c.decode = formBytes, appendBytes, decodeBytes
		return nil
	}
	e, err := x.compile(t.Elem(), path+"[]")
	if err != nil {
		return err
	}
	c.node.form, c.node.elem = formList, e.node
	size := t.Elem().Size()
	if size > 0 && e.whole(size) {
		c.append, c.decode = wholeListAppender(size), wholeListDecoder(t, e.bools)
		return nil
	}
	c.append = func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		s := (*sliceHeader)(p)
		if depth >= maxDepth {
			return dst, errDepth
		}
		if s.len > maxEmpty && e.node.least() == 0 {
			return dst, errEmpty
		}
		return appendElems(appendLen(dst, s.len, s.data == nil), e, s.data, s.len, size, depth+1)
	}
	c.decode = listDecoder(t, e.decode, e.node)
	return nil
}

func wholeListAppender(size uintptr) appendFunc {
	return func(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
		s := (*sliceHeader)(p)
		dst = appendLen(dst, s.len, s.data == nil)
		if s.len == 0 {
			return dst, nil
		}
		return append(dst, unsafe.Slice((*byte)(s.data), uintptr(s.len)*size)...), nil
	}
}

// listDecoder reads a list of elements that are written as elem says into a slice of type t.
func listDecoder(t reflect.Type, decode decodeFunc, elem *node) decodeFunc {
	size, least := t.Elem().Size(), elem.least()
	return func(src []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		n, src, err := cutCount(src, least)
		if err != nil || n < 0 {
			return src, err
		}
		if depth >= maxDepth {
			return nil, errDepth
		}
		s := reflect.MakeSlice(t, n, n)
		reflect.NewAt(t, p).Elem().Set(s)
		return decodeElems(src, decode, s.UnsafePointer(), n, size, depth+1)
	}
}

// wholeListDecoder is listDecoder for elements that are copied as they are.
func wholeListDecoder(t reflect.Type, bools []uintptr) decodeFunc {
	size := t.Elem().Size()
	return func(src []byte, p unsafe.Pointer, _ int) ([]byte, error) {
		n, src, err := cutCount(src, int(size))
		if err != nil || n < 0 {
			return src, err
		}
		s := reflect.MakeSlice(t, n, n)
		data := s.UnsafePointer()
		reflect.NewAt(t, p).Elem().Set(s)
		copy(unsafe.Slice((*byte)(data), uintptr(n)*size), src)
		for i := 0; i < n && err == nil && len(bools) > 0; i++ {
			err = checkBools(bools, unsafe.Add(data, uintptr(i)*size))
		}
		return src[uintptr(n)*size:], err
	}
}
