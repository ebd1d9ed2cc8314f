package file

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// column is a field of a struct as a column of CSV.
type column struct {
	name   string
	tagged bool // the column must be there
	index  []int
	set    func(v reflect.Value, text []byte) error
	text   func(dst []byte, v reflect.Value) ([]byte, error)
}

// called reports whether a header's name means this column.
func (c column) called(name string) bool {
	return c.name == name || !c.tagged && strings.EqualFold(c.name, name)
}

// bind returns the columns of a struct type.
func bind[T any]() ([]column, error) {
	typ := reflect.TypeFor[T]()
	if typ.Kind() != reflect.Struct {
		return nil, fmt.Errorf("file: CSV: %s is not a struct; give its columns fields, or use Records or Headed", typ)
	}
	var columns []column
	var faults []error
	for _, f := range reflect.VisibleFields(typ) {
		name, tagged := f.Tag.Lookup("csv")
		if !f.IsExported() || f.Anonymous && !tagged || name == "-" {
			continue
		}
		if name == "" {
			name, tagged = f.Name, false
		}
		c := column{name: name, tagged: tagged, index: f.Index}
		if throughPointer(typ, f.Index) {
			faults = append(faults, fmt.Errorf("file: CSV: field %s of %s is in an embedded pointer, which may be nil; embed the struct itself", f.Name, typ))
		}
		if !c.bind(f.Type) {
			faults = append(faults, fmt.Errorf("file: CSV: field %s of %s has the type %s, which no column can hold; give it a MarshalText and UnmarshalText, or the tag csv:\"-\"", f.Name, typ, f.Type))
		}
		columns = append(columns, c)
	}
	if len(columns) == 0 {
		faults = append(faults, fmt.Errorf("file: CSV: %s has no exported field", typ))
	}
	return columns, errors.Join(faults...)
}

// throughPointer reports whether an embedded pointer is on the way to a field.
func throughPointer(typ reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		if typ = typ.Field(i).Type; typ.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

// structOf returns the struct behind a pointer.
func structOf[T any](v *T) reflect.Value { return reflect.ValueOf(v).Elem() }

var (
	unmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	marshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	byteSlice   = reflect.TypeFor[[]byte]()
)

// bind finds how values of a type are read and written, and reports whether they can be.
func (c *column) bind(typ reflect.Type) bool {
	switch {
	case reflect.PointerTo(typ).Implements(unmarshaler) && reflect.PointerTo(typ).Implements(marshaler):
		c.set, c.text = setText, appendText
	case typ.Kind() == reflect.Pointer:
		inner := column{}
		if typ.Elem().Kind() == reflect.Pointer || !inner.bind(typ.Elem()) {
			return false
		}
		c.set, c.text = inner.setPointer, inner.appendPointer
	case typ == byteSlice:
		c.set, c.text = setBytes, appendBytes
	default:
		return c.bindKind(typ.Kind())
	}
	return true
}

func (c *column) bindKind(k reflect.Kind) bool {
	switch k {
	case reflect.String:
		c.set, c.text = setString, appendString
	case reflect.Bool:
		c.set, c.text = setBool, appendBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		c.set, c.text = setInt, appendInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		c.set, c.text = setUint, appendUint
	case reflect.Float32, reflect.Float64:
		c.set, c.text = setFloat, appendFloat
	default:
		return false
	}
	return true
}

func setText(v reflect.Value, text []byte) error {
	return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text)
}

func appendText(dst []byte, v reflect.Value) ([]byte, error) {
	if t, ok := v.Addr().Interface().(*time.Time); ok { // the common one, without an allocation
		return t.AppendFormat(dst, time.RFC3339Nano), nil
	}
	text, err := v.Addr().Interface().(encoding.TextMarshaler).MarshalText()
	return append(dst, text...), err
}

func (c column) setPointer(v reflect.Value, text []byte) error {
	if len(text) == 0 {
		return nil // it is nil already: values come zeroed
	}
	v.Set(reflect.New(v.Type().Elem()))
	return c.set(v.Elem(), text)
}

func (c column) appendPointer(dst []byte, v reflect.Value) ([]byte, error) {
	if v.IsNil() {
		return dst, nil
	}
	return c.text(dst, v.Elem())
}

func setBytes(v reflect.Value, text []byte) error {
	v.SetBytes(append(make([]byte, 0, len(text)), text...))
	return nil
}

func appendBytes(dst []byte, v reflect.Value) ([]byte, error) { return append(dst, v.Bytes()...), nil }

func setString(v reflect.Value, text []byte) error {
	v.SetString(string(text))
	return nil
}

func appendString(dst []byte, v reflect.Value) ([]byte, error) {
	return append(dst, v.String()...), nil
}

func setBool(v reflect.Value, text []byte) error {
	b, err := strconv.ParseBool(string(text))
	v.SetBool(b)
	return err
}

func appendBool(dst []byte, v reflect.Value) ([]byte, error) {
	return strconv.AppendBool(dst, v.Bool()), nil
}

func setInt(v reflect.Value, text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, v.Type().Bits())
	v.SetInt(n)
	return err
}

func appendInt(dst []byte, v reflect.Value) ([]byte, error) {
	return strconv.AppendInt(dst, v.Int(), 10), nil
}

func setUint(v reflect.Value, text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, v.Type().Bits())
	v.SetUint(n)
	return err
}

func appendUint(dst []byte, v reflect.Value) ([]byte, error) {
	return strconv.AppendUint(dst, v.Uint(), 10), nil
}

func setFloat(v reflect.Value, text []byte) error {
	f, err := strconv.ParseFloat(string(text), v.Type().Bits())
	v.SetFloat(f)
	return err
}

func appendFloat(dst []byte, v reflect.Value) ([]byte, error) {
	return strconv.AppendFloat(dst, v.Float(), 'g', -1, v.Type().Bits()), nil
}
