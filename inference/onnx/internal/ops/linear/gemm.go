package linear

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// gemm is y = alpha·a'·b' + beta·c for matrices a, b and a c that broadcasts to y.
type gemm struct {
	alpha, beta    float32
	transA, transB bool
	packed         *kernel.Packed // b, where it is a constant float32 matrix
	bias           []float32      // beta·c, where c is a constant float32 row of n
}

func newGemm(b *op.Build) (op.Kernel, error) {
	k := &gemm{
		alpha: b.Float("alpha", 1), beta: b.Float("beta", 1),
		transA: b.Bool("transA", false), transB: b.Bool("transB", false),
	}
	b.Ignore("broadcast") // before version 7; today's rule includes it
	if w := b.Const(1); w != nil && w.Elem() == tensor.Float32 && w.Rank() == 2 {
		m := asMatrix(w, k.transB)
		p := packInto(make([]float32, kernel.Best().PackedLen(m.rows, m.cols)), m, k.alpha)
		k.packed = &p
	}
	if c := b.Const(2); k.packed != nil && c != nil && c.Elem() == tensor.Float32 && c.Len() == k.packed.N && c.Dim(-1) == k.packed.N {
		k.bias = make([]float32, c.Len())
		for i, v := range tensor.Slice[float32](c) {
			k.bias[i] = v * k.beta
		}
	}
	return k, nil
}

func asMatrix(t *tensor.Tensor, trans bool) matrix {
	m := matrix{t: t, rows: t.Dim(0), cols: t.Dim(1), trans: trans}
	if trans {
		m.rows, m.cols = m.cols, m.rows
	}
	return m
}

func (k *gemm) Run(c *op.Ctx) error {
	x, w := c.In(0), c.In(1)
	if x == nil || w == nil || x.Rank() != 2 || w.Rank() != 2 || x.Elem() != w.Elem() {
		return fmt.Errorf("%w: Gemm of %v and %v", op.ErrInput, x, w)
	}
	a, b := asMatrix(x, k.transA), asMatrix(w, k.transB)
	if a.cols != b.rows {
		return fmt.Errorf("%w: Gemm of %dx%d and %dx%d", op.ErrInput, a.rows, a.cols, b.rows, b.cols)
	}
	shape := [2]int{a.rows, b.cols}
	y, err := c.Out(0, x.Elem(), shape[:])
	if err != nil {
		return err
	}
	if x.Elem() == tensor.Float32 {
		return k.run32(c, y, a, b)
	}
	if err := plain(y, 0, a, b); err != nil {
		return err
	}
	return k.finish(c, y)
}

func (k *gemm) run32(c *op.Ctx, y *tensor.Tensor, a, b matrix) error {
	acc, err := k.prefill(c, y)
	if err != nil {
		return err
	}
	p := k.packed
	if p == nil {
		now, err := pack(c, b, k.alpha)
		if err != nil {
			return err
		}
		p = &now
	}
	return mul(c, tensor.Slice[float32](y), a, p, acc)
}

// prefill writes beta·c to y, and says whether there was anything to write.
func (k *gemm) prefill(c *op.Ctx, y *tensor.Tensor) (bool, error) {
	dst := tensor.Slice[float32](y)
	if k.bias != nil {
		for r := 0; r < len(dst); r += len(k.bias) {
			copy(dst[r:], k.bias)
		}
		return true, nil
	}
	bias := c.In(2)
	if bias == nil || k.beta == 0 {
		return false, nil
	}
	if bias.Elem() != tensor.Float32 {
		return false, fmt.Errorf("%w: Gemm adds %v", op.ErrType, bias)
	}
	if err := expand(dst, tensor.Slice[float32](bias), y.Shape(), bias.Shape()); err != nil {
		return false, err
	}
	if k.beta != 1 {
		for i := range dst {
			dst[i] *= k.beta
		}
	}
	return true, nil
}

// expand writes src, broadcast to shape. Broadcasting the other way is an error.
func expand[T any](dst, src []T, shape, from []int) error {
	var buf [kernel.MaxRank]int
	full, err := kernel.BroadcastShape(buf[:], shape, from)
	if err != nil {
		return err
	}
	for i := range full {
		if len(full) != len(shape) || full[i] != shape[i] {
			return fmt.Errorf("%w: %v cannot be stretched to %v", op.ErrInput, append([]int(nil), from...), append([]int(nil), shape...))
		}
	}
	var l kernel.Loops
	l.Init(shape, from, nil, nil)
	kernel.Copy(&l, dst, src)
	return nil
}

// finish applies alpha and beta·c for the types without a fast path.
func (k *gemm) finish(c *op.Ctx, y *tensor.Tensor) error {
	switch y.Elem() {
	case tensor.Float64:
		return finishOn[float64](k, c, y)
	case tensor.Int64:
		return finishOn[int64](k, c, y)
	case tensor.Int32:
		return finishOn[int32](k, c, y)
	case tensor.Uint64:
		return finishOn[uint64](k, c, y)
	}
	return finishOn[uint32](k, c, y)
}

func finishOn[T interface {
	kernel.Number
	tensor.Type
}](k *gemm, c *op.Ctx, y *tensor.Tensor) error {
	dst := tensor.Slice[T](y)
	for i, v := range dst {
		dst[i] = T(float64(k.alpha) * float64(v))
	}
	bias := c.In(2)
	if bias == nil {
		return nil
	}
	if bias.Elem() != y.Elem() {
		return fmt.Errorf("%w: Gemm adds %v to %v", op.ErrType, bias, y)
	}
	add, err := op.Scratch[T](c, len(dst))
	if err != nil {
		return err
	}
	if err := expand(add, tensor.Slice[T](bias), y.Shape(), bias.Shape()); err != nil {
		return err
	}
	for i, v := range add {
		dst[i] += T(float64(k.beta) * float64(v))
	}
	return nil
}
