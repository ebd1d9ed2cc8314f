package format

import "math"

// noTime is operator.NoTime, which a package below operator's users need not import for one number.
const noTime = int64(math.MinInt64)

// Input is a decoder made ready for a connector's loop: it zeroes the value, asks for metadata only if
// the decoder wants it, and lets no panic through. One goroutine uses an Input at a time.
type Input[T any] struct {
	plain Decoder[T]
	meta  MetaDecoder[T]
}

// NewInput wraps d.
func NewInput[T any](d Decoder[T]) Input[T] {
	in := Input[T]{plain: d}
	in.meta, _ = d.(MetaDecoder[T])
	return in
}

// WantsMeta reports whether Decode needs a Meta; without it nil will do.
func (in *Input[T]) WantsMeta() bool { return in.meta != nil }

// Decode fills *v from data.
func (in *Input[T]) Decode(m *Meta, data []byte, v *T) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = panicked("the decoder", cause)
		}
	}()
	var zero T
	*v = zero
	if in.meta != nil {
		return in.meta.DecodeMeta(m, data, v)
	}
	return in.plain.Decode(data, v)
}

// Output is an encoder made ready for a connector's loop: it lets no panic through.
type Output[T any] struct{ plain Encoder[T] }

// NewOutput wraps e.
func NewOutput[T any](e Encoder[T]) Output[T] { return Output[T]{e} }

// Encode appends the payload of *v to dst. After an error the result is dst as it was.
func (out *Output[T]) Encode(dst []byte, v *T) (_ []byte, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = panicked("the encoder", cause)
		}
	}()
	grown, err := out.plain.Encode(dst, v)
	if err != nil {
		return dst, err
	}
	return grown, nil
}
