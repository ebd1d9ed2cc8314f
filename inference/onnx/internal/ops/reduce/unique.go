package reduce

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// newUnique finds the distinct elements, or the distinct slices along an axis, with
// the index of their first appearance, the way back, and their number.
func newUnique(b *op.Build) (op.Kernel, error) {
	axis, flat, sorted := b.Int("axis", 0), !b.Has("axis"), b.Bool("sorted", true)
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		l, at := lines{1, x.Len(), 1}, 0
		if !flat {
			if at, err = axisOf(axis, x); err != nil {
				return err
			}
			l = newLines(x.Shape(), at)
		}
		u := &uniques{x: x, lines: l}
		u.find(sorted)
		return u.write(c, flat, at)
	}), nil
}

// uniques groups the positions along the lines that hold the same.
type uniques struct {
	x       *tensor.Tensor
	lines   lines
	first   []int // first position of each distinct slice, in output order
	inverse []int // for each position, its place in first
	counts  []int
}

func (u *uniques) find(sorted bool) {
	order := make([]int, u.lines.n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, u.compare)
	u.inverse = make([]int, len(order))
	for i, p := range order {
		if i == 0 || u.compare(order[i-1], p) != 0 {
			u.first = append(u.first, p)
			u.counts = append(u.counts, 0)
		}
		u.inverse[p] = len(u.first) - 1
		u.counts[len(u.counts)-1]++
	}
	if !sorted {
		u.byAppearance()
	}
}

// byAppearance reorders the distinct slices by where they appear first.
func (u *uniques) byAppearance() {
	order := make([]int, len(u.first))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(u.first[a], u.first[b]) })
	place := make([]int, len(order))
	first, counts := make([]int, len(order)), make([]int, len(order))
	for to, from := range order {
		place[from], first[to], counts[to] = to, u.first[from], u.counts[from]
	}
	for i, p := range u.inverse {
		u.inverse[i] = place[p]
	}
	u.first, u.counts = first, counts
}

// compare orders two positions by the elements of their slices.
func (u *uniques) compare(a, b int) int {
	for o := range u.lines.outer {
		for i := range u.lines.inner {
			base := o*u.lines.n*u.lines.inner + i
			if r := compareAt(u.x, base+a*u.lines.inner, base+b*u.lines.inner); r != 0 {
				return r
			}
		}
	}
	return 0
}

// compareAt orders two elements of a tensor.
func compareAt(x *tensor.Tensor, i, j int) int {
	switch x.Elem() {
	case tensor.String:
		return strings.Compare(x.Strings()[i], x.Strings()[j])
	case tensor.Float32:
		return order[float32](x, i, j)
	case tensor.Float64:
		return order[float64](x, i, j)
	case tensor.Int64:
		return order[int64](x, i, j)
	case tensor.Int32:
		return order[int32](x, i, j)
	case tensor.Int16:
		return order[int16](x, i, j)
	case tensor.Int8:
		return order[int8](x, i, j)
	case tensor.Uint64:
		return order[uint64](x, i, j)
	case tensor.Uint32:
		return order[uint32](x, i, j)
	case tensor.Uint16:
		return order[uint16](x, i, j)
	}
	if x.Elem().IsHalf() {
		return cmp.Compare(half(x, i), half(x, j))
	}
	size := x.Elem().Size()
	return bytes.Compare(x.Bytes()[i*size:][:size], x.Bytes()[j*size:][:size])
}

// half is one element of a tensor of 16-bit floats.
func half(x *tensor.Tensor, i int) float32 {
	if v := tensor.Slice[tensor.F16](x); v != nil {
		return v[i].Float32()
	}
	return tensor.Slice[tensor.BF16](x)[i].Float32()
}

func order[T interface {
	kernel.Number
	tensor.Type
}](x *tensor.Tensor, i, j int) int {
	v := tensor.Slice[T](x)
	return cmp.Compare(v[i], v[j])
}

func (u *uniques) write(c *op.Ctx, flat bool, axis int) error {
	var buf [kernel.MaxRank]int
	shape := append(buf[:0], len(u.first))
	if !flat {
		shape = append(buf[:0], u.x.Shape()...)
		shape[axis] = len(u.first)
	}
	y, err := c.Out(0, u.x.Elem(), shape)
	if err != nil {
		return err
	}
	for k, from := range u.first {
		for o := range u.lines.outer {
			to := (o*len(u.first) + k) * u.lines.inner
			copyElements(y, to, u.x, (o*u.lines.n+from)*u.lines.inner, u.lines.inner)
		}
	}
	for i, list := range [][]int{u.first, u.inverse, u.counts} {
		n := [1]int{len(list)}
		t, err := c.Out(i+1, tensor.Int64, n[:])
		if err != nil {
			return err
		}
		for k, d := 0, tensor.Slice[int64](t); k < len(d); k++ {
			d[k] = int64(list[k])
		}
	}
	return nil
}

func copyElements(dst *tensor.Tensor, to int, src *tensor.Tensor, from, n int) {
	size := src.Elem().Size()
	if size == 0 {
		copy(dst.Strings()[to:to+n], src.Strings()[from:])
		return
	}
	copy(dst.Bytes()[to*size:(to+n)*size], src.Bytes()[from*size:])
}
