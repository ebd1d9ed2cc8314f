package linear

import (
	"fmt"
	"slices"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// einsum sums products of any number of operands over the labels that the result
// does not name. Operands are contracted from left to right, two at a time, each
// contraction as a batch of matrix products.
type einsum struct {
	terms  []string
	result string
}

// A label is an ASCII letter, or dots+i for dimension i of an ellipsis counted from
// the last one.
const dots = 128

func newEinsum(b *op.Build) (op.Kernel, error) {
	equation := strings.ReplaceAll(b.Str("equation", ""), " ", "")
	left, result, given := strings.Cut(equation, "->")
	k := &einsum{terms: strings.Split(left, ","), result: result}
	if !given {
		k.result = implied(left)
	}
	for _, term := range append(slices.Clone(k.terms), k.result) {
		if err := checkTerm(term); err != nil {
			return nil, err
		}
	}
	if len(k.terms) != b.NumIn() {
		b.Fail("equation %q is for %d inputs, not %d", equation, len(k.terms), b.NumIn())
	}
	return k, nil
}

// implied is the result of an equation without an arrow: the ellipsis, then the
// letters that occur once, in order.
func implied(left string) string {
	var out []byte
	for c := byte('A'); c <= 'z'; c++ {
		if letter(c) && strings.Count(left, string(c)) == 1 {
			out = append(out, c)
		}
	}
	if strings.Contains(left, "...") {
		return "..." + string(out)
	}
	return string(out)
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func checkTerm(term string) error {
	rest := strings.Replace(term, "...", "", 1)
	for i := range len(rest) {
		if !letter(rest[i]) {
			return fmt.Errorf("%w: einsum term %q", op.ErrAttribute, term)
		}
	}
	return nil
}

// strided is an operand: a size and a step for each of its labels.
type strided struct {
	labels      []byte
	dims, steps []int
}

func (s *strided) find(label byte) int { return slices.Index(s.labels, label) }

// labelled gives each dimension of a shape its label. A label that occurs twice in a
// term walks the diagonal.
func labelled(term string, shape []int) (s strided, err error) {
	before, after, has := strings.Cut(term, "...")
	extra := len(shape) - len(before) - len(after)
	if extra < 0 || !has && extra > 0 {
		return s, fmt.Errorf("%w: einsum term %q for shape %v", op.ErrInput, term, shape)
	}
	labels := []byte(before)
	for i := range extra {
		labels = append(labels, byte(dots+extra-1-i))
	}
	labels = append(labels, after...)
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		if at := s.find(labels[i]); at >= 0 {
			if s.dims[at] != shape[i] {
				return s, fmt.Errorf("%w: einsum term %q for shape %v", op.ErrInput, term, shape)
			}
			s.steps[at] += step
		} else {
			s.labels, s.dims, s.steps = append(s.labels, labels[i]), append(s.dims, shape[i]), append(s.steps, step)
		}
		step *= shape[i]
	}
	slices.Reverse(s.labels)
	slices.Reverse(s.dims)
	slices.Reverse(s.steps)
	return s, nil
}

// einsumRun is one run: operands, the size of each label, the result's labels.
type einsumRun struct {
	operands []strided
	size     [256]int
	result   []byte
	shape    []int
}

func (k *einsum) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	r := einsumRun{}
	ellipsis := 0
	for i, term := range k.terms {
		t, err := c.Need(i)
		if err != nil {
			return err
		}
		if t.Elem() != x.Elem() || t.Rank() >= 64 {
			return fmt.Errorf("%w: einsum of %v and %v", op.ErrInput, x, t)
		}
		s, err := labelled(term, t.Shape())
		if err != nil {
			return err
		}
		if ellipsis, err = r.measure(&s, ellipsis); err != nil {
			return err
		}
		r.operands = append(r.operands, s)
	}
	if err := r.name(k.result, ellipsis); err != nil {
		return err
	}
	y, err := c.Out(0, x.Elem(), r.shape)
	if err != nil || y.Len() == 0 {
		return err
	}
	return r.dispatch(c, y)
}

