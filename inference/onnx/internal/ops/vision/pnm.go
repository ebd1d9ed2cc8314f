package vision

import (
	"errors"
	"fmt"
	"image"
	"image/color"
)

// errPNM says that a portable any-map is not in order.
var errPNM = errors.New("bad portable any-map")

// pnmHeader reads the numbers after P5 or P6: width, height, largest value. The
// pixels begin one byte after the last of them.
func pnmHeader(data []byte) (size [3]int, rest []byte, err error) {
	at := 2
	for i := range size {
		for at < len(data) && (space(data[at]) || data[at] == '#') {
			if data[at] == '#' {
				for at < len(data) && data[at] != '\n' {
					at++
				}
				continue
			}
			at++
		}
		first := at
		for at < len(data) && data[at] >= '0' && data[at] <= '9' && size[i] <= 1<<20 {
			size[i] = 10*size[i] + int(data[at]-'0')
			at++
		}
		if at == first {
			return size, nil, fmt.Errorf("%w: number %d of its header is missing", errPNM, i+1)
		}
	}
	if at >= len(data) || !space(data[at]) || size[2] < 1 || size[2] > 255 || size[0] > 1<<20 || size[1] > 1<<20 {
		return size, nil, fmt.Errorf("%w: %d×%d of depth %d", errPNM, size[0], size[1], size[2])
	}
	return size, data[at+1:], nil
}

func space(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' }

func pnmConfig(data []byte) (image.Config, error) {
	size, _, err := pnmHeader(data)
	return image.Config{ColorModel: color.NRGBAModel, Width: size[0], Height: size[1]}, err
}

func pnmDecode(data []byte) (image.Image, error) {
	size, rest, err := pnmHeader(data)
	if err != nil {
		return nil, err
	}
	channels := 1
	if data[1] == '6' {
		channels = 3
	}
	n := size[0] * size[1]
	if len(rest) < n*channels {
		return nil, fmt.Errorf("%w: %d bytes of %d", errPNM, len(rest), n*channels)
	}
	m := image.NewNRGBA(image.Rect(0, 0, size[0], size[1]))
	for i := range n {
		for k := range 3 {
			m.Pix[4*i+k] = uint8(int(rest[i*channels+min(k, channels-1)]) * 255 / size[2])
		}
		m.Pix[4*i+3] = 255
	}
	return m, nil
}
