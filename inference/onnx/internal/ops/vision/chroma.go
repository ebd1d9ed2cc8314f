package vision

import (
	"image"
	"io"
)

type reader = io.Reader

// chroma reads pixels of a picture whose colour planes are smaller than its light,
// with the triangle filter that the reference decoders use: a colour sample counts
// three times for the pixels it is nearest to, and once for those next to them.
type chroma struct {
	p       *image.YCbCr
	sx, sy  int // pixels for each colour sample
	w, h    int // samples of a colour plane
	limited bool
}

func newChroma(p *image.YCbCr, limited bool) *chroma {
	c := &chroma{p: p, sx: 1, sy: 1, limited: limited}
	switch p.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		c.sx = 2
	case image.YCbCrSubsampleRatio420:
		c.sx, c.sy = 2, 2
	case image.YCbCrSubsampleRatio440:
		c.sy = 2
	case image.YCbCrSubsampleRatio411:
		c.sx = 4
	case image.YCbCrSubsampleRatio410:
		c.sx, c.sy = 4, 2
	}
	c.w, c.h = (p.Rect.Dx()+c.sx-1)/c.sx, (p.Rect.Dy()+c.sy-1)/c.sy
	return c
}

// near gives the two samples that count for pixel v, the nearer one first, and the
// rounding that the reference decoders alternate with.
func near(v, step, n int) (first, second int) {
	first = v / step
	if step != 2 {
		return first, first
	}
	second = first - 1 + 2*(v%2)
	return first, min(max(second, 0), n-1)
}

// at is one pixel, counted from the upper left corner.
func (c *chroma) at(x, y int) (r, g, b uint8) {
	luma := c.p.Y[y*c.p.YStride+x]
	x0, x1 := near(x, c.sx, c.w)
	y0, y1 := near(y, c.sy, c.h)
	cb, cr := c.mix(c.p.Cb, x0, x1, y0, y1, x), c.mix(c.p.Cr, x0, x1, y0, y1, x)
	if c.limited {
		return video(int32(luma), cb, cr)
	}
	return full(int32(luma), cb, cr)
}

// mix weighs four samples, nearer ones three to one on each axis.
func (c *chroma) mix(plane []uint8, x0, x1, y0, y1, x int) int32 {
	row0, row1 := plane[y0*c.p.CStride:], plane[y1*c.p.CStride:]
	switch {
	case c.sx != 2 && c.sy != 2:
		return int32(row0[x0])
	case c.sy != 2:
		near, far := int32(row0[x0]), int32(row0[x1])
		return (3*near + far + 1 + int32(x&1)) >> 2
	}
	near := 3*int32(row0[x0]) + int32(row1[x0])
	far := 3*int32(row0[x1]) + int32(row1[x1])
	if c.limited {
		return (3*near + far + 8) >> 4
	}
	return (3*near + far + 8 - int32(x&1)) >> 4
}

// full converts with luma from 0 to 255 (JFIF), in 16-bit fixed point.
func full(y, cb, cr int32) (r, g, b uint8) {
	cb, cr = cb-128, cr-128
	return clip(y + (91881*cr+1<<15)>>16), clip(y + (-22554*cb-46802*cr+1<<15)>>16), clip(y + (116130*cb+1<<15)>>16)
}

// video converts with luma from 16 to 235 (ITU-R 601), as WebP has it.
func video(y, cb, cr int32) (r, g, b uint8) {
	luma := y * 19077 >> 8
	return clip((luma + cr*26149>>8 - 14234) >> 6), clip((luma - cb*6419>>8 - cr*13320>>8 + 8708) >> 6), clip((luma + cb*33050>>8 - 17685) >> 6)
}

func clip(v int32) uint8 { return uint8(min(max(v, 0), 255)) }
