package inference

import (
	"fmt"
	"slices"

	"github.com/turgo-io/turgo/inference/tensor"
)

// outputError says that a run gave something else than the fields take.
type outputError struct{ fault string }

func (e *outputError) Error() string { return ErrOutput.Error() + ": " + e.fault }

// Is makes errors.Is(err, ErrOutput) true.
func (e *outputError) Is(target error) bool { return target == ErrOutput }

// gave begins an error about an output as it came.
func (r *runner) gave(o *outputPlan, what any, size int, format string, args ...any) error {
	return &outputError{fmt.Sprintf("model %s gave output %s %v for %s; ", r.model.name, o.info.Name, what, count(size, "record")) + fmt.Sprintf(format, args...)}
}

// scatter takes rows predictions out of output i, which has size of them.
func (r *runner) scatter(i int, out pointer, rows, size int) error {
	switch v := r.outputs[i].(type) {
	case *tensor.Tensor:
		return r.scatterTensor(&r.out[i], v, r.copiers(i, v.Elem()), out, rows, size)
	case *tensor.Sequence:
		return r.scatterMaps(i, v, out, rows, size)
	}
	return nil
}

func (r *runner) scatterTensor(o *outputPlan, t *tensor.Tensor, copies []copier, out pointer, rows, size int) error {
	width, ok := r.widthOf(t, size)
	if !ok {
		return r.gave(o, t, size, "its first dimension should be the records")
	}
	if o.reach > width {
		return r.gave(o, t, size, "field %s takes column %d", o.reacher, o.reach-1)
	}
	base, cell := firstIn(t), elemSize(t.Elem())
	line, step := uintptr(width)*cell, r.outType.Size()
	for i := range o.moves {
		m, move := &o.moves[i], copies[i]
		if move == nil {
			return r.gave(o, t, size, "field %s cannot hold %v", m.field, t.Elem())
		}
		dst := beyond(out, m.offset)
		switch {
		case m.slice():
			block := cutterFor(m.elem)(dst, step, rows, width)
			move(block, uintptr(width)*m.size(), base, line, rows, width)
		case m.column != whole:
			move(dst, step, at(base, m.column, cell), line, rows, m.count)
		case m.count != width:
			return r.gave(o, t, size, "field %s", m.misfit(width))
		default:
			move(dst, step, base, line, rows, width)
		}
	}
	return nil
}

// widthOf is the number of elements that each record has in an output of size records. A model that is
// run record by record may leave that dimension out.
func (r *runner) widthOf(t *tensor.Tensor, size int) (int, bool) {
	if r.rows == 1 {
		return t.Len(), true
	}
	if t.Rank() == 0 || t.Dim(0) != size {
		return 0, false
	}
	return t.Len() / size, true
}

// scatterMaps takes predictions out of a sequence with a map for each record, as ZipMap gives it.
func (r *runner) scatterMaps(output int, s *tensor.Sequence, out pointer, rows, size int) error {
	o := &r.out[output]
	if len(s.Items) != size {
		return r.gave(o, fmt.Sprintf("a sequence of %d", len(s.Items)), size, "it should have a map for each")
	}
	for i := range rows {
		item, ok := s.Items[i].(*tensor.Map)
		if !ok {
			return r.gave(o, fmt.Sprintf("a sequence of %T", s.Items[i]), size, "it should be of maps")
		}
		copies := r.copiers(output, item.Values.Elem())
		for k := range o.moves {
			m := &o.moves[k]
			if !m.takeFrom(item, copies[k], beyond(at(out, i, r.outType.Size()), m.offset)) {
				return r.gave(o, fmt.Sprintf("a map of %v to %v", item.Keys, item.Values), size, "field %s%s does not find its value there", m.field, m.keyText())
			}
		}
	}
	return nil
}

func (m *move) keyText() string {
	if m.label == "" {
		return ""
	}
	return " with key " + m.label
}

// takeFrom stores a map, or its value for one key, at p.
func (m *move) takeFrom(item *tensor.Map, move copier, p pointer) bool {
	if m.isMap() {
		put := putterFor(m.cells, item.Keys.Elem())
		if put == nil {
			return false
		}
		put(p, item)
		return true
	}
	i := m.find(item.Keys)
	if i < 0 || i >= item.Values.Len() || move == nil {
		return false
	}
	cell := elemSize(item.Values.Elem())
	move(p, 0, at(firstIn(item.Values), i, cell), 0, 1, 1)
	return true
}

// find is the place of the move's key, -1 if it is not there.
func (m *move) find(keys *tensor.Tensor) int {
	if keys.Elem() == tensor.String {
		return slices.Index(keys.Strings(), m.label)
	}
	return slices.Index(tensor.Slice[int64](keys), m.number)
}
