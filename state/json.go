package state

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
	"unsafe"
)

// ValueReader reads values by their schema alone, for people to look at.
type ValueReader struct {
	n       *node
	stamped bool
}

// ValueReader takes a schema apart.
func (s Schema) ValueReader() (ValueReader, error) {
	s, stamped := s.Expiring()
	n, err := s.parse()
	return ValueReader{n, stamped}, err
}

// JSON writes a value, as a codec with that schema has encoded it, as JSON: structs as objects with their fields in the
// order of the schema, maps as objects (of keys that are no strings: their JSON), bytes and the forms of a user's own
// codec as base64, complex numbers as pairs, and NaN and infinities as strings.
func (r ValueReader) JSON(src []byte) ([]byte, error) {
	if r.stamped {
		var err error
		if _, src, err = cutStamp(src); err != nil {
			return nil, err
		}
	}
	out, rest, err := r.n.json(nil, src, 0)
	if err == nil && len(rest) > 0 {
		err = errTrailing
	}
	return out, err
}

// maxJSON bounds the text of a value. Elements without content would make it as long as a corrupt schema likes.
const maxJSON = 64 << 20

// json appends the value that src begins with, and returns what follows it.
func (n *node) json(dst, src []byte, depth int) ([]byte, []byte, error) {
	if depth > maxDepth {
		return nil, nil, errDepth
	}
	if len(dst) > maxJSON {
		return nil, nil, errLong
	}
	n = n.deref()
	switch n.form {
	case formString, formBytes, formCustom:
		return n.jsonText(dst, src)
	case formPointer:
		switch {
		case len(src) == 0:
			return nil, nil, errShort
		case src[0] == 0:
			return append(dst, "null"...), src[1:], nil
		}
		return n.elem.json(dst, src[1:], depth+1)
	case formStruct:
		return n.jsonFields(dst, src, depth)
	case formArray:
		return n.jsonList(dst, src, n.size, depth)
	case formList:
		count, src, err := cutCount(src, n.elem.least())
		if err != nil || count < 0 {
			return append(dst, "null"...), src, err
		}
		return n.jsonList(dst, src, count, depth)
	case formMap:
		return n.jsonMap(dst, src, depth)
	}
	if len(src) < n.size {
		return nil, nil, errShort
	}
	return n.jsonNumber(dst, src[:n.size]), src[n.size:], nil
}

func (n *node) jsonText(dst, src []byte) ([]byte, []byte, error) {
	count, src, err := cutCount(src, 1)
	if err != nil || count < 0 {
		return append(dst, "null"...), src, err
	}
	text := string(src[:count])
	if n.form != formString {
		text = base64.StdEncoding.EncodeToString(src[:count])
	}
	quoted, err := json.Marshal(text)
	return append(dst, quoted...), src[count:], err
}

func (n *node) jsonFields(dst, src []byte, depth int) (_, _ []byte, err error) {
	dst = append(dst, '{')
	for i, f := range n.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(strconv.AppendQuote(dst, f.name), ':')
		if dst, src, err = f.node.json(dst, src, depth); err != nil {
			return nil, nil, err
		}
	}
	return append(dst, '}'), src, nil
}

func (n *node) jsonList(dst, src []byte, count, depth int) (_, _ []byte, err error) {
	dst = append(dst, '[')
	for i := range min(count, maxEmpty) {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, src, err = n.elem.json(dst, src, depth+1); err != nil {
			return nil, nil, err
		}
	}
	return append(dst, ']'), src, nil
}

func (n *node) jsonMap(dst, src []byte, depth int) (_, _ []byte, err error) {
	count, src, err := cutCount(src, n.key.least()+n.elem.least())
	if err != nil || count < 0 {
		return append(dst, "null"...), src, err
	}
	dst = append(dst, '{')
	for i := range count {
		if i > 0 {
			dst = append(dst, ',')
		}
		var key []byte
		if key, src, err = n.key.json(nil, src, depth+1); err != nil {
			return nil, nil, err
		}
		if len(key) == 0 || key[0] != '"' {
			key = strconv.AppendQuote(nil, string(key))
		}
		dst = append(append(dst, key...), ':')
		if dst, src, err = n.elem.json(dst, src, depth+1); err != nil {
			return nil, nil, err
		}
	}
	return append(dst, '}'), src, nil
}

var errLong = fmt.Errorf("%w: a value is longer than %d bytes as JSON", ErrCorrupt, maxJSON)

// jsonNumber writes what has a fixed size.
func (n *node) jsonNumber(dst, src []byte) []byte {
	switch n.form {
	case formBool:
		return strconv.AppendBool(dst, src[0] != 0)
	case formInt:
		return strconv.AppendInt(dst, int64(wholeOf(src, n)), 10)
	case formUint:
		return strconv.AppendUint(dst, wholeOf(src, n), 10)
	case formFloat:
		return jsonFloat(dst, src)
	case formComplex:
		dst = append(jsonFloat(append(dst, '['), src[:n.size/2]), ',')
		return append(jsonFloat(dst, src[n.size/2:]), ']')
	}
	var t time.Time
	if _, err := decodeTime(src, unsafe.Pointer(&t), 0); err != nil {
		return strconv.AppendQuote(dst, fmt.Sprintf("%x", src))
	}
	return append(t.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
}

func jsonFloat(dst, src []byte) []byte {
	f, width := 0.0, 8*len(src)
	if width == 32 {
		f = float64(math.Float32frombits(binary.LittleEndian.Uint32(src)))
	} else {
		f = math.Float64frombits(binary.LittleEndian.Uint64(src))
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strconv.AppendQuote(dst, strconv.FormatFloat(f, 'g', -1, width))
	}
	return strconv.AppendFloat(dst, f, 'g', -1, width)
}