// measure notes the sizes of labels; one of 1 stretches to any other.
func (r *einsumRun) measure(s *strided, ellipsis int) (int, error) {
	for i, label := range s.labels {
		d := s.dims[i]
		if label >= dots {
			ellipsis = max(ellipsis, int(label)-dots+1)
		}
		switch have := r.size[label] - 1; { // stored plus one: 0 is "not seen"
		case have < 0 || have == 1:
			r.size[label] = d + 1
		case d != 1 && d != have:
			return 0, fmt.Errorf("%w: einsum label %q is %d and %d", op.ErrInput, label, have, d)
		}
	}
	return ellipsis, nil
}

// name works out the labels and shape of the result.
func (r *einsumRun) name(result string, ellipsis int) error {
	before, after, has := strings.Cut(result, "...")
	r.result = []byte(before)
	for i := ellipsis - 1; has && i >= 0; i-- {
		r.result = append(r.result, byte(dots+i))
	}
	r.result = append(r.result, after...)
	for i, label := range r.result {
		if r.size[label] == 0 || slices.Contains(r.result[:i], label) {
			return fmt.Errorf("%w: einsum result %q", op.ErrInput, result)
		}
		r.shape = append(r.shape, r.size[label]-1)
	}
	return nil
}

func (r *einsumRun) dispatch(c *op.Ctx, y *tensor.Tensor) error {
	switch y.Elem() {
	case tensor.Float32:
		return contractAll[float32](c, r, y)
	case tensor.Float64:
		return contractAll[float64](c, r, y)
	case tensor.Int64:
		return contractAll[int64](c, r, y)
	case tensor.Int32:
		return contractAll[int32](c, r, y)
	case tensor.Int16:
		return contractAll[int16](c, r, y)
	case tensor.Int8:
		return contractAll[int8](c, r, y)
	case tensor.Uint64:
		return contractAll[uint64](c, r, y)
	case tensor.Uint32:
		return contractAll[uint32](c, r, y)
	case tensor.Uint16:
		return contractAll[uint16](c, r, y)
	case tensor.Uint8:
		return contractAll[uint8](c, r, y)
	}
	return fmt.Errorf("%w: einsum of %v", op.ErrType, y)
}

// number is what einsum computes on.
type number interface {
	kernel.Number
	tensor.Type
}

func contractAll[T number](c *op.Ctx, r *einsumRun, y *tensor.Tensor) error {
	acc, data := r.operands[0], tensor.Slice[T](c.In(0))
	dst := tensor.Slice[T](y)
	for i := 1; i < len(r.operands); i++ {
		var err error
		kept := func(label byte) bool {
			return slices.Contains(r.result, label) ||
				slices.ContainsFunc(r.operands[i+1:], func(s strided) bool { return s.find(label) >= 0 })
		}
		if acc, data, err = contract(c, r, acc, data, r.operands[i], tensor.Slice[T](c.In(i)), kept); err != nil {
			return err
		}
	}
	move(r, dst, r.result, data, &acc)
	return nil
}

// contract multiplies two operands and sums over what neither the result nor later
// operands name: [batch, m, k] by [batch, k, n] to [batch, m, n].
func contract[T number](c *op.Ctx, r *einsumRun, a strided, x []T, b strided, w []T, kept func(byte) bool) (out strided, y []T, err error) {
	var batch, rows, cols, sums []byte
	// The result's labels first and in order, so that it need not be rearranged.
	for _, label := range append(append(slices.Clone(r.result), a.labels...), b.labels...) {
		list := &batch
		switch inA, inB := a.find(label) >= 0, b.find(label) >= 0; {
		case !inA && !inB:
			continue
		case inA && inB && !kept(label):
			list = &sums
		case inA && inB:
		case !kept(label): // in one of them only: summed while it is laid out
			continue
		case inA:
			list = &rows
		default:
			list = &cols
		}
		if !slices.Contains(*list, label) {
			*list = append(*list, label)
		}
	}
	nb, m, k, n := r.count(batch), r.count(rows), r.count(sums), r.count(cols)
	if x, err = laid(c, r, x, &a, slices.Concat(batch, rows, sums)); err != nil {
		return out, nil, err
	}
	if w, err = laid(c, r, w, &b, slices.Concat(batch, sums, cols)); err != nil {
		return out, nil, err
	}
	if _, err := tensor.Count([]int{nb, m, n}); err != nil {
		return out, nil, err
	}
	if y, err = op.Scratch[T](c, nb*m*n); err != nil {
		return out, nil, err
	}
	out.labels = slices.Concat(batch, rows, cols)
	out.dims, out.steps = r.row(out.labels)
	return out, y, products(c, y, x, w, nb, m, k, n)
}

