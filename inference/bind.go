package inference

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/tensor"
)

// binding is a model bound to two Go types, ready to be run by any number of runners. It is immutable.
type binding struct {
	model   *Model
	in      []inputPlan
	out     []outputPlan
	inType  reflect.Type
	outType reflect.Type
	// rows is how many records each run must have, where the model's first dimension is fixed: a last
	// run of fewer is filled up with copies of its last record. 0: any number.
	rows int
	// uneven says that the length of some slice decides a dimension: records run together only with
	// neighbours of the same lengths.
	uneven bool
	// doubts is what contradicts the outputs as the file declares them.
	doubts []string
}

// inputPlan says how an input is made of records.
type inputPlan struct {
	info  onnx.ValueInfo
	given tensor.Value // set by Given: no moves
	lead  bool         // the tensor's first dimension counts the records
	tail  []int        // its dimensions behind that; free where the slice's length decides
	width int          // elements of a record; free likewise
	known int          // product of the dimensions of tail that are not free
	moves []move
}

// outputPlan says which fields take what of an output.
type outputPlan struct {
	info  onnx.ValueInfo
	moves []move
	// reach is the number of columns that the fields need, and by whom.
	reach   int
	reacher string
}

// wanted reports whether the run has to give this output.
func (o *outputPlan) wanted() bool { return len(o.moves) > 0 }

// move is one field, or several that lie side by side on both sides.
type move struct {
	field  string
	offset uintptr
	cells
	column int    // first column; whole
	label  string // of an output that is a map: the key whose value is taken, "" for the whole map
	number int64  // label as a number
	copy   copier // of an input; an output's depends on the type that the run gives
}

func (m *move) end() int { return m.column + m.count }

// binder gathers the faults found on the way to a binding.
type binder struct {
	*binding
	faults []string
}

const (
	maxRows     = 1 << 20 // records of a run
	maxElements = 1 << 29 // of an input, where the model fixes how many records a run has
)

func (b *binder) fault(format string, args ...any) {
	b.faults = append(b.faults, fmt.Sprintf(format, args...))
}

// wants begins a fault about an input.
func (b *binder) wants(v onnx.ValueInfo) string {
	return fmt.Sprintf("model %s wants input %v", b.model.name, v)
}

// gives begins a fault about an output.
func (b *binder) gives(v onnx.ValueInfo) string {
	return fmt.Sprintf("model %s gives output %v", b.model.name, v)
}

// bind checks a model against the types of its records and predictions.
func bind(m *Model, in, out reflect.Type) (*binding, error) {
	b := &binder{binding: &binding{model: m, inType: in, outType: out}}
	b.bindInputs(m.onnx.Inputs())
	b.bindOutputs(m.onnx.Outputs())
	if len(b.faults) > 0 {
		return nil, &MismatchError{Model: m.name, Faults: append(b.faults, b.doubts...)}
	}
	return b.binding, nil
}

// fieldsFor returns the fields of a type that are to be bound to the values of one side of the model.
// A type that is no struct is bound as a whole, to the only value.
func (b *binder) fieldsFor(t reflect.Type, side string, values []onnx.ValueInfo) []field {
	if t.Kind() != reflect.Struct {
		switch len(values) {
		case 0:
			return nil
		case 1:
			return []field{{path: typeName(t), typ: t, tag: tag{name: values[0].Name, column: whole}}}
		}
		b.fault("model %s has %d %ss, %s; type %s is no struct that could name them", b.model.name, len(values), side, list(values), typeName(t))
		return nil
	}
	fields, faults := fieldsOf(t)
	b.faults = append(b.faults, faults...)
	if len(fields) == 0 && len(faults) == 0 && len(values) > 0 {
		b.fault("model %s has the %ss %s; struct %s has no field with an %s tag: bind one with `%[5]s:%[6]q`",
			b.model.name, side, list(values), typeName(t), tagName, values[0].Name)
	}
	return fields
}

// group deals fields out to the values they name, by number, and reports those that name none.
func (b *binder) group(fields []field, side, verb string, values []onnx.ValueInfo) [][]field {
	groups := make([][]field, len(values))
next:
	for _, f := range fields {
		for i, v := range values {
			if v.Name == f.tag.name {
				groups[i] = append(groups[i], f)
				continue next
			}
		}
		b.fault("field %s is tagged %s:%q; model %s has no %s of that name: it %s %s", f.path, tagName, f.tag, b.model.name, side, verb, list(values))
	}
	return groups
}

func list(values []onnx.ValueInfo) string {
	if len(values) == 0 {
		return "nothing"
	}
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = v.String()
	}
	return strings.Join(parts, ", ")
}

// columns writes column numbers as 0-6, 8.
func columns(from, to int) string {
	if to == from+1 {
		return strconv.Itoa(from)
	}
	return strconv.Itoa(from) + "-" + strconv.Itoa(to-1)
}

// merge joins moves, sorted by column, that lie side by side in struct and tensor, so that a row of
// equal fields is one copy.
func merge(moves []move) []move {
	var out []move
	for _, m := range moves {
		if n := len(out); n > 0 && out[n-1].meets(&m) {
			out[n-1].count += m.count
			continue
		}
		out = append(out, m)
	}
	return out
}

// meets reports whether n lies right behind m, on both sides.
func (m *move) meets(n *move) bool {
	return m.column >= 0 && m.elem == n.elem && m.end() == n.column && m.offset+uintptr(m.count)*m.size() == n.offset
}
