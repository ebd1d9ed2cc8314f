package vision

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// gridSample reads x [N, C, D1 … Dk] at the coordinates grid [N, O1 … Ok, k], which
// are from -1 to 1 and in reverse order of the axes: y [N, C, O1 … Ok].
type gridSample struct {
	taps    int // on each axis: 1 nearest, 2 linear, 4 cubic
	padding string
	corners bool // -1 and 1 are the middles of the corner pixels, not their outer edges
}

func newGridSample(b *op.Build) (op.Kernel, error) {
	mode := b.Str("mode", "linear", "linear", "nearest", "cubic", "bilinear", "bicubic")
	taps := map[string]int{"nearest": 1, "linear": 2, "bilinear": 2, "cubic": 4, "bicubic": 4}
	k := &gridSample{
		taps: taps[mode], corners: b.Bool("align_corners", false),
		padding: b.Str("padding_mode", "zeros", "zeros", "border", "reflection"),
	}
	return k, nil
}

// maxGridAxes bounds the spatial axes: 4^3 taps for the cubic mode.
const maxGridAxes = 3

func (k *gridSample) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	axes := x.Rank() - 2
	if axes < 1 || axes > maxGridAxes {
		return fmt.Errorf("%w: GridSample of %v", op.ErrInput, x)
	}
	if _, err = need(c, 0, axes+2); err != nil {
		return err
	}
	grid, err := need(c, 1, axes+2)
	if err != nil {
		return err
	}
	if grid.Dim(0) != x.Dim(0) || grid.Dim(-1) != axes {
		return fmt.Errorf("%w: grid %v for %v", op.ErrInput, grid, x)
	}
	var buf [kernel.MaxRank]int
	shape := append(append(buf[:0], x.Shape()[:2]...), grid.Shape()[1:axes+1]...)
	y, err := c.Out(0, x.Elem(), shape)
	if err != nil || y.Len() == 0 {
		return err
	}
	s := sampler{gridSample: k, dims: x.Shape()[2:]}
	if x.Elem() == tensor.Float64 {
		sample[float64](&s, y, x, grid)
	} else {
		sample[float32](&s, y, x, grid)
	}
	return nil
}

// sampler works out the taps of one point.
type sampler struct {
	*gridSample
	dims   []int
	offset [64]int
	weight [64]float64
	n      int
}

func sample[T float](s *sampler, y, x, grid *tensor.Tensor) {
	dst, src, at := tensor.Slice[T](y), tensor.Slice[T](x), tensor.Slice[T](grid)
	axes, size := len(s.dims), 1
	for _, d := range s.dims {
		size *= d
	}
	channels := x.Dim(1)
	points := y.Len() / (x.Dim(0) * channels)
	var point [maxGridAxes]float64
	for n := range x.Dim(0) {
		for p := range points {
			for a := range axes {
				point[a] = float64(at[(n*points+p)*axes+axes-1-a])
			}
			s.point(point[:axes])
			for ch := range channels {
				image := src[(n*channels+ch)*size:][:size]
				var sum float64
				for i, o := range s.offset[:s.n] {
					sum += s.weight[i] * float64(image[o])
				}
				dst[(n*channels+ch)*points+p] = T(sum)
			}
		}
	}
}

// point fills the taps for the coordinates of one point.
func (s *sampler) point(at []float64) {
	s.n, s.offset[0], s.weight[0] = 1, 0, 1
	for a, v := range at {
		var index [4]int
		var weight [4]float64
		s.axis(s.dims[a], v, &index, &weight)
		s.spread(s.dims[a], index[:s.taps], weight[:s.taps])
	}
}

// spread multiplies the taps so far with those of one more axis; from the last
// backwards, since each gives several.
func (s *sampler) spread(dim int, index []int, weight []float64) {
	var offset [64]int
	var w [64]float64
	n := 0
	for i := range s.n {
		for t, at := range index {
			if at < 0 || weight[t] == 0 {
				continue
			}
			offset[n], w[n] = s.offset[i]*dim+at, s.weight[i]*weight[t]
			n++
		}
	}
	s.n, s.offset, s.weight = n, offset, w
}

