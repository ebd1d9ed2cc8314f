package nn

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// convTranspose is the transpose of a convolution: each input element adds its
// weights [C, M/group, kernel...] to the outputs a convolution would have read.
type convTranspose struct {
	attrs    windowAttrs
	group    int
	addition []int // output_padding
	shape    []int // output_shape
}

func newConvTranspose(b *op.Build) (op.Kernel, error) {
	k := &convTranspose{attrs: newWindowAttrs(b), group: b.Int("group", 1), addition: b.Ints("output_padding"), shape: b.Ints("output_shape")}
	if k.group < 1 {
		b.Fail("group is %d", k.group)
	}
	return op.Func(k.Run), nil
}

func (k *convTranspose) Run(c *op.Ctx) error {
	x, w := c.In(0), c.In(1)
	xs, err := float32s(x, "ConvTranspose")
	if err != nil {
		return err
	}
	ws, err := float32s(w, "ConvTranspose with weights")
	if err != nil {
		return err
	}
	if x.Rank() < 3 || x.Rank() > 2+spatial || w.Rank() != x.Rank() || x.Dim(1) != w.Dim(0) || w.Dim(0)%k.group != 0 {
		return fmt.Errorf("%w: ConvTranspose of %v with %v", op.ErrInput, x, w)
	}
	// The geometry is that of the convolution from the output back to the input.
	var g window
	if err := k.geometry(&g, x, w); err != nil {
		return err
	}
	m := w.Dim(1) * k.group
	var buf [2 + spatial]int
	shape := append(append(buf[:0], x.Dim(0), m), g.in[spatial-g.rank:]...)
	y, err := c.Out(0, tensor.Float32, shape)
	if err != nil {
		return err
	}
	r := convRun{window: g, x: xs, w: ws, y: tensor.Slice[float32](y), n: x.Dim(0), c: x.Dim(1), m: m, group: k.group}
	if b := c.In(2); b != nil {
		if r.b, err = float32s(b, "ConvTranspose with bias"); err != nil || len(r.b) != m {
			return fmt.Errorf("%w: bias %v for %d channels", op.ErrInput, b, m)
		}
	}
	r.spatialIn, r.spatialOut = g.out.product(), g.in.product()
	r.fillBias()
	r.scatter()
	return nil
}

// geometry sets up the window with in as the size of the result.
func (k *convTranspose) geometry(g *window, x, w *tensor.Tensor) (err error) {
	g.rank = x.Rank() - 2
	if g.kernel, err = spread(w.Shape()[2:], g.rank, 1); err != nil {
		return err
	}
	if g.stride, err = spread(k.attrs.strides, g.rank, 1); err != nil {
		return err
	}
	if g.dilate, err = spread(k.attrs.dilations, g.rank, 1); err != nil {
		return err
	}
	addition, err := spread(k.addition, g.rank, 0)
	if err != nil {
		return err
	}
	g.out, _ = spread(x.Shape()[2:], g.rank, 1)
	var want dims
	if k.shape != nil {
		if want, err = spread(k.shape[max(len(k.shape)-g.rank, 0):], g.rank, 1); err != nil {
			return err
		}
	}
	for i := range spatial {
		if g.stride[i] < 1 || g.dilate[i] < 1 {
			return fmt.Errorf("%w: strides %v, dilations %v", op.ErrInput, g.stride, g.dilate)
		}
		k.extent(g, i, addition[i], want[i])
		if g.in[i] < 0 || g.in[i] > 1<<30 {
			return fmt.Errorf("%w: ConvTranspose to a size of %d", op.ErrInput, g.in[i])
		}
	}
	return nil
}

// extent finds the size and pads of the result along dimension i.
func (k *convTranspose) extent(g *window, i, addition, want int) {
	full := (g.out[i]-1)*g.stride[i] + addition + (g.kernel[i]-1)*g.dilate[i] + 1
	j := i - (spatial - g.rank)
	same := k.attrs.autoPad == "SAME_UPPER" || k.attrs.autoPad == "SAME_LOWER"
	switch {
	case j < 0:
		g.in[i] = full
	case k.shape != nil || same:
		if k.shape == nil {
			want = g.out[i] * g.stride[i]
		}
		total := max(full-want, 0)
		g.before[i] = total - total/2
		if k.attrs.autoPad == "SAME_UPPER" || k.attrs.autoPad == "NOTSET" {
			g.before[i] = total / 2
		}
		g.after[i] = total - g.before[i]
		g.in[i] = want
	default:
		if k.attrs.pads != nil && len(k.attrs.pads) == 2*g.rank && k.attrs.autoPad != "VALID" {
			g.before[i], g.after[i] = k.attrs.pads[j], k.attrs.pads[g.rank+j]
		}
		g.in[i] = full - g.before[i] - g.after[i]
	}
}

// scatter adds every input element, weighted, to the outputs it reaches.
func (r *convRun) scatter() {
	perGroup := r.m / r.group
	size := r.kernel.product()
	for n := range r.n {
		for ch := range r.c {
			g := ch / (r.c / r.group)
			x := r.x[(n*r.c+ch)*r.spatialIn:][:r.spatialIn]
			for o := range perGroup {
				y := r.y[(n*r.m+g*perGroup+o)*r.spatialOut:][:r.spatialOut]
				r.scatterImage(y, x, r.w[(ch*perGroup+o)*size:][:size])
			}
		}
	}
}

func (r *convRun) scatterImage(y, x, w []float32) {
	k := 0
	for kd := range r.kernel[0] {
		for kh := range r.kernel[1] {
			for kw := range r.kernel[2] {
				r.scatterPlace(y, x, w[k], kd, kh, kw)
				k++
			}
		}
	}
}

func (r *convRun) scatterPlace(y, x []float32, w float32, kd, kh, kw int) {
	d0, d1 := r.span(0, kd)
	h0, h1 := r.span(1, kh)
	from, to := r.span(2, kw)
	off := kw*r.dilate[2] - r.before[2]
	for id := d0; id < d1; id++ {
		for ih := h0; ih < h1; ih++ {
			d := id*r.stride[0] + kd*r.dilate[0] - r.before[0]
			h := ih*r.stride[1] + kh*r.dilate[1] - r.before[1]
			line := y[(d*r.in[1]+h)*r.in[2]:][:r.in[2]]
			src := x[(id*r.out[1]+ih)*r.out[2]:]
			for i := from; i < to; i++ {
				line[i*r.stride[2]+off] += w * src[i]
			}
		}
	}
}
