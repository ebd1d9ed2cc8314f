package random

import "math"

// Generator is the Mersenne Twister MT19937.
type Generator struct {
	state [624]uint32
	at    int
	// spare is the second number of a normal pair, if has is set.
	spare float64
	has   bool
}

// New is a generator with a seed.
func New(seed uint32) *Generator {
	g := &Generator{}
	g.Seed(seed)
	return g
}

// Seed sets the generator back to the beginning of a seed's sequence.
func (g *Generator) Seed(seed uint32) {
	g.state[0] = seed
	for i := 1; i < len(g.state); i++ {
		last := g.state[i-1]
		g.state[i] = 1812433253*(last^last>>30) + uint32(i)
	}
	g.at, g.has = len(g.state), false
}

// Uint32 is the next number.
func (g *Generator) Uint32() uint32 {
	if g.at == len(g.state) {
		g.turn()
	}
	v := g.state[g.at]
	g.at++
	v ^= v >> 11
	v ^= v << 7 & 0x9d2c5680
	v ^= v << 15 & 0xefc60000
	return v ^ v>>18
}

// turn computes the next 624 words of state.
func (g *Generator) turn() {
	n := len(g.state)
	for i := range n {
		v := g.state[i]&(1<<31) | g.state[(i+1)%n]&(1<<31-1)
		g.state[i] = g.state[(i+397)%n] ^ v>>1 ^ (v&1)*0x9908b0df
	}
	g.at = 0
}

// Float64 is uniform in [0, 1), with 53 bits.
func (g *Generator) Float64() float64 {
	high, low := g.Uint32()>>5, g.Uint32()>>6
	return (float64(high)*(1<<26) + float64(low)) / (1 << 53)
}

// Normal is from the standard normal distribution, by the polar method (Marsaglia
// and Bray, 1964).
func (g *Generator) Normal() float64 {
	if g.has {
		g.has = false
		return g.spare
	}
	for {
		x, y := 2*g.Float64()-1, 2*g.Float64()-1
		if r := x*x + y*y; r > 0 && r < 1 {
			f := math.Sqrt(-2 * math.Log(r) / r)
			g.spare, g.has = f*x, true
			return f * y
		}
	}
}
