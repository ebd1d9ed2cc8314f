package format

import (
	"bytes"
	"encoding"
	"encoding/json/v2"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// CSV returns the codec of one row of comma-separated values a payload (RFC 4180, without a header). Each exported
// field of the struct T is a column, in the order of the fields, or in that of names: a field's name is its tag
// `csv:"name"`, else its own; "-" leaves it out; an empty name is a column that no field has. Fields are
// strings, []byte, what implements encoding.TextUnmarshaler (time.Time does), and what JSON writes as a
// number or a boolean; an empty column leaves those zero. A null payload is ErrSkip. A T that does not fit is
// reported by Validate. For files, whose first row names the columns, package file has a CSV of its own.
func CSV[T any](names ...string) Codec[T] {
	c := &csvCodec[T]{}
	c.columns, c.err = csvColumns(reflect.TypeFor[T](), names)
	return c
}

type csvCodec[T any] struct {
	columns []csvColumn
	err     error
}

// csvColumn is a column; one without a field has the index -1.
type csvColumn struct {
	name  string
	index int
	how   csvKind
}

type csvKind uint8

const (
	csvString csvKind = iota
	csvBytes
	csvText
	csvJSON
)

var errColumns = errors.New("format: csv")

func csvColumns(typ reflect.Type, names []string) ([]csvColumn, error) {
	if typ.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%w: %s is no struct, so it has no columns", errColumns, typ)
	}
	var all []csvColumn
	for i := range typ.NumField() {
		f := typ.Field(i)
		name := f.Tag.Get("csv")
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		how, ok := csvKindOf(f.Type)
		if !ok {
			return nil, fmt.Errorf("%w: field %s of %s: a %s fits into no column; tag it \"-\", or give it MarshalText and UnmarshalText", errColumns, f.Name, typ, f.Type)
		}
		all = append(all, csvColumn{name, i, how})
	}
	if len(names) == 0 {
		return all, nil
	}
	chosen := make([]csvColumn, len(names))
	for i, name := range names {
		at := slices.IndexFunc(all, func(c csvColumn) bool { return c.name == name })
		switch {
		case name == "":
			chosen[i].index = -1
		case at < 0:
			return nil, fmt.Errorf("%w: %s has no field for the column %q", errColumns, typ, name)
		default:
			chosen[i] = all[at]
		}
	}
	return chosen, nil
}

func csvKindOf(t reflect.Type) (csvKind, bool) {
	p := reflect.PointerTo(t)
	switch {
	case p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) && p.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return csvText, true
	case t.Kind() == reflect.String:
		return csvString, true
	case t == reflect.TypeFor[[]byte]():
		return csvBytes, true
	}
	k := t.Kind()
	return csvJSON, k == reflect.Bool || k >= reflect.Int && k <= reflect.Uint64 || k == reflect.Float32 || k == reflect.Float64
}

// Validate returns what is wrong with T or the names.
func (c *csvCodec[T]) Validate() error { return c.err }

// Decode fills the fields from a row; a line break at its end is allowed.
func (c *csvCodec[T]) Decode(data []byte, v *T) error {
	if c.err != nil {
		return c.err
	}
	if data == nil {
		return ErrSkip
	}
	rest := bytes.TrimRight(data, "\r\n")
	row := reflect.ValueOf(v).Elem()
	for i := range c.columns {
		field, after, more, err := csvField(rest)
		if err != nil {
			return err
		}
		if more != (i < len(c.columns)-1) {
			return fmt.Errorf("%w: the row has %d columns, not %d", errColumns, 1+bytes.Count(rest, []byte(","))+i, len(c.columns))
		}
		rest = after
		if err := c.columns[i].set(row, field); err != nil {
			return fmt.Errorf("%w: column %d (%s): %w", errColumns, i+1, c.columns[i].name, err)
		}
	}
	return nil
}

// csvField cuts the first field off; more says that another one follows.
func csvField(row []byte) (field, rest []byte, more bool, err error) {
	if len(row) == 0 || row[0] != '"' {
		field, rest, more = bytes.Cut(row, []byte(","))
		return field, rest, more, nil
	}
	for i := 1; ; i++ {
		at := bytes.IndexByte(row[i:], '"')
		if at < 0 {
			return nil, nil, false, fmt.Errorf("%w: a quote is not closed", errColumns)
		}
		if i += at; i+1 < len(row) && row[i+1] == '"' {
			i++ // two stand for one
			continue
		}
		field = bytes.ReplaceAll(row[1:i], []byte(`""`), []byte(`"`))
		switch rest = row[i+1:]; {
		case len(rest) == 0:
			return field, rest, false, nil
		case rest[0] == ',':
			return field, rest[1:], true, nil
		}
		return nil, nil, false, fmt.Errorf("%w: text behind a closing quote", errColumns)
	}
}

func (c *csvColumn) set(row reflect.Value, text []byte) error {
	if c.index < 0 {
		return nil
	}
	f := row.Field(c.index)
	switch {
	case c.how == csvString:
		f.SetString(string(text))
	case len(text) == 0:
	case c.how == csvBytes:
		f.SetBytes(bytes.Clone(text))
	case c.how == csvText:
		return f.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text)
	default:
		return json.Unmarshal(text, f.Addr().Interface())
	}
	return nil
}

// Encode appends the row, without a line break.
func (c *csvCodec[T]) Encode(dst []byte, v *T) ([]byte, error) {
	if c.err != nil {
		return dst, c.err
	}
	row := reflect.ValueOf(v).Elem()
	for i := range c.columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		if c.columns[i].index < 0 {
			continue
		}
		text, err := c.columns[i].text(row)
		if err != nil {
			return dst, fmt.Errorf("%w: column %d (%s): %w", errColumns, i+1, c.columns[i].name, err)
		}
		dst = appendQuoted(dst, text)
	}
	return dst, nil
}

func (c *csvColumn) text(row reflect.Value) ([]byte, error) {
	f := row.Field(c.index)
	switch c.how {
	case csvString:
		return []byte(f.String()), nil
	case csvBytes:
		return f.Bytes(), nil
	case csvText:
		return f.Addr().Interface().(encoding.TextMarshaler).MarshalText()
	}
	return json.Marshal(f.Addr().Interface())
}

// appendQuoted appends a field, in quotes if it needs them.
func appendQuoted(dst, text []byte) []byte {
	if !bytes.ContainsAny(text, ",\"\r\n") {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	dst = append(dst, bytes.ReplaceAll(text, []byte(`"`), []byte(`""`))...)
	return append(dst, '"')
}
