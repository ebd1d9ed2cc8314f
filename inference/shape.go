package inference

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/tensor"
)

// shape settles an input's dimensions from what the model declares and what a record has. The first
// dimension counts the records, except that a model which has no such dimension is run record by
// record: its input is a scalar, or has one dimension and a record has several values for it.
func (b *binder) shape(p *inputPlan, c cells) bool {
	dims := p.info.Dims
	switch {
	case !p.info.Ranked:
		dims = undeclared(c)
	case b.single(dims, c):
		return b.fixRows(p.info, 1) && b.tail(p, dims, c) && b.affordable(p)
	case dims[0].Size >= 0 && !b.fixRows(p.info, dims[0].Size):
		return false
	}
	p.lead = true
	return b.tail(p, dims[1:], c) && b.affordable(p)
}

// single reports whether one record is all of an input.
func (b *binder) single(dims []onnx.Dim, c cells) bool {
	if len(dims) != 1 {
		return len(dims) == 0
	}
	return c.slice() || c.count > 1 && dims[0].Size > 1
}

// undeclared is the dimensions of an input about which the file says nothing: what the field has.
func undeclared(c cells) []onnx.Dim {
	dims := []onnx.Dim{{Size: -1}}
	for _, d := range c.dims {
		dims = append(dims, onnx.Dim{Size: int64(d)})
	}
	if len(dims) == 1 {
		dims = append(dims, onnx.Dim{Size: int64(c.count)}) // a scalar is one column, a slice any number
	}
	return dims
}

// fixRows notes that every run has n records.
func (b *binder) fixRows(v onnx.ValueInfo, n int64) bool {
	switch {
	case n < 1 || n > maxRows:
		b.fault("%s; that is room for %d records: its first dimension should be the records of a batch", b.wants(v), n)
	case b.rows != 0 && int64(b.rows) != n:
		b.fault("%s, that is %d records in a run; another input is for %d: they cannot come from the same records", b.wants(v), n, b.rows)
	default:
		b.rows = int(n)
		return true
	}
	return false
}

// tail settles the dimensions behind that of the records. One that the model leaves open is what the
// record's values make it.
func (b *binder) tail(p *inputPlan, dims []onnx.Dim, c cells) bool {
	known, open := product(dims)
	if known < 1 {
		b.fault("%s; no record can have values for that shape", b.wants(p.info))
		return false
	}
	p.known, p.width = known, known
	for _, d := range dims {
		p.tail = append(p.tail, int(d.Size))
	}
	switch {
	case open == 0:
	case !c.slice() && len(c.dims) == len(dims):
		return b.adopt(p, c)
	case open > 1 && c.count != 1:
		b.fault("%s; %d of its dimensions are open and cannot be told from %s: use an array with a dimension for each", b.wants(p.info), open, row(c))
		return false
	case c.slice():
		p.width = free
	case c.count%known != 0:
		b.fault("%s; %s a record cannot fill dimensions of %d", b.wants(p.info), values(c.count), known)
		return false
	default:
		p.width = c.count
		fill(p.tail, c.count/known)
	}
	return true
}

// adopt takes the dimensions of an array of the same rank.
func (b *binder) adopt(p *inputPlan, c cells) bool {
	for i, d := range p.tail {
		if d >= 0 && d != c.dims[i] {
			b.fault("%s; an array of %s does not fit", b.wants(p.info), shapeOf(c.dims))
			return false
		}
	}
	p.tail, p.width = slices.Clone(c.dims), c.count
	return true
}

// affordable reports whether an input of the runs that the model asks for can be held.
func (b *binder) affordable(p *inputPlan) bool {
	if p.width <= maxElements/max(1, b.rows) {
		return true
	}
	b.fault("%s; that is too large to be filled for each run", b.wants(p.info))
	return false
}

// fill sets the open dimensions: one of them to n; several are all 1.
func fill(dims []int, n int) {
	for i := range dims {
		if dims[i] < 0 {
			dims[i] = n
		}
	}
}

// product multiplies the dimensions that are known, and counts the open ones. It is -1 where the
// product is beyond what one tensor can be.
func product(dims []onnx.Dim) (known, open int) {
	known = 1
	for _, d := range dims {
		switch {
		case d.Size < 0:
			open++
		case d.Size > math.MaxInt32 || known > math.MaxInt32/max(1, int(d.Size)):
			return -1, open
		default:
			known *= int(d.Size)
		}
	}
	return known, open
}

func row(c cells) string {
	if c.slice() {
		return "a slice"
	}
	return values(c.count)
}

func shapeOf(dims []int) string {
	parts := make([]string, len(dims))
	for i, d := range dims {
		parts[i] = strconv.Itoa(d)
	}
	return "[" + strings.Join(parts, "][") + "]"
}

// checkGiven compares a value set by Given with the input.
func (b *binder) checkGiven(v onnx.ValueInfo, given tensor.Value) {
	t, ok := given.(*tensor.Tensor)
	switch {
	case v.Kind == tensor.KindOptional:
	case given.Kind() != v.Kind:
		b.fault("%s; Given sets it to a %v", b.wants(v), given.Kind())
	case ok && v.Elem != tensor.Undefined && t.Elem() != v.Elem || ok && v.Ranked && !fitsDims(t.Shape(), v.Dims):
		b.fault("%s; Given sets it to %v", b.wants(v), t)
	}
}

func fitsDims(shape []int, dims []onnx.Dim) bool {
	return slices.EqualFunc(shape, dims, func(n int, d onnx.Dim) bool { return d.Size < 0 || int64(n) == d.Size })
}
