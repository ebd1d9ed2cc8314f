package file

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/turgo-io/turgo/connector/format"
)

// CSVOptions change how CSV is read and written. The zero value is RFC 4180.
type CSVOptions struct {
	// Comma separates fields; 0 is ','.
	Comma byte
	// Header names the columns of files that have no header row; written files have none then.
	Header []string
}

// CSV returns the format of comma-separated values: a struct per row, a field per column. The first row of a file
// names the columns. A field has the column of its tag,
//
//	Amount float64 `csv:"amount"`
//
// or without one the column of its name, in any case; "-" leaves it out. Columns of tagged fields must be there; other
// fields may lack theirs, and columns that no field asks for are skipped. Fields are strings, numbers, booleans, []byte,
// time.Time (RFC 3339), what implements encoding.TextUnmarshaler, and pointers to all of these: an empty field
// is nil. An empty number is an error. Quoted fields may hold commas, quotes and line breaks.
func CSV[T any](options ...CSVOptions) Format[T] {
	var o CSVOptions
	if len(options) > 0 {
		o = options[0]
	}
	if o.Comma == 0 {
		o.Comma = ','
	}
	f := Format[T]{suffix: ".csv", quoted: true}
	columns, err := bind[T]()
	if err != nil {
		f.err = err
		return f
	}
	if o.Comma == '"' || o.Comma == '\n' || o.Comma == '\r' {
		f.err = errors.New("file: CSV: the comma cannot be a quote or a line break")
	}
	f.codec = func() codec[T] {
		t := &table[T]{comma: o.Comma, columns: columns}
		c := codec[T]{in: format.NewInput[T](t), out: format.NewOutput[T](t), can: reads | writes}
		if o.Header == nil {
			c.header, c.title = t.readHeader, t.title
			return c
		}
		if err := t.place(o.Header); err != nil {
			c.in = format.NewInput[T](format.DecodeFunc[T](func([]byte, *T) error { return err }))
		}
		return c
	}
	if o.Header != nil && f.err == nil {
		f.err = (&table[T]{columns: columns}).place(o.Header)
	}
	return f
}

// table reads and writes the rows of one file.
type table[T any] struct {
	comma   byte
	columns []column
	width   int   // fields of a row, as the header has them
	source  []int // for each field of a row its place in columns, -1 if it is skipped
	fields  [][]byte
	scratch []byte
}

// readHeader learns from the first row where the columns are.
func (t *table[T]) readHeader(first []byte) error {
	if err := t.split(first); err != nil {
		return err
	}
	names := make([]string, len(t.fields))
	for i, f := range t.fields {
		names[i] = string(bytes.TrimSpace(f))
	}
	return t.place(names)
}

func (t *table[T]) place(names []string) error {
	t.width, t.source = len(names), make([]int, len(names))
	found := make([]bool, len(t.columns))
	for i, name := range names {
		t.source[i] = slices.IndexFunc(t.columns, func(c column) bool { return c.called(name) })
		if at := t.source[i]; at >= 0 {
			if found[at] {
				return fmt.Errorf("%w: two columns are called %q", ErrHeader, name)
			}
			found[at] = true
		}
	}
	for i, c := range t.columns {
		if c.tagged && !found[i] {
			return fmt.Errorf("%w: there is no column %q; it has %s", ErrHeader, c.name, strings.Join(names, ", "))
		}
	}
	return nil
}

// Decode fills the struct from a row.
func (t *table[T]) Decode(row []byte, v *T) error {
	if err := t.split(row); err != nil {
		return err
	}
	if len(t.fields) != t.width {
		return fmt.Errorf("%w: %d fields, the header has %d", ErrRecord, len(t.fields), t.width)
	}
	s := structOf(v)
	for i, field := range t.fields {
		if at := t.source[i]; at >= 0 {
			c := &t.columns[at]
			if err := c.set(s.FieldByIndex(c.index), field); err != nil {
				return fmt.Errorf("%w: column %s: %w", ErrRecord, c.name, err)
			}
		}
	}
	return nil
}

// split cuts a row into fields, which are valid until the next call.
func (t *table[T]) split(row []byte) error {
	t.fields, t.scratch = t.fields[:0], t.scratch[:0]
	for {
		field, rest, more, err := t.field(row)
		if err != nil {
			return err
		}
		t.fields = append(t.fields, field)
		if !more {
			return nil
		}
		row = rest
	}
}

func (t *table[T]) field(row []byte) (field, rest []byte, more bool, err error) {
	if len(row) > 0 && row[0] == '"' {
		return t.quotedField(row[1:])
	}
	i := bytes.IndexByte(row, t.comma)
	if i < 0 {
		field = row
	} else {
		field, rest, more = row[:i], row[i+1:], true
	}
	if bytes.IndexByte(field, '"') >= 0 {
		return nil, nil, false, fmt.Errorf("%w: a quote inside a field that is not quoted", ErrRecord)
	}
	return field, rest, more, nil
}

// quotedField reads what follows an opening quote.
func (t *table[T]) quotedField(row []byte) (field, rest []byte, more bool, err error) {
	start := len(t.scratch)
	for {
		i := bytes.IndexByte(row, '"')
		if i < 0 {
			return nil, nil, false, fmt.Errorf("%w: a quoted field does not end", ErrRecord)
		}
		after := row[i+1:]
		switch {
		case len(after) > 0 && after[0] == '"': // two quotes are one
			t.scratch = append(t.scratch, row[:i+1]...)
			row = after[1:]
			continue
		case len(after) > 0 && after[0] != t.comma:
			return nil, nil, false, fmt.Errorf("%w: text behind a quoted field", ErrRecord)
		}
		t.scratch = append(t.scratch, row[:i]...)
		// A later field may move scratch: what is kept here is the old memory, whose bytes stay.
		field = t.scratch[start:len(t.scratch):len(t.scratch)]
		if len(after) == 0 {
			return field, nil, false, nil
		}
		return field, after[1:], true, nil
	}
}

// title appends the header row.
func (t *table[T]) title(dst []byte) []byte {
	for i, c := range t.columns {
		if i > 0 {
			dst = append(dst, t.comma)
		}
		dst = t.appendField(dst, []byte(c.name))
	}
	return dst
}

// Encode appends a row.
func (t *table[T]) Encode(dst []byte, v *T) ([]byte, error) {
	s := structOf(v)
	begin := len(dst)
	for i := range t.columns {
		c := &t.columns[i]
		if i > 0 {
			dst = append(dst, t.comma)
		}
		text, err := c.text(t.scratch[:0], s.FieldByIndex(c.index))
		if err != nil {
			return dst[:begin], fmt.Errorf("%w: column %s: %w", ErrRecord, c.name, err)
		}
		t.scratch = text
		dst = t.appendField(dst, text)
	}
	if len(dst) == begin { // one empty field: a reader would take it for an empty line
		dst = append(dst, `""`...)
	}
	return dst, nil
}

// appendField appends a field, in quotes if it needs them.
func (t *table[T]) appendField(dst, text []byte) []byte {
	if bytes.IndexByte(text, t.comma) < 0 && !bytes.ContainsAny(text, "\"\r\n") {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	for _, c := range text {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