// axis gives the pixels and weights for a coordinate on an axis of d pixels; -1
// stands for a pixel that counts as zero.
func (s *sampler) axis(d int, v float64, index *[4]int, weight *[4]float64) {
	low, high := -0.5, float64(d)-0.5
	x := ((v+1)*float64(d) - 1) / 2
	if s.corners {
		low, high = 0, float64(d-1)
		x = (v + 1) / 2 * high
	}
	if s.taps == 1 {
		x = math.RoundToEven(x)
	}
	if x < low || x > high {
		switch s.padding {
		case "border":
			x = min(max(x, 0), float64(d-1))
		case "reflection":
			x = reflect(x, low, high)
		}
	}
	if d == 0 || !(math.Abs(x) < 1<<40) {
		// Nothing is there; a NaN has no place either.
		*index = [4]int{-1, -1, -1, -1}
		return
	}
	first := int(math.Floor(x))
	weights(s.taps, x-float64(first), weight)
	if s.taps == 4 {
		first--
	}
	for t := range s.taps {
		index[t] = s.pixel(first+t, d, low, high)
	}
}

// pixel is where pixel i of d is found under the padding rule, -1 for nowhere.
func (s *sampler) pixel(i, d int, low, high float64) int {
	if i >= 0 && i < d {
		return i
	}
	switch s.padding {
	case "border":
		return min(max(i, 0), d-1)
	case "reflection":
		return min(max(int(reflect(float64(i), low, high)), 0), d-1)
	}
	return -1
}

// reflect mirrors x at the borders until it lies between them.
func reflect(x, low, high float64) float64 {
	width := high - low
	if width <= 0 {
		return low
	}
	d := x - low
	if d < 0 {
		d = -d
	}
	if d = math.Mod(d, 2*width); d > width {
		d = 2*width - d
	}
	return low + d
}

// weights fills the weights of taps at distance f past the middle one.
func weights(taps int, f float64, w *[4]float64) {
	switch taps {
	case 1:
		w[0] = 1
	case 2:
		w[0], w[1] = 1-f, f
	case 4:
		*w = [4]float64{cubicFar(1 + f), cubicNear(f), cubicNear(1 - f), cubicFar(2 - f)}
	}
}

// cubicA is the free parameter of the cubic kernel (Keys, 1981), as the standard has it.
const cubicA = -0.75

// cubicNear is the kernel at distances up to 1, cubicFar from 1 to 2.
func cubicNear(x float64) float64 { return ((cubicA+2)*x-(cubicA+3))*x*x + 1 }

func cubicFar(x float64) float64 {
	return ((cubicA*x-5*cubicA)*x+8*cubicA)*x - 4*cubicA
}

// newAffineGrid makes the grid that theta [N, k, k+1] gives for an image of k axes.
func newAffineGrid(b *op.Build) (op.Kernel, error) {
	corners := b.Bool("align_corners", false)
	return op.Func(func(c *op.Ctx) error {
		theta, err := need(c, 0, 3)
		if err != nil {
			return err
		}
		size, err := c.Need(1)
		if err != nil {
			return err
		}
		dims, err := tensor.Data[int64](size)
		if err != nil {
			return err
		}
		axes := len(dims) - 2
		if axes < 2 || axes > maxGridAxes || theta.Dim(1) != axes || theta.Dim(2) != axes+1 || int64(theta.Dim(0)) != dims[0] {
			return fmt.Errorf("%w: AffineGrid of %v for %v", op.ErrInput, theta, dims)
		}
		var buf [kernel.MaxRank]int
		shape := append(buf[:0], theta.Dim(0))
		for _, d := range dims[2:] {
			shape = append(shape, int(d))
		}
		y, err := c.Out(0, theta.Elem(), append(shape, axes))
		if err != nil || y.Len() == 0 {
			return err
		}
		if theta.Elem() == tensor.Float64 {
			affine(tensor.Slice[float64](y), tensor.Slice[float64](theta), y.Shape()[1:axes+1], corners)
		} else {
			affine(tensor.Slice[float32](y), tensor.Slice[float32](theta), y.Shape()[1:axes+1], corners)
		}
		return nil
	}), nil
}

func affine[T float](dst, theta []T, dims []int, corners bool) {
	axes, points := len(dims), 1
	for _, d := range dims {
		points *= d
	}
	var at [maxGridAxes + 1]float64 // x first: the last axis
	at[axes] = 1
	row := axes + 1
	for n := range len(theta) / (axes * row) {
		m := theta[n*axes*row:]
		for p := range points {
			rest := p
			for a := range axes {
				d := dims[axes-1-a]
				at[a] = place(rest%d, d, corners)
				rest /= d
			}
			for i := range axes {
				var sum float64
				for j := range row {
					sum += float64(m[i*row+j]) * at[j]
				}
				dst[(n*points+p)*axes+i] = T(sum)
			}
		}
	}
}

// place is the coordinate of pixel i of d.
func place(i, d int, corners bool) float64 {
	switch {
	case !corners:
		return (2*float64(i)+1)/float64(d) - 1
	case d == 1:
		return 0
	}
	return 2*float64(i)/float64(d-1) - 1
}
