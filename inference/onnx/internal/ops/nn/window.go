package nn

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// spatial is the most spatial dimensions; fewer are filled up in front with 1.
const spatial = 3

// dims is a size for each spatial dimension.
type dims [spatial]int

func (d dims) product() int { return d[0] * d[1] * d[2] }

// windowAttrs is what pooling and convolution say about their windows.
type windowAttrs struct {
	kernel, strides, dilations, pads []int
	autoPad                          string
	ceil                             bool
}

func newWindowAttrs(b *op.Build) windowAttrs {
	return windowAttrs{
		kernel: b.Ints("kernel_shape"), strides: b.Ints("strides"), dilations: b.Ints("dilations"), pads: b.Ints("pads"),
		autoPad: b.Str("auto_pad", "NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", ""),
	}
}

// window is the geometry of one run.
type window struct {
	rank                   int // spatial dimensions of the tensor
	in, out                dims
	kernel, stride, dilate dims
	before, after          dims
}

// spread puts the last n sizes of list at the end of dims, the rest is otherwise.
func spread(list []int, n, otherwise int) (dims, error) {
	d := dims{otherwise, otherwise, otherwise}
	if list == nil {
		return d, nil
	}
	if len(list) != n {
		return d, fmt.Errorf("%w: %d sizes for %d spatial dimensions", op.ErrInput, len(list), n)
	}
	copy(d[spatial-n:], list)
	return d, nil
}

// init sets up the window for an input of shape [N, C, spatial...]; kernel is used
// where the attributes do not give one.
func (w *window) init(a *windowAttrs, shape, kernel []int) (err error) {
	w.rank = len(shape) - 2
	if w.rank < 1 || w.rank > spatial {
		return fmt.Errorf("%w: %d spatial dimensions", op.ErrInput, w.rank)
	}
	if a.kernel != nil {
		kernel = a.kernel
	}
	w.in, _ = spread(shape[2:], w.rank, 1)
	if w.kernel, err = spread(kernel, w.rank, 1); err != nil {
		return err
	}
	if w.stride, err = spread(a.strides, w.rank, 1); err != nil {
		return err
	}
	if w.dilate, err = spread(a.dilations, w.rank, 1); err != nil {
		return err
	}
	for i := range spatial {
		if w.stride[i] < 1 || w.dilate[i] < 1 || w.kernel[i] < 1 || w.kernel[i] > 1<<20 || w.dilate[i] > 1<<20 || w.stride[i] > 1<<20 {
			return fmt.Errorf("%w: kernel %v, strides %v, dilations %v", op.ErrInput, w.kernel, w.stride, w.dilate)
		}
	}
	return w.pad(a)
}

// pad reads the pads and computes the output's size.
func (w *window) pad(a *windowAttrs) error {
	if a.pads != nil && len(a.pads) != 2*w.rank {
		return fmt.Errorf("%w: %d pads for %d spatial dimensions", op.ErrInput, len(a.pads), w.rank)
	}
	for i := range spatial {
		k := i - (spatial - w.rank)
		if k >= 0 && a.pads != nil && (a.autoPad == "NOTSET" || a.autoPad == "") {
			w.before[i], w.after[i] = a.pads[k], a.pads[w.rank+k]
		}
		if w.before[i] < 0 || w.after[i] < 0 || w.before[i] > 1<<20 || w.after[i] > 1<<20 {
			return fmt.Errorf("%w: pads %d and %d", op.ErrInput, w.before[i], w.after[i])
		}
		reach := (w.kernel[i]-1)*w.dilate[i] + 1
		if a.autoPad == "SAME_UPPER" || a.autoPad == "SAME_LOWER" {
			w.same(i, reach, a.autoPad == "SAME_LOWER")
			continue
		}
		room := w.in[i] + w.before[i] + w.after[i] - reach
		if room < 0 {
			return fmt.Errorf("%w: a window of %d in %d", op.ErrInput, reach, room+reach)
		}
		w.out[i] = room/w.stride[i] + 1
		if a.ceil && room%w.stride[i] != 0 && w.out[i]*w.stride[i] < w.in[i]+w.before[i] {
			w.out[i]++ // the last window must start inside the input or its left pad
		}
	}
	return nil
}

// same pads dimension i so that the output has the input's size over the stride.
func (w *window) same(i, reach int, lower bool) {
	w.out[i] = (w.in[i] + w.stride[i] - 1) / w.stride[i]
	total := max((w.out[i]-1)*w.stride[i]+reach-w.in[i], 0)
	w.before[i] = total / 2
	if lower {
		w.before[i] = total - total/2
	}
	w.after[i] = total - w.before[i]
}

// shape is [n, c, out...] in buf.
func (w *window) shape(buf []int, n, c int) []int {
	return append(append(buf[:0], n, c), w.out[spatial-w.rank:]...)
}

// span is the range of outputs along dimension i whose input at kernel offset k
// lies inside the input.
func (w *window) span(i, k int) (from, to int) {
	off := k*w.dilate[i] - w.before[i]
	from = 0
	if off < 0 {
		from = (-off + w.stride[i] - 1) / w.stride[i]
	}
	to = w.out[i]
	if last := w.in[i] - 1 - off; last < 0 {
		to = 0
	} else {
		to = min(to, last/w.stride[i]+1)
	}
	return min(from, w.out[i]), max(to, min(from, w.out[i]))
}

// float32s refuses inputs of other types: nn computes in float32 only.
func float32s(t *tensor.Tensor, what string) ([]float32, error) {
	if t == nil || t.Elem() != tensor.Float32 {
		return nil, fmt.Errorf("%w: %s of %v", op.ErrType, what, t)
	}
	return tensor.Slice[float32](t), nil
}
