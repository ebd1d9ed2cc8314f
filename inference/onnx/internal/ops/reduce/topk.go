package reduce

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

func sqrt(v float64) float64 { return math.Sqrt(v) }

// topK is the k largest or smallest elements of each line with their indices, in
// order; of equals the one with the lower index comes first.
type topK struct {
	axis    int
	k       int // from the attribute, before version 10
	largest bool
}

func newTopK(b *op.Build) (op.Kernel, error) {
	b.Ignore("sorted") // the results are always sorted, which is allowed
	return &topK{axis: b.Int("axis", -1), k: b.Int("k", -1), largest: b.Bool("largest", true)}, nil
}

func (k *topK) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	n := int64(k.k)
	if t := c.In(1); t != nil {
		if n, err = tensor.Item[int64](t); err != nil {
			return err
		}
	}
	axis, err := axisOf(k.axis, x)
	if err != nil {
		return err
	}
	if n < 0 || n > int64(x.Dim(axis)) {
		return fmt.Errorf("%w: TopK of %d from %v at axis %d", op.ErrInput, n, x, axis)
	}
	var buf [kernel.MaxRank]int
	shape := append(buf[:0], x.Shape()...)
	shape[axis] = int(n)
	y, err := c.Out(0, x.Elem(), shape)
	if err != nil {
		return err
	}
	at, err := c.Out(1, tensor.Int64, shape)
	if err != nil {
		return err
	}
	l, index := newLines(x.Shape(), axis), tensor.Slice[int64](at)
	switch x.Elem() {
	case tensor.Float32:
		return topLines[float32](c, k, l, y, index, x, int(n))
	case tensor.Float64:
		return topLines[float64](c, k, l, y, index, x, int(n))
	case tensor.Int64:
		return topLines[int64](c, k, l, y, index, x, int(n))
	case tensor.Int32:
		return topLines[int32](c, k, l, y, index, x, int(n))
	case tensor.Int16:
		return topLines[int16](c, k, l, y, index, x, int(n))
	case tensor.Int8:
		return topLines[int8](c, k, l, y, index, x, int(n))
	case tensor.Uint64:
		return topLines[uint64](c, k, l, y, index, x, int(n))
	case tensor.Uint32:
		return topLines[uint32](c, k, l, y, index, x, int(n))
	case tensor.Uint16:
		return topLines[uint16](c, k, l, y, index, x, int(n))
	case tensor.Uint8:
		return topLines[uint8](c, k, l, y, index, x, int(n))
	}
	return fmt.Errorf("%w: TopK of %v", op.ErrType, x)
}

func topLines[T interface {
	kernel.Number
	tensor.Type
}](c *op.Ctx, k *topK, l lines, y *tensor.Tensor, index []int64, x *tensor.Tensor, n int) error {
	order, err := op.Scratch[int64](c, l.n)
	if err != nil {
		return err
	}
	dst, src := tensor.Slice[T](y), tensor.Slice[T](x)
	base := 0
	before := func(a, b int64) int {
		va, vb := src[base+int(a)*l.inner], src[base+int(b)*l.inner]
		if r := cmp.Compare(va, vb); r != 0 {
			if k.largest {
				return -r
			}
			return r
		}
		return cmp.Compare(a, b)
	}
	for o := range l.outer {
		for i := range l.inner {
			base = o*l.n*l.inner + i
			for j := range order {
				order[j] = int64(j)
			}
			slices.SortFunc(order, before)
			for j, from := range order[:n] {
				to := (o*n+j)*l.inner + i
				dst[to], index[to] = src[base+int(from)*l.inner], from
			}
		}
	}
	return nil
}
