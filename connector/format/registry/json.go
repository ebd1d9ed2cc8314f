package registry

import (
	"encoding/json/v2"

	"github.com/turgo-io/turgo/connector/format"
)

// JSON is the Schema of JSON payloads under a JSON Schema. Payloads are not checked against it, only read into T.
func JSON[T any](schema string, options ...json.Options) Schema[T] {
	return jsonSchema[T]{format.JSON[T](options...), schema}
}

type jsonSchema[T any] struct {
	format.Codec[T]
	text string
}

// Schema returns the JSON Schema.
func (s jsonSchema[T]) Schema() (text, kind string) { return s.text, "JSON" }

// Reader reads payloads of any schema: JSON names its fields.
func (s jsonSchema[T]) Reader(string) (format.Decoder[T], error) { return s.Codec, nil }
