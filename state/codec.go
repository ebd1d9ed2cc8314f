package state

import (
	"fmt"
	"reflect"
	"unsafe"
)

// Codec turns values of one type into bytes and back. A codec is used by the task and by background jobs at the same
// time, so it keeps nothing between calls.
type Codec[T any] interface {
	// Schema says how Append writes. For a form of one's own: "custom(name)".
	Schema() Schema
	// Append appends the bytes of v to dst. It must not change or keep v.
	Append(dst []byte, v *T) ([]byte, error)
	// Decode reads all of src into v, which is the zero value. It must not keep src.
	Decode(src []byte, v *T) error
}

// SchemaReader is a Codec that can also read what was written under other schemas.
type SchemaReader[T any] interface {
	// ReaderOf returns a Decode for values written under the given schema, or says why there is none with an error
	// that wraps ErrIncompatible.
	ReaderOf(writer Schema) (func(src []byte, v *T) error, error)
}

// WithCodec makes a state of T use codec in place of the one derived from the type.
func WithCodec[T any](codec Codec[T]) Option {
	return func(s *settings) { s.codec = codec }
}

// derived is the codec compiled from a type.
type derived[T any] struct {
	schema Schema
	spans  []span // for a type of fixed size: what is copied, in order
	size   int    // bytes of all spans
	bools  []uintptr
	append appendFunc
	decode decodeFunc
}

// CodecFor derives a codec from T: bools, numbers, strings, slices, arrays, maps, pointers, time.Time, and structs
// of exported fields, nested and recursive. A field tag `state:"name"` gives a field the name it has in the schema,
// `state:"-"` leaves it out. A struct that implements encoding.BinaryMarshaler and BinaryUnmarshaler (or the pair
// for text) is written by these. Anything else is refused with ErrUnsupported, naming the field.
func CodecFor[T any]() (Codec[T], error) {
	t := reflect.TypeFor[T]()
	c, err := newCompiler().compile(t, t.String())
	if err != nil {
		return nil, err
	}
	d := &derived[T]{schema: Schema(c.node.String()), append: c.append, decode: c.decode}
	if c.flat {
		d.spans, d.bools = c.spans, c.bools
		for _, s := range c.spans {
			d.size += int(s.size)
		}
	}
	return d, nil
}

func (d *derived[T]) Schema() Schema { return d.schema }

func (d *derived[T]) Append(dst []byte, v *T) ([]byte, error) {
	p := unsafe.Pointer(v)
	if d.spans != nil {
		return appendSpans(dst, d.spans, p), nil
	}
	return d.append(dst, p, 0)
}

func (d *derived[T]) Decode(src []byte, v *T) error {
	p := unsafe.Pointer(v)
	if d.spans != nil {
		if len(src) != d.size {
			return errSize
		}
		copySpans(d.spans, src, p)
		return checkBools(d.bools, p)
	}
	return decodeAll(d.decode, src, p)
}

var (
	errSize     = fmt.Errorf("%w: a value does not have the size of its type", ErrCorrupt)
	errTrailing = fmt.Errorf("%w: bytes follow a value", ErrCorrupt)
)

func decodeAll(decode decodeFunc, src []byte, p unsafe.Pointer) error {
	rest, err := decode(src, p, 0)
	if err == nil && len(rest) > 0 {
		err = errTrailing
	}
	return err
}

// ReaderOf implements SchemaReader by matching fields by name.
func (d *derived[T]) ReaderOf(writer Schema) (func(src []byte, v *T) error, error) {
	if value, ok := writer.Expiring(); ok {
		decode, err := d.ReaderOf(value)
		return afterStamp(decode), err
	}
	if writer == d.schema {
		return d.Decode, nil
	}
	w, err := writer.parse()
	if err != nil {
		return nil, err
	}
	t := reflect.TypeFor[T]()
	decode, err := newResolver().resolve(w, t, t.String())
	if err != nil {
		return nil, err
	}
	return func(src []byte, v *T) error { return decodeAll(*decode, src, unsafe.Pointer(v)) }, nil
}

// span is a piece of memory that is copied as it is.
type span struct{ off, size uintptr }

func appendSpans(dst []byte, spans []span, p unsafe.Pointer) []byte {
	for _, s := range spans {
		dst = append(dst, unsafe.Slice((*byte)(unsafe.Add(p, s.off)), s.size)...)
	}
	return dst
}

// copySpans reads the spans from the front of src, which is long enough, and returns the rest.
func copySpans(spans []span, src []byte, p unsafe.Pointer) []byte {
	for _, s := range spans {
		copy(unsafe.Slice((*byte)(unsafe.Add(p, s.off)), s.size), src)
		src = src[s.size:]
	}
	return src
}

// checkBools refuses bools that are neither 0 nor 1, which Go code must never meet.
func checkBools(bools []uintptr, p unsafe.Pointer) error {
	for _, off := range bools {
		b := (*byte)(unsafe.Add(p, off))
		if *b > 1 {
			*b = 1
			return errBool
		}
	}
	return nil
}
