package format

import (
	"bytes"
	"encoding/json/v2"
	"sync"
)

// JSON returns the codec of encoding/json/v2: one JSON value a record, names matched exactly, duplicate
// names and invalid UTF-8 refused, unknown members ignored unless an option says otherwise. A null
// payload (not the JSON literal null) is a tombstone: ErrSkip.
func JSON[T any](options ...json.Options) Codec[T] {
	return &jsonCodec[T]{options: json.JoinOptions(options...), buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }}}
}

type jsonCodec[T any] struct {
	options json.Options
	buffers sync.Pool // of *bytes.Buffer without memory of their own: only the header is reused
}

func (c *jsonCodec[T]) Decode(data []byte, v *T) error {
	if data == nil {
		return ErrSkip
	}
	return json.Unmarshal(data, v, c.options)
}

func (c *jsonCodec[T]) Encode(dst []byte, v *T) ([]byte, error) {
	b := c.buffers.Get().(*bytes.Buffer)
	defer func() {
		*b = bytes.Buffer{}
		c.buffers.Put(b)
	}()
	*b = *bytes.NewBuffer(dst)
	if err := json.MarshalWrite(b, v, c.options); err != nil {
		return dst, err
	}
	return b.Bytes(), nil
}
