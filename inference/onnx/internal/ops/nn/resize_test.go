package nn_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/tensor"
)

// TestResizeRoundsAsExportersDo: scales that were computed from sizes give these
// sizes again, as they were divided in float32.
func TestResizeRoundsAsExportersDo(t *testing.T) {
	for in := 1; in < 60; in++ {
		for _, out := range []int{1, 2, 3, 7, 13, 31, 50, 97} {
			x, err := tensor.New(tensor.Float32, in)
			require.NoError(t, err)
			y, err := onnxtest.One(18, "Resize", nil, x, nil, tensor.Vector(float32(out)/float32(in)))
			require.NoError(t, err)
			want := int(float32(in) * (float32(out) / float32(in)))
			require.Equal(t, []int{want}, y.Shape(), "%d to %d", in, out)
		}
	}
	x, err := tensor.New(tensor.Float32, 7)
	require.NoError(t, err)
	y, err := onnxtest.One(18, "Resize", nil, x, nil, tensor.Vector(float32(13)/7))
	require.NoError(t, err)
	require.Equal(t, []int{13}, y.Shape())
}

// TestFirstUpsample: version 1 has a scale for each side of an image.
func TestFirstUpsample(t *testing.T) {
	x, err := tensor.Of([]int{1, 1, 1, 2}, []float32{1, 2})
	require.NoError(t, err)
	y, err := onnxtest.One(1, "Upsample", []onnxtest.Attribute{onnxtest.Float("height_scale", 2), onnxtest.Float("width_scale", 2)}, x)
	require.NoError(t, err)
	require.Equal(t, []float32{1, 1, 2, 2, 1, 1, 2, 2}, tensor.Slice[float32](y))
}
