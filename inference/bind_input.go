package inference

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/tensor"
)

// bindInputs gives every input its fields: each must be bound exactly once, all its columns covered.
func (b *binder) bindInputs(values []onnx.ValueInfo) {
	open := b.bindGiven(values)
	fields := b.fieldsFor(b.inType, "input", open)
	groups := b.group(fields, "input", "takes", values)
	for i, v := range values {
		p := &b.in[i]
		switch {
		case p.given != nil && len(groups[i]) > 0:
			b.fault("%s; it is set by Given and by field %s: use one of them", b.wants(v), groups[i][0].path)
		case p.given != nil || v.Kind == tensor.KindOptional && len(groups[i]) == 0:
		case len(fields) > 0 || len(groups[i]) > 0:
			b.bindInput(p, groups[i])
		}
	}
}

// bindGiven takes up the values of Given, and returns the inputs that are left.
func (b *binder) bindGiven(values []onnx.ValueInfo) (open []onnx.ValueInfo) {
	b.in = make([]inputPlan, len(values))
	known := map[string]bool{}
	for i, v := range values {
		b.in[i] = inputPlan{info: v, given: b.model.given[v.Name]}
		known[v.Name] = true
		if b.in[i].given == nil {
			open = append(open, v)
			continue
		}
		b.checkGiven(v, b.in[i].given)
	}
	for _, name := range b.model.givenNames() {
		if !known[name] {
			b.fault("Given sets input %s; model %s has no such input: it takes %s", name, b.model.name, list(values))
		}
	}
	return open
}

func (b *binder) bindInput(p *inputPlan, fields []field) {
	v := p.info
	if v.Kind != tensor.KindTensor {
		b.fault("%s; only tensors can be made of fields: set it by Given", b.wants(v))
		return
	}
	if len(fields) == 0 {
		b.fault("%s; struct %s has no field for it: tag fields %s:%q or %[3]s:%[5]q, or set it by Given", b.wants(v), typeName(b.inType), tagName, v.Name, v.Name+",0")
		return
	}
	before := len(b.faults)
	for _, f := range fields {
		b.inputMove(p, f)
	}
	if len(b.faults) > before {
		return
	}
	if p.moves[0].column == whole {
		b.bindWhole(p)
	} else {
		b.bindColumns(p)
	}
	p.moves = merge(p.moves)
}

// inputMove makes the move of one field.
func (b *binder) inputMove(p *inputPlan, f field) {
	c, err := cellsOf(f.typ)
	m := move{field: f.path, offset: f.offset, cells: c, column: f.tag.column}
	switch {
	case err != nil:
		b.fault("%s; field %s: %v", b.wants(p.info), f.path, err)
	case c.isMap():
		b.fault("%s; field %s is a map, which no tensor is made of", b.wants(p.info), f.path)
	case f.tag.column == none:
		b.fault("%s; field %s is tagged %s:%q: column %s is not a number", b.wants(p.info), f.path, tagName, f.tag, f.tag.key)
	case f.tag.column >= 0 && c.slice():
		b.fault("%s; field %s is a slice, whose length is not known: columns are given by numbers and arrays", b.wants(p.info), f.path)
	case p.info.Elem != tensor.Undefined && !converts(p.info.Elem, c.elem):
		b.fault("%s; field %s is %v, which cannot become %v", b.wants(p.info), f.path, f.typ, p.info.Elem)
	default:
		if p.info.Elem == tensor.Undefined {
			p.info.Elem = c.elem
		}
		m.copy = copierFor(p.info.Elem, c.elem)
		p.moves = append(p.moves, m)
		return
	}
}

// bindWhole binds an input to the one field that has all of it.
func (b *binder) bindWhole(p *inputPlan) {
	m := &p.moves[0]
	if len(p.moves) > 1 {
		b.fault("%s; fields %s and %s are both bound to it: one that has all of it can be the only one", b.wants(p.info), m.field, p.moves[1].field)
		return
	}
	if !b.shape(p, m.cells) {
		return
	}
	if p.width != free && !m.slice() && p.width != m.count {
		b.fault("%s; field %s gives %s a record, not %d", b.wants(p.info), m.field, values(m.count), p.width)
	}
	b.uneven = b.uneven || p.width == free
	m.column = 0
}

// bindColumns binds an input to fields that have some columns each: every column once.
func (b *binder) bindColumns(p *inputPlan) {
	slices.SortStableFunc(p.moves, func(x, y move) int { return cmp.Compare(x.column, y.column) })
	if m := &p.moves[0]; m.column == whole {
		b.fault("%s; field %s has all of it, field %s column %d: use one way", b.wants(p.info), m.field, p.moves[1].field, p.moves[1].column)
		return
	}
	end := 0
	for i := range p.moves {
		end = max(end, p.moves[i].end())
	}
	if !b.shape(p, cells{elem: p.info.Elem, count: end, dims: []int{end}}) {
		return
	}
	b.cover(p, end)
}

// cover reports columns that no field has, that two have, and that the model does not have.
func (b *binder) cover(p *inputPlan, end int) {
	var have, missing []string
	from, to, last := 0, 0, "" // the columns covered without a gap up to now, and whose the last is
	for i := range p.moves {
		m := &p.moves[i]
		if m.column < to {
			b.fault("%s; fields %s and %s both give column %d", b.wants(p.info), last, m.field, m.column)
		}
		if m.end() > p.width {
			b.fault("%s; field %s gives column %s: the last is column %d", b.wants(p.info), m.field, columns(m.column, m.end()), p.width-1)
		}
		if m.column > to {
			if to > from {
				have = append(have, columns(from, to))
			}
			missing = append(missing, columns(to, m.column))
			from = m.column
		}
		if m.end() > to {
			to, last = m.end(), m.field
		}
	}
	have = append(have, columns(from, to))
	if end < p.width {
		missing = append(missing, columns(end, p.width))
	}
	if len(missing) > 0 {
		b.fault("%s; struct %s gives columns %s: column %s has no field", b.wants(p.info), typeName(b.inType), strings.Join(have, ", "), strings.Join(missing, ", "))
	}
}

func values(n int) string { return count(n, "value") }

// count writes 1 value, 2 values.
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}
