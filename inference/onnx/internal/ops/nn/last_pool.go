package nn

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// newGlobalAverageLast is the mean over all places of each channel.
func newGlobalAverageLast(*op.Build) (op.Kernel, error) {
	return op.Func(func(c *op.Ctx) error {
		x := c.In(0)
		if x == nil || x.Elem() != tensor.Float32 || x.Rank() < 3 || x.Rank() > kernel.MaxRank {
			return fmt.Errorf("%w: GlobalAveragePool of %v", op.ErrInput, x)
		}
		var buf [kernel.MaxRank]int
		shape := append(buf[:0], x.Shape()...)
		places, channels := 1, x.Dim(-1)
		for i := 1; i < len(shape)-1; i++ {
			places *= shape[i]
			shape[i] = 1
		}
		y, err := c.Out(0, tensor.Float32, shape)
		if err != nil {
			return err
		}
		src, dst := tensor.Slice[float32](x), tensor.Slice[float32](y)
		isa := kernel.Best()
		clear(dst)
		for i := range x.Dim(0) * places {
			isa.Axpy(dst[i/places*channels:][:channels], src[i*channels:][:channels], 1/float32(places))
		}
		return nil
	}), nil
}

// maxPoolLast is the largest value of each channel in a window.
type maxPoolLast struct {
	attrs windowAttrs
}

func newMaxPoolLast(b *op.Build) (op.Kernel, error) {
	k := &maxPoolLast{attrs: newWindowAttrs(b)}
	k.attrs.ceil = b.Bool("ceil_mode", false)
	b.Ignore("storage_order") // of indices, which this operator does not give
	if len(k.attrs.kernel) == 0 {
		b.Fail("kernel_shape is missing")
	}
	return op.Func(k.Run), nil
}

func (k *maxPoolLast) Run(c *op.Ctx) error {
	x := c.In(0)
	if x == nil || x.Elem() != tensor.Float32 || x.Rank() != len(k.attrs.kernel)+2 {
		return fmt.Errorf("%w: MaxPool of %v", op.ErrInput, x)
	}
	r := lastRun{n: x.Dim(0), x: tensor.Slice[float32](x)}
	channels := x.Dim(-1)
	var buf [2 + spatial]int
	shape := append(append(buf[:0], r.n, channels), x.Shape()[1:x.Rank()-1]...)
	if err := r.window.init(&k.attrs, shape, k.attrs.kernel); err != nil {
		return err
	}
	shape = append(append(buf[:0], r.n), r.out[spatial-r.rank:]...)
	y, err := c.Out(0, tensor.Float32, append(shape, channels))
	if err != nil || y.Len() == 0 {
		return err
	}
	dst := tensor.Slice[float32](y)
	for i := range y.Len() / channels {
		poolPlace(&r.window, dst[i*channels:][:channels], r.x, i)
	}
	return nil
}

// poolPlace computes output place i, counted over the whole batch.
func poolPlace(w *window, dst, x []float32, i int) {
	isa := kernel.Best()
	size := w.out.product()
	n, at := i/size, i%size
	od, oh, ow := at/(w.out[1]*w.out[2]), at/w.out[2]%w.out[1], at%w.out[2]
	fill(dst, float32(math.Inf(-1)))
	for kd := range w.kernel[0] {
		for kh := range w.kernel[1] {
			for kw := range w.kernel[2] {
				d := od*w.stride[0] + kd*w.dilate[0] - w.before[0]
				h := oh*w.stride[1] + kh*w.dilate[1] - w.before[1]
				k := ow*w.stride[2] + kw*w.dilate[2] - w.before[2]
				if d < 0 || d >= w.in[0] || h < 0 || h >= w.in[1] || k < 0 || k >= w.in[2] {
					continue
				}
				place := ((n*w.in[0]+d)*w.in[1]+h)*w.in[2] + k
				isa.MaxInto(dst, x[place*len(dst):][:len(dst)])
			}
		}
	}
}
