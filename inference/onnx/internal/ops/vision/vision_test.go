package vision_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/tensor"
)

func of[T tensor.Type](t *testing.T, shape []int, data ...T) *tensor.Tensor {
	v, err := tensor.Of(shape, data)
	require.NoError(t, err)
	return v
}

// TestGridSampleEdges: coordinates that are far out, infinite or no number give a
// pixel of the image or zero, and never fail.
func TestGridSampleEdges(t *testing.T) {
	x := of[float32](t, []int{1, 1, 2, 2}, 1, 2, 3, 4)
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	grid := of(t, []int{1, 1, 6, 2}, -1, -1, 1, 1, 1e30, -1e30, inf, 0, nan, nan, 0, 0)
	for _, mode := range []string{"nearest", "linear", "cubic"} {
		for _, padding := range []string{"zeros", "border", "reflection"} {
			for corners := range int64(2) {
				y, err := onnxtest.One(22, "GridSample", []onnxtest.Attribute{
					onnxtest.Str("mode", mode), onnxtest.Str("padding_mode", padding), onnxtest.Int("align_corners", corners),
				}, x, grid)
				require.NoError(t, err)
				require.Equal(t, []int{1, 1, 1, 6}, y.Shape())
				if d := tensor.Slice[float32](y); corners == 1 && mode != "cubic" {
					require.Equal(t, []float32{1, 4}, d[:2])
				}
			}
		}
	}
}

// TestNonMaxSuppression: the second box overlaps the first, the third stands alone.
func TestNonMaxSuppression(t *testing.T) {
	boxes := of[float32](t, []int{1, 3, 4}, 0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 10, 1, 11)
	scores := of[float32](t, []int{1, 1, 3}, 0.9, 0.75, 0.6)
	y, err := onnxtest.One(11, "NonMaxSuppression", nil, boxes, scores, tensor.Scalar(int64(5)), tensor.Scalar[float32](0.5), tensor.Scalar[float32](0.1))
	require.NoError(t, err)
	require.Equal(t, []int64{0, 0, 0, 0, 0, 2}, tensor.Slice[int64](y))
	y, err = onnxtest.One(11, "NonMaxSuppression", nil, boxes, scores)
	require.NoError(t, err)
	require.Equal(t, []int{0, 3}, y.Shape())
	_, err = onnxtest.One(11, "NonMaxSuppression", nil, boxes, boxes)
	require.ErrorIs(t, err, onnx.ErrInput)
}

// TestRoiAlignRefuses a region so large that its points would never end, and an
// image that is not there.
func TestRoiAlignRefuses(t *testing.T) {
	x := of[float32](t, []int{1, 1, 2, 2}, 1, 2, 3, 4)
	rois := of[float32](t, []int{1, 4}, 0, 0, 1e30, 1e30)
	_, err := onnxtest.One(16, "RoiAlign", nil, x, rois, tensor.Vector[int64](0))
	require.ErrorIs(t, err, onnx.ErrInput)
	_, err = onnxtest.One(16, "RoiAlign", nil, x, of[float32](t, []int{1, 4}, 0, 0, 1, 1), tensor.Vector[int64](1))
	require.ErrorIs(t, err, onnx.ErrInput)
}

// TestMaxRoiPool: two bins a side over the whole image give its quarters' maxima.
func TestMaxRoiPool(t *testing.T) {
	data := make([]float32, 16)
	for i := range data {
		data[i] = float32(i)
	}
	y, err := onnxtest.One(22, "MaxRoiPool", []onnxtest.Attribute{onnxtest.Ints("pooled_shape", 2, 2)}, of(t, []int{1, 1, 4, 4}, data...), of[float32](t, []int{1, 5}, 0, 0, 0, 3, 3))
	require.NoError(t, err)
	require.Equal(t, []float32{5, 7, 13, 15}, tensor.Slice[float32](y))
}

// picture is a small gradient.
func picture() *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, 17, 11))
	for y := range 11 {
		for x := range 17 {
			m.SetNRGBA(x, y, color.NRGBA{uint8(x * 15), uint8(y * 20), uint8(x*5 + y*7), 255})
		}
	}
	return m
}

func decode(t *testing.T, format string, data []byte) (*tensor.Tensor, error) {
	t.Helper()
	return onnxtest.One(20, "ImageDecoder", []onnxtest.Attribute{onnxtest.Str("pixel_format", format)}, tensor.Vector(data...))
}

// TestImageDecoder: exact for PNG, near for JPEG of odd size, in all pixel formats.
func TestImageDecoder(t *testing.T) {
	var p, j bytes.Buffer
	require.NoError(t, png.Encode(&p, picture()))
	require.NoError(t, jpeg.Encode(&j, picture(), &jpeg.Options{Quality: 100}))
	for _, data := range [][]byte{p.Bytes(), j.Bytes()} {
		y, err := decode(t, "RGB", data)
		require.NoError(t, err)
		require.Equal(t, []int{11, 17, 3}, y.Shape())
		bgr, err := decode(t, "BGR", data)
		require.NoError(t, err)
		gray, err := decode(t, "Grayscale", data)
		require.NoError(t, err)
		require.Equal(t, []int{11, 17, 1}, gray.Shape())
		rgb, want := tensor.Slice[uint8](y), picture().Pix
		for i := range 11 * 17 {
			for k := range 3 {
				require.InDelta(t, want[4*i+k], rgb[3*i+k], 24)
				require.Equal(t, rgb[3*i+k], tensor.Slice[uint8](bgr)[3*i+2-k])
			}
		}
	}
	y, err := decode(t, "RGB", []byte("P5 # a comment\n2 1\n15\n\x00\x0f"))
	require.NoError(t, err)
	require.Equal(t, []uint8{0, 0, 0, 255, 255, 255}, tensor.Slice[uint8](y))
}

// TestImageBombs: what a header claims is checked before pixels take memory.
func TestImageBombs(t *testing.T) {
	var p bytes.Buffer
	require.NoError(t, png.Encode(&p, picture()))
	huge := p.Bytes()
	binary.BigEndian.PutUint32(huge[16:], 1<<19)
	binary.BigEndian.PutUint32(huge[20:], 1<<19)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	_, err := decode(t, "RGB", huge)
	require.ErrorIs(t, err, onnx.ErrMemory)
	for _, data := range []string{"", "P6", "P6 9 9 255 ", "P6 99999999999999999999 1 255 ", "BM", "\xff\xd8\xff", "GIF89a", "RIFF....WEBP"} {
		_, err := decode(t, "RGB", []byte(data))
		require.ErrorIs(t, err, onnx.ErrInput, "%q", data)
	}
}

// FuzzImageDecoder feeds damaged pictures to every codec.
func FuzzImageDecoder(f *testing.F) {
	var p, j bytes.Buffer
	require.NoError(f, png.Encode(&p, picture()))
	require.NoError(f, jpeg.Encode(&j, picture(), nil))
	f.Add(p.Bytes())
	f.Add(j.Bytes())
	f.Add([]byte("P6 1 1 255 abc"))
	g := onnxtest.NewModel(20).Input("x", tensor.Uint8, -1).Node("ImageDecoder", []string{"x"}, []string{"y"}).Output("y", tensor.Uint8)
	m, err := onnx.Load(g.Bytes())
	require.NoError(f, err)
	s := m.NewSession(onnx.SessionConfig{MemoryBytes: 1 << 22})
	f.Fuzz(func(t *testing.T, data []byte) {
		err := s.Run([]*tensor.Tensor{tensor.Vector(data...)}, []*tensor.Tensor{{}})
		require.NotErrorIs(t, err, onnx.ErrInternal)
	})
}
