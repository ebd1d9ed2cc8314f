package layout

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// newTranspose puts the dimensions in the order of perm, or in reverse.
func newTranspose(b *op.Build) (op.Kernel, error) {
	perm := b.Ints("perm")
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		if err := rankFits(x); err != nil {
			return err
		}
		var buf [kernel.MaxRank]int
		order := buf[:x.Rank()]
		for i := range order {
			order[i] = x.Rank() - 1 - i
		}
		if perm != nil {
			if order, err = permutation(buf[:0], perm, x.Rank()); err != nil {
				return err
			}
		}
		return transpose(c, x, order)
	}), nil
}

// permutation checks that perm names each dimension once.
func permutation(buf, perm []int, rank int) ([]int, error) {
	var seen [kernel.MaxRank]bool
	if len(perm) != rank {
		return nil, fmt.Errorf("%w: perm %v for rank %d", op.ErrInput, perm, rank)
	}
	for _, p := range perm {
		p, err := axisOf(p, rank)
		if err != nil || seen[p] {
			return nil, fmt.Errorf("%w: perm %v", op.ErrInput, perm)
		}
		seen[p] = true
		buf = append(buf, p)
	}
	return buf, nil
}

func transpose(c *op.Ctx, x *tensor.Tensor, perm []int) error {
	var buf [kernel.MaxRank]int
	shape := buf[:len(perm)]
	for i, p := range perm {
		shape[i] = x.Dim(p)
	}
	if keepsOrder(x.Shape(), perm) {
		return c.View(0, 0, shape)
	}
	y, err := c.Out(0, x.Elem(), shape)
	if err != nil {
		return err
	}
	permute(y, x, x.Shape(), perm)
	return nil
}

// keepsOrder reports whether only dimensions of size 1 change their place.
func keepsOrder(shape, perm []int) bool {
	last := -1
	for _, p := range perm {
		if shape[p] == 1 {
			continue
		}
		if p < last {
			return false
		}
		last = p
	}
	return true
}

// permute transposes elements of any type; y has the length of x.
func permute(y, x *tensor.Tensor, shape, perm []int) {
	switch y.Elem().Size() {
	case 0:
		kernel.Transpose(y.Strings(), x.Strings(), shape, perm)
	case 1:
		kernel.Transpose(y.Bytes(), x.Bytes(), shape, perm)
	case 2:
		kernel.Transpose(words[uint16](y), words[uint16](x), shape, perm)
	case 4:
		kernel.Transpose(words[uint32](y), words[uint32](x), shape, perm)
	case 8:
		kernel.Transpose(words[uint64](y), words[uint64](x), shape, perm)
	default:
		kernel.Transpose(tensor.Slice[complex128](y), tensor.Slice[complex128](x), shape, perm)
	}
}

// words is a numeric tensor's memory as words of its element size.
func words[W uint16 | uint32 | uint64](t *tensor.Tensor) []W {
	b := t.Bytes()
	if len(b) == 0 {
		return nil
	}
	var w W
	return unsafe.Slice((*W)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(w)))
}

// newDepthToSpace moves blocks of channels into the image: [N, C·b·b, H, W] to
// [N, C, H·b, W·b].
func newDepthToSpace(b *op.Build) (op.Kernel, error) {
	size := b.Int("blocksize", 0)
	mode := b.Str("mode", "DCR", "DCR", "CRD")
	if size < 1 {
		b.Fail("blocksize is %d", size)
	}
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		if x.Rank() != 4 || x.Dim(1)%(size*size) != 0 {
			return fmt.Errorf("%w: DepthToSpace of %v by %d", op.ErrInput, x, size)
		}
		n, ch, h, w := x.Dim(0), x.Dim(1)/(size*size), x.Dim(2), x.Dim(3)
		from, perm := [6]int{n, size, size, ch, h, w}, [6]int{0, 3, 4, 1, 5, 2}
		if mode == "CRD" {
			from, perm = [6]int{n, ch, size, size, h, w}, [6]int{0, 1, 4, 2, 5, 3}
		}
		return rearrange(c, x, from[:], perm[:], [4]int{n, ch, h * size, w * size})
	}), nil
}

