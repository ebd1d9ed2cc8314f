package trees

import "math"

// layout decides where nodes go. The two children of a branch are neighbours, right first, so that one index finds both.
// Such pairs are packed four to a cache line, each line filled with the likeliest part of the subtree it begins: a walk
// through a forest larger than the cache then touches a new line every second or third step instead of every step.
//
//	cells:  stop | roots of all trees | line | line | …        line: pair pair pair pair, of one subtree
type layout struct {
	cells []int32  // what stands at each position: a branch, ^leaf, or stopCell
	pair  []uint32 // per branch, the position of its right child
	l     *lowered
	queue []int32 // branches whose pair is not placed, first come first served
	near  []int32 // those of them that may still go into the current line
}

const (
	nodesPerLine = 8
	notPlaced    = 0             // a pair's position; 0 is the stop cell's
	stopCell     = math.MinInt32 // a leaf of weight 0 at which walks of no tree stand
)

func place(l *lowered) *layout {
	p := &layout{l: l, pair: make([]uint32, len(l.branches))}
	p.cells = make([]int32, 1, 1+len(l.roots)+2*len(l.branches)+nodesPerLine)
	p.cells[0] = stopCell
	p.cells = append(p.cells, l.roots...)
	for len(p.cells)%nodesPerLine != 0 {
		p.cells = append(p.cells, stopCell)
	}
	for _, r := range l.roots {
		p.tree(r)
	}
	return p
}

// root is the position of tree i's root.
func (p *layout) root(i int) uint32 { return uint32(1 + i) }

func (p *layout) tree(root int32) {
	p.queue = append(p.queue[:0], root)
	for at := 0; at < len(p.queue); at++ {
		p.line(p.queue[at])
		p.queue = append(p.queue, p.near...)
	}
}

// line places the children of ref, then of its likeliest descendants while the line has room. What is left in near waits.
func (p *layout) line(ref int32) {
	p.near = p.near[:0]
	p.put(ref)
	for len(p.near) > 0 && len(p.cells)%nodesPerLine != 0 {
		p.put(p.likeliest())
	}
}

// put appends the children of a branch unless it was reached before.
func (p *layout) put(ref int32) {
	if ref < 0 || p.pair[ref] != notPlaced {
		return
	}
	b := &p.l.branches[ref]
	p.pair[ref] = uint32(len(p.cells))
	p.cells = append(p.cells, b.right, b.left)
	for _, c := range [2]int32{b.left, b.right} {
		if c >= 0 {
			p.near = append(p.near, c)
		}
	}
}

// likeliest takes the largest subtree out of near.
func (p *layout) likeliest() int32 {
	best := 0
	for i, ref := range p.near {
		if p.l.branches[ref].size > p.l.branches[p.near[best]].size {
			best = i
		}
	}
	ref, last := p.near[best], len(p.near)-1
	p.near[best] = p.near[last]
	p.near = p.near[:last]
	return ref
}
