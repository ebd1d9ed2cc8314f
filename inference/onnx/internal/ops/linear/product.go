package linear

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// matrix is a view of a tensor's last two dimensions, maybe transposed.
type matrix struct {
	t          *tensor.Tensor
	offset     int // in elements
	rows, cols int // as seen, that is after transposition
	trans      bool
}

// strides are the distances of rows and columns as seen.
func (m matrix) strides() (row, col int) {
	if m.trans {
		return 1, m.rows
	}
	return m.cols, 1
}

// floats is the matrix's memory from its first element on.
func (m matrix) floats() []float32 { return tensor.Slice[float32](m.t)[m.offset:] }

// pack lays a float32 matrix out as a right-hand side, in scratch memory.
func pack(c *op.Ctx, b matrix, alpha float32) (kernel.Packed, error) {
	isa := kernel.Best()
	buf, err := op.Scratch[float32](c, isa.PackedLen(b.rows, b.cols))
	if err != nil {
		return kernel.Packed{}, err
	}
	return packInto(buf, b, alpha), nil
}

func packInto(buf []float32, b matrix, alpha float32) kernel.Packed {
	ld := b.cols
	if b.trans {
		ld = b.rows
	}
	if b.rows*b.cols == 0 {
		return kernel.Best().Pack(buf, nil, 0, b.cols, ld, false, alpha)
	}
	return kernel.Best().Pack(buf, b.floats(), b.rows, b.cols, ld, b.trans, alpha)
}

// mul adds a·p to y, or sets it. A transposed a is laid out in scratch first.
func mul(c *op.Ctx, y []float32, a matrix, p *kernel.Packed, acc bool) error {
	var src []float32
	if a.rows*a.cols > 0 {
		src = a.floats()
	}
	if a.trans && a.rows*a.cols > 0 {
		t, err := op.Scratch[float32](c, a.rows*a.cols)
		if err != nil {
			return err
		}
		kernel.Transpose2(t, src, a.cols, a.rows)
		src = t
	}
	scratch, err := op.Scratch[float32](c, kernel.Best().ScratchLen(a.rows, a.cols))
	if err != nil {
		return err
	}
	p.Mul(y, p.N, src, a.cols, a.rows, acc, scratch)
	return nil
}

// plain multiplies matrices of any numeric type; y is overwritten.
func plain(y *tensor.Tensor, at int, a, b matrix) error {
	switch y.Elem() {
	case tensor.Float32:
		plainOn[float32](y, at, a, b)
	case tensor.Float64:
		plainOn[float64](y, at, a, b)
	case tensor.Int64:
		plainOn[int64](y, at, a, b)
	case tensor.Int32:
		plainOn[int32](y, at, a, b)
	case tensor.Uint64:
		plainOn[uint64](y, at, a, b)
	case tensor.Uint32:
		plainOn[uint32](y, at, a, b)
	default:
		return fmt.Errorf("%w: product of %v and %v", op.ErrType, a.t, b.t)
	}
	return nil
}

func plainOn[T interface {
	kernel.Number
	tensor.Type
}](y *tensor.Tensor, at int, a, b matrix) {
	n := a.rows * b.cols
	if n == 0 {
		return
	}
	dst := tensor.Slice[T](y)[at:][:n]
	if a.cols == 0 {
		clear(dst)
		return
	}
	ra, ca := a.strides()
	rb, cb := b.strides()
	kernel.MatMul(dst, tensor.Slice[T](a.t)[a.offset:], tensor.Slice[T](b.t)[b.offset:], a.rows, a.cols, b.cols, ra, ca, rb, cb)
}
