package nn

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// IntegerConv is a convolution summed in int32, for quantized layers.
type IntegerConv struct {
	attrs windowAttrs
	group int
}

// NewIntegerConv reads the attributes of a convolution.
func NewIntegerConv(b *op.Build) *IntegerConv {
	k := &IntegerConv{attrs: newWindowAttrs(b), group: b.Int("group", 1)}
	if k.group < 1 {
		b.Fail("group is %d", k.group)
	}
	return k
}

// Shape is the result's shape, built in buf, and its number of elements.
func (k *IntegerConv) Shape(buf []int, x, w *tensor.Tensor) ([]int, int, error) {
	var g window
	if x.Rank() < 3 || w.Rank() != x.Rank() || x.Dim(1) != w.Dim(1)*k.group || w.Dim(0)%k.group != 0 {
		return nil, 0, fmt.Errorf("%w: convolution of %v with %v in %d groups", op.ErrInput, x, w, k.group)
	}
	if err := g.init(&k.attrs, x.Shape(), w.Shape()[2:]); err != nil {
		return nil, 0, err
	}
	shape := g.shape(buf, x.Dim(0), w.Dim(0))
	n, err := tensor.Count(shape)
	return shape, n, err
}

// Sum writes the convolution of xs with ws, whose shapes are those of x and w. Shape
// has accepted them. small says that 16 bits hold all numbers.
func (k *IntegerConv) Sum(c *op.Ctx, dst, xs, ws, bias []int32, x, w *tensor.Tensor, small bool) error {
	var g window
	if err := g.init(&k.attrs, x.Shape(), w.Shape()[2:]); err != nil {
		return err
	}
	m, each, out, in := w.Dim(0), w.Dim(1), g.out.product(), g.in.product()
	if bias != nil && len(bias) != m {
		return fmt.Errorf("%w: %d biases for %d channels", op.ErrInput, len(bias), m)
	}
	if small && m > k.group && len(dst) > 0 {
		return k.product(c, &g, dst, xs, ws, bias, x, w)
	}
	size := g.kernel.product()
	for n := range x.Dim(0) {
		for o := range m {
			plane := dst[(n*m+o)*out:][:out]
			clear(plane)
			if bias != nil {
				fill(plane, bias[o])
			}
			first := o / (m / k.group) * each
			for c := range each {
				image := xs[(n*x.Dim(1)+first+c)*in:][:in]
				g.integerPlane(plane, image, ws[(o*each+c)*size:][:size])
			}
		}
	}
	return nil
}

// integerPlane adds one channel seen through one kernel.
func (g *window) integerPlane(dst, image, w []int32) {
	i := 0
	for kd := range g.kernel[0] {
		d0, d1 := g.span(0, kd)
		for kh := range g.kernel[1] {
			h0, h1 := g.span(1, kh)
			for kw := range g.kernel[2] {
				from, to := g.span(2, kw)
				for od := d0; od < d1; od++ {
					for oh := h0; oh < h1; oh++ {
						d := od*g.stride[0] + kd*g.dilate[0] - g.before[0]
						h := oh*g.stride[1] + kh*g.dilate[1] - g.before[1]
						line := image[(d*g.in[1]+h)*g.in[2]:]
						row := dst[(od*g.out[1]+oh)*g.out[2]:]
						for ow := from; ow < to; ow++ {
							row[ow] += w[i] * line[ow*g.stride[2]+kw*g.dilate[2]-g.before[2]]
						}
					}
				}
				i++
			}
		}
	}
}
