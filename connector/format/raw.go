package format

// Raw returns the codec of plain bytes. Decode copies them, so that a value never pins the fetch buffer
// it came in; a null payload is nil both ways.
func Raw() Codec[[]byte] { return raw{} }

type raw struct{}

func (raw) Decode(data []byte, v *[]byte) error {
	if data != nil {
		*v = append(make([]byte, 0, len(data)), data...)
	}
	return nil
}

func (raw) Encode(dst []byte, v *[]byte) ([]byte, error) {
	if *v == nil {
		return dst, ErrNull
	}
	return append(dst, *v...), nil
}

// String returns the codec of text as it is, with no check of its encoding. A null payload is ErrSkip.
func String() Codec[string] { return text{} }

type text struct{}

func (text) Decode(data []byte, v *string) error {
	if data == nil {
		return ErrSkip
	}
	*v = string(data)
	return nil
}

func (text) Encode(dst []byte, v *string) ([]byte, error) { return append(dst, *v...), nil }
