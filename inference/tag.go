package inference

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// tagName is the key of struct tags that this package reads.
const tagName = "onnx"

// whole is the column of a tag that names no column.
const whole = -1

// tag is what a struct field says about its place in a model:
//
//	onnx:"x"      all of x that belongs to the record
//	onnx:"x,3"    column 3 of x; of an output that is a map, what it has for the key 3
//	onnx:"x,spam" of an output that is a map: what it has for the key "spam"
//	onnx:"a,b,"   all of a tensor whose name holds a comma
//	onnx:"-"      nothing, also of the fields of a struct
type tag struct {
	name   string
	column int    // whole if key is empty; none if key is no number
	key    string // what stands behind the last comma
}

// none is the column of a tag whose key is no number.
const none = -2

// parseTag reads a tag that is not "-".
func parseTag(s string) (tag, error) {
	t := tag{name: s, column: whole}
	if i := strings.LastIndexByte(s, ','); i >= 0 {
		t.name, t.key = s[:i], s[i+1:]
	}
	if t.name == "" {
		return t, fmt.Errorf("tag onnx:%q names no input or output", s)
	}
	if t.key == "" {
		return t, nil
	}
	n, err := strconv.Atoi(t.key)
	if t.column = n; err != nil || n < 0 || n > math.MaxInt32 || t.key[0] == '+' {
		t.column = none
	}
	return t, nil
}

// String is the tag as the struct has it.
func (t tag) String() string {
	if t.key == "" && !strings.Contains(t.name, ",") {
		return t.name
	}
	return t.name + "," + t.key
}
