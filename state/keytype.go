package state

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"reflect"
	"strings"
	"unsafe"

	"github.com/cespare/xxhash/v2"
)

// leafKind says how a basic part of a key is read, whatever its width in memory: an int32 and an int64 of equal
// value have the same hash and the same bytes, so a key can be widened without moving its state.
type leafKind uint8

const (
	leafInt leafKind = iota + 1
	leafUint
	leafFloat
	leafBool
	leafString
	leafBytes // an array of bytes
)

// leaf is one basic part of a key type: where it is in memory, what it is, its size in bytes.
type leaf struct {
	off  uintptr
	kind leafKind
	size uint32
}

// keyType is a key type taken apart once; hashing, comparing, encoding and decoding run over its leaves.
type keyType struct {
	leaves []leaf
	schema string // canonical, as stored in a checkpoint
	single leafKind
	floats bool // a NaN is not equal to itself under ==, but is the same key here
	owned  bool // holds strings, whose memory may belong to somebody else
}

func newKeyType(t reflect.Type) (*keyType, error) {
	k := &keyType{}
	var schema strings.Builder
	if err := k.add(&schema, t, 0, t.String()); err != nil {
		return nil, err
	}
	k.schema = schema.String()
	if len(k.leaves) == 1 && k.leaves[0].off == 0 && uintptr(k.leaves[0].size) == t.Size() {
		k.single = k.leaves[0].kind
	}
	return k, nil
}

func (k *keyType) add(schema *strings.Builder, t reflect.Type, off uintptr, path string) error {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		k.leaf(schema, "int64", leaf{off, leafInt, uint32(t.Size())})
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		k.leaf(schema, "uint64", leaf{off, leafUint, uint32(t.Size())})
	case reflect.Float32, reflect.Float64:
		k.floats = true
		k.leaf(schema, "float64", leaf{off, leafFloat, uint32(t.Size())})
	case reflect.Bool:
		k.leaf(schema, "bool", leaf{off, leafBool, 1})
	case reflect.String:
		k.owned = true
		k.leaf(schema, "string", leaf{off, leafString, uint32(t.Size())})
	case reflect.Array:
		return k.addArray(schema, t, off, path)
	case reflect.Struct:
		return k.addStruct(schema, t, off, path)
	default:
		return fmt.Errorf("%w: %s is %v, which cannot be a key; use numbers, strings, bools, or arrays and structs of them", ErrUnsupported, path, t)
	}
	return nil
}

func (k *keyType) leaf(schema *strings.Builder, name string, l leaf) {
	schema.WriteString(name)
	k.leaves = append(k.leaves, l)
}

// maxLeaves bounds what a key type may be made of; a longer array is data, not a key.
const maxLeaves = 1024

func (k *keyType) addArray(schema *strings.Builder, t reflect.Type, off uintptr, path string) error {
	fmt.Fprintf(schema, "[%d]", t.Len())
	if t.Elem().Kind() == reflect.Uint8 {
		k.leaf(schema, "uint8", leaf{off, leafBytes, uint32(t.Len())})
		return nil
	}
	if t.Len() == 0 || t.Len() > maxLeaves {
		return fmt.Errorf("%w: %s has %d elements; a key array has 1 to %d", ErrUnsupported, path, t.Len(), maxLeaves)
	}
	var elem strings.Builder
	for i := range t.Len() {
		elem.Reset()
		if err := k.add(&elem, t.Elem(), off+uintptr(i)*t.Elem().Size(), path+"[]"); err != nil {
			return err
		}
		if len(k.leaves) > maxLeaves {
			return fmt.Errorf("%w: %s has more than %d parts", ErrUnsupported, path, maxLeaves)
		}
	}
	schema.WriteString(elem.String())
	return nil
}

func (k *keyType) addStruct(schema *strings.Builder, t reflect.Type, off uintptr, path string) error {
	schema.WriteByte('{')
	n := 0
	for f := range t.Fields() {
		if f.Name == "_" { // blank fields do not count in ==
			continue
		}
		if n++; n > 1 {
			schema.WriteByte(';')
		}
		schema.WriteString(wireName(f))
		schema.WriteByte(' ')
		if err := k.add(schema, f.Type, off+f.Offset, path+"."+f.Name); err != nil {
			return err
		}
	}
	schema.WriteByte('}')
	return nil
}

