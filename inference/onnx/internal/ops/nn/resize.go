package nn

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/convert"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// resize changes the size of images: interpolation is separable, so that each
// dimension is done in turn, with weights that are the same for all its lines.
type resize struct {
	mode, place, nearest string
	policy               string
	cubic                float64
	antialias, exclude   bool
	outside              float64
	axes                 []int
	version              int
}

func newResize(b *op.Build) (op.Kernel, error) {
	k := &resize{version: b.Version(), place: "asymmetric", nearest: "floor", policy: "stretch", cubic: -0.75}
	k.mode = b.Str("mode", "nearest", "nearest", "linear", "cubic")
	if k.version >= 11 {
		k.place = b.Str("coordinate_transformation_mode", "half_pixel", "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
			"align_corners", "asymmetric", "tf_crop_and_resize", "tf_half_pixel_for_nn")
		k.nearest = b.Str("nearest_mode", "round_prefer_floor", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "")
		k.cubic = float64(b.Float("cubic_coeff_a", -0.75))
		k.exclude = b.Bool("exclude_outside", false)
		k.outside = float64(b.Float("extrapolation_value", 0))
		k.antialias, k.axes = b.Bool("antialias", false), b.Ints("axes")
		k.policy = b.Str("keep_aspect_ratio_policy", "stretch", "stretch", "not_larger", "not_smaller")
	}
	return op.Func(k.Run), nil
}

// newUpsample is Resize's forerunner: scales are an attribute, or input 1.
func newUpsample(b *op.Build) (op.Kernel, error) {
	k := &resize{version: 10, place: "asymmetric", nearest: "floor", policy: "stretch"}
	k.mode = b.Str("mode", "nearest", "nearest", "linear", "bilinear")
	if k.mode == "bilinear" {
		k.mode = "linear"
	}
	fixed := b.Floats("scales")
	if b.Has("height_scale") || b.Has("width_scale") { // version 1, for images only
		fixed = []float32{1, 1, b.Float("height_scale", 1), b.Float("width_scale", 1)}
	}
	return op.Func(func(c *op.Ctx) error {
		if fixed == nil {
			return k.Run(c)
		}
		return k.with(c, fixed, nil, nil)
	}), nil
}

func (k *resize) Run(c *op.Ctx) error {
	if k.version < 11 {
		return k.with(c, floatsIn(c.In(1)), nil, nil)
	}
	var sizes []int64
	if t := c.In(3); t != nil {
		sizes = tensor.Slice[int64](t)
	}
	return k.with(c, floatsIn(c.In(2)), sizes, floatsIn(c.In(1)))
}

// floatsIn is the float32 elements of an input that may be absent or empty.
func floatsIn(t *tensor.Tensor) []float32 {
	if t == nil {
		return nil
	}
	return tensor.Slice[float32](t)
}

// scaling is what is done along one dimension.
type scaling struct {
	in, out  int
	scale    float64
	from, to float64 // region of interest, for tf_crop_and_resize
}

func (k *resize) with(c *op.Ctx, scales []float32, sizes []int64, roi []float32) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	dims := make([]scaling, x.Rank())
	if err := k.plan(dims, x, scales, sizes, roi); err != nil {
		return err
	}
	shape := make([]int, len(dims))
	for i, d := range dims {
		shape[i] = d.out
	}
	y, err := c.Out(0, x.Elem(), shape)
	if err != nil {
		return err
	}
	v, err := op.Scratch[float64](c, x.Len())
	if err != nil {
		return err
	}
	if err := convert.ToFloat64(v, x); err != nil {
		return err
	}
	now := append([]int(nil), x.Shape()...)
	for i, d := range dims {
		if d.in == d.out && d.scale == 1 && (k.place != "tf_crop_and_resize" || d.from == 0 && d.to == 1) {
			continue
		}
		if v, err = k.along(c, v, now, i, d); err != nil {
			return err
		}
		now[i] = d.out
	}
	if y.Elem().IsInt() {
		saturate(v, y.Elem())
	}
	return convert.Rounding{Saturate: true}.Store(y, v)
}

// saturate keeps numbers within an 8-bit type, which cubic weights overshoot.
func saturate(v []float64, e tensor.Elem) {
	lo, hi := math.Inf(-1), math.Inf(1)
	switch e {
	case tensor.Uint8:
		lo, hi = 0, 255
	case tensor.Int8:
		lo, hi = -128, 127
	}
	for i, f := range v {
		v[i] = min(max(f, lo), hi)
	}
}

// plan fills in the scaling of each dimension from scales or sizes.
func (k *resize) plan(dims []scaling, x *tensor.Tensor, scales []float32, sizes []int64, roi []float32) error {
	for i := range dims {
		dims[i] = scaling{in: x.Dim(i), out: x.Dim(i), scale: 1, to: 1}
	}
	axes := k.axes
	if axes == nil {
		for i := range dims {
			axes = append(axes, i)
		}
	}
	if len(scales) != len(axes) && len(sizes) != len(axes) || len(sizes) > 0 && len(sizes) != len(axes) {
		return fmt.Errorf("%w: %d scales and %d sizes for %d axes of %v", op.ErrInput, len(scales), len(sizes), len(axes), x)
	}
	for n, a := range axes {
		if a < 0 {
			a += len(dims)
		}
		if a < 0 || a >= len(dims) {
			return fmt.Errorf("%w: axis %d of %v", op.ErrInput, a, x)
		}
		d := &dims[a]
		if len(roi) == 2*len(axes) {
			d.from, d.to = float64(roi[n]), float64(roi[len(axes)+n])
		}
		if len(sizes) > 0 {
			d.out = int(sizes[n])
			d.scale = float64(d.out) / float64(d.in)
		} else {
			d.scale = float64(scales[n])
			d.out = int(math.Floor(float64(float32(d.in) * scales[n]))) // in float32: 7·(13/7) is 13
		}
		if d.out < 0 || d.out > 1<<28 || d.in == 0 && d.out > 0 || !(d.scale >= 0) {
			return fmt.Errorf("%w: Resize of %v to %d along axis %d", op.ErrInput, x, d.out, a)
		}
	}
	if len(sizes) > 0 && k.policy != "stretch" {
		k.keepAspect(dims, axes)
	}
	return nil
}