// newSpaceToDepth is the inverse, in DCR order.
func newSpaceToDepth(b *op.Build) (op.Kernel, error) {
	size := b.Int("blocksize", 0)
	mode := b.Str("mode", "DCR", "DCR", "CRD")
	if size < 1 {
		b.Fail("blocksize is %d", size)
	}
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		if x.Rank() != 4 || x.Dim(2)%size != 0 || x.Dim(3)%size != 0 {
			return fmt.Errorf("%w: SpaceToDepth of %v by %d", op.ErrInput, x, size)
		}
		n, ch, h, w := x.Dim(0), x.Dim(1), x.Dim(2)/size, x.Dim(3)/size
		from, perm := [6]int{n, ch, h, size, w, size}, [6]int{0, 3, 5, 1, 2, 4}
		if mode == "CRD" {
			perm = [6]int{0, 1, 3, 5, 2, 4}
		}
		return rearrange(c, x, from[:], perm[:], [4]int{n, ch * size * size, h, w})
	}), nil
}

// rearrange sees x in one shape, permutes it, and gives it another.
func rearrange(c *op.Ctx, x *tensor.Tensor, from, perm []int, shape [4]int) error {
	y, err := c.Out(0, x.Elem(), shape[:])
	if err != nil {
		return err
	}
	permute(y, x, from, perm)
	return nil
}

// newReverseSequence reverses the first part of each sequence of a batch.
func newReverseSequence(b *op.Build) (op.Kernel, error) {
	timeAxis, batchAxis := b.Int("time_axis", 0), b.Int("batch_axis", 1)
	if timeAxis+batchAxis != 1 || timeAxis*batchAxis != 0 {
		b.Fail("time_axis %d and batch_axis %d", timeAxis, batchAxis)
	}
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		lens, err := c.Need(1)
		if err != nil {
			return err
		}
		n := tensor.Slice[int64](lens)
		if x.Rank() < 2 || len(n) != x.Dim(batchAxis) {
			return fmt.Errorf("%w: ReverseSequence of %v with lengths %v", op.ErrInput, x, lens)
		}
		y, err := c.Out(0, x.Elem(), x.Shape())
		if err != nil {
			return err
		}
		return reverse(y, x, n, timeAxis)
	}), nil
}

func reverse(y, x *tensor.Tensor, n []int64, timeAxis int) error {
	m := newMover(y, x)
	steps, batch := x.Dim(timeAxis), x.Dim(1-timeAxis)
	block := 1
	for _, d := range x.Shape()[2:] {
		block *= d
	}
	at := func(t, b int) int {
		if timeAxis == 0 {
			return (t*batch + b) * block
		}
		return (b*steps + t) * block
	}
	for b, l := range n {
		if l < 0 || l > int64(steps) {
			return fmt.Errorf("%w: length %d of %d steps", op.ErrInput, l, steps)
		}
		for t := range steps {
			from := t
			if t < int(l) {
				from = int(l) - 1 - t
			}
			m.copy(at(t, b), at(from, b), block)
		}
	}
	return nil
}

// newTrilu keeps the upper or lower triangle of the last two dimensions.
func newTrilu(b *op.Build) (op.Kernel, error) {
	upper := b.Bool("upper", true)
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		if x.Rank() < 2 {
			return fmt.Errorf("%w: Trilu of %v", op.ErrInput, x)
		}
		k := int64(0)
		if t := c.In(1); t != nil {
			if k, err = tensor.Item[int64](t); err != nil {
				return err
			}
		}
		y, err := c.Out(0, x.Elem(), x.Shape())
		if err != nil {
			return err
		}
		rows, cols := x.Dim(-2), x.Dim(-1)
		m := newMover(y, x)
		for r := range x.Len() / max(cols, 1) {
			// Columns [0, edge) lie below the diagonal.
			edge := int(min(max(int64(r%rows)+k, 0), int64(cols)))
			if upper {
				m.fill(r*cols, edge)
				m.copy(r*cols+edge, r*cols+edge, cols-edge)
				continue
			}
			edge = int(min(max(int64(r%rows)+k+1, 0), int64(cols)))
			m.copy(r*cols, r*cols, edge)
			m.fill(r*cols+edge, cols-edge)
		}
		return nil
	}), nil
}

// cloned is for messages: it keeps arguments on the stack in the good case.
func cloned(s []int) []int { return slices.Clone(s) }
