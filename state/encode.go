package state

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"
	"unsafe"
)

// A length is written as an unsigned varint of length+1; 0 is nil.

func appendLen(dst []byte, n int, isNil bool) []byte {
	if isNil {
		return append(dst, 0)
	}
	return binary.AppendUvarint(dst, uint64(n)+1)
}

// maxEmpty is how many elements without content (structs without fields) a list may have: their number is all that
// is written, so a corrupt one could ask for any amount of memory.
const maxEmpty = 1 << 16

var errEmpty = fmt.Errorf("state: a list has more than %d elements without content; store their number", maxEmpty)

// cutCount reads the length of a list whose elements take at least that many bytes each; -1 is nil.
func cutCount(src []byte, least int) (int, []byte, error) {
	x, size := binary.Uvarint(src)
	if size <= 0 {
		return 0, nil, errShort
	}
	src = src[size:]
	if x == 0 {
		return -1, src, nil
	}
	limit := maxEmpty
	if least > 0 {
		limit = len(src) / least
	}
	if x-1 > uint64(limit) {
		return 0, nil, errLen
	}
	return int(x - 1), src, nil
}

func appendString(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
	s := *(*string)(p)
	return append(binary.AppendUvarint(dst, uint64(len(s))+1), s...), nil
}

func decodeString(src []byte, p unsafe.Pointer, _ int) ([]byte, error) {
	n, src, err := cutCount(src, 1)
	if err != nil || n < 0 {
		return src, err
	}
	*(*string)(p) = string(src[:n])
	return src[n:], nil
}

func appendBytes(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
	b := *(*[]byte)(p)
	return append(appendLen(dst, len(b), b == nil), b...), nil
}

func decodeBytes(src []byte, p unsafe.Pointer, _ int) ([]byte, error) {
	n, src, err := cutCount(src, 1)
	if err != nil || n < 0 {
		return src, err
	}
	*(*[]byte)(p) = append(make([]byte, 0, n), src[:n]...)
	return src[n:], nil
}

// A time is seconds since the Unix epoch (int64), nanoseconds (uint32), offset from UTC in seconds (int32).
const (
	timeSize  = 16
	offsetUTC = math.MinInt32 // the time is in UTC, not only at offset 0
)

var timeType = reflect.TypeFor[time.Time]()

func appendTime(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
	t := (*time.Time)(p)
	offset := offsetUTC
	if t.Location() != time.UTC {
		_, offset = t.Zone()
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(t.Unix()))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(t.Nanosecond()))
	return binary.LittleEndian.AppendUint32(dst, uint32(int32(offset))), nil
}

func decodeTime(src []byte, p unsafe.Pointer, _ int) ([]byte, error) {
	if len(src) < timeSize {
		return nil, errShort
	}
	sec, nsec := int64(binary.LittleEndian.Uint64(src)), binary.LittleEndian.Uint32(src[8:])
	offset := int32(binary.LittleEndian.Uint32(src[12:]))
	if nsec >= 1e9 || offset != offsetUTC && (offset > 1<<18 || offset < -1<<18) {
		return nil, fmt.Errorf("%w: a time is out of range", ErrCorrupt)
	}
	t := time.Unix(sec, int64(nsec))
	if offset == offsetUTC {
		t = t.UTC()
	} else if _, local := t.Zone(); local != int(offset) {
		t = t.In(time.FixedZone("", int(offset)))
	}
	*(*time.Time)(p) = t
	return src[timeSize:], nil
}

func (x *compiler) pointer(c *compiled, t reflect.Type, path string) error {
	e, err := x.compile(t.Elem(), "*"+path)
	if err != nil {
		return err
	}
	c.node.form, c.node.elem = formPointer, e.node
	c.append = func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		to := *(*unsafe.Pointer)(p)
		if to == nil {
			return append(dst, 0), nil
		}
		if depth >= maxDepth {
			return dst, errDepth
		}
		return e.append(append(dst, 1), to, depth+1)
	}
	c.decode = pointerDecoder(t, e.decode)
	return nil
}

func pointerDecoder(t reflect.Type, decode decodeFunc) decodeFunc {
	return func(src []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		if len(src) == 0 {
			return nil, errShort
		}
		if src[0] > 1 {
			return nil, errBool
		}
		if src[0] == 0 {
			return src[1:], nil
		}
		if depth >= maxDepth {
			return nil, errDepth
		}
		to := reflect.New(t.Elem())
		reflect.NewAt(t, p).Elem().Set(to)
		return decode(src[1:], to.UnsafePointer(), depth+1)
	}
}

// mapping compiles a map. Its entries are written in the order of their keys' bytes, so equal maps have equal bytes.
func (x *compiler) mapping(c *compiled, t reflect.Type, path string) error {
	k, err := x.compile(t.Key(), path+" key")
	if err != nil {
		return err
	}
	e, err := x.compile(t.Elem(), path+"[]")
	if err != nil {
		return err
	}
	c.node.form, c.node.key, c.node.elem = formMap, k.node, e.node
	c.append = func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		m := reflect.NewAt(t, p).Elem()
		dst = appendLen(dst, m.Len(), m.IsNil())
		if depth >= maxDepth {
			return dst, errDepth
		}
		return appendEntries(dst, m, k, e, depth+1)
	}
	c.decode = mapDecoder(t, k.decode, e.decode, k.node, e.node)
	return nil
}

// entry is where an encoded map entry lies in a buffer.
type entry struct{ from, value, end int }

func appendEntries(dst []byte, m reflect.Value, k, e *compiled, depth int) (_ []byte, err error) {
	start, entries := len(dst), make([]entry, 0, m.Len())
	key, val := reflect.New(m.Type().Key()), reflect.New(m.Type().Elem())
	for it := m.MapRange(); it.Next(); {
		key.Elem().SetIterKey(it)
		val.Elem().SetIterValue(it)
		at := entry{from: len(dst)}
		if dst, err = k.append(dst, key.UnsafePointer(), depth); err != nil {
			return dst, err
		}
		at.value = len(dst)
		if dst, err = e.append(dst, val.UnsafePointer(), depth); err != nil {
			return dst, err
		}
		at.end = len(dst)
		entries = append(entries, at)
	}
	unsorted := slices.Clone(dst[start:])
	slices.SortFunc(entries, func(a, b entry) int {
		return bytes.Compare(unsorted[a.from-start:a.value-start], unsorted[b.from-start:b.value-start])
	})
	dst = dst[:start]
	for _, at := range entries {
		dst = append(dst, unsorted[at.from-start:at.end-start]...)
	}
	return dst, nil
}

func mapDecoder(t reflect.Type, key, elem decodeFunc, keyNode, elemNode *node) decodeFunc {
	least := keyNode.least() + elemNode.least()
	return func(src []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		n, src, err := cutCount(src, least)
		if err != nil || n < 0 {
			return src, err
		}
		if depth >= maxDepth {
			return nil, errDepth
		}
		m := reflect.MakeMapWithSize(t, min(n, 1024))
		for range n {
			k, e := reflect.New(t.Key()), reflect.New(t.Elem())
			if src, err = key(src, k.UnsafePointer(), depth+1); err != nil {
				return nil, err
			}
			if src, err = elem(src, e.UnsafePointer(), depth+1); err != nil {
				return nil, err
			}
			m.SetMapIndex(k.Elem(), e.Elem())
		}
		reflect.NewAt(t, p).Elem().Set(m)
		return src, nil
	}
}
