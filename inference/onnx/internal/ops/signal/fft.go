package signal

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// plan is what a transform of n points needs: the roots of unity, and for lengths
// that are no power of two the chirp of Bluestein's algorithm (1970).
type plan struct {
	n     int
	m     int          // length of the power-of-two transforms
	roots []complex128 // exp(-2πik/m), k < m/2
	chirp []complex128 // exp(-πik²/n); nil where n is a power of two
	tail  []complex128 // transform of the chirp's conjugate, wrapped around
	work  []complex128
	line  []complex128 // for the caller: the points of one line
}

func newPlan(n int) *plan {
	p := &plan{n: n, m: n, line: make([]complex128, n)}
	if n&(n-1) != 0 {
		p.m = 1 << bits.Len(uint(2*n-2))
		p.work = make([]complex128, p.m)
	}
	p.roots = make([]complex128, max(p.m/2, 1))
	for k := range p.roots {
		p.roots[k] = cmplx.Rect(1, -2*math.Pi*float64(k)/float64(p.m))
	}
	if p.work != nil {
		p.prepare()
	}
	return p
}

// prepare computes the chirp and its transform. k² is taken modulo 2n, where the
// chirp has its period, so that large k lose no precision.
func (p *plan) prepare() {
	p.chirp, p.tail = make([]complex128, p.n), make([]complex128, p.m)
	for k := range p.chirp {
		square := (uint64(k) * uint64(k)) % uint64(2*p.n)
		p.chirp[k] = cmplx.Rect(1, -math.Pi*float64(square)/float64(p.n))
		p.tail[k] = cmplx.Conj(p.chirp[k])
		if k > 0 {
			p.tail[p.m-k] = p.tail[k]
		}
	}
	p.powerOfTwo(p.tail)
}

// forward transforms x, of n points, in place.
func (p *plan) forward(x []complex128) {
	if p.work == nil {
		p.powerOfTwo(x)
		return
	}
	w := p.work
	clear(w)
	for k, v := range x {
		w[k] = v * p.chirp[k]
	}
	p.powerOfTwo(w)
	for k := range w {
		w[k] = cmplx.Conj(w[k] * p.tail[k])
	}
	p.powerOfTwo(w) // of the conjugate: the inverse, conjugated and times m
	scale := complex(1/float64(p.m), 0)
	for k := range x {
		x[k] = cmplx.Conj(w[k]) * p.chirp[k] * scale
	}
}

// inverse transforms x back, with the factor 1/n.
func (p *plan) inverse(x []complex128) {
	for i := range x {
		x[i] = cmplx.Conj(x[i])
	}
	p.forward(x)
	scale := complex(1/float64(p.n), 0)
	for i := range x {
		x[i] = cmplx.Conj(x[i]) * scale
	}
}

// powerOfTwo is the iterative transform of Cooley and Tukey (1965), in place.
func (p *plan) powerOfTwo(x []complex128) {
	n := len(x)
	if n < 2 {
		return
	}
	shift := 64 - bits.TrailingZeros(uint(n))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for half := 1; half < n; half *= 2 {
		step := p.m / (2 * half)
		for at := 0; at < n; at += 2 * half {
			low, high := x[at:at+half], x[at+half:at+2*half]
			for k, v := range high {
				v *= p.roots[k*step]
				low[k], high[k] = low[k]+v, low[k]-v
			}
		}
	}
}
