package nn

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// conv is a convolution over [N, C, spatial...] with weights [M, C/group, kernel...].
type conv struct {
	attrs windowAttrs
	group int
}

func newConv(b *op.Build) (op.Kernel, error) {
	k := &conv{attrs: newWindowAttrs(b), group: b.Int("group", 1)}
	if k.group < 1 {
		b.Fail("group is %d", k.group)
	}
	return op.Func(k.Run), nil
}

// convRun is one run of a convolution.
type convRun struct {
	window
	x, w, b, y []float32
	n, c, m    int // batch, input channels, output channels
	group      int
	patch      int // elements of one patch: channels of a group times kernel
	spatialIn  int
	spatialOut int
}

func (k *conv) Run(c *op.Ctx) error {
	x, w := c.In(0), c.In(1)
	var r convRun
	if err := r.init(k, x, w, c.In(2)); err != nil {
		return err
	}
	var buf [2 + spatial]int
	y, err := c.Out(0, tensor.Float32, r.shape(buf[:], r.n, r.m))
	if err != nil || y.Len() == 0 {
		return err
	}
	r.y = tensor.Slice[float32](y)
	if r.m == r.group && r.c == r.group {
		r.depthwise()
		return nil
	}
	return r.product(c)
}

func (r *convRun) init(k *conv, x, w, b *tensor.Tensor) (err error) {
	if r.x, err = float32s(x, "Conv"); err != nil {
		return err
	}
	if r.w, err = float32s(w, "Conv with weights"); err != nil {
		return err
	}
	if x.Rank() < 3 || w.Rank() != x.Rank() {
		return fmt.Errorf("%w: Conv of %v with %v", op.ErrInput, x, w)
	}
	r.n, r.c, r.m, r.group = x.Dim(0), x.Dim(1), w.Dim(0), k.group
	if r.c != w.Dim(1)*r.group || r.m%r.group != 0 {
		return fmt.Errorf("%w: Conv of %v with %v in %d groups", op.ErrInput, x, w, r.group)
	}
	if b != nil {
		if r.b, err = float32s(b, "Conv with bias"); err != nil || len(r.b) != r.m {
			return fmt.Errorf("%w: bias %v for %d channels", op.ErrInput, b, r.m)
		}
	}
	if err := r.window.init(&k.attrs, x.Shape(), w.Shape()[2:]); err != nil {
		return err
	}
	kernelShape, _ := spread(w.Shape()[2:], r.rank, 1)
	if kernelShape != r.kernel {
		return fmt.Errorf("%w: kernel_shape %v with weights %v", op.ErrInput, r.kernel, w)
	}
	r.patch = r.c / r.group * r.kernel.product()
	r.spatialIn, r.spatialOut = r.in.product(), r.out.product()
	return nil
}

// strip is the columns of patches that are laid out at a time.
const strip = 256

// product computes the convolution as matrix products, strip by strip.
func (r *convRun) product(c *op.Ctx) error {
	isa := kernel.Best()
	cols := min(strip, max(r.spatialOut, 2))
	packed, err := op.Scratch[float32](c, isa.PackedLen(r.patch, cols))
	if err != nil {
		return err
	}
	rows := r.m / r.group
	scratch, err := op.Scratch[float32](c, isa.ScratchLen(rows, r.patch))
	if err != nil {
		return err
	}
	plain := r.kernel.product() == 1 && r.stride.product() == 1 && r.before == dims{} && r.out == r.in
	r.fillBias()
	for n := range r.n {
		for g := range r.group {
			x := r.x[(n*r.c+g*r.c/r.group)*r.spatialIn:]
			y := r.y[(n*r.m+g*rows)*r.spatialOut:]
			w := r.w[g*rows*r.patch:]
			for at := 0; at < r.spatialOut; at += strip {
				width := min(strip, r.spatialOut-at)
				var p kernel.Packed
				if plain || width == 1 {
					p = r.packPlain(isa, packed, x, at, width, plain)
				} else {
					p = isa.Panels(packed, r.patch, width)
					r.patches(&p, x, at, width)
				}
				p.Mul(y[at:], r.spatialOut, w, r.patch, rows, true, scratch)
			}
		}
	}
	return nil
}

// packPlain packs columns that are the image itself, or a single column.
func (r *convRun) packPlain(isa *kernel.ISA, packed, x []float32, at, width int, plain bool) kernel.Packed {
	if plain {
		return isa.Pack(packed, x[at:], r.patch, width, r.spatialIn, false, 1)
	}
	column := packed[:r.patch] // packing a column reads each element before it writes it
	i := 0
	r.eachRow(func(ch, kd, kh, kw int) {
		r.patchRow(column[i:i+1], x[ch*r.spatialIn:][:r.spatialIn], at, kd, kh, kw)
		i++
	})
	return isa.Pack(packed, column, r.patch, 1, 1, false, 1)
}

