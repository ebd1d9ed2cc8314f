package state

import (
	"fmt"
	"strconv"
	"strings"
)

// Schema describes how values of a type are written: its structure and the names of its fields, in one line of text.
// It is stored with the values, so that a program whose type has changed can still read them. Equal structure gives
// equal text. The grammar:
//
//	type   = "bool" | "int8" … "int64" | "uint8" … "uint64" | "float32" | "float64" | "complex64" | "complex128"
//	       | "string" | "bytes" | "time" | "[]" type | "[" length "]" type | "*" type | "map[" type "]" type
//	       | "{" [ name " " type { ";" name " " type } ] "}" | "@" depth | "custom(" name ")"
//
// "@2" stands for the type that encloses it and lies two steps inside the whole, so a recursive type has an end.
type Schema string

// form is the kind of a node of a schema.
type form uint8

const (
	formBool form = iota + 1
	formInt
	formUint
	formFloat
	formComplex
	formString
	formBytes
	formTime
	formList
	formArray
	formPointer
	formMap
	formStruct
	formRef
	formCustom
)

// node is a parsed schema.
type node struct {
	form   form
	size   int    // of a number, in bytes; of an array, in elements; of a reference, its depth
	name   string // of a custom form
	elem   *node  // of a list, array, pointer, map; of a reference: what it refers to
	key    *node
	fields []field
}

type field struct {
	name string
	node *node
}

var basicNodes = map[string]node{
	"bool": {form: formBool, size: 1}, "string": {form: formString}, "bytes": {form: formBytes}, "time": {form: formTime, size: timeSize},
	"int8": {form: formInt, size: 1}, "int16": {form: formInt, size: 2}, "int32": {form: formInt, size: 4}, "int64": {form: formInt, size: 8},
	"uint8": {form: formUint, size: 1}, "uint16": {form: formUint, size: 2}, "uint32": {form: formUint, size: 4}, "uint64": {form: formUint, size: 8},
	"float32": {form: formFloat, size: 4}, "float64": {form: formFloat, size: 8},
	"complex64": {form: formComplex, size: 8}, "complex128": {form: formComplex, size: 16},
}

func (n *node) String() string {
	var out strings.Builder
	n.write(&out)
	return out.String()
}

func (n *node) write(out *strings.Builder) {
	switch n.form {
	case formList:
		out.WriteString("[]")
		n.elem.write(out)
	case formArray:
		fmt.Fprintf(out, "[%d]", n.size)
		n.elem.write(out)
	case formPointer:
		out.WriteByte('*')
		n.elem.write(out)
	case formMap:
		out.WriteString("map[")
		n.key.write(out)
		out.WriteByte(']')
		n.elem.write(out)
	case formStruct:
		n.writeFields(out)
	case formRef:
		fmt.Fprintf(out, "@%d", n.size)
	case formCustom:
		out.WriteString("custom(" + n.name + ")")
	default:
		out.WriteString(n.basicName())
	}
}

func (n *node) writeFields(out *strings.Builder) {
	out.WriteByte('{')
	for i, f := range n.fields {
		if i > 0 {
			out.WriteByte(';')
		}
		out.WriteString(f.name + " ")
		f.node.write(out)
	}
	out.WriteByte('}')
}

func (n *node) basicName() string {
	switch n.form {
	case formBool:
		return "bool"
	case formInt:
		return "int" + strconv.Itoa(8*n.size)
	case formUint:
		return "uint" + strconv.Itoa(8*n.size)
	case formFloat:
		return "float" + strconv.Itoa(8*n.size)
	case formComplex:
		return "complex" + strconv.Itoa(8*n.size)
	case formString:
		return "string"
	case formBytes:
		return "bytes"
	}
	return "time"
}

// maxFixed bounds the sizes that are worked out for a form.
const maxFixed = 1 << 30

// least is a number of bytes that every value takes at least.
func (n *node) least() int {
	switch n.form {
	case formBool, formInt, formUint, formFloat, formComplex, formTime:
		return n.size
	case formArray:
		return min(maxFixed, n.size*min(n.elem.least(), 1))
	case formStruct:
		total := 0
		for _, f := range n.fields {
			total = min(maxFixed, total+f.node.least())
		}
		return total
	}
	return 1
}

// maxSchemaDepth bounds how deep a schema nests, so that a corrupt one cannot exhaust the stack.
const maxSchemaDepth = 200

// parse reads a schema.
func (s Schema) parse() (*node, error) {
	p := schemaParser{rest: string(s)}
	n, err := p.node()
	if err != nil {
		return nil, fmt.Errorf("%w: schema %.80q: %w", ErrCorrupt, string(s), err)
	}
	if p.rest != "" {
		return nil, fmt.Errorf("%w: schema %.80q: %.20q is too much", ErrCorrupt, string(s), p.rest)
	}
	return n, nil
}

