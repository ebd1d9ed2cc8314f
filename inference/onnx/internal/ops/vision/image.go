package vision

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// codec is one format of encoded pictures.
type codec struct {
	magic  string // ? stands for any byte
	config func(data []byte) (image.Config, error)
	decode func(data []byte) (image.Image, error)
	// limited pictures have luma from 16 to 235, as video does.
	limited bool
}

// codecs lists the formats that are known: those of the standard except JPEG 2000,
// for which there is no decoder in Go.
func codecs() []codec {
	return []codec{
		{"\x89PNG\r\n\x1a\n", configOf(png.DecodeConfig), imageOf(png.Decode), false},
		{"\xff\xd8", configOf(jpeg.DecodeConfig), imageOf(jpeg.Decode), false},
		{"BM", configOf(bmp.DecodeConfig), imageOf(bmp.Decode), false},
		{"II*\x00", configOf(tiff.DecodeConfig), imageOf(tiff.Decode), false},
		{"MM\x00*", configOf(tiff.DecodeConfig), imageOf(tiff.Decode), false},
		{"RIFF????WEBP", configOf(webp.DecodeConfig), imageOf(webp.Decode), true},
		{"P5", pnmConfig, pnmDecode, false},
		{"P6", pnmConfig, pnmDecode, false},
	}
}

func configOf(f func(r reader) (image.Config, error)) func([]byte) (image.Config, error) {
	return func(data []byte) (image.Config, error) { return f(bytes.NewReader(data)) }
}

func imageOf(f func(r reader) (image.Image, error)) func([]byte) (image.Image, error) {
	return func(data []byte) (image.Image, error) { return f(bytes.NewReader(data)) }
}

func (f *codec) matches(data []byte) bool {
	if len(data) < len(f.magic) {
		return false
	}
	for i := range len(f.magic) {
		if f.magic[i] != '?' && f.magic[i] != data[i] {
			return false
		}
	}
	return true
}

// newImageDecoder turns the bytes of a picture into uint8 [height, width, channels].
func newImageDecoder(b *op.Build) (op.Kernel, error) {
	format := b.Str("pixel_format", "RGB", "RGB", "BGR", "Grayscale")
	return op.Func(func(c *op.Ctx) error {
		x, err := c.Need(0)
		if err != nil {
			return err
		}
		data, err := tensor.Data[uint8](x)
		if err != nil {
			return err
		}
		for _, f := range codecs() {
			if f.matches(data) {
				return f.run(c, data, format)
			}
		}
		return fmt.Errorf("%w: the picture of %d bytes is none of PNG, JPEG, BMP, TIFF, WebP, PNM", op.ErrInput, len(data))
	}), nil
}

// maxPixels bounds a picture where the run has no limit of its own.
const maxPixels = 1 << 28

func (f *codec) run(c *op.Ctx, data []byte, format string) error {
	size, err := f.config(data)
	if err != nil {
		return fmt.Errorf("%w: picture: %w", op.ErrInput, err)
	}
	most := int64(maxPixels)
	if limit := c.Arena().Limit; limit > 0 {
		most = min(most, limit/8) // up to four bytes decoded, and four in the output
	}
	if size.Width < 0 || size.Height < 0 || size.Width > 1<<20 || size.Height > 1<<20 || int64(size.Width)*int64(size.Height) > most {
		return fmt.Errorf("%w: picture of %d×%d, limit %d pixels", op.ErrMemory, size.Width, size.Height, most)
	}
	m, err := f.decode(data)
	if err != nil {
		return fmt.Errorf("%w: picture: %w", op.ErrInput, err)
	}
	channels := 3
	if format == "Grayscale" {
		channels = 1
	}
	r := m.Bounds()
	shape := [3]int{r.Dy(), r.Dx(), channels}
	y, err := c.Out(0, tensor.Uint8, shape[:])
	if err != nil {
		return err
	}
	f.write(tensor.Slice[uint8](y), m, format)
	return nil
}

// write stores the pixels of m row by row.
func (f *codec) write(dst []uint8, m image.Image, format string) {
	at := pixels(m, f.limited)
	b := m.Bounds()
	i := 0
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, g, bl := at(x, y)
			switch format {
			case "RGB":
				dst[i], dst[i+1], dst[i+2] = r, g, bl
				i += 3
			case "BGR":
				dst[i], dst[i+1], dst[i+2] = bl, g, r
				i += 3
			default: // ITU-R 601 in 16-bit fixed point
				dst[i] = uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(bl) + 1<<15) >> 16)
				i++
			}
		}
	}
}

// pixels reads single pixels, counted from the upper left corner.
func pixels(m image.Image, limited bool) func(x, y int) (r, g, b uint8) {
	origin := m.Bounds().Min
	if p, ok := m.(*image.YCbCr); ok {
		return newChroma(p, limited).at
	}
	return func(x, y int) (uint8, uint8, uint8) {
		c := color.NRGBAModel.Convert(m.At(origin.X+x, origin.Y+y)).(color.NRGBA)
		return c.R, c.G, c.B
	}
}