// eachRow calls f for each row of the matrix of patches: each channel of a group
// and each place of the kernel.
func (r *convRun) eachRow(f func(ch, kd, kh, kw int)) {
	for ch := range r.c / r.group {
		for kd := range r.kernel[0] {
			for kh := range r.kernel[1] {
				for kw := range r.kernel[2] {
					f(ch, kd, kh, kw)
				}
			}
		}
	}
}

// fillBias sets the output to the bias, to be added to.
func (r *convRun) fillBias() {
	if r.b == nil {
		clear(r.y)
		return
	}
	for i := range r.n * r.m {
		fill(r.y[i*r.spatialOut:][:r.spatialOut], r.b[i%r.m])
	}
}

func fill[T any](s []T, v T) {
	for i := range s {
		s[i] = v
	}
}

// patches lays out the columns [at, at+width) of the matrix of patches, panel by
// panel: a row for each channel and kernel place, a column for each output place.
func (r *convRun) patches(p *kernel.Packed, x []float32, at, width int) {
	for j := 0; j*p.Width() < width; j++ {
		first := j * p.Width()
		n := min(p.Width(), width-first)
		i := 0
		r.eachRow(func(ch, kd, kh, kw int) {
			row := p.Row(i, j)
			r.patchRow(row[:n], x[ch*r.spatialIn:][:r.spatialIn], at+first, kd, kh, kw)
			clear(row[n:])
			i++
		})
	}
}

// patchRow lays out one row: what the kernel place (kd, kh, kw) sees from each
// output place from at on.
func (r *convRun) patchRow(dst, image []float32, at, kd, kh, kw int) {
	from, to := r.span(2, kw)
	off := kw*r.dilate[2] - r.before[2]
	for len(dst) > 0 {
		ow := at % r.out[2]
		n := min(r.out[2]-ow, len(dst)) // to the end of the output line
		line := at / r.out[2]
		d := line/r.out[1]*r.stride[0] + kd*r.dilate[0] - r.before[0]
		h := line%r.out[1]*r.stride[1] + kh*r.dilate[1] - r.before[1]
		if d < 0 || d >= r.in[0] || h < 0 || h >= r.in[1] {
			clear(dst[:n])
		} else {
			r.patchLine(dst[:n], image[(d*r.in[1]+h)*r.in[2]:][:r.in[2]], ow, from, to, off)
		}
		dst = dst[n:]
		at += n
	}
}

// patchLine copies one line; outputs outside [from, to) see padding.
func (r *convRun) patchLine(dst, line []float32, ow, from, to, off int) {
	lo := min(max(from-ow, 0), len(dst))
	hi := min(max(to-ow, lo), len(dst))
	clear(dst[:lo])
	clear(dst[hi:])
	if lo == hi {
		return
	}
	i := (ow+lo)*r.stride[2] + off
	if r.stride[2] == 1 {
		copy(dst[lo:hi], line[i:])
		return
	}
	for k := lo; k < hi; k++ {
		dst[k] = line[i]
		i += r.stride[2]
	}
}

// depthwise convolves each channel with its own kernel, adding one kernel place
// at a time over whole lines.
func (r *convRun) depthwise() {
	r.fillBias()
	size := r.kernel.product()
	for i := range r.n * r.c {
		image, out := r.x[i*r.spatialIn:][:r.spatialIn], r.y[i*r.spatialOut:][:r.spatialOut]
		w := r.w[i%r.c*size:][:size]
		k := 0
		for kd := range r.kernel[0] {
			for kh := range r.kernel[1] {
				for kw := range r.kernel[2] {
					r.addPlace(out, image, w[k], kd, kh, kw)
					k++
				}
			}
		}
	}
}

// addPlace adds w times the image as seen from one kernel place.
func (r *convRun) addPlace(out, image []float32, w float32, kd, kh, kw int) {
	d0, d1 := r.span(0, kd)
	h0, h1 := r.span(1, kh)
	from, to := r.span(2, kw)
	if from >= to {
		return
	}
	off := kw*r.dilate[2] - r.before[2]
	for od := d0; od < d1; od++ {
		for oh := h0; oh < h1; oh++ {
			d := od*r.stride[0] + kd*r.dilate[0] - r.before[0]
			h := oh*r.stride[1] + kh*r.dilate[1] - r.before[1]
			line := image[(d*r.in[1]+h)*r.in[2]:][:r.in[2]]
			dst := out[(od*r.out[1]+oh)*r.out[2]:][from:to]
			kernel.AddScaled(dst, line[from*r.stride[2]+off:], w, r.stride[2])
		}
	}
}
