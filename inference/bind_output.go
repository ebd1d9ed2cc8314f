package inference

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/tensor"
)

// bindOutputs gives fields their outputs. Names must be right. What the file declares about types and
// dimensions can be wrong, so what contradicts it is a doubt, which a trial run settles; see trial.
func (b *binder) bindOutputs(values []onnx.ValueInfo) {
	b.out = make([]outputPlan, len(values))
	groups := b.group(b.fieldsFor(b.outType, "output", values), "output", "gives", values)
	for i, v := range values {
		b.out[i].info = v
		for _, f := range groups[i] {
			b.outputMove(&b.out[i], f)
		}
		b.out[i].settle()
	}
}

// settle sorts and merges the moves.
func (o *outputPlan) settle() {
	for i := range o.moves {
		if m := &o.moves[i]; m.column != whole && m.end() > o.reach {
			o.reach, o.reacher = m.end(), m.field
		}
	}
	slices.SortStableFunc(o.moves, func(x, y move) int { return cmp.Compare(x.column, y.column) })
	o.moves = merge(o.moves)
}

func (b *binder) outputMove(o *outputPlan, f field) {
	c, err := cellsOf(f.typ)
	if err != nil {
		b.fault("%s; field %s: %v", b.gives(o.info), f.path, err)
		return
	}
	m := move{field: f.path, offset: f.offset, cells: c, column: f.tag.column}
	switch {
	case o.info.Kind == tensor.KindTensor:
		b.tensorMove(o, m, f)
	case o.info.Kind == tensor.KindSequence && o.info.Of != nil && o.info.Of.Kind == tensor.KindMap:
		b.mapMove(o, m, f)
	default:
		b.fault("%s; field %s: only tensors and sequences of maps can be bound", b.gives(o.info), f.path)
	}
}

// tensorMove binds a field to a tensor, or to some columns of it.
func (b *binder) tensorMove(o *outputPlan, m move, f field) {
	switch {
	case m.isMap():
		b.fault("%s; field %s is a map: use an array or a slice", b.gives(o.info), f.path)
	case f.tag.column == none:
		b.fault("%s; field %s is tagged %s:%q: column %s is not a number", b.gives(o.info), f.path, tagName, f.tag, f.tag.key)
	case f.tag.column >= 0 && m.slice():
		b.fault("%s; field %s is a slice, which takes the whole output: name no column", b.gives(o.info), f.path)
	default:
		o.moves = append(o.moves, m)
		b.doubt(o, &m, f)
	}
}

// doubt notes where a field contradicts what the file says about the output.
func (b *binder) doubt(o *outputPlan, m *move, f field) {
	v := o.info
	if v.Elem != tensor.Undefined && !converts(m.elem, v.Elem) {
		b.doubts = append(b.doubts, fmt.Sprintf("%s; field %s is %v, which cannot hold %v", b.gives(v), f.path, f.typ, v.Elem))
	}
	if !v.Ranked || len(v.Dims) == 0 {
		return
	}
	width, open := product(v.Dims[1:])
	if b.rows == 1 && len(v.Dims) == 1 {
		width, open = product(v.Dims)
	}
	if open > 0 {
		return
	}
	if fault := m.misfit(width); fault != "" {
		b.doubts = append(b.doubts, fmt.Sprintf("%s; field %s", b.gives(v), fault))
	}
}

// misfit says how a move does not fit an output of so many columns, or "".
func (m *move) misfit(width int) string {
	switch {
	case m.slice():
		return ""
	case m.column == whole && m.count != width:
		return fmt.Sprintf("%s takes %s a record, not %d: take some by %s:\"name,0\"", m.field, values(m.count), width, tagName)
	case m.column != whole && m.end() > width:
		return fmt.Sprintf("%s takes column %s of %d", m.field, columns(m.column, m.end()), width)
	}
	return ""
}

// mapMove binds a field to the map that a record gets, or to what the map has for one key.
func (b *binder) mapMove(o *outputPlan, m move, f field) {
	of := o.info.Of
	number, err := strconv.ParseInt(f.tag.key, 10, 64)
	switch {
	case m.isMap() && f.tag.key != "":
		b.fault("%s; field %s is a map and takes all of it: name no key", b.gives(o.info), f.path)
	case m.isMap() && m.key != of.Key:
		b.fault("%s; field %s is %v: its keys should be %v", b.gives(o.info), f.path, f.typ, of.Key)
	case m.isMap():
		m.column = whole
		o.moves = append(o.moves, m)
	case f.tag.key == "":
		b.fault("%s; field %s is %v: use map[%v]%v, or name a key as in %s:\"%s,KEY\"", b.gives(o.info), f.path, f.typ, of.Key, of.Elem, tagName, o.info.Name)
	case m.slice() || m.count != 1 || !converts(m.elem, of.Elem):
		b.fault("%s; field %s is %v, which cannot hold a %v", b.gives(o.info), f.path, f.typ, of.Elem)
	case of.Key != tensor.String && err != nil:
		b.fault("%s; field %s names key %q, which is no %v", b.gives(o.info), f.path, f.tag.key, of.Key)
	default:
		m.column, m.label, m.number = whole, f.tag.key, number
		o.moves = append(o.moves, m)
	}
}
