package payments

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// maxDepth bounds how deep an unknown field may nest.
const maxDepth = 64

// scanner walks over one JSON text. Every method leaves pos behind what it
// consumed or returns an error that names pos.
type scanner struct {
	data []byte
	pos  int
	buf  []byte // unescaped text of the last string that had escapes
}

func (s *scanner) fail(want string) error {
	return fmt.Errorf("%w: offset %d: want %s", ErrMalformed, s.pos, want)
}

// space skips white space and returns the next byte, 0 at the end.
func (s *scanner) space() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// expect consumes one byte after white space.
func (s *scanner) expect(c byte) error {
	if s.space() != c || s.pos >= len(s.data) {
		return s.fail("'" + string(rune(c)) + "'")
	}
	s.pos++
	return nil
}

// str consumes a string. The result is valid until the next call: a part of
// the input, or a buffer if there were escapes.
func (s *scanner) str() ([]byte, error) {
	if err := s.expect('"'); err != nil {
		return nil, err
	}
	start := s.pos
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return s.data[start : s.pos-1], nil
		case c == '\\':
			return s.escaped(start)
		case c < ' ':
			return nil, s.fail("no control character in a string")
		}
		s.pos++
	}
	return nil, s.fail("end of the string")
}

// escaped is str from the first backslash on.
func (s *scanner) escaped(start int) ([]byte, error) {
	s.buf = append(s.buf[:0], s.data[start:s.pos]...)
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		s.pos++
		switch {
		case c == '"':
			return s.buf, nil
		case c < ' ':
			s.pos--
			return nil, s.fail("no control character in a string")
		case c != '\\':
			s.buf = append(s.buf, c)
		default:
			if err := s.escape(); err != nil {
				return nil, err
			}
		}
	}
	return nil, s.fail("end of the string")
}

const (
	escapes   = `"\/bfnrt`
	unescaped = "\"\\/\b\f\n\r\t"
)

// escape consumes what follows a backslash and appends what it stands for.
func (s *scanner) escape() error {
	if s.pos >= len(s.data) {
		return s.fail("an escape")
	}
	c := s.data[s.pos]
	if i := bytes.IndexByte([]byte(escapes), c); i >= 0 {
		s.pos++
		s.buf = append(s.buf, unescaped[i])
		return nil
	}
	if c != 'u' {
		return s.fail("an escape")
	}
	s.pos++
	r, err := s.hex4()
	if err != nil {
		return err
	}
	// Surrogate pairs and halves cannot be part of any name or code that is
	// looked for: the replacement character keeps the text from matching.
	s.buf = utf8.AppendRune(s.buf, r)
	return nil
}

func (s *scanner) hex4() (r rune, err error) {
	for range 4 {
		if s.pos >= len(s.data) {
			return 0, s.fail("four hex digits")
		}
		switch c := s.data[s.pos]; {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, s.fail("four hex digits")
		}
		s.pos++
	}
	return r, nil
}

// number consumes a JSON number and returns its text.
func (s *scanner) number() ([]byte, error) {
	s.space()
	start := s.pos
	s.skipByte('-')
	if !s.skipByte('0') && !s.digits() {
		return nil, s.fail("a number")
	}
	if s.skipByte('.') && !s.digits() {
		return nil, s.fail("a digit")
	}
	if s.skipByte('e') || s.skipByte('E') {
		if !s.skipByte('+') {
			s.skipByte('-')
		}
		if !s.digits() {
			return nil, s.fail("a digit")
		}
	}
	return s.data[start:s.pos], nil
}

func (s *scanner) skipByte(c byte) bool {
	if s.pos < len(s.data) && s.data[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
		s.pos++
	}
	return s.pos > start
}

// literal consumes a word if it stands here.
func (s *scanner) literal(word string) bool {
	if bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
		s.pos += len(word)
		return true
	}
	return false
}

// skip consumes any value.
func (s *scanner) skip(depth int) error {
	if depth > maxDepth {
		return s.fail("fewer levels of nesting")
	}
	switch c := s.space(); {
	case c == '"':
		_, err := s.str()
		return err
	case c == '{':
		return s.object(func([]byte) error { return s.skip(depth + 1) })
	case c == '[':
		return s.skipArray(depth)
	case c == '-' || c-'0' <= 9:
		_, err := s.number()
		return err
	case s.literal("null"), s.literal("true"), s.literal("false"):
		return nil
	}
	return s.fail("a value")
}

func (s *scanner) skipArray(depth int) error {
	s.pos++
	if s.space() == ']' {
		s.pos++
		return nil
	}
	for {
		if err := s.skip(depth + 1); err != nil {
			return err
		}
		if s.space() == ']' {
			s.pos++
			return nil
		}
		if err := s.expect(','); err != nil {
			return err
		}
	}
}

// object consumes an object; field is called before each value and consumes it.
func (s *scanner) object(field func(name []byte) error) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	if s.space() == '}' {
		s.pos++
		return nil
	}
	for {
		name, err := s.str()
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		if err := field(name); err != nil {
			return err
		}
		if s.space() == '}' {
			s.pos++
			return nil
		}
		if err := s.expect(','); err != nil {
			return err
		}
	}
}