// wireName is the name of a field in a schema: that of its `state` tag, so that the Go name can change, or its own.
func wireName(f reflect.StructField) string {
	if name, _, _ := strings.Cut(f.Tag.Get("state"), ","); name != "" && name != "-" {
		return name
	}
	return f.Name
}

func (l leaf) int(p unsafe.Pointer) int64 {
	p = unsafe.Add(p, l.off)
	switch l.size {
	case 1:
		return int64(*(*int8)(p))
	case 2:
		return int64(*(*int16)(p))
	case 4:
		return int64(*(*int32)(p))
	}
	return *(*int64)(p)
}

func (l leaf) uint(p unsafe.Pointer) uint64 {
	p = unsafe.Add(p, l.off)
	switch l.size {
	case 1:
		return uint64(*(*uint8)(p))
	case 2:
		return uint64(*(*uint16)(p))
	case 4:
		return uint64(*(*uint32)(p))
	}
	return *(*uint64)(p)
}

// float returns bits that order as the numbers do, with one zero and one NaN (the greatest).
func (l leaf) float(p unsafe.Pointer) uint64 {
	p = unsafe.Add(p, l.off)
	f := 0.0
	if l.size == 4 {
		f = float64(*(*float32)(p))
	} else {
		f = *(*float64)(p)
	}
	return orderedFloat(f)
}

func orderedFloat(f float64) uint64 {
	switch {
	case f == 0:
		return 1 << 63
	case f != f:
		return math.MaxUint64
	}
	b := math.Float64bits(f)
	return b ^ (uint64(int64(b)>>63) | 1<<63)
}

func floatOf(ordered uint64) float64 {
	if ordered == math.MaxUint64 {
		return math.NaN()
	}
	return math.Float64frombits(ordered ^ (uint64(^int64(ordered)>>63) | 1<<63))
}

func (l leaf) bool(p unsafe.Pointer) bool     { return *(*bool)(unsafe.Add(p, l.off)) }
func (l leaf) string(p unsafe.Pointer) string { return *(*string)(unsafe.Add(p, l.off)) }
func (l leaf) bytes(p unsafe.Pointer) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(p, l.off)), l.size)
}

// mix spreads every input bit over the whole word; it is its own inverse's equal in quality and never changes.
func mix(x uint64) uint64 {
	x ^= x >> 27
	x *= 0x3c79ac492ba7b653
	x ^= x >> 33
	x *= 0x1c69b3f74ac4ae35
	return x ^ x>>27
}

func (l leaf) hash(p unsafe.Pointer) uint64 {
	switch l.kind {
	case leafInt:
		return mix(uint64(l.int(p)))
	case leafUint:
		return mix(l.uint(p))
	case leafFloat:
		return mix(l.float(p))
	case leafString:
		return xxhash.Sum64String(l.string(p))
	case leafBytes:
		return xxhash.Sum64(l.bytes(p))
	}
	if l.bool(p) {
		return mix(1)
	}
	return mix(0)
}

func (k *keyType) hash(p unsafe.Pointer) uint64 {
	if len(k.leaves) == 1 {
		return k.leaves[0].hash(p)
	}
	h := uint64(len(k.leaves))
	for _, l := range k.leaves {
		h = mix(bits.RotateLeft64(h, 29) + l.hash(p))
	}
	return h
}

// append writes the key so that bytes order as keys do and no key's bytes are the beginning of another's.
func (k *keyType) append(dst []byte, p unsafe.Pointer) []byte {
	for _, l := range k.leaves {
		switch l.kind {
		case leafInt:
			dst = binary.BigEndian.AppendUint64(dst, uint64(l.int(p))^1<<63)
		case leafUint:
			dst = binary.BigEndian.AppendUint64(dst, l.uint(p))
		case leafFloat:
			dst = binary.BigEndian.AppendUint64(dst, l.float(p))
		case leafString:
			dst = appendKeyString(dst, l.string(p))
		case leafBytes:
			dst = append(dst, l.bytes(p)...)
		case leafBool:
			dst = append(dst, boolByte(l.bool(p)))
		}
	}
	return dst
}

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// A string in a key: each zero byte is followed by 0xff, the end is 0x00 0x01.
const (
	keyEscape     = 0x00
	keyEscapedNul = 0xff
	keyStringEnd  = 0x01
)

