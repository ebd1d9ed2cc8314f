package format

// Decoder fills *v, which comes zeroed, from a payload. data is valid during the call only. An error
// is that of one record: what becomes of it is the connector's BadRecords policy.
type Decoder[T any] interface {
	Decode(data []byte, v *T) error
}

// MetaDecoder is a Decoder that is told where the payload came from. A connector that knows calls
// DecodeMeta instead of Decode. m and all that it points to are valid during the call only.
type MetaDecoder[T any] interface {
	Decoder[T]
	DecodeMeta(m *Meta, data []byte, v *T) error
}

// Encoder appends the payload of *v to dst and returns the extended slice, as append does.
type Encoder[T any] interface {
	Encode(dst []byte, v *T) ([]byte, error)
}

// Codec is both ways.
type Codec[T any] interface {
	Decoder[T]
	Encoder[T]
}

// Meta is what a connector knows of a payload besides its bytes.
type Meta struct {
	Topic     string // topic, file or table
	Partition int32  // -1 if the source has none
	Offset    int64  // offset, line or row, -1 if unknown
	Time      int64  // timestamp of the source in Unix nanoseconds, operator.NoTime if none
	Key       []byte // nil if the record has none
	Headers   []Header
}

// Header is one header of a record. A key may occur more than once.
type Header struct{ Key, Value []byte }

// Header returns the last value under key, as later headers overrule earlier ones.
func (m *Meta) Header(key string) ([]byte, bool) {
	for i := len(m.Headers) - 1; i >= 0; i-- {
		if string(m.Headers[i].Key) == key {
			return m.Headers[i].Value, true
		}
	}
	return nil, false
}

// DecodeFunc is a Decoder.
type DecodeFunc[T any] func(data []byte, v *T) error

// Decode calls f.
func (f DecodeFunc[T]) Decode(data []byte, v *T) error { return f(data, v) }

// MetaFunc is a MetaDecoder.
type MetaFunc[T any] func(m *Meta, data []byte, v *T) error

// Decode calls f with nothing known of the payload.
func (f MetaFunc[T]) Decode(data []byte, v *T) error {
	return f(&Meta{Partition: -1, Offset: -1, Time: noTime}, data, v)
}

// DecodeMeta calls f.
func (f MetaFunc[T]) DecodeMeta(m *Meta, data []byte, v *T) error { return f(m, data, v) }

// EncodeFunc is an Encoder.
type EncodeFunc[T any] func(dst []byte, v *T) ([]byte, error)

// Encode calls f.
func (f EncodeFunc[T]) Encode(dst []byte, v *T) ([]byte, error) { return f(dst, v) }

// Func makes a codec of two hand-written functions: the fastest way to read and write a type.
func Func[T any](decode func(data []byte, v *T) error, encode func(dst []byte, v *T) ([]byte, error)) Codec[T] {
	return funcs[T]{decode, encode}
}

type funcs[T any] struct {
	DecodeFunc[T]
	EncodeFunc[T]
}

// BadRecords says what becomes of a record that cannot be decoded.
type BadRecords uint8

const (
	// Fail ends the job's attempt with an error that says where the record is.
	Fail BadRecords = iota
	// Skip counts the record as "bad" and goes on.
	Skip
	// DeadLetter counts it, hands it with its position and error to the side output
	// operator.DeadLetters, and goes on.
	DeadLetter
)

// Valid reports whether b is one of the policies.
func (b BadRecords) Valid() bool { return b <= DeadLetter }

// Check returns the fault of a codec, if it knows one before any record is seen: connectors call it in
// their Validate. A codec that can be wrong has a method Validate() error.
func Check(codec any) error {
	if v, ok := codec.(interface{ Validate() error }); ok {
		return v.Validate()
	}
	return nil
}