// keepAspect uses one scale for all axes: the smallest or the largest asked for.
func (k *resize) keepAspect(dims []scaling, axes []int) {
	s := -1.0
	for _, a := range axes {
		d := dims[(a+len(dims))%len(dims)]
		if s < 0 || k.policy == "not_larger" && d.scale < s || k.policy == "not_smaller" && d.scale > s {
			s = d.scale
		}
	}
	for _, a := range axes {
		d := &dims[(a+len(dims))%len(dims)]
		d.scale = s
		d.out = int(s*float64(d.in) + 0.5)
	}
}

// origin is where output index i lies in the input.
func (k *resize) origin(d scaling, i float64) float64 {
	length := d.scale * float64(d.in)
	switch k.place {
	case "align_corners":
		if length == 1 {
			return 0
		}
		return i * float64(d.in-1) / (length - 1)
	case "asymmetric":
		return i / d.scale
	case "tf_half_pixel_for_nn":
		return (i + 0.5) / d.scale
	case "tf_crop_and_resize":
		last := float64(d.in - 1)
		if length == 1 {
			return (d.to-d.from)*last/2 + d.from*last
		}
		return i*(d.to-d.from)*last/(length-1) + d.from*last
	case "pytorch_half_pixel":
		if length == 1 {
			return -0.5
		}
	case "half_pixel_symmetric":
		centre := float64(d.in) / 2
		return centre*(1-float64(d.out)/length) + (i+0.5)/d.scale - 0.5
	}
	return (i+0.5)/d.scale - 0.5
}

// taps is the inputs that one output is made of: weights for the indices from
// first on, which may lie outside and then mean the nearest one inside.
type taps struct {
	first   int
	weights []float64
}

// along resizes one dimension of v, which has the given shape.
func (k *resize) along(c *op.Ctx, v []float64, shape []int, axis int, d scaling) ([]float64, error) {
	outer, inner := 1, 1
	for i, n := range shape {
		switch {
		case i < axis:
			outer *= n
		case i > axis:
			inner *= n
		}
	}
	out, err := op.Scratch[float64](c, outer*d.out*inner)
	if err != nil {
		return nil, err
	}
	buf := make([]float64, 0, 8)
	for i := range d.out {
		at := k.origin(d, float64(i))
		off := k.place == "tf_crop_and_resize" && (at < 0 || at > float64(d.in-1))
		t := k.taps(buf, at, d)
		for o := range outer {
			src, dst := v[o*d.in*inner:], out[(o*d.out+i)*inner:][:inner]
			if off {
				fill(dst, k.outside)
				continue
			}
			clear(dst)
			for n, w := range t.weights {
				j := min(max(t.first+n, 0), d.in-1)
				for p := range dst {
					dst[p] += w * src[j*inner+p]
				}
			}
		}
	}
	return out, nil
}

// taps finds the inputs and weights for a place in the input.
func (k *resize) taps(buf []float64, at float64, d scaling) taps {
	var t taps
	scale := 1.0
	if k.antialias {
		scale = min(d.scale, 1)
	}
	switch k.mode {
	case "nearest":
		return taps{first: k.round(at), weights: append(buf[:0], 1)}
	case "linear":
		t = spread1(buf, at, 1/scale, func(x float64) float64 { return max(1-math.Abs(x*scale), 0) })
	default:
		t = spread1(buf, at, 2/scale, func(x float64) float64 { return cubic(math.Abs(x*scale), k.cubic) })
	}
	if k.exclude {
		for i := range t.weights {
			if j := t.first + i; j < 0 || j >= d.in {
				t.weights[i] = 0
			}
		}
	}
	if k.exclude || k.antialias {
		sum := 0.0
		for _, w := range t.weights {
			sum += w
		}
		for i := range t.weights {
			t.weights[i] /= sum
		}
	}
	return t
}

// spread1 evaluates a kernel at all integers within reach of a place.
func spread1(buf []float64, at, reach float64, f func(x float64) float64) taps {
	t := taps{first: int(math.Ceil(at - reach)), weights: buf[:0]}
	for i := t.first; float64(i) <= at+reach; i++ {
		t.weights = append(t.weights, f(float64(i)-at))
	}
	return t
}

// cubic is the convolution kernel of Keys (1981) with parameter a.
func cubic(x, a float64) float64 {
	switch {
	case x <= 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return ((a*x-5*a)*x+8*a)*x - 4*a
	}
	return 0
}

func (k *resize) round(at float64) int {
	switch k.nearest {
	case "floor":
		return int(math.Floor(at))
	case "ceil":
		return int(math.Ceil(at))
	case "round_prefer_ceil":
		return int(math.Floor(at + 0.5))
	}
	return int(math.Ceil(at - 0.5))
}
