package trees

import (
	"math"
	"slices"
)

// cuts is a decision as a step function of its feature: it changes between true and false at each cut.
type cuts struct {
	keys   keys
	at     []cut
	first  bool // what holds left of the first cut; it alternates from there
	high   bool // NaN lies right of every cut; else left of every cut
	exact  bool
	sorted []float64
}

// read sets c to the decision of n. It reports whether the cuts are exact.
func (c *cuts) read(n *Node, set []float64) bool {
	c.at, c.exact = c.at[:0], true
	t := n.Value
	switch {
	case n.Mode >= EQ:
		c.member(n, set)
	case t != t: // no comparison with NaN holds
		c.first = false
	case n.Mode == LEQ || n.Mode == GT:
		c.first = n.Mode == LEQ
		c.after(t)
	default:
		c.first = n.Mode == LT
		c.before(t)
	}
	c.placeNaN(n.Missing || n.Mode == NEQ)
	return c.exact
}

// after adds a cut behind t: right of it is what is above t. Nothing is above +Inf.
func (c *cuts) after(t float64) {
	if !math.IsInf(t, 1) {
		c.add(t)
	}
}

// before adds a cut in front of t. Nothing is below -Inf, so there everything starts on the other side.
func (c *cuts) before(t float64) {
	if math.IsInf(t, -1) {
		c.first = !c.first
		return
	}
	c.add(math.Nextafter(t, math.Inf(-1)))
}

// member cuts around each value of the set, or around the one value of EQ and NEQ.
func (c *cuts) member(n *Node, set []float64) {
	c.sorted = append(c.sorted[:0], set...)
	if n.Mode != Member {
		c.sorted = append(c.sorted[:0], n.Value)
	}
	slices.Sort(c.sorted) // NaN first
	c.first = n.Mode == NEQ
	for i, v := range c.sorted {
		if v == v && (i == 0 || v != c.sorted[i-1]) {
			c.before(v)
			c.after(v)
		}
	}
}

// add appends a cut. With one that falls on the cut before it there is nothing between them: both go.
func (c *cuts) add(t float64) {
	v, exact := c.keys.place(t)
	c.exact = c.exact && exact
	if k := len(c.at); k > 0 && c.at[k-1] == v {
		c.at = c.at[:k-1]
		return
	}
	c.at = append(c.at, v)
}

// placeNaN chooses the end of the order at which NaN already gets the answer asked for, or makes room for it below.
func (c *cuts) placeNaN(answer bool) {
	last := c.first != (len(c.at)%2 == 1)
	c.high = answer == last
	if c.high || answer == c.first {
		return
	}
	c.at = slices.Insert(c.at, 0, cut{}) // everything but NaN is above key 0
	c.first = answer
}
