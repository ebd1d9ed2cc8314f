package vision

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// deformConv is a convolution over images [N, C, H, W] each of whose taps is moved
// by an offset of its own and weighted by a mask.
type deformConv struct {
	steps
	group, offsets int
	kernel         []int
}

func newDeformConv(b *op.Build) (op.Kernel, error) {
	k := &deformConv{steps: newSteps(b), group: b.Int("group", 1), offsets: b.Int("offset_group", 1), kernel: b.Ints("kernel_shape")}
	if k.group < 1 || k.offsets < 1 {
		b.Fail("group %d, offset_group %d", k.group, k.offsets)
	}
	return k, nil
}

// deformRun is one run: the geometry, and what it reads.
type deformRun[T float] struct {
	h, w                       axis
	x, weight, offset          []T
	bias, mask                 []T // nil where not given
	n, c, m, group, offsetSets int
}

func (k *deformConv) Run(c *op.Ctx) error {
	x, err := need(c, 0, 4)
	if err != nil {
		return err
	}
	if x.Elem() == tensor.Float64 {
		return deform[float64](c, k, x)
	}
	return deform[float32](c, k, x)
}

func deform[T float](c *op.Ctx, k *deformConv, x *tensor.Tensor) error {
	w, err := need(c, 1, 4)
	if err != nil {
		return err
	}
	r := deformRun[T]{x: tensor.Slice[T](x), weight: tensor.Slice[T](w), n: x.Dim(0), c: x.Dim(1), m: w.Dim(0), group: k.group, offsetSets: k.offsets}
	if r.c != w.Dim(1)*k.group || r.m%k.group != 0 || r.c%k.offsets != 0 {
		return fmt.Errorf("%w: DeformConv of %v with %v in %d and %d groups", op.ErrInput, x, w, k.group, k.offsets)
	}
	axes, err := k.axes(x.Shape()[2:], w.Shape()[2:])
	if err != nil {
		return err
	}
	r.h, r.w = axes[0], axes[1]
	if err := r.optional(c); err != nil {
		return err
	}
	shape := [4]int{r.n, r.m, r.h.count, r.w.count}
	y, err := c.Out(0, x.Elem(), shape[:])
	if err != nil {
		return err
	}
	column, err := op.Scratch[T](c, r.c*r.taps())
	if err != nil {
		return err
	}
	r.all(tensor.Slice[T](y), column)
	return nil
}

func (r *deformRun[T]) taps() int { return r.h.block * r.w.block }

// optional reads offsets, bias and mask, and checks their sizes.
func (r *deformRun[T]) optional(c *op.Ctx) error {
	places := r.taps() * r.h.count * r.w.count * r.offsetSets * r.n
	for i, in := range []struct {
		dst        *[]T
		rank, size int
	}{2: {&r.offset, 4, 2 * places}, 3: {&r.bias, 1, r.m}, 4: {&r.mask, 4, places}} {
		if in.dst == nil || i != 2 && c.In(i) == nil {
			continue
		}
		t, err := need(c, i, in.rank)
		if err != nil {
			return err
		}
		if t.Len() != in.size {
			return fmt.Errorf("%w: DeformConv with input %d as %v, not of %d elements", op.ErrInput, i, t, in.size)
		}
		*in.dst = tensor.Slice[T](t)
	}
	return nil
}

// all computes every output point: a column of sampled pixels times the weights.
func (r *deformRun[T]) all(y, column []T) {
	points, taps := r.h.count*r.w.count, r.taps()
	in, out := r.c/r.group, r.m/r.group
	for n := range r.n {
		for p := range points {
			r.sample(column, n, p)
			for m := range r.m {
				w := r.weight[m*in*taps:][:in*taps]
				var sum T
				if r.bias != nil {
					sum = r.bias[m]
				}
				for i, v := range column[m/out*in*taps:][:len(w)] {
					sum += w[i] * v
				}
				y[(n*r.m+m)*points+p] = sum
			}
		}
	}
}

// sample fills the column [C, taps] of one output point.
func (r *deformRun[T]) sample(column []T, n, p int) {
	points, taps, size := r.h.count*r.w.count, r.taps(), r.h.image*r.w.image
	top := float64(p/r.w.count*r.h.stride - r.h.before)
	left := float64(p%r.w.count*r.w.stride - r.w.before)
	each := r.c / r.offsetSets
	for set := range r.offsetSets {
		for t := range taps {
			at := (n*r.offsetSets+set)*taps + t
			y := top + float64(t/r.w.block*r.h.dilation) + float64(r.offset[2*at*points+p])
			x := left + float64(t%r.w.block*r.w.dilation) + float64(r.offset[(2*at+1)*points+p])
			factor := 1.0
			if r.mask != nil {
				factor = float64(r.mask[at*points+p])
			}
			offset, weight := corners(y, x, r.h.image, r.w.image)
			for c := set * each; c < (set+1)*each; c++ {
				image := r.x[(n*r.c+c)*size:][:size]
				var v float64
				for i, o := range offset {
					if weight[i] != 0 {
						v += weight[i] * float64(image[o])
					}
				}
				column[c*taps+t] = T(v * factor)
			}
		}
	}
}

// corners gives the four pixels around a point and their weights; pixels outside
// count as zero.
func corners(y, x float64, height, width int) (at [4]int, w [4]float64) {
	if !(y > -1 && y < float64(height) && x > -1 && x < float64(width)) {
		return at, w
	}
	y0, x0 := int(y+1)-1, int(x+1)-1
	fy, fx := y-float64(y0), x-float64(x0)
	for i := range 4 {
		row, col, v := y0+i/2, x0+i%2, 1.0
		if row < 0 || row >= height || col < 0 || col >= width {
			continue
		}
		if v *= 1 - fy; i/2 == 1 {
			v = fy
		}
		if i%2 == 1 {
			v *= fx
		} else {
			v *= 1 - fx
		}
		at[i], w[i] = row*width+col, v
	}
	return at, w
}
