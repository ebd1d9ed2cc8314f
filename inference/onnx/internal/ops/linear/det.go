package linear

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/convert"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
)

// newDet is the determinant of each matrix of [..., n, n], by elimination in double
// precision.
func newDet(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		if x.Rank() < 2 || x.Dim(-1) != x.Dim(-2) || !x.Elem().IsFloat() {
			return fmt.Errorf("%w: determinant of %v", op.ErrInput, x)
		}
		y, err := c.Out(0, x.Elem(), x.Shape()[:x.Rank()-2])
		if err != nil {
			return err
		}
		n := x.Dim(-1)
		values, err := op.Scratch[float64](c, x.Len())
		if err != nil {
			return err
		}
		if err := convert.ToFloat64(values, x); err != nil {
			return err
		}
		out, err := op.Scratch[float64](c, y.Len())
		if err != nil {
			return err
		}
		for i := range out {
			out[i] = determinant(values[i*n*n:][:n*n], n)
		}
		return convert.FromFloat64(y, out)
	}), nil
}

// determinant destroys m.
func determinant(m []float64, n int) float64 {
	det := 1.0
	for k := range n {
		best := k
		for i := k + 1; i < n; i++ {
			if math.Abs(m[i*n+k]) > math.Abs(m[best*n+k]) {
				best = i
			}
		}
		pivot := m[best*n+k]
		if pivot == 0 {
			return 0
		}
		if best != k {
			det = -det
			for j := k; j < n; j++ {
				m[k*n+j], m[best*n+j] = m[best*n+j], m[k*n+j]
			}
		}
		det *= pivot
		for i := k + 1; i < n; i++ {
			f := m[i*n+k] / pivot
			for j := k; j < n; j++ {
				m[i*n+j] -= f * m[k*n+j]
			}
		}
	}
	return det
}
