package payments

import "math"

// rng is SplitMix64 (Steele, Lea and Flood, 2014): one multiplication chain per
// number, and fixed here, so that a seed means the same world for ever.
type rng struct{ state uint64 }

// newRNG starts a stream of its own for each purpose of a seed.
func newRNG(seed, purpose uint64) *rng {
	r := &rng{state: seed}
	r.state = r.next() ^ purpose*0x9e3779b97f4a7c15
	return r
}

func (r *rng) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// intn is in [0, n); the bias of the multiplication is below n/2^32.
func (r *rng) intn(n int) int { return int(r.next() >> 32 * uint64(n) >> 32) }

// float is in [0, 1).
func (r *rng) float() float64 { return float64(r.next()>>11) / (1 << 53) }

// chance is true with probability p.
func (r *rng) chance(p float64) bool { return r.float() < p }

// between is uniform in [lo, hi).
func (r *rng) between(lo, hi float64) float64 { return lo + (hi-lo)*r.float() }

// exp is exponential with mean 1.
func (r *rng) exp() float64 { return -math.Log(1 - r.float()) }

// norm is standard normal (Box and Muller, one of the two).
func (r *rng) norm() float64 {
	return math.Sqrt(2*r.exp()) * math.Cos(2*math.Pi*r.float())
}

// span is uniform between two numbers of seconds, in nanoseconds and whole
// milliseconds.
func (r *rng) span(loSec, hiSec float64) int64 {
	return int64(r.between(loSec, hiSec)*1e3) * 1e6
}

// pick chooses an index by cumulative weights that end with the total.
func (r *rng) pick(cumulative []float64) int {
	x := r.float() * cumulative[len(cumulative)-1]
	for i, c := range cumulative {
		if x < c {
			return i
		}
	}
	return len(cumulative) - 1
}

// cumulate turns weights into running totals.
func cumulate(weights ...float64) []float64 {
	total := 0.0
	for i, w := range weights {
		total += w
		weights[i] = total
	}
	return weights
}
