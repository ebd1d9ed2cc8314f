package signal

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// newSTFT transforms frames of a signal [batch, length, 1 or 2], each times a
// window, to [batch, frames, bins, 2].
func newSTFT(b *op.Build) (op.Kernel, error) {
	onesided := b.Bool("onesided", true)
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		f, err := framesOf(c, x)
		if err != nil {
			return err
		}
		f.bins = f.size
		if onesided {
			f.bins = f.size/2 + 1
		}
		shape := [4]int{x.Dim(0), f.count, f.bins, 2}
		y, err := c.Out(0, x.Elem(), shape[:])
		if err != nil || y.Len() == 0 {
			return err
		}
		plan := planFor(c, f.size)
		switch x.Elem() {
		case tensor.Float32:
			return stft[float32](f, plan, y, x, c.In(2))
		case tensor.Float64:
			return stft[float64](f, plan, y, x, c.In(2))
		}
		return fmt.Errorf("%w: STFT of %v", op.ErrType, x)
	}), nil
}

// frames is how a signal is cut: count frames of size samples, step apart.
type frames struct{ step, size, count, bins int }

func framesOf(c *op.Ctx, x *tensor.Tensor) (f frames, err error) {
	// Some exporters write a real signal without its last dimension.
	if x.Rank() != 2 && (x.Rank() != 3 || x.Dim(2) != 1 && x.Dim(2) != 2) {
		return f, fmt.Errorf("%w: STFT of %v", op.ErrInput, x)
	}
	step, err := c.Need(1)
	if err != nil {
		return f, err
	}
	if f.step, err = integer(step); err != nil {
		return f, err
	}
	f.size = x.Dim(1)
	if w := c.In(2); w != nil {
		f.size = w.Len()
	}
	if t := c.In(3); t != nil {
		if f.size, err = integer(t); err != nil {
			return f, err
		}
	}
	if w := c.In(2); w != nil && (w.Len() != f.size || w.Elem() != x.Elem()) {
		return f, fmt.Errorf("%w: window %v for frames of %d", op.ErrInput, w, f.size)
	}
	if f.step < 1 || f.size < 1 || f.size > maxPoints || f.size > x.Dim(1) {
		return f, fmt.Errorf("%w: frames of %d, %d apart, in %v", op.ErrInput, f.size, f.step, x)
	}
	f.count = 1 + (x.Dim(1)-f.size)/f.step
	return f, nil
}

func stft[T float32 | float64](f frames, plan *plan, y, x, window *tensor.Tensor) error {
	dst, src := tensor.Slice[T](y), tensor.Slice[T](x)
	var weights []T
	if window != nil {
		weights = tensor.Slice[T](window)
	}
	length := x.Dim(1)
	parts := len(src) / (length * x.Dim(0))
	for b := range x.Dim(0) {
		for n := range f.count {
			at := (b*length + n*f.step) * parts
			for k := range plan.line {
				v := complex(float64(src[at+k*parts]), 0)
				if parts == 2 {
					v = complex(float64(src[at+k*2]), float64(src[at+k*2+1]))
				}
				if weights != nil {
					v *= complex(float64(weights[k]), 0)
				}
				plan.line[k] = v
			}
			plan.forward(plan.line)
			to := dst[(b*f.count+n)*f.bins*2:]
			for k, v := range plan.line[:f.bins] {
				to[2*k], to[2*k+1] = T(real(v)), T(imag(v))
			}
		}
	}
	return nil
}
