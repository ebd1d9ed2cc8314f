package state

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"unsafe"

	"github.com/cespare/xxhash/v2"
)

// Schema is how keys of the type are described in a checkpoint.
func (h Hasher[K]) Schema() Schema { return Schema(h.key.schema) }

// Append appends the bytes of k, as they are in the store.
func (h Hasher[K]) Append(dst []byte, k K) []byte { return h.key.append(dst, unsafe.Pointer(&k)) }

// Decode reads a key from the front of src and returns what follows. Bytes that Append did not write are an error that
// wraps ErrCorrupt.
func (h Hasher[K]) Decode(src []byte) (k K, rest []byte, err error) {
	rest, err = h.key.decode(src, unsafe.Pointer(&k))
	return k, rest, err
}

// Prefix is what all stored keys of the state begin with. The key group (2 bytes, big-endian) and the key follow; the
// whole is drawn in docs/formats/state.md.
func (s StateSchema) Prefix() []byte {
	p := s.prefix()
	return p[:]
}

// KeyForm reads stored keys by their schema alone, where the program that has the Go type is not at hand: in tools, and
// to give state another number of key groups.
type KeyForm struct{ leaves []leaf }

// KeyForm takes the schema of a key apart. One that is not of a key is an error that wraps ErrCorrupt.
func (s Schema) KeyForm() (KeyForm, error) {
	n, err := s.parse()
	if err != nil {
		return KeyForm{}, err
	}
	f := KeyForm{}
	if err := f.add(n); err != nil {
		return KeyForm{}, fmt.Errorf("%w: schema %.80q: %w", ErrCorrupt, string(s), err)
	}
	return f, nil
}

func (f *KeyForm) add(n *node) error {
	if len(f.leaves) > maxLeaves {
		return fmt.Errorf("a key has more than %d parts", maxLeaves)
	}
	one := leaf{size: 8}
	switch n.form {
	case formInt:
		one.kind = leafInt
	case formUint:
		one.kind = leafUint
	case formFloat:
		one.kind = leafFloat
	case formBool:
		one.kind = leafBool
	case formString:
		one.kind = leafString
	case formArray:
		if n.elem.form != formUint || n.elem.size != 1 {
			return f.addAll(n.size, n.elem)
		}
		one.kind, one.size = leafBytes, uint32(n.size)
	case formStruct:
		for _, c := range n.fields {
			if err := f.add(c.node); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("%.40s is no part of a key", n)
	}
	f.leaves = append(f.leaves, one)
	return nil
}

func (f *KeyForm) addAll(count int, elem *node) error {
	for range count {
		before := len(f.leaves)
		if err := f.add(elem); err != nil {
			return err
		}
		if len(f.leaves) == before { // of no parts, as often as one likes
			return nil
		}
	}
	return nil
}

// walk calls visit with the bytes of each part of the key that src begins with, and returns what follows.
func (f KeyForm) walk(src []byte, visit func(l leaf, part []byte)) ([]byte, error) {
	for _, l := range f.leaves {
		n := 8
		switch l.kind {
		case leafString:
			_, rest, err := cutKeyString(src)
			if err != nil {
				return nil, err
			}
			n = len(src) - len(rest)
		case leafBytes:
			n = int(l.size)
		case leafBool:
			n = 1
		}
		if len(src) < n {
			return nil, errKeyShort
		}
		visit(l, src[:n])
		src = src[n:]
	}
	return src, nil
}

// Split cuts the key that src begins with from what follows.
func (f KeyForm) Split(src []byte) (key, rest []byte, err error) {
	rest, err = f.walk(src, func(leaf, []byte) {})
	return src[:len(src)-len(rest)], rest, err
}

// Hash is that of Hasher for the key of these bytes: it decides the key group.
func (f KeyForm) Hash(key []byte) (uint64, error) {
	h := uint64(len(f.leaves))
	rest, err := f.walk(key, func(l leaf, part []byte) {
		x := l.hashStored(part)
		if len(f.leaves) == 1 {
			h = x
		} else {
			h = mix(bits.RotateLeft64(h, 29) + x)
		}
	})
	if err == nil && len(rest) > 0 {
		err = errKeyRange
	}
	return h, err
}

func (l leaf) hashStored(part []byte) uint64 {
	switch l.kind {
	case leafInt:
		return mix(binary.BigEndian.Uint64(part) ^ 1<<63)
	case leafUint, leafFloat:
		return mix(binary.BigEndian.Uint64(part))
	case leafString:
		s, _, _ := cutKeyString(part) // walk has cut it before
		return xxhash.Sum64String(s)
	case leafBytes:
		return xxhash.Sum64(part)
	}
	return mix(uint64(part[0]))
}

// Text writes a key for people: its parts, separated by commas.
func (f KeyForm) Text(key []byte) (string, error) {
	var parts []string
	rest, err := f.walk(key, func(l leaf, part []byte) { parts = append(parts, l.text(part)) })
	if err == nil && len(rest) > 0 {
		err = errKeyRange
	}
	return strings.Join(parts, ","), err
}

func (l leaf) text(part []byte) string {
	switch l.kind {
	case leafInt:
		return strconv.FormatInt(int64(binary.BigEndian.Uint64(part)^1<<63), 10)
	case leafUint:
		return strconv.FormatUint(binary.BigEndian.Uint64(part), 10)
	case leafFloat:
		return strconv.FormatFloat(floatOf(binary.BigEndian.Uint64(part)), 'g', -1, 64)
	case leafString:
		s, _, _ := cutKeyString(part)
		return strconv.Quote(s)
	case leafBytes:
		return hex.EncodeToString(part)
	}
	return strconv.FormatBool(part[0] != 0)
}
