package file

import (
	"bytes"
	"encoding/json/v2"
	"errors"
	"fmt"

	"github.com/turgo-io/turgo/connector/format"
)

// Format says how records are cut out of a file, and what their bytes mean. Lines, JSON, Records, CSV and Headed
// make one. It serves sources and sinks.
type Format[T any] struct {
	suffix string // of the files that a sink writes
	quoted bool   // a quoted record may hold line breaks
	blanks bool   // empty lines are records
	codec  func() codec[T]
	err    error // found when it was made
}

// codec is the state of a Format in one file.
type codec[T any] struct {
	// header reads the first record of a file; nil if files have none. The codec decodes nothing before it.
	header func(first []byte) error
	// title appends the record that a written file begins with; nil for none.
	title func(dst []byte) []byte
	in    format.Input[T]
	out   format.Output[T]
	can   direction
}

type direction uint8

const (
	reads direction = 1 << iota
	writes
)

// Lines returns the format of plain text: a record is a line, without its end.
func Lines() Format[string] {
	f := Records(format.String())
	f.suffix, f.blanks = ".txt", true
	return f
}

// JSON returns the format of one JSON value a line, read and written by encoding/json/v2. Empty lines are skipped.
func JSON[T any](options ...json.Options) Format[T] {
	f := Records(format.JSON[T](options...))
	f.suffix = ".jsonl"
	return f
}

// Records returns the format of one record a line, read and written by a codec. Empty lines are skipped. A sink
// refuses a record whose bytes hold a line break.
func Records[T any](c format.Codec[T]) Format[T] {
	f := Format[T]{suffix: ".txt"}
	if c == nil {
		f.err = errors.New("file: Records: the codec is nil")
		return f
	}
	f.err = format.Check(c)
	f.codec = func() codec[T] {
		return codec[T]{in: format.NewInput[T](c), out: format.NewOutput[T](oneLine[T]{c}), can: reads | writes}
	}
	return f
}

// oneLine refuses records that would be read as several.
type oneLine[T any] struct{ encoder format.Encoder[T] }

// Encode appends a record without line breaks.
func (e oneLine[T]) Encode(dst []byte, v *T) ([]byte, error) {
	out, err := e.encoder.Encode(dst, v)
	if err != nil {
		return dst, err
	}
	if bytes.IndexByte(out[len(dst):], '\n') >= 0 {
		return dst, fmt.Errorf("%w: it holds a line break, which ends a record", ErrRecord)
	}
	return out, nil
}

// Headed returns a format for reading lines whose meaning the first line of their file tells: open is called with
// it and returns the decoder of the others. Empty lines are skipped.
func Headed[T any](open func(first []byte) (format.Decoder[T], error)) Format[T] {
	f := Format[T]{}
	if open == nil {
		f.err = errors.New("file: Headed: the function is nil")
	}
	f.codec = func() codec[T] {
		var d format.Decoder[T]
		c := codec[T]{can: reads, in: format.NewInput[T](format.MetaFunc[T](func(_ *format.Meta, data []byte, v *T) error {
			return d.Decode(data, v)
		}))}
		c.header = func(first []byte) (err error) {
			d, err = open(first)
			return err
		}
		return c
	}
	return f
}

// check reports why a format cannot be used in this direction.
func (f Format[T]) check(d direction) error {
	switch {
	case f.err != nil:
		return f.err
	case f.codec == nil:
		return errors.New("file: Format is not set; use Lines, JSON, Records, CSV or Headed")
	case f.codec().can&d == 0:
		return errors.New("file: a Headed format can only be read")
	}
	return nil
}

// frame cuts the first record off data. n is its length in data, with its end; 0 says that the record is not
// whole. text is the record without its end.
func frame(data []byte, quoted, last bool) (text []byte, n int) {
	quotes := 0
	for at := 0; at < len(data); {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			break
		}
		if quoted {
			quotes += bytes.Count(data[at:at+i], quote)
		}
		at += i + 1
		if quotes%2 == 0 {
			return bytes.TrimSuffix(data[:at-1], carriageReturn), at
		}
	}
	if !last || len(data) == 0 {
		return nil, 0
	}
	if quoted && bytes.Count(data, quote)%2 != 0 {
		// The quote that nobody closes belongs to the first line: those behind it may be good.
		return frame(data, false, true)
	}
	return bytes.TrimSuffix(data, carriageReturn), len(data)
}

var (
	quote          = []byte{'"'}
	carriageReturn = []byte{'\r'}
)
