package kernel

import (
	"math"
	"unsafe"
)

// Depthwise computes neighbouring places of a convolution of each channel with its
// own weights. The channels of a place lie side by side. It is built once for a
// convolution and immutable.
type Depthwise struct {
	isa *ISA
	// Channels is the number of channels.
	Channels int
	// weights has a row of Channels numbers for each place of the kernel.
	weights []float32
	bias    []float32
	limits  [2]float32
}

// Tap is one place of the kernel as an output place sees it: where its input lies
// from that of the output place, and its row of weights.
type Tap struct{ From, Row int }

// MaxPlaces is the most places one call of [Depthwise.Places] computes.
const MaxPlaces = 8

// NewDepthwise takes weights as rows of channels and a bias, nil for none. Of the
// activations, Identity, Relu and Clip are applied; others are left to the caller,
// who learns it from done.
func (s *ISA) NewDepthwise(weights, bias []float32, channels int, a Act) (d *Depthwise, done bool) {
	inf := float32(math.Inf(1))
	d = &Depthwise{isa: s, Channels: channels, weights: weights, bias: bias, limits: [2]float32{-inf, inf}}
	if bias == nil {
		d.bias = make([]float32, channels)
	}
	switch a.Kind {
	case Identity:
	case Relu:
		d.limits[0] = 0
	case Clip:
		d.limits = [2]float32{a.A, a.B}
	default:
		return d, false
	}
	return d, true
}

// Places computes count places, at most MaxPlaces. src begins at the first place's
// input, from bytes of which the taps' From are counted in elements; step elements
// lie between the inputs of neighbours. taps comes from [Depthwise.Taps].
//
// The caller promises that src[from+p*step:][:Channels] exists for all taps and
// places; from may be negative, so src is given with its origin.
func (d *Depthwise) Places(dst, src []float32, origin, step, count int, taps []int) {
	c := d.Channels
	lanes := d.isa.lanes
	if c < maxLanes {
		lanes = min(lanes, maxLanes/2) // what has sixteen lanes has eight as well
	}
	if lanes == 0 || c < lanes || len(taps) == 0 {
		d.portable(dst, src, origin, step, count, taps)
		return
	}
	n := len(taps) / 2
	_ = dst[(count-1)*c+c-1]
	base := unsafe.SliceData(src)
	d.run(lanes, unsafe.SliceData(dst), base, origin, 0, c/lanes, step, count, taps, n)
	if c%lanes > 0 {
		// The last channels once more, with those before them.
		d.run(lanes, &dst[c-lanes], base, origin, c-lanes, 1, step, count, taps, n)
	}
}

// run computes blocks of channels from channel at on.
func (d *Depthwise) run(lanes int, dst, base *float32, origin, at, blocks, step, count int, taps []int, n int) {
	vecDepthwise(lanes, count, dst, base, &d.weights[at], &d.bias[at], &taps[0], n, 4*(origin+at), blocks, 4*step, 4*d.Channels, &d.limits[0])
}

// Taps appends taps in the form that Places takes.
func (d *Depthwise) Taps(list []int, t Tap) []int {
	return append(list, 4*t.From, 4*t.Row*d.Channels)
}

func (d *Depthwise) portable(dst, src []float32, origin, step, count int, taps []int) {
	c := d.Channels
	for p := range count {
		out := dst[p*c:][:c]
		copy(out, d.bias)
		for i := 0; i < len(taps); i += 2 {
			in, w := src[origin+p*step+taps[i]/4:][:c], d.weights[taps[i+1]/4:][:c]
			for k, v := range in {
				out[k] += v * w[k]
			}
		}
		for k, v := range out {
			out[k] = min(max(v, d.limits[0]), d.limits[1])
		}
	}
}
