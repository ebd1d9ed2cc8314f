package vision

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// roiAlign pools regions of x [N, C, H, W] to one size each, from points between
// the pixels: rois [R, 4], y [R, C, height, width].
type roiAlign struct {
	height, width, ratio int
	scale                float64
	max, half            bool
}

func newRoiAlign(b *op.Build) (op.Kernel, error) {
	k := &roiAlign{
		height: b.Int("output_height", 1), width: b.Int("output_width", 1), ratio: b.Int("sampling_ratio", 0),
		scale: float64(b.Float("spatial_scale", 1)), max: b.Str("mode", "avg", "avg", "max") == "max",
	}
	if b.Version() >= 16 {
		k.half = b.Str("coordinate_transformation_mode", "half_pixel", "half_pixel", "output_half_pixel") == "half_pixel"
	}
	if k.height < 1 || k.width < 1 || k.ratio < 0 || k.ratio > maxRatio {
		b.Fail("RoiAlign to %d×%d, ratio %d", k.height, k.width, k.ratio)
	}
	return k, nil
}

// maxRatio bounds the points taken in one bin, on each axis: a region of absurd
// size must not keep a run busy.
const maxRatio = 1 << 12

func (k *roiAlign) Run(c *op.Ctx) error {
	x, err := need(c, 0, 4)
	if err != nil {
		return err
	}
	rois, err := need(c, 1, 2)
	if err != nil {
		return err
	}
	images, err := c.Need(2)
	if err != nil {
		return err
	}
	which, err := tensor.Data[int64](images)
	if err != nil {
		return err
	}
	if rois.Dim(1) != 4 || len(which) != rois.Dim(0) {
		return fmt.Errorf("%w: regions %v of images %v", op.ErrInput, rois, images)
	}
	for _, n := range which {
		if n < 0 || n >= int64(x.Dim(0)) {
			return fmt.Errorf("%w: region of image %d of %d", op.ErrInput, n, x.Dim(0))
		}
	}
	shape := [4]int{rois.Dim(0), x.Dim(1), k.height, k.width}
	y, err := c.Out(0, x.Elem(), shape[:])
	if err != nil || y.Len() == 0 {
		return err
	}
	if x.Elem() == tensor.Float64 {
		return alignRegions[float64](k, y, x, rois, which)
	}
	return alignRegions[float32](k, y, x, rois, which)
}

func alignRegions[T float](k *roiAlign, y, x, rois *tensor.Tensor, which []int64) error {
	dst, src, regions := tensor.Slice[T](y), tensor.Slice[T](x), tensor.Slice[T](rois)
	size := x.Dim(1) * x.Dim(2) * x.Dim(3)
	out := x.Dim(1) * k.height * k.width
	for n, image := range which {
		r, err := k.region(float64(regions[4*n]), float64(regions[4*n+1]), float64(regions[4*n+2]), float64(regions[4*n+3]))
		if err != nil {
			return err
		}
		alignOne(k, r, dst[n*out:][:out], src[int(image)*size:][:size], x.Dim(2), x.Dim(3))
	}
	return nil
}

// region is one region in pixels.
type region struct {
	x, y, binX, binY float64
	nx, ny           int // points in a bin
}

func (k *roiAlign) region(x0, y0, x1, y1 float64) (r region, err error) {
	shift := 0.0
	if k.half {
		shift = 0.5
	}
	r.x, r.y = x0*k.scale-shift, y0*k.scale-shift
	w, h := x1*k.scale-shift-r.x, y1*k.scale-shift-r.y
	if !k.half {
		w, h = max(w, 1), max(h, 1)
	}
	r.binX, r.binY = w/float64(k.width), h/float64(k.height)
	r.nx, r.ny = k.ratio, k.ratio
	if k.ratio == 0 {
		px, py := math.Ceil(r.binX), math.Ceil(r.binY)
		if !(px <= maxRatio && py <= maxRatio) {
			return r, fmt.Errorf("%w: region of %g×%g pixels", op.ErrInput, w, h)
		}
		r.nx, r.ny = max(int(px), 0), max(int(py), 0)
	}
	return r, nil
}

func alignOne[T float](k *roiAlign, r region, dst, src []T, height, width int) {
	area, bins := height*width, k.height*k.width
	clear(dst)
	if area == 0 {
		return
	}
	for bin := range bins {
		top, left := r.y+float64(bin/k.width)*r.binY, r.x+float64(bin%k.width)*r.binX
		first := true
		for i := range r.ny * r.nx {
			y := top + (float64(i/r.nx)+0.5)*r.binY/float64(r.ny)
			x := left + (float64(i%r.nx)+0.5)*r.binX/float64(r.nx)
			at, w := bilinear(y, x, height, width)
			for ch := range len(src) / area {
				image, to := src[ch*area:][:area], &dst[ch*bins+bin]
				var v [4]float64
				for t := range v {
					v[t] = w[t] * float64(image[at[t]])
				}
				switch best := T(max(v[0], v[1], v[2], v[3])); {
				case !k.max:
					*to += T(v[0] + v[1] + v[2] + v[3])
				case first:
					*to = best
				default:
					*to = max(*to, best)
				}
			}
			first = false
		}
		if count := r.ny * r.nx; !k.max && count > 1 {
			for ch := range len(src) / area {
				dst[ch*bins+bin] /= T(count)
			}
		}
	}
}

