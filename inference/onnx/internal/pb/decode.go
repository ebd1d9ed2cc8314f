package pb

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

var (
	// ErrFormat says that the bytes are not an ONNX protobuf.
	ErrFormat = errors.New("pb: not a valid ONNX file")
	// ErrLimit says that the file is larger than the budget allows.
	ErrLimit = errors.New("pb: file exceeds the limits")
)

// Limits bounds what a file may cost. A zero field means its default.
type Limits struct {
	// Bytes is the longest accepted input; default 2 GiB, the format's own limit.
	Bytes int64
	// Depth is how deep messages may nest; default 100 (a graph inside a graph
	// takes three levels).
	Depth int
	// Nodes is the total of nodes over all graphs and functions; default 200,000.
	Nodes int
	// Elements is the total of list entries that are not raw tensor bytes; default 2^28.
	Elements int
}

// WithDefaults is l with every zero field replaced by its default.
func (l Limits) WithDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = math.MaxInt32
	}
	if l.Depth <= 0 {
		l.Depth = 100
	}
	if l.Nodes <= 0 {
		l.Nodes = 200_000
	}
	if l.Elements <= 0 {
		l.Elements = 1 << 28
	}
	return l
}

// decoder carries the budget that is left.
type decoder struct {
	depth    int
	nodes    int
	elements int
}

// newDecoder checks the length of the input and starts a budget.
func newDecoder(data []byte, l Limits) (*decoder, error) {
	l = l.WithDefaults()
	if int64(len(data)) > l.Bytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d allowed", ErrLimit, len(data), l.Bytes)
	}
	return &decoder{depth: l.Depth, nodes: l.Nodes, elements: l.Elements}, nil
}

// field is one decoded field: num carries varints and fixed-width numbers, buf
// the bytes of length-delimited ones.
type field struct {
	id   protowire.Number
	wire protowire.Type
	num  uint64
	buf  []byte
}

// str is the field's bytes as a string.
func (f field) str() string { return string(f.buf) }

// int is a varint as the signed number it stands for.
func (f field) int() int64 { return int64(f.num) }

// isBytes guards every nested message and string, so that a number in its place
// is an error and not an empty message.
func (f field) isBytes() bool { return f.wire == protowire.BytesType }

// message calls each for every field of b, in order, one level deeper.
func (d *decoder) message(b []byte, each func(field) error) error {
	if d.depth == 0 {
		return fmt.Errorf("%w: messages nest too deeply", ErrLimit)
	}
	d.depth--
	defer func() { d.depth++ }()
	for len(b) > 0 {
		f, n := nextField(b)
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrFormat, protowire.ParseError(n))
		}
		if err := d.spend(1); err != nil {
			return err
		}
		if err := each(f); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// nextField reads one field and says how many bytes it took, negative on error.
func nextField(b []byte) (field, int) {
	id, wire, tag := protowire.ConsumeTag(b)
	if tag < 0 {
		return field{}, tag
	}
	f := field{id: id, wire: wire}
	n := 0
	switch wire {
	case protowire.VarintType:
		f.num, n = protowire.ConsumeVarint(b[tag:])
	case protowire.Fixed32Type:
		var v uint32
		v, n = protowire.ConsumeFixed32(b[tag:])
		f.num = uint64(v)
	case protowire.Fixed64Type:
		f.num, n = protowire.ConsumeFixed64(b[tag:])
	case protowire.BytesType:
		f.buf, n = protowire.ConsumeBytes(b[tag:])
	default: // groups: skipped
		n = protowire.ConsumeFieldValue(id, wire, b[tag:])
	}
	if n < 0 {
		return field{}, n
	}
	return f, tag + n
}

// spend takes n entries off the element budget.
func (d *decoder) spend(n int) error {
	d.elements -= n
	if d.elements < 0 {
		return fmt.Errorf("%w: too many list entries", ErrLimit)
	}
	return nil
}

// sub decodes a nested message field with fill, refusing other wire types.
func sub[M any](d *decoder, f field, fill func(*decoder, []byte, *M) error) (*M, error) {
	m := new(M)
	if !f.isBytes() {
		return nil, fmt.Errorf("%w: field %d is not a message", ErrFormat, f.id)
	}
	return m, fill(d, f.buf, m)
}

// into decodes a nested message and stores it at dst.
func into[M any](d *decoder, f field, dst **M, fill func(*decoder, []byte, *M) error) error {
	m, err := sub(d, f, fill)
	*dst = m
	return err
}

// appendTo decodes a nested message and appends it to list.
func appendTo[M any](d *decoder, f field, list *[]*M, fill func(*decoder, []byte, *M) error) error {
	m, err := sub(d, f, fill)
	*list = append(*list, m)
	return err
}

// number is a kind of list entry that is stored as a varint or in fixed width.
type number interface {
	int32 | int64 | uint64 | float32 | float64
}

// list appends the numbers of one field, packed or not.
func list[T number](d *decoder, f field, dst *[]T) error {
	if f.wire != protowire.BytesType {
		*dst = append(*dst, fromBits[T](f.num))
		return nil
	}
	var zero T
	switch any(zero).(type) {
	case float32:
		return fixed(d, f.buf, 4, dst)
	case float64:
		return fixed(d, f.buf, 8, dst)
	}
	return varints(d, f.buf, dst)
}

// fromBits is a number from the bits that its wire form holds.
func fromBits[T number](bits uint64) T {
	var v T
	switch p := any(&v).(type) {
	case *float32:
		*p = math.Float32frombits(uint32(bits))
	case *float64:
		*p = math.Float64frombits(bits)
	case *int32:
		*p = int32(bits)
	case *int64:
		*p = int64(bits)
	case *uint64:
		*p = bits
	}
	return v
}

func fixed[T number](d *decoder, b []byte, width int, dst *[]T) error {
	if len(b)%width != 0 {
		return fmt.Errorf("%w: packed list of %d bytes", ErrFormat, len(b))
	}
	if err := d.spend(len(b) / width); err != nil {
		return err
	}
	for ; len(b) > 0; b = b[width:] {
		var bits uint64
		if width == 4 {
			v, _ := protowire.ConsumeFixed32(b)
			bits = uint64(v)
		} else {
			bits, _ = protowire.ConsumeFixed64(b)
		}
		*dst = append(*dst, fromBits[T](bits))
	}
	return nil
}

func varints[T number](d *decoder, b []byte, dst *[]T) error {
	for len(b) > 0 {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrFormat, protowire.ParseError(n))
		}
		if err := d.spend(1); err != nil {
			return err
		}
		*dst = append(*dst, fromBits[T](v))
		b = b[n:]
	}
	return nil
}
