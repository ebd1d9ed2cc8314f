package inference

import (
	"context"
	"errors"
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/tensor"
)

// runner runs a bound model for one goroutine. It keeps the tensors from run to run, so that runs of
// like sizes allocate nothing.
type runner struct {
	*binding
	session *onnx.Session
	inputs  []tensor.Value
	outputs []tensor.Value // nil where no field wants one
	taken   []taken        // of outputs
	shape   []int          // scratch
}

// taken is how the moves of an output are copied, for the element type that it had in the last run.
type taken struct {
	elem   tensor.Elem
	copies []copier // nil for a move whose field cannot hold the type
}

// copiers returns what copies the moves of output i from tensors of an element type.
func (r *runner) copiers(i int, elem tensor.Elem) []copier {
	t := &r.taken[i]
	if t.elem != elem {
		t.elem, t.copies = elem, t.copies[:0]
		for k := range r.out[i].moves {
			t.copies = append(t.copies, copierFor(r.out[i].moves[k].elem, elem))
		}
	}
	return t.copies
}

func newRunner(b *binding) *runner {
	config := b.model.session
	config.MaxIdle = 1
	r := &runner{binding: b, session: b.model.onnx.NewSession(config), taken: make([]taken, len(b.out)), shape: make([]int, 0, 8)}
	for i := range b.in {
		var v tensor.Value = new(tensor.Tensor)
		if p := &b.in[i]; len(p.moves) == 0 {
			v = p.given // nil for an optional that is not set
		}
		r.inputs = append(r.inputs, v)
	}
	for i := range b.out {
		var v tensor.Value
		switch o := &b.out[i]; {
		case !o.wanted():
		case o.info.Kind == tensor.KindSequence:
			v = new(tensor.Sequence)
		default:
			v = new(tensor.Tensor)
		}
		r.outputs = append(r.outputs, v)
	}
	return r
}

// run predicts for n records that begin at in, into the n predictions that begin at out.
func (r *runner) run(ctx context.Context, in, out pointer, n int) error {
	inStep, outStep := r.inType.Size(), r.outType.Size()
	for from := 0; from < n; {
		if err := ctx.Err(); err != nil {
			return err
		}
		first := at(in, from, inStep)
		rows := r.together(first, inStep, n-from)
		if err := r.once(first, at(out, from, outStep), rows); err != nil {
			return err
		}
		from += rows
	}
	return nil
}

// together is how many of n records go into the next run.
func (r *runner) together(in pointer, step uintptr, n int) int {
	if r.rows > 0 {
		n = min(n, r.rows)
	}
	if !r.uneven {
		return n
	}
	for i := 1; i < n; i++ {
		if !r.alike(in, at(in, i, step)) {
			return i
		}
	}
	return n
}

// alike reports whether two records have slices of equal lengths where lengths are free.
func (r *runner) alike(a, b pointer) bool {
	for i := range r.in {
		p := &r.in[i]
		if len(p.moves) == 0 || p.width != free {
			continue
		}
		_, n := sliceAt(beyond(a, p.moves[0].offset))
		if _, m := sliceAt(beyond(b, p.moves[0].offset)); n != m {
			return false
		}
	}
	return true
}

// once runs the model for rows records.
func (r *runner) once(in, out pointer, rows int) error {
	size := max(rows, r.rows)
	for i := range r.in {
		if len(r.in[i].moves) == 0 {
			continue
		}
		if err := r.gather(&r.in[i], r.inputs[i].(*tensor.Tensor), in, rows, size); err != nil {
			return err
		}
	}
	if err := r.session.RunValues(r.inputs, r.outputs); err != nil {
		return fmt.Errorf("inference: running model %s: %w", r.model.name, err)
	}
	var misfits error // of all outputs, so that a trial can name them at once
	for i := range r.out {
		if err := r.scatter(i, out, rows, size); err != nil {
			misfits = errors.Join(misfits, err)
		}
	}
	return misfits
}

// gather fills an input with rows records, and up to size with copies of the last one.
func (r *runner) gather(p *inputPlan, t *tensor.Tensor, in pointer, rows, size int) error {
	step, elem := r.inType.Size(), p.info.Elem
	width, err := p.rowWidth(r.model, in, step, rows)
	if err != nil {
		return err
	}
	r.shape = p.shapeFor(r.shape[:0], size, width)
	if err := t.Resize(elem, r.shape); err != nil {
		return err
	}
	base, cell := firstIn(t), elemSize(elem)
	line := uintptr(width) * cell
	for i := range p.moves {
		m := &p.moves[i]
		src, dst := beyond(in, m.offset), at(base, m.column, cell)
		if !m.slice() {
			m.copy(dst, line, src, step, rows, m.count)
			continue
		}
		for k := range rows {
			data, n := sliceAt(at(src, k, step))
			m.copy(at(dst, k, line), 0, data, 0, 1, n)
		}
	}
	if size > rows {
		sameCopier(elem)(at(base, rows, line), line, at(base, rows-1, line), 0, size-rows, width)
	}
	return nil
}

// rowWidth is the number of elements that each of the records has for the input. Slices that are not
// of that length are an error.
func (p *inputPlan) rowWidth(model *Model, in pointer, step uintptr, rows int) (int, error) {
	m, width := &p.moves[0], p.width
	if !m.slice() {
		return width, nil
	}
	for i := range rows {
		_, n := sliceAt(beyond(at(in, i, step), m.offset))
		switch {
		case width == free && n%p.known == 0:
			width = n
		case n != width:
			return 0, fmt.Errorf("%w: field %s has %s; model %s takes input %v", ErrRow, m.field, values(n), model.name, p.info)
		}
	}
	return width, nil
}

// shapeFor appends the dimensions of the input for a batch.
func (p *inputPlan) shapeFor(shape []int, size, width int) []int {
	if p.lead {
		shape = append(shape, size)
	}
	for _, d := range p.tail {
		if d == free {
			d = width / p.known
		}
		shape = append(shape, d)
	}
	return shape
}