// bilinear gives the four pixels around a point and their weights, all zero for a
// point more than a pixel outside.
func bilinear(y, x float64, height, width int) (at [4]int, w [4]float64) {
	if !(y >= -1 && y <= float64(height) && x >= -1 && x <= float64(width)) {
		return at, w
	}
	y0, y1, fy := between(y, height)
	x0, x1, fx := between(x, width)
	at = [4]int{y0*width + x0, y0*width + x1, y1*width + x0, y1*width + x1}
	return at, [4]float64{(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx}
}

// between gives the two pixels around v and how far it is past the first.
func between(v float64, n int) (low, high int, past float64) {
	v = max(v, 0)
	if low = int(v); low >= n-1 {
		return n - 1, n - 1, 0
	}
	return low, low + 1, v - float64(low)
}

// newMaxRoiPool takes the largest pixel in each bin of regions [R, 5]: image, x0,
// y0, x1, y1, rounded to whole pixels.
func newMaxRoiPool(b *op.Build) (op.Kernel, error) {
	size, scale := b.Ints("pooled_shape"), float64(b.Float("spatial_scale", 1))
	if len(size) != 2 || size[0] < 1 || size[1] < 1 {
		b.Fail("pooled_shape is %v, not two sizes", size)
		return nil, nil
	}
	return op.Func(func(c *op.Ctx) error {
		x, err := need(c, 0, 4)
		if err != nil {
			return err
		}
		rois, err := need(c, 1, 2)
		if err != nil {
			return err
		}
		if rois.Dim(1) != 5 {
			return fmt.Errorf("%w: regions %v", op.ErrInput, rois)
		}
		shape := [4]int{rois.Dim(0), x.Dim(1), size[0], size[1]}
		y, err := c.Out(0, x.Elem(), shape[:])
		if err != nil || y.Len() == 0 {
			return err
		}
		if x.Elem() == tensor.Float64 {
			return poolRegions[float64](y, x, rois, scale)
		}
		return poolRegions[float32](y, x, rois, scale)
	}), nil
}

func poolRegions[T float](y, x, rois *tensor.Tensor, scale float64) error {
	dst, src, regions := tensor.Slice[T](y), tensor.Slice[T](x), tensor.Slice[T](rois)
	height, width := x.Dim(2), x.Dim(3)
	area, bins := height*width, y.Dim(2)*y.Dim(3)
	for n := range rois.Dim(0) {
		r := regions[5*n:][:5]
		if !(r[0] >= 0 && int(r[0]) < x.Dim(0)) {
			return fmt.Errorf("%w: region of image %g of %d", op.ErrInput, float64(r[0]), x.Dim(0))
		}
		for bin := range bins {
			y0, y1 := span(float64(r[2]), float64(r[4]), scale, bin/y.Dim(3), y.Dim(2), height)
			x0, x1 := span(float64(r[1]), float64(r[3]), scale, bin%y.Dim(3), y.Dim(3), width)
			for ch := range x.Dim(1) {
				image := src[(int(r[0])*x.Dim(1)+ch)*area:][:area]
				dst[(n*x.Dim(1)+ch)*bins+bin] = largest(image, y0, y1, x0, x1, width)
			}
		}
	}
	return nil
}

// span is the range of pixels of one bin of a region on one axis.
func span(from, to, scale float64, bin, bins, n int) (low, high int) {
	start, end := math.Round(from*scale), math.Round(to*scale)
	step := max(end-start+1, 1) / float64(bins)
	inside := func(v float64) int {
		if !(v > 0) {
			return 0
		}
		return int(min(v, float64(n)))
	}
	return inside(math.Floor(float64(bin)*step) + start), inside(math.Ceil(float64(bin+1)*step) + start)
}

// largest is the largest pixel of a rectangle, 0 for an empty one.
func largest[T float](image []T, y0, y1, x0, x1, width int) T {
	if y0 >= y1 || x0 >= x1 {
		return 0
	}
	best := image[y0*width+x0]
	for y := y0; y < y1; y++ {
		for _, v := range image[y*width+x0 : y*width+x1] {
			best = max(best, v)
		}
	}
	return best
}
