package trees

import (
	"math"
	"math/bits"
)

// The loops of this file are the package's speed; everything else prepares for them or picks up after them.
//
// Ten walks run side by side because a step waits for two loads, one after the other. Walks that have arrived step in place;
// every second step the group looks whether all have, each having stood on slot 0, a leaf.
//
// Groups of trees are the outer loop, rows the inner one: a group's nodes stay in the nearest cache while a block of rows
// passes through, and one row is a block like any other. Rows side by side in one tree need a base address per walk and
// were slower at every batch size (docs/bench/trees.md).

// rowArray is a widened row. Its length is a type so that each format has loops of its own with constant masks and shifts.
type rowArray interface {
	[1 << narrowBits]uint64 | [1 << middleBits]uint64
}

// step is one step of a walk at a. In amd64 code it is MOVQ, MOVZX, MOVQ, SHRL, SUBQ, SBBQ and a bounds check that never
// fails: the comparison stays in the carry flag, so there is no branch to mispredict and no flag to fetch. It must be inlined,
// with constant shift and len(row), a power of two.
func step(nodes, row []uint64, shift int, a uint64) (next, slot uint64) {
	n := nodes[a]
	slot = n & uint64(len(row)-1)
	_, right := bits.Sub64(n, row[slot], 0)
	next, _ = bits.Sub64(uint64(uint32(n)>>shift), 0, right)
	return next, slot
}

// weight is the payload of a direct leaf.
func weight(n uint64) float64 { return float64(math.Float32frombits(uint32(n >> 32))) }

// outcome is what becomes of the leaves that a group reaches, in the length of a type: added to c.sums, one accumulator per row,
// for which they must be direct; or kept in c.found, one entry per row.
type outcome interface{ summed | kept }

type (
	summed [0]byte
	kept   [1]byte
)

// walkRows walks a group of trees for the first n rows of c. Row r is c.rows[r*width:]; there is a whole R behind the start of
// the last one.
func walkRows[R rowArray, O outcome](g *group, nodes []uint64, c *scratch, width, n int) {
	var array R
	var out O
	size := len(array)
	shift := bits.Len64(uint64(size - 1))
	for r := range n {
		row := c.rows[r*width:][:size]
		a0, a1, a2, a3, a4 := uint64(g.root[0]), uint64(g.root[1]), uint64(g.root[2]), uint64(g.root[3]), uint64(g.root[4])
		a5, a6, a7, a8, a9 := uint64(g.root[5]), uint64(g.root[6]), uint64(g.root[7]), uint64(g.root[8]), uint64(g.root[9])
		var slot, busy uint64
		for k := g.steps; k > 0; k -= 2 {
			a0, _ = step(nodes, row, shift, a0)
			a1, _ = step(nodes, row, shift, a1)
			a2, _ = step(nodes, row, shift, a2)
			a3, _ = step(nodes, row, shift, a3)
			a4, _ = step(nodes, row, shift, a4)
			a5, _ = step(nodes, row, shift, a5)
			a6, _ = step(nodes, row, shift, a6)
			a7, _ = step(nodes, row, shift, a7)
			a8, _ = step(nodes, row, shift, a8)
			a9, _ = step(nodes, row, shift, a9)
			a0, slot = step(nodes, row, shift, a0)
			busy = slot
			a1, slot = step(nodes, row, shift, a1)
			busy |= slot
			a2, slot = step(nodes, row, shift, a2)
			busy |= slot
			a3, slot = step(nodes, row, shift, a3)
			busy |= slot
			a4, slot = step(nodes, row, shift, a4)
			busy |= slot
			a5, slot = step(nodes, row, shift, a5)
			busy |= slot
			a6, slot = step(nodes, row, shift, a6)
			busy |= slot
			a7, slot = step(nodes, row, shift, a7)
			busy |= slot
			a8, slot = step(nodes, row, shift, a8)
			busy |= slot
			a9, slot = step(nodes, row, shift, a9)
			busy |= slot
			if busy == 0 {
				break
			}
		}
		if len(out) == len(kept{}) {
			c.found[r] = [lanes]uint64{
				nodes[a0] >> 32, nodes[a1] >> 32, nodes[a2] >> 32, nodes[a3] >> 32, nodes[a4] >> 32,
				nodes[a5] >> 32, nodes[a6] >> 32, nodes[a7] >> 32, nodes[a8] >> 32, nodes[a9] >> 32,
			}
			continue
		}
		s := (weight(nodes[a0]) + weight(nodes[a1])) + (weight(nodes[a2]) + weight(nodes[a3]))
		s += (weight(nodes[a4]) + weight(nodes[a5])) + (weight(nodes[a6]) + weight(nodes[a7]))
		c.sums[r] += s + (weight(nodes[a8]) + weight(nodes[a9]))
	}
}

// wideStep is step for wide nodes.
func wideStep(nodes []wideNode, row []uint64, a uint32) (next, slot uint32) {
	n := &nodes[a]
	_, right := bits.Sub64(n.cut, row[n.slot], 0)
	return n.link - uint32(right), n.slot
}

// walkWideRows is walkRows for wide nodes; it keeps what it finds.
func walkWideRows(g *group, nodes []wideNode, c *scratch, width, n int) {
	for r := range n {
		row, a := c.rows[r*width:][:width], g.root
		for k := g.steps; k > 0; k-- {
			busy := uint32(0)
			for lane := range a {
				next, slot := wideStep(nodes, row, a[lane])
				a[lane] = next
				busy |= slot
			}
			if busy == 0 {
				break
			}
		}
		for lane := range a {
			c.found[r][lane] = nodes[a[lane]].cut
		}
	}
}
