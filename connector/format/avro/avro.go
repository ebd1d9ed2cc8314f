package avro

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/hamba/avro/v2"

	"github.com/turgo-io/turgo/connector/format"
)

// maxBytes bounds strings and byte fields, which say how long they are before they come.
const maxBytes = 64 << 20

// ErrSchema says that a schema is none, or cannot be brought together with another one.
var ErrSchema = errors.New("avro: schema")

// Codec is the codec of T under one schema. Make it with Of.
type Codec[T any] struct {
	text    string
	schema  avro.Schema
	api     avro.API
	readers *sync.Pool // of *avro.Reader
	err     error
}

// Of returns the codec of T under a schema in JSON. Fields are found by the tag `avro:"name"`. A schema that is none is
// told by Validate, and by every call.
func Of[T any](schema string) *Codec[T] {
	api := avro.Config{MaxByteSliceSize: maxBytes, MaxSliceAllocSize: maxBytes}.Freeze()
	c := &Codec[T]{text: schema, api: api}
	// A cache of its own: two programs' parts may use one name for different schemas.
	if c.schema, c.err = avro.ParseWithCache(schema, "", &avro.SchemaCache{}); c.err != nil {
		c.err = fmt.Errorf("%w: %w", ErrSchema, c.err)
	}
	c.readers = &sync.Pool{New: func() any { return avro.NewReader(nil, 0, avro.WithReaderConfig(api)) }}
	return c
}

// Validate returns what is wrong with the schema.
func (c *Codec[T]) Validate() error { return c.err }

// Schema returns the schema and its kind, as a registry calls it.
func (c *Codec[T]) Schema() (text, kind string) { return c.text, "AVRO" }

// Decode reads a datum under the program's schema. A null payload is format.ErrSkip.
func (c *Codec[T]) Decode(data []byte, v *T) error {
	if c.err != nil {
		return c.err
	}
	return c.decode(c.schema, data, v)
}

func (c *Codec[T]) decode(schema avro.Schema, data []byte, v *T) error {
	if data == nil {
		return format.ErrSkip
	}
	r := c.readers.Get().(*avro.Reader)
	defer c.readers.Put(r)
	r.Reset(data)
	r.Error = nil
	r.ReadVal(schema, v)
	if r.Error != nil && !errors.Is(r.Error, io.EOF) {
		return fmt.Errorf("avro: %w", r.Error)
	}
	if r.Error != nil {
		return fmt.Errorf("avro: the payload ends within the datum: %w", io.ErrUnexpectedEOF)
	}
	if r.Peek(); r.Error == nil {
		return errors.New("avro: bytes behind the datum: it was written under another schema")
	}
	return nil
}

// Encode appends the datum of *v.
func (c *Codec[T]) Encode(dst []byte, v *T) ([]byte, error) {
	if c.err != nil {
		return dst, c.err
	}
	data, err := c.api.Marshal(c.schema, v)
	if err != nil {
		return dst, fmt.Errorf("avro: %w", err)
	}
	return append(dst, data...), nil
}

// Reader returns the decoder of data that was written under another schema, resolved as Avro's specification says.
func (c *Codec[T]) Reader(writer string) (format.Decoder[T], error) {
	if c.err != nil {
		return nil, c.err
	}
	written, err := avro.ParseWithCache(writer, "", &avro.SchemaCache{})
	if err != nil {
		return nil, fmt.Errorf("%w: of the writer: %w", ErrSchema, err)
	}
	both, err := avro.NewSchemaCompatibility().Resolve(c.schema, written)
	if err != nil {
		return nil, fmt.Errorf("%w: what was written cannot be read as %s: %w", ErrSchema, c.schema.Type(), err)
	}
	return format.DecodeFunc[T](func(data []byte, v *T) error { return c.decode(both, data, v) }), nil
}