type schemaParser struct {
	rest string
	path []*node // the enclosing composite nodes
}

func (p *schemaParser) node() (*node, error) {
	if len(p.path) > maxSchemaDepth {
		return nil, fmt.Errorf("nests deeper than %d", maxSchemaDepth)
	}
	switch {
	case p.take("[]"):
		return p.composite(&node{form: formList})
	case p.take("["):
		return p.array()
	case p.take("*"):
		return p.composite(&node{form: formPointer})
	case p.take("map["):
		return p.mapping()
	case p.take("{"):
		return p.structure()
	case p.take("@"):
		return p.reference()
	case p.take("custom("):
		return p.custom()
	}
	word := p.word()
	n, ok := basicNodes[word]
	if !ok {
		return nil, fmt.Errorf("%.20q is no type", word)
	}
	return &n, nil
}

func (p *schemaParser) take(prefix string) bool {
	rest, ok := strings.CutPrefix(p.rest, prefix)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *schemaParser) word() string {
	end := 0
	for end < len(p.rest) && isWordByte(p.rest[end]) {
		end++
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	return word
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c >= 0x80
}

func (p *schemaParser) number(limit int) (int, error) {
	word := p.word()
	n, err := strconv.Atoi(word)
	if err != nil || n < 0 || n > limit || strconv.Itoa(n) != word {
		return 0, fmt.Errorf("%.20q is no number up to %d", word, limit)
	}
	return n, nil
}

// composite parses the element of n, with n on the path.
func (p *schemaParser) composite(n *node) (_ *node, err error) {
	p.path = append(p.path, n)
	n.elem, err = p.node()
	p.path = p.path[:len(p.path)-1]
	return n, err
}

func (p *schemaParser) array() (*node, error) {
	size, err := p.number(maxFixed)
	if err != nil {
		return nil, err
	}
	if !p.take("]") {
		return nil, fmt.Errorf("an array length is not closed")
	}
	return p.composite(&node{form: formArray, size: size})
}

func (p *schemaParser) mapping() (_ *node, err error) {
	n := &node{form: formMap}
	p.path = append(p.path, n)
	n.key, err = p.node()
	p.path = p.path[:len(p.path)-1]
	if err != nil {
		return nil, err
	}
	if !p.take("]") {
		return nil, fmt.Errorf("a map key is not closed")
	}
	return p.composite(n)
}

func (p *schemaParser) structure() (*node, error) {
	n := &node{form: formStruct}
	p.path = append(p.path, n)
	defer func() { p.path = p.path[:len(p.path)-1] }()
	for !p.take("}") {
		if len(n.fields) > 0 && !p.take(";") {
			return nil, fmt.Errorf("fields are not separated at %.20q", p.rest)
		}
		if err := p.field(n); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (p *schemaParser) field(n *node) error {
	name := p.word()
	if name == "" || !p.take(" ") {
		return fmt.Errorf("a field name is missing at %.20q", p.rest)
	}
	if n.named(name) != nil {
		return fmt.Errorf("field %.40s is there twice", name)
	}
	f, err := p.node()
	n.fields = append(n.fields, field{name, f})
	return err
}

// named returns the field with that name, or nil.
func (n *node) named(name string) *node {
	for _, f := range n.fields {
		if f.name == name {
			return f.node
		}
	}
	return nil
}

func (p *schemaParser) reference() (*node, error) {
	depth, err := p.number(maxSchemaDepth)
	if err != nil {
		return nil, err
	}
	if depth >= len(p.path) {
		return nil, fmt.Errorf("@%d refers to nothing", depth)
	}
	// A type that holds itself without a pointer, list or map between has no values.
	for _, n := range p.path[depth:] {
		if n.form == formList || n.form == formPointer || n.form == formMap {
			return &node{form: formRef, size: depth, elem: p.path[depth]}, nil
		}
	}
	return nil, fmt.Errorf("@%d holds itself", depth)
}

// custom takes a name up to the parenthesis that closes it.
func (p *schemaParser) custom() (*node, error) {
	open := 1
	for i := range len(p.rest) {
		switch p.rest[i] {
		case '(':
			open++
		case ')':
			open--
		}
		if open == 0 && i > 0 {
			n := &node{form: formCustom, name: p.rest[:i]}
			p.rest = p.rest[i+1:]
			return n, nil
		}
	}
	return nil, fmt.Errorf("a custom form has no name or is not closed")
}

// deref follows a reference.
func (n *node) deref() *node {
	if n.form == formRef {
		return n.elem
	}
	return n
}
