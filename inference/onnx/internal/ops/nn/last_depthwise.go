package nn

import (
	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
)

// tapLists is the memory for lists of taps that a kernel keeps for a context.
type tapLists struct{ inner, edge []int }

// depthwise convolves each channel with its own weights, line by line.
func (r *lastRun) depthwise(c *op.Ctx) {
	lists := op.Private(c, r.convLast, func() *tapLists { return &tapLists{} })
	isa := kernel.Best()
	lines := r.out[0] * r.out[1]
	for i := range r.n * lines {
		n, line := i/lines, i%lines
		y := r.y[i*r.out[2]*r.m:][:r.out[2]*r.m]
		r.deepLine(lists, y, n, line/r.out[1], line%r.out[1])
		if !r.firstDone {
			isa.Apply(r.first, y, y)
		}
		if r.residual != nil {
			isa.Axpy(y, r.residual[i*r.out[2]*r.m:][:len(y)], 1)
			isa.Apply(r.then, y, y)
		}
	}
}

// deepLine computes one line of output. Places that see the whole kernel go together.
func (r *lastRun) deepLine(lists *tapLists, y []float32, n, od, oh int) {
	origin := ((n*r.in[0]+od*r.stride[0]-r.before[0])*r.in[1]+oh*r.stride[1]-r.before[1])*r.in[2] - r.before[2]
	lists.inner = r.taps(lists.inner[:0], od, oh, 0, r.window.kernel[2])
	lo := min((r.before[2]+r.stride[2]-1)/r.stride[2], r.out[2])
	room := r.in[2] + r.before[2] - (r.window.kernel[2]-1)*r.dilate[2] - 1
	hi := lo
	if room >= 0 {
		hi = max(lo, min(room/r.stride[2]+1, r.out[2]))
	}
	for ow := 0; ow < r.out[2]; {
		count, taps := 1, lists.inner
		if ow >= lo && ow < hi {
			count = min(kernel.MaxPlaces, hi-ow)
		} else {
			lists.edge = r.edge(lists.edge[:0], od, oh, ow)
			taps = lists.edge
		}
		r.deep.Places(y[ow*r.m:], r.x, (origin+ow*r.stride[2])*r.c, r.stride[2]*r.c, count, taps)
		ow += count
	}
}

// edge lists the taps of a place part of whose window is outside.
func (r *lastRun) edge(list []int, od, oh, ow int) []int {
	w := ow*r.stride[2] - r.before[2]
	step := r.dilate[2]
	from, to := 0, r.window.kernel[2]
	for from < to && w+from*step < 0 {
		from++
	}
	for to > from && w+(to-1)*step >= r.in[2] {
		to--
	}
	return r.taps(list, od, oh, from, to)
}

// taps lists the places of the kernel, [from, to) along each line of it, whose line
// is inside the image, from the window's first place.
func (r *lastRun) taps(list []int, od, oh, from, to int) []int {
	for kd := range r.window.kernel[0] {
		d := kd * r.dilate[0]
		if at := od*r.stride[0] - r.before[0] + d; at < 0 || at >= r.in[0] {
			continue
		}
		for kh := range r.window.kernel[1] {
			h := kh * r.dilate[1]
			if at := oh*r.stride[1] - r.before[1] + h; at < 0 || at >= r.in[1] {
				continue
			}
			for kw := from; kw < to; kw++ {
				place := (d*r.in[1]+h)*r.in[2] + kw*r.dilate[2]
				row := (kd*r.window.kernel[1]+kh)*r.window.kernel[2] + kw
				list = r.deep.Taps(list, kernel.Tap{From: place * r.c, Row: row})
			}
		}
	}
	return list
}