// count is the product of the labels' sizes.
func (r *einsumRun) count(labels []byte) int {
	n := 1
	for _, l := range labels {
		n *= r.size[l] - 1
	}
	return n
}

// row is the sizes and steps of labels that lie densely, the last one fastest.
func (r *einsumRun) row(labels []byte) (dims, steps []int) {
	dims, steps = make([]int, len(labels)), make([]int, len(labels))
	step := 1
	for i := len(labels) - 1; i >= 0; i-- {
		dims[i], steps[i] = r.size[labels[i]]-1, step
		step *= dims[i]
	}
	return dims, steps
}

// laid is an operand with its elements in the order of labels, summed over others;
// itself where it is that already.
func laid[T number](c *op.Ctx, r *einsumRun, src []T, s *strided, labels []byte) ([]T, error) {
	dims, steps := r.row(labels)
	if slices.Equal(s.labels, labels) && slices.Equal(s.dims, dims) && slices.Equal(s.steps, steps) {
		return src, nil
	}
	dst, err := op.Scratch[T](c, r.count(labels))
	if err != nil {
		return nil, err
	}
	move(r, dst, labels, src, s)
	return dst, nil
}

// move writes src in the order of labels, summed over the labels it has besides.
func move[T number](r *einsumRun, dst []T, labels []byte, src []T, s *strided) {
	all := slices.Clone(labels)
	for _, l := range s.labels {
		if !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	dims, from, to := make([]int, len(all)), make([]int, len(all)), make([]int, len(all))
	_, rows := r.row(labels)
	copy(to, rows)
	for i, l := range all {
		dims[i] = r.size[l] - 1
		if at := s.find(l); at >= 0 && s.dims[at] != 1 {
			from[i] = s.steps[at]
		} else if at >= 0 && i >= len(labels) {
			dims[i] = 1 // summed over once, not as often as it stretches elsewhere
		}
	}
	clear(dst)
	walk(dims, from, to, func(i, o int) { dst[o] += src[i] })
}

// walk calls f with the offsets of every combination of indices.
func walk(dims, from, to []int, f func(from, to int)) {
	if len(dims) == 0 {
		f(0, 0)
		return
	}
	if slices.Contains(dims, 0) {
		return
	}
	index := make([]int, len(dims))
	i, o, last := 0, 0, len(dims)-1
	for {
		f(i, o)
		at := last
		for ; at >= 0; at-- {
			index[at]++
			i, o = i+from[at], o+to[at]
			if index[at] < dims[at] {
				break
			}
			i, o = i-from[at]*dims[at], o-to[at]*dims[at]
			index[at] = 0
		}
		if at < 0 {
			return
		}
	}
}

// products computes a batch of matrix products.
func products[T number](c *op.Ctx, y, x, w []T, batch, m, k, n int) error {
	y32, ok := any(y).([]float32)
	if !ok {
		for b := range batch {
			kernel.MatMul(y[b*m*n:], x[b*m*k:], w[b*k*n:], m, k, n, k, 1, n, 1)
		}
		return nil
	}
	x32, w32 := any(x).([]float32), any(w).([]float32)
	isa := kernel.Best()
	buf, err := op.Scratch[float32](c, isa.PackedLen(k, n))
	if err != nil {
		return err
	}
	scratch, err := op.Scratch[float32](c, isa.ScratchLen(m, k))
	if err != nil {
		return err
	}
	for b := range batch {
		p := isa.Pack(buf, w32[b*k*n:], k, n, n, false, 1)
		p.Mul(y32[b*m*n:], n, x32[b*m*k:], k, m, false, scratch)
	}
	return nil
}
