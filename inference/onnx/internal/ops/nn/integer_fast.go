package nn

import (
	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// product sums a convolution of numbers that 16 bits hold as matrix products, strip
// by strip of the output.
func (k *IntegerConv) product(c *op.Ctx, g *window, dst, xs, ws, bias []int32, x, w *tensor.Tensor) error {
	isa := kernel.Best()
	r := convRun{window: *g, n: x.Dim(0), c: x.Dim(1), m: w.Dim(0), group: k.group}
	r.patch = w.Dim(1) * r.kernel.product()
	r.spatialIn, r.spatialOut = r.in.product(), r.out.product()
	cols, rows, pairs := min(strip, r.spatialOut), r.m/r.group, kernel.PairsLen(r.patch)
	packed := isa.PackedIntsLen(r.patch, cols)
	buf, err := op.Scratch[int32](c, packed+2*cols+r.m*pairs+rows*32)
	if err != nil {
		return err
	}
	panels, buf := buf[:packed], buf[packed:]
	lines, buf := buf[:2*cols], buf[2*cols:]
	weights, scratch := buf[:r.m*pairs], buf[r.m*pairs:]
	kernel.Pairs(weights, ws, r.m, r.patch)
	images := kernel.Bits(xs)
	for i := range r.n * r.group {
		n, group := i/r.group, i%r.group
		image := images[(n*r.c+group*w.Dim(1))*r.spatialIn:]
		y := dst[(n*r.m+group*rows)*r.spatialOut:]
		for at := 0; at < r.spatialOut; at += cols {
			width := min(cols, r.spatialOut-at)
			p := isa.IntPanels(panels, r.patch, width)
			r.integerPatches(&p, image, lines, at, width)
			p.Mul(y[at:], r.spatialOut, weights[group*rows*pairs:], rows, scratch)
		}
	}
	for i := 0; bias != nil && i < r.n*r.m; i++ {
		plane := dst[i*r.spatialOut:][:r.spatialOut]
		for o := range plane {
			plane[o] += bias[i%r.m]
		}
	}
	return nil
}

// integerPatches lays out columns of the matrix of patches, two rows at a time.
func (r *convRun) integerPatches(p *kernel.PackedInts, image []float32, lines []int32, at, width int) {
	low, high := lines[:width], lines[len(lines)/2:][:width]
	i := 0
	r.eachRow(func(ch, kd, kh, kw int) {
		line := low
		if i%2 == 1 {
			line = high
		}
		r.patchRow(kernel.Bits(line), image[ch*r.spatialIn:][:r.spatialIn], at, kd, kh, kw)
		if i%2 == 1 {
			p.Set(i/2, 0, low, high)
		}
		i++
	})
	if i%2 == 1 {
		p.Set(i/2, 0, low, nil)
	}
}
