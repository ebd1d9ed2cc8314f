package sql

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// Row takes the columns of one record, in the order of the sink's Columns, and is valid during the call of the
// sink's Row function.
type Row struct {
	data []byte
	ends []int // of the columns in data
	err  error // the first fault
}

// A value is a tag and what belongs to it; see docs/formats. The tags are part of checkpoints: they never change
// their meaning.
const (
	tagNull  = iota
	tagInt   // zigzag varint
	tagFloat // 8 bytes, little-endian IEEE 754
	tagFalse
	tagTrue
	tagBytes // uvarint length, bytes
	tagText  // uvarint length, bytes
	tagTime  // zigzag varint of seconds since the Unix epoch, uvarint of nanoseconds
	tags
)

func (r *Row) reset() { r.data, r.ends, r.err = r.data[:0], r.ends[:0], nil }

func (r *Row) end() *Row {
	r.ends = append(r.ends, len(r.data))
	return r
}

// Null adds NULL.
func (r *Row) Null() *Row {
	r.data = append(r.data, tagNull)
	return r.end()
}

// Int adds an integer.
func (r *Row) Int(v int64) *Row {
	r.data = binary.AppendVarint(append(r.data, tagInt), v)
	return r.end()
}

// Float adds a floating-point number.
func (r *Row) Float(v float64) *Row {
	r.data = binary.LittleEndian.AppendUint64(append(r.data, tagFloat), math.Float64bits(v))
	return r.end()
}

// Bool adds a truth value.
func (r *Row) Bool(v bool) *Row {
	tag := byte(tagFalse)
	if v {
		tag = tagTrue
	}
	r.data = append(r.data, tag)
	return r.end()
}

// Bytes adds a blob; nil is an empty one.
func (r *Row) Bytes(v []byte) *Row {
	r.data = binary.AppendUvarint(append(r.data, tagBytes), uint64(len(v)))
	r.data = append(r.data, v...)
	return r.end()
}

// Text adds a string.
func (r *Row) Text(v string) *Row {
	r.data = binary.AppendUvarint(append(r.data, tagText), uint64(len(v)))
	r.data = append(r.data, v...)
	return r.end()
}

// Time adds a point in time, in UTC.
func (r *Row) Time(v time.Time) *Row {
	r.data = binary.AppendVarint(append(r.data, tagTime), v.Unix())
	r.data = binary.AppendUvarint(r.data, uint64(v.Nanosecond()))
	return r.end()
}

// Values adds several columns of any of the types above, other integers and float32, at the price of an
// allocation for most of them.
func (r *Row) Values(values ...any) *Row {
	for _, v := range values {
		r.value(v)
	}
	return r
}

func (r *Row) value(v any) {
	switch v := v.(type) {
	case nil:
		r.Null()
	case int64:
		r.Int(v)
	case int:
		r.Int(int64(v))
	case int32:
		r.Int(int64(v))
	case uint32:
		r.Int(int64(v))
	case float64:
		r.Float(v)
	case float32:
		r.Float(float64(v))
	case bool:
		r.Bool(v)
	case string:
		r.Text(v)
	case []byte:
		r.Bytes(v)
	case time.Time:
		r.Time(v)
	default:
		if r.err == nil {
			r.err = fmt.Errorf("%w: column %d: a %T is not a type that databases take; convert it", ErrRow, len(r.ends)+1, v)
		}
		r.Null()
	}
}

// column returns the encoding of column i.
func (r *Row) column(i int) []byte {
	if i == 0 {
		return r.data[:r.ends[0]]
	}
	return r.data[r.ends[i-1]:r.ends[i]]
}

// decodeValue reads the value at the head of data and returns what follows it; ok is false if there is none.
func decodeValue(data []byte) (v any, rest []byte, ok bool) {
	if len(data) == 0 {
		return nil, nil, false
	}
	tag, data := data[0], data[1:]
	switch tag {
	case tagNull:
		return nil, data, true
	case tagFalse, tagTrue:
		return tag == tagTrue, data, true
	case tagInt:
		n, size := binary.Varint(data)
		if size <= 0 {
			return nil, nil, false
		}
		return n, data[size:], true
	case tagFloat:
		if len(data) < 8 {
			return nil, nil, false
		}
		return math.Float64frombits(binary.LittleEndian.Uint64(data)), data[8:], true
	case tagBytes, tagText:
		return decodeSized(tag, data)
	case tagTime:
		return decodeTime(data)
	}
	return nil, nil, false
}

func decodeSized(tag byte, data []byte) (any, []byte, bool) {
	n, size := binary.Uvarint(data)
	if size <= 0 || n > uint64(len(data)-size) {
		return nil, nil, false
	}
	data = data[size:]
	if tag == tagText {
		return string(data[:n]), data[n:], true
	}
	return append(make([]byte, 0, n), data[:n]...), data[n:], true
}

func decodeTime(data []byte) (any, []byte, bool) {
	seconds, size := binary.Varint(data)
	if size <= 0 {
		return nil, nil, false
	}
	nanos, more := binary.Uvarint(data[size:])
	if more <= 0 || nanos >= uint64(time.Second) {
		return nil, nil, false
	}
	return time.Unix(seconds, int64(nanos)).UTC(), data[size+more:], true
}

// skipValue returns what follows the value at the head of data, without making the value.
func skipValue(data []byte) (rest []byte, ok bool) {
	if len(data) > 0 && (data[0] == tagBytes || data[0] == tagText) {
		n, size := binary.Uvarint(data[1:])
		if size <= 0 || n > uint64(len(data)-1-size) {
			return nil, false
		}
		return data[1+size+int(n):], true
	}
	_, rest, ok = decodeValue(data)
	return rest, ok
}
