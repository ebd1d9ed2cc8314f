package vision

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// steps is how a window moves: stride, dilation and pads for each axis.
type steps struct {
	strides, dilations, pads []int
}

func newSteps(b *op.Build) steps {
	return steps{strides: b.Ints("strides"), dilations: b.Ints("dilations"), pads: b.Ints("pads")}
}

// axis is a window on one axis of an image.
type axis struct{ image, block, stride, dilation, before, count int }

// axes works out how many windows of the given sizes there are along each axis.
func (s steps) axes(image, block []int) ([]axis, error) {
	n := len(image)
	for _, list := range [][]int{s.strides, s.dilations, block} {
		if list != nil && len(list) != n {
			return nil, fmt.Errorf("%w: %v for %d axes", op.ErrInput, list, n)
		}
	}
	if s.pads != nil && len(s.pads) != 2*n {
		return nil, fmt.Errorf("%w: pads %v for %d axes", op.ErrInput, s.pads, n)
	}
	out := make([]axis, n)
	for i := range out {
		a := axis{image: image[i], block: block[i], stride: 1, dilation: 1}
		after := 0
		if s.strides != nil {
			a.stride = s.strides[i]
		}
		if s.dilations != nil {
			a.dilation = s.dilations[i]
		}
		if s.pads != nil {
			a.before, after = s.pads[i], s.pads[n+i]
		}
		for _, v := range []int{a.image, a.block, a.stride, a.dilation, a.before, after} {
			if v < 0 || v > 1<<20 {
				return nil, fmt.Errorf("%w: window of %d over %d", op.ErrInput, a.block, a.image)
			}
		}
		room := a.image + a.before + after - (a.block-1)*a.dilation - 1
		if room < 0 || a.block < 1 || a.stride < 1 || a.dilation < 1 {
			return nil, fmt.Errorf("%w: window of %d over %d", op.ErrInput, a.block, a.image)
		}
		a.count = room/a.stride + 1
		out[i] = a
	}
	return out, nil
}

// newCol2Im adds blocks up to an image: [N, C·block, L] to [N, C, image...].
func newCol2Im(b *op.Build) (op.Kernel, error) {
	return &fold{newSteps(b)}, nil
}

type fold struct{ steps }

func (k *fold) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	image, err := sizes(c, 1)
	if err != nil {
		return err
	}
	block, err := sizes(c, 2)
	if err != nil {
		return err
	}
	axes, err := k.axes(image, block)
	if err != nil {
		return err
	}
	area, blocks := 1, 1
	for _, a := range axes {
		if int64(area)*int64(a.block) > 1<<30 || int64(blocks)*int64(a.count) > 1<<30 {
			return fmt.Errorf("%w: blocks %v of image %v", op.ErrInput, block, image)
		}
		area, blocks = area*a.block, blocks*a.count
	}
	if x.Rank() != 3 || x.Dim(2) != blocks || x.Dim(1)%area != 0 {
		return fmt.Errorf("%w: %v does not hold %d blocks of %v", op.ErrInput, x, blocks, block)
	}
	y, err := c.OutZero(0, x.Elem(), append([]int{x.Dim(0), x.Dim(1) / area}, image...))
	if err != nil || y.Len() == 0 {
		return err
	}
	switch x.Elem() {
	case tensor.Float32:
		foldAll(tensor.Slice[float32](y), tensor.Slice[float32](x), axes, area, blocks)
	case tensor.Float64:
		foldAll(tensor.Slice[float64](y), tensor.Slice[float64](x), axes, area, blocks)
	case tensor.Int64:
		foldAll(tensor.Slice[int64](y), tensor.Slice[int64](x), axes, area, blocks)
	case tensor.Int32:
		foldAll(tensor.Slice[int32](y), tensor.Slice[int32](x), axes, area, blocks)
	case tensor.Uint8:
		foldAll(tensor.Slice[uint8](y), tensor.Slice[uint8](x), axes, area, blocks)
	default:
		return fmt.Errorf("%w: Col2Im of %v", op.ErrType, x)
	}
	return nil
}

// sizes is input i as a list of sizes.
func sizes(c *op.Ctx, i int) ([]int, error) {
	t, err := c.Need(i)
	if err != nil {
		return nil, err
	}
	list, err := tensor.Data[int64](t)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || len(list) > kernel.MaxRank-2 {
		return nil, fmt.Errorf("%w: %d sizes", op.ErrInput, len(list))
	}
	out := make([]int, len(list))
	for k, v := range list {
		if v < 1 || v > 1<<20 {
			return nil, fmt.Errorf("%w: size %d", op.ErrInput, v)
		}
		out[k] = int(v)
	}
	return out, nil
}

// foldAll adds each row of blocks, which is one place in the block, to the image.
func foldAll[T kernel.Number](dst, src []T, axes []axis, area, blocks int) {
	size := 1
	for _, a := range axes {
		size *= a.image
	}
	for row := range len(src) / max(blocks, 1) {
		image := dst[row/area*size:][:size]
		for at, v := range src[row*blocks:][:blocks] {
			if to := target(axes, row%area, at); to >= 0 {
				image[to] += v
			}
		}
	}
}

// target is the pixel of one place in one block, -1 outside the image.
func target(axes []axis, place, block int) int {
	to, step := 0, 1
	for i := len(axes) - 1; i >= 0; i-- {
		a := &axes[i]
		v := block%a.count*a.stride + place%a.block*a.dilation - a.before
		if v < 0 || v >= a.image {
			return -1
		}
		to += v * step
		block, place, step = block/a.count, place/a.block, step*a.image
	}
	return to
}
