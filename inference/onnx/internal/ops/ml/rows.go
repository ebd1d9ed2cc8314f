package ml

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// extent is how many rows a tensor has, and how long they are: the last dimension
// is the features, and a vector is one row.
func extent(t *tensor.Tensor) (rows, width int) {
	width = t.Dim(-1)
	if t.Rank() < 2 {
		return 1, width
	}
	rows = 1
	for _, d := range t.Shape()[:t.Rank()-1] {
		rows *= d
	}
	return rows, width
}

// floats is input i as float32, converted in scratch memory where it is something
// else.
func floats(c *op.Ctx, i int) (*tensor.Tensor, []float32, error) {
	t, err := c.Need(i)
	if err != nil {
		return nil, nil, err
	}
	if t.Elem() == tensor.Float32 {
		return t, tensor.Slice[float32](t), nil
	}
	v, err := op.Scratch[float32](c, t.Len())
	if err != nil {
		return nil, nil, err
	}
	return t, v, toFloat32(v, t)
}

// toFloat32 reads any numeric tensor as float32.
func toFloat32(dst []float32, t *tensor.Tensor) error {
	switch t.Elem() {
	case tensor.Float32:
		copy(dst, tensor.Slice[float32](t))
	case tensor.Float64:
		convert(dst, tensor.Slice[float64](t))
	case tensor.Int64:
		convert(dst, tensor.Slice[int64](t))
	case tensor.Int32:
		convert(dst, tensor.Slice[int32](t))
	case tensor.Uint8:
		convert(dst, tensor.Slice[uint8](t))
	case tensor.Bool:
		convert(dst, t.Bytes())
	case tensor.Float16, tensor.BFloat16:
		tensor.Widen(dst, t)
	default:
		return fmt.Errorf("%w: %v is not numeric", op.ErrType, t)
	}
	return nil
}

func convert[D, S float32 | float64 | int64 | int32 | uint8](dst []D, src []S) {
	for i, v := range src {
		dst[i] = D(v)
	}
}

// labels is a classifier's list of classes, as integers or strings.
type labels struct {
	ints []int64
	strs []string
}

func newLabels(b *op.Build) labels {
	l := labels{ints: b.Int64s("classlabels_ints"), strs: b.Strs("classlabels_strings")}
	if l.ints == nil && l.strs == nil {
		l.ints = b.Int64s("classlabels_int64s")
	}
	if len(l.ints) > 0 && len(l.strs) > 0 {
		b.Fail("classlabels are given both as ints and as strings")
	}
	return l
}

func (l *labels) len() int { return max(len(l.ints), len(l.strs)) }

// out is output i as n labels.
func (l *labels) out(c *op.Ctx, i, n int) (labelWriter, error) {
	elem := tensor.Int64
	if len(l.strs) > 0 {
		elem = tensor.String
	}
	shape := [1]int{n}
	t, err := c.Out(i, elem, shape[:])
	if err != nil {
		return labelWriter{}, err
	}
	return labelWriter{labels: l, ints: tensor.Slice[int64](t), strs: t.Strings()}, nil
}

// labelWriter writes labels by the index of their class.
type labelWriter struct {
	*labels
	ints []int64
	strs []string
}

func (w *labelWriter) set(row, class int) error {
	if class < 0 || class >= w.len() {
		return fmt.Errorf("%w: class %d has no label", op.ErrInput, class)
	}
	if w.strs != nil {
		w.strs[row] = w.labels.strs[class]
		return nil
	}
	w.ints[row] = w.labels.ints[class]
	return nil
}

// argMax is the index of the largest value, the first of equals.
func argMax(v []float32) int {
	at := 0
	for i, x := range v {
		if x > v[at] {
			at = i
		}
	}
	return at
}

// oneOrWidth refuses attribute lists that are neither for all columns nor for each.
func oneOrWidth(name string, n, width int) error {
	if n == 1 || n == width {
		return nil
	}
	return fmt.Errorf("%w: %s has %d values for %d features", op.ErrInput, name, n, width)
}
