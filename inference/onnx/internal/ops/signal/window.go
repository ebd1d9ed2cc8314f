package signal

import (
	"fmt"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/convert"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// window makes the constructor of a window a − b·cos(2πk/N) + c·cos(4πk/N).
func window(a, b, c float64) func(*op.Build) (op.Kernel, error) {
	return func(build *op.Build) (op.Kernel, error) {
		elem, periodic := build.ElemOf("output_datatype", tensor.Float32), build.Bool("periodic", true)
		return op.Func(func(ctx *op.Ctx) error {
			size, err := ctx.Need(0)
			if err != nil {
				return err
			}
			n, err := integer(size)
			if err != nil {
				return err
			}
			if n < 0 || n > maxPoints {
				return fmt.Errorf("%w: a window of %d", op.ErrInput, n)
			}
			span := float64(n)
			if !periodic {
				span--
			}
			values, err := op.Scratch[float64](ctx, n)
			if err != nil {
				return err
			}
			for k := range values {
				at := 2 * math.Pi * float64(k) / max(span, 1)
				values[k] = a - b*math.Cos(at) + c*math.Cos(2*at)
			}
			return store(ctx, elem, []int{n}, values)
		}), nil
	}
}

// store makes output 0 of values in the given element type.
func store(c *op.Ctx, elem tensor.Elem, shape []int, values []float64) error {
	if elem == tensor.String || elem == tensor.Bool {
		return fmt.Errorf("%w: a window of %v", op.ErrType, elem)
	}
	y, err := c.Out(0, elem, shape)
	if err != nil {
		return err
	}
	return convert.FromFloat64(y, values)
}

// newMel makes the matrix [bins, bands] of triangles that are evenly spaced on the
// mel scale, 2595·log10(1 + f/700).
func newMel(b *op.Build) (op.Kernel, error) {
	elem := b.ElemOf("output_datatype", tensor.Float32)
	return op.Func(func(c *op.Ctx) error {
		var v [5]float64
		for i := range v {
			t, err := c.Need(i)
			if err != nil {
				return err
			}
			if t.Len() != 1 {
				return fmt.Errorf("%w: input %d is %v, not a scalar", op.ErrInput, i, t)
			}
			if err := convert.ToFloat64(v[i:i+1], t); err != nil {
				return err
			}
		}
		bands, points, rate := v[0], v[1], v[2]
		if !(bands >= 1 && bands <= 1<<16 && points >= 1 && points <= maxPoints && rate > 0 && v[3] >= 0 && v[4] >= v[3] && v[4] <= 1e9) {
			return fmt.Errorf("%w: %g mel bands of %g points at %g Hz, from %g to %g Hz", op.ErrInput, bands, points, rate, v[3], v[4])
		}
		bins := int(points)/2 + 1
		if int64(bins)*int64(bands) > 1<<28 {
			return fmt.Errorf("%w: %d×%g mel weights", op.ErrMemory, bins, bands)
		}
		values, err := op.Scratch[float64](c, bins*int(bands))
		if err != nil {
			return err
		}
		clear(values)
		triangles(values, bins, int(bands), edges(int(bands), points, rate, v[3], v[4]))
		return store(c, elem, []int{bins, int(bands)}, values)
	}), nil
}

// edges are the bins where the triangles begin, peak and end: band i has the edges
// i, i+1 and i+2. Edges beyond all bins are cut.
func edges(bands int, points, rate, low, high float64) []int {
	mel := func(f float64) float64 { return 2595 * math.Log1p(f/700) / math.Ln10 }
	step := (mel(high) - mel(low)) / float64(bands+2)
	out := make([]int, bands+2)
	for i := range out {
		f := 700 * math.Expm1((mel(low)+step*float64(i))/2595*math.Ln10)
		out[i] = int(min(math.Floor((points+1)*f/rate), 1<<30))
	}
	return out
}

func triangles(values []float64, bins, bands int, edges []int) {
	set := func(bin, band int, v float64) {
		if bin >= 0 && bin < bins {
			values[bin*bands+band] = v
		}
	}
	for band := range bands {
		low, peak, high := edges[band], edges[band+1], edges[band+2]
		if peak == low {
			set(peak, band, 1)
		} else {
			for k := low; k <= min(peak, bins); k++ {
				set(k, band, float64(k-low)/float64(peak-low))
			}
		}
		for k := peak; k < min(high, bins); k++ {
			set(k, band, float64(high-k)/float64(high-peak))
		}
	}
}
