package vision_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/tensor"
)

func count(t *testing.T, shape ...int) *tensor.Tensor {
	x, err := tensor.New(tensor.Float32, shape...)
	require.NoError(t, err)
	for i, d := 0, tensor.Slice[float32](x); i < len(d); i++ {
		d[i] = float32(i*7%11) - 3
	}
	return x
}

// TestIdentityGrid: the grid of the identity gives the image itself, in two and
// three dimensions.
func TestIdentityGrid(t *testing.T) {
	for _, c := range []struct {
		theta []float32
		size  []int
	}{{[]float32{1, 0, 0, 0, 1, 0}, []int{1, 2, 3, 5}}, {[]float32{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}, []int{1, 2, 3, 4, 2}}} {
		axes := len(c.size) - 2
		size := make([]int64, len(c.size))
		for i, d := range c.size {
			size[i] = int64(d)
		}
		for corners := range int64(2) {
			attr := []onnxtest.Attribute{onnxtest.Int("align_corners", corners)}
			grid, err := onnxtest.One(22, "AffineGrid", attr, of(t, []int{1, axes, axes + 1}, c.theta...), tensor.Vector(size...))
			require.NoError(t, err)
			x := count(t, c.size...)
			y, err := onnxtest.One(22, "GridSample", attr, x, grid)
			require.NoError(t, err)
			require.InDeltaSlice(t, tensor.Slice[float32](x), tensor.Slice[float32](y), 1e-5)
		}
	}
}

// TestDeformConvWithoutOffsets is a convolution.
func TestDeformConvWithoutOffsets(t *testing.T) {
	x, w, b := count(t, 2, 4, 6, 5), count(t, 6, 2, 3, 2), count(t, 6)
	attrs := []onnxtest.Attribute{onnxtest.Int("group", 2), onnxtest.Ints("strides", 2, 1), onnxtest.Ints("pads", 1, 0, 1, 1), onnxtest.Ints("dilations", 1, 2)}
	want, err := onnxtest.One(22, "Conv", attrs, x, w, b)
	require.NoError(t, err)
	offsets, err := tensor.New(tensor.Float32, 2, 2*3*2*2, want.Dim(2), want.Dim(3))
	require.NoError(t, err)
	y, err := onnxtest.One(22, "DeformConv", append(attrs, onnxtest.Int("offset_group", 2)), x, w, offsets, b)
	require.NoError(t, err)
	require.Equal(t, want.Shape(), y.Shape())
	require.InDeltaSlice(t, tensor.Slice[float32](want), tensor.Slice[float32](y), 1e-3)
}

// TestCol2ImAddsUp: blocks of ones count how many windows reach a pixel.
func TestCol2ImAddsUp(t *testing.T) {
	x, err := tensor.New(tensor.Float32, 1, 4, 9)
	require.NoError(t, err)
	for i, d := 0, tensor.Slice[float32](x); i < len(d); i++ {
		d[i] = 1
	}
	y, err := onnxtest.One(18, "Col2Im", nil, x, tensor.Vector[int64](4, 4), tensor.Vector[int64](2, 2))
	require.NoError(t, err)
	require.Equal(t, []float32{1, 2, 2, 1, 2, 4, 4, 2, 2, 4, 4, 2, 1, 2, 2, 1}, tensor.Slice[float32](y))
	_, err = onnxtest.One(18, "Col2Im", nil, x, tensor.Vector[int64](1<<40, 4), tensor.Vector[int64](2, 2))
	require.Error(t, err)
}

// TestRoiAlignAverages: two points a bin on a ramp give the bin's middle.
func TestRoiAlignAverages(t *testing.T) {
	x := of[float32](t, []int{1, 1, 2, 4}, 0, 1, 2, 3, 0, 1, 2, 3)
	y, err := onnxtest.One(16, "RoiAlign", []onnxtest.Attribute{onnxtest.Int("output_width", 2), onnxtest.Int("sampling_ratio", 2)}, x, of[float32](t, []int{1, 4}, 0.5, 0.5, 2.5, 1.5), tensor.Vector[int64](0))
	require.NoError(t, err)
	require.InDeltaSlice(t, []float32{0.5, 1.5}, tensor.Slice[float32](y), 1e-6)
}
