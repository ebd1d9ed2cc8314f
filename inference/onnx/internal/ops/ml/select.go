package ml

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// newArrayFeatureExtractor picks columns: input 1 holds their indices.
func newArrayFeatureExtractor(*op.Build) (op.Kernel, error) { return op.Func(extract), nil }

func extract(c *op.Ctx) error {
	x, at := c.In(0), c.In(1)
	if x == nil || at == nil || at.Elem() != tensor.Int64 || x.Rank() == 0 {
		return fmt.Errorf("%w: ArrayFeatureExtractor of %v by %v", op.ErrInput, x, at)
	}
	_, width := extent(x)
	index := tensor.Slice[int64](at)
	for _, i := range index {
		if i < 0 || i >= int64(width) {
			return fmt.Errorf("%w: column %d of %v", op.ErrInput, i, x)
		}
	}
	var buf [16]int
	shape := append(buf[:0], 1)
	if x.Rank() > 1 {
		shape = append(buf[:0], x.Shape()[:x.Rank()-1]...)
	}
	shape = append(shape, len(index))
	y, err := c.Out(0, x.Elem(), shape)
	if err != nil {
		return err
	}
	if x.Elem() == tensor.String {
		columns(y.Strings(), x.Strings(), index, width)
		return nil
	}
	size := x.Elem().Size()
	dst, src := y.Bytes(), x.Bytes()
	o := 0
	for r := 0; r < len(src); r += width * size {
		for _, i := range index {
			o += copy(dst[o:], src[r+int(i)*size:][:size])
		}
	}
	return nil
}

func columns[T any](dst, src []T, index []int64, width int) {
	o := 0
	for r := 0; r < len(src); r += width {
		for _, i := range index {
			dst[o] = src[r+int(i)]
			o++
		}
	}
}

// newFeatureVectorizer puts the columns of all inputs side by side as float32.
func newFeatureVectorizer(b *op.Build) (op.Kernel, error) {
	dims := b.Ints("inputdimensions")
	return op.Func(func(c *op.Ctx) error {
		total, rows := 0, 0
		for i := range c.NumIn() {
			t, err := c.Need(i)
			if err != nil {
				return err
			}
			r, _ := extent(t)
			if i == 0 {
				rows = r
			}
			if r != rows {
				return fmt.Errorf("%w: %d rows beside %d", op.ErrInput, r, rows)
			}
			total += columnsOf(dims, i, t)
		}
		shape := [2]int{rows, total}
		y, err := c.Out(0, tensor.Float32, shape[:])
		if err != nil {
			return err
		}
		return beside(c, tensor.Slice[float32](y), dims, rows, total)
	}), nil
}

// columnsOf is how many columns input i gives: what inputdimensions says.
func columnsOf(dims []int, i int, t *tensor.Tensor) int {
	if i < len(dims) {
		return dims[i]
	}
	_, width := extent(t)
	return width
}

// beside writes the inputs side by side; missing columns are zero.
func beside(c *op.Ctx, dst []float32, dims []int, rows, total int) error {
	clear(dst)
	at := 0
	for i := range c.NumIn() {
		t, v, err := floats(c, i)
		if err != nil {
			return err
		}
		_, width := extent(t)
		n := columnsOf(dims, i, t)
		for r := range rows {
			copy(dst[r*total+at:][:n], v[r*width:][:min(n, width)])
		}
		at += n
	}
	return nil
}

// newZipMap turns rows of scores into maps from label to score.
func newZipMap(b *op.Build) (op.Kernel, error) {
	l := newLabels(b)
	if l.len() == 0 {
		b.Fail("classlabels are missing")
	}
	keys := tensor.Vector(l.ints...)
	if len(l.strs) > 0 {
		keys = tensor.Vector(l.strs...)
	}
	return op.Func(func(c *op.Ctx) error {
		x, v, err := floats(c, 0)
		if err != nil {
			return err
		}
		rows, width := extent(x)
		if width != keys.Len() {
			return fmt.Errorf("%w: ZipMap of %v with %d labels", op.ErrInput, x, keys.Len())
		}
		s, _ := c.Ext(0).(*tensor.Sequence)
		if s == nil {
			s = &tensor.Sequence{}
		}
		zipRows(s, keys, v, rows, width)
		c.Set(0, s)
		return nil
	}), nil
}

