package state

import (
	"encoding"
	"encoding/binary"
	"fmt"
	"reflect"
	"unsafe"
)

// marshaler writes a struct by its own methods: a length, then what the method returned.
type marshaler struct {
	name   string // in the schema
	append appendFunc
	decode decodeFunc
}

// marshalerOf returns how a struct that says itself how it is written is written, or nil. Other kinds of types are
// taken by structure, which loses nothing. A method that comes from an embedded field would lose the other fields,
// so it does not count.
func marshalerOf(t reflect.Type) *marshaler {
	if t.Kind() != reflect.Struct || t == timeType {
		return nil
	}
	p := reflect.PointerTo(t)
	switch {
	case implements[encoding.BinaryMarshaler](p) && implements[encoding.BinaryUnmarshaler](p) && !embeds[encoding.BinaryMarshaler](t):
		return &marshaler{customName("binary", t), appendMarshaled(t, marshalBinary), decodeMarshaled(t, unmarshalBinary)}
	case implements[encoding.TextMarshaler](p) && implements[encoding.TextUnmarshaler](p) && !embeds[encoding.TextMarshaler](t) && hidesFields(t):
		return &marshaler{customName("text", t), appendMarshaled(t, marshalText), decodeMarshaled(t, unmarshalText)}
	}
	return nil
}

func customName(how string, t reflect.Type) string {
	return fmt.Sprintf("%s %s.%s", how, t.PkgPath(), t.Name())
}

func implements[I any](t reflect.Type) bool { return t.Implements(reflect.TypeFor[I]()) }

func embeds[I any](t reflect.Type) bool {
	for f := range t.Fields() {
		if f.Anonymous && (implements[I](f.Type) || f.Type.Kind() != reflect.Interface && implements[I](reflect.PointerTo(f.Type))) {
			return true
		}
	}
	return false
}

// hidesFields says whether a struct cannot be written by structure.
func hidesFields(t reflect.Type) bool {
	for f := range t.Fields() {
		if !f.IsExported() && f.Name != "_" && f.Tag.Get("state") != "-" {
			return true
		}
	}
	return false
}

func marshalBinary(v any) ([]byte, error) { return v.(encoding.BinaryMarshaler).MarshalBinary() }
func unmarshalBinary(v any, src []byte) error {
	return v.(encoding.BinaryUnmarshaler).UnmarshalBinary(src)
}
func marshalText(v any) ([]byte, error)     { return v.(encoding.TextMarshaler).MarshalText() }
func unmarshalText(v any, src []byte) error { return v.(encoding.TextUnmarshaler).UnmarshalText(src) }

func appendMarshaled(t reflect.Type, marshal func(any) ([]byte, error)) appendFunc {
	return func(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
		out, err := marshal(reflect.NewAt(t, p).Interface())
		if err != nil {
			return dst, fmt.Errorf("state: %v cannot be written: %w", t, err)
		}
		return append(binary.AppendUvarint(dst, uint64(len(out))+1), out...), nil
	}
}

// decodeMarshaled gives the method a copy: it may keep what it gets.
func decodeMarshaled(t reflect.Type, unmarshal func(any, []byte) error) decodeFunc {
	return func(src []byte, p unsafe.Pointer, _ int) ([]byte, error) {
		var own []byte
		src, err := decodeBytes(src, unsafe.Pointer(&own), 0)
		if err != nil {
			return nil, err
		}
		if err := unmarshal(reflect.NewAt(t, p).Interface(), own); err != nil {
			return nil, fmt.Errorf("%w: %v: %w", ErrCorrupt, t, err)
		}
		return src, nil
	}
}