func appendKeyString(dst []byte, s string) []byte {
	for {
		i := strings.IndexByte(s, keyEscape)
		if i < 0 {
			dst = append(dst, s...)
			return append(dst, keyEscape, keyStringEnd)
		}
		dst = append(dst, s[:i]...)
		dst = append(dst, keyEscape, keyEscapedNul)
		s = s[i+1:]
	}
}

// decode reads a key from the front of src into the zero value at p and returns what follows.
func (k *keyType) decode(src []byte, p unsafe.Pointer) ([]byte, error) {
	for _, l := range k.leaves {
		var err error
		if src, err = l.decode(src, unsafe.Add(p, l.off)); err != nil {
			return nil, err
		}
	}
	return src, nil
}

func (l leaf) decode(src []byte, p unsafe.Pointer) ([]byte, error) {
	switch l.kind {
	case leafString:
		s, rest, err := cutKeyString(src)
		*(*string)(p) = s
		return rest, err
	case leafBytes:
		if len(src) < int(l.size) {
			return nil, errKeyShort
		}
		copy(unsafe.Slice((*byte)(p), l.size), src)
		return src[l.size:], nil
	case leafBool:
		if len(src) < 1 || src[0] > 1 {
			return nil, errKeyShort
		}
		*(*bool)(p) = src[0] == 1
		return src[1:], nil
	}
	if len(src) < 8 {
		return nil, errKeyShort
	}
	return src[8:], l.setNumber(binary.BigEndian.Uint64(src), p)
}

var (
	errKeyShort = fmt.Errorf("%w: a key ends early", ErrCorrupt)
	errKeyRange = fmt.Errorf("%w: a key does not fit its type", ErrCorrupt)
)

func (l leaf) setNumber(x uint64, p unsafe.Pointer) error {
	switch l.kind {
	case leafInt:
		return setInt(int64(x^1<<63), l.size, p)
	case leafUint:
		return setUint(x, l.size, p)
	}
	f := floatOf(x)
	if l.size == 8 {
		*(*float64)(p) = f
	} else {
		*(*float32)(p) = float32(f)
	}
	if orderedFloat(f) != x || l.size == 4 && f == f && float64(float32(f)) != f {
		return errKeyRange
	}
	return nil
}

func setInt(x int64, size uint32, p unsafe.Pointer) error {
	switch size {
	case 1:
		*(*int8)(p) = int8(x)
	case 2:
		*(*int16)(p) = int16(x)
	case 4:
		*(*int32)(p) = int32(x)
	default:
		*(*int64)(p) = x
	}
	if shift := 64 - 8*size; x<<shift>>shift != x {
		return errKeyRange
	}
	return nil
}

func setUint(x uint64, size uint32, p unsafe.Pointer) error {
	switch size {
	case 1:
		*(*uint8)(p) = uint8(x)
	case 2:
		*(*uint16)(p) = uint16(x)
	case 4:
		*(*uint32)(p) = uint32(x)
	default:
		*(*uint64)(p) = x
	}
	if shift := 64 - 8*size; x<<shift>>shift != x {
		return errKeyRange
	}
	return nil
}

func cutKeyString(src []byte) (string, []byte, error) {
	var out []byte
	for {
		i := bytes.IndexByte(src, keyEscape)
		if i < 0 || i+1 >= len(src) {
			return "", nil, errKeyShort
		}
		out = append(out, src[:i]...)
		switch src[i+1] {
		case keyStringEnd:
			return string(out), src[i+2:], nil
		case keyEscapedNul:
			out = append(out, 0)
		default:
			return "", nil, errKeyRange
		}
		src = src[i+2:]
	}
}

// compare orders two keys as their bytes are ordered.
func (k *keyType) compare(a, b unsafe.Pointer) int {
	for _, l := range k.leaves {
		if c := l.compare(a, b); c != 0 {
			return c
		}
	}
	return 0
}

func (l leaf) compare(a, b unsafe.Pointer) int {
	switch l.kind {
	case leafInt:
		return cmp.Compare(l.int(a), l.int(b))
	case leafUint:
		return cmp.Compare(l.uint(a), l.uint(b))
	case leafFloat:
		return cmp.Compare(l.float(a), l.float(b))
	case leafString:
		return strings.Compare(l.string(a), l.string(b))
	case leafBytes:
		return bytes.Compare(l.bytes(a), l.bytes(b))
	}
	return cmp.Compare(boolByte(l.bool(a)), boolByte(l.bool(b)))
}