// zipRows fills a sequence with maps, in the maps it already holds where it has
// enough of them.
func zipRows(s *tensor.Sequence, keys *tensor.Tensor, v []float32, rows, width int) {
	for len(s.Items) < rows {
		s.Items = append(s.Items, &tensor.Map{Values: &tensor.Tensor{}})
	}
	s.Items = s.Items[:rows]
	shape := [1]int{width}
	for r := range rows {
		m, ok := s.Items[r].(*tensor.Map)
		if !ok || m.Values == nil {
			m = &tensor.Map{Values: &tensor.Tensor{}}
			s.Items[r] = m
		}
		m.Keys = keys
		// The shape is a valid one, so Resize cannot fail.
		_ = m.Values.Resize(tensor.Float32, shape[:])
		copy(tensor.Slice[float32](m.Values), v[r*width:])
	}
}

// newDictVectorizer makes a row of the values of a map, in the vocabulary's order;
// keys that the map does not have give zero.
func newDictVectorizer(b *op.Build) (op.Kernel, error) {
	strs, ints := b.Strs("string_vocabulary"), b.Int64s("int64_vocabulary")
	return op.Func(func(c *op.Ctx) error {
		m, ok := c.Value(0).(*tensor.Map)
		if !ok {
			return fmt.Errorf("%w: DictVectorizer wants a map", op.ErrInput)
		}
		shape := [2]int{1, max(len(strs), len(ints))}
		y, err := c.OutZero(0, m.Values.Elem(), shape[:])
		if err != nil {
			return err
		}
		if m.Keys.Elem() == tensor.String {
			return vectorize(y, m.Values, m.Keys.Strings(), strs)
		}
		return vectorize(y, m.Values, tensor.Slice[int64](m.Keys), ints)
	}), nil
}

func vectorize[K comparable](y, values *tensor.Tensor, keys, vocabulary []K) error {
	size := values.Elem().Size()
	place := indexOf(vocabulary)
	for i, k := range keys {
		to, ok := place[k]
		switch {
		case !ok:
		case size == 0:
			y.Strings()[to] = values.Strings()[i]
		default:
			copy(y.Bytes()[to*size:], values.Bytes()[i*size:][:size])
		}
	}
	return nil
}

// newCastMap turns a map from integers into a row: its values in the order of the
// keys (DENSE), or each at the place that its key says (SPARSE).
func newCastMap(b *op.Build) (op.Kernel, error) {
	to := b.Str("cast_to", "TO_FLOAT", "TO_FLOAT", "TO_STRING", "TO_INT64")
	sparse := b.Str("map_form", "DENSE", "DENSE", "SPARSE") == "SPARSE"
	width := b.Int("max_map", 1)
	if to == "TO_STRING" {
		b.Fail("cast_to TO_STRING is not supported")
	}
	return op.Func(func(c *op.Ctx) error {
		m, ok := c.Value(0).(*tensor.Map)
		if !ok || m.Keys.Elem() != tensor.Int64 {
			return fmt.Errorf("%w: CastMap wants a map from integers", op.ErrInput)
		}
		v, err := op.Scratch[float32](c, m.Values.Len())
		if err != nil {
			return err
		}
		if err := toFloat32(v, m.Values); err != nil {
			return err
		}
		n := len(v)
		if sparse {
			n = width
		}
		row, err := op.Scratch[float32](c, n)
		if err != nil {
			return err
		}
		clear(row)
		for i, k := range tensor.Slice[int64](m.Keys) {
			if !sparse {
				k = int64(i)
			}
			if k >= 0 && k < int64(n) {
				row[k] = v[i]
			}
		}
		elem := tensor.Float32
		if to == "TO_INT64" {
			elem = tensor.Int64
		}
		shape := [2]int{1, n}
		y, err := c.Out(0, elem, shape[:])
		if err != nil {
			return err
		}
		return fromFloat32(y, row)
	}), nil
}
