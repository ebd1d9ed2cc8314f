package trees

import (
	"math"
	"sync"
	"sync/atomic"
)

// Rows go through a program in blocks: long enough that a group's nodes are loaded once for many rows, short enough that
// the widened rows stay in the nearest cache too.
const (
	blockRows = 128
	blockKeys = 4096 // widened keys of a block, unless a row alone has more
	blockSums = 8192 // accumulators of a block, likewise
)

// scratch is what a call needs. Kernels keep one at hand and the others in a pool.
type scratch struct {
	rows  []uint64
	sums  []float64
	found [][lanes]uint64 // per row, payloads of the leaves in a group
}

type scratches struct {
	spare atomic.Pointer[scratch] // a pool alone would be emptied by each garbage collection
	pool  sync.Pool
}

func (p *program) newScratch(slots int) *scratch {
	n := p.block(slots)
	return &scratch{
		rows:  make([]uint64, (n-1)*p.slots.width+max(1<<p.bits, p.slots.width)),
		sums:  make([]float64, n*slots),
		found: make([][lanes]uint64, n),
	}
}

// block is the number of rows taken together.
func (p *program) block(slots int) int {
	return max(1, min(blockKeys/p.slots.width, blockSums/slots, blockRows))
}

func (s *scratches) get(p *program, slots int) *scratch {
	if c := s.spare.Swap(nil); c != nil {
		return c
	}
	if c, ok := s.pool.Get().(*scratch); ok {
		return c
	}
	return p.newScratch(slots)
}

func (s *scratches) put(c *scratch) {
	if !s.spare.CompareAndSwap(nil, c) {
		s.pool.Put(c)
	}
}

// widen fills the block with n rows of x.
func widen[X Input](p *program, c *scratch, x []X, n, stride int) {
	switch x := any(x).(type) {
	case []float64:
		if p.keys == keys64by32 {
			for r := range n {
				widen64by32(&p.slots, c.rows[r*p.slots.width:], x[r*stride:])
			}
			return
		}
		widenRows(p, c, x, n, stride)
	case []float32:
		widenRows(p, c, x, n, stride)
	case []int32:
		widenRows(p, c, x, n, stride)
	case []int64:
		widenRows(p, c, x, n, stride)
	}
}

func widenRows[X Input](p *program, c *scratch, x []X, n, stride int) {
	for r := range n {
		row := c.rows[r*p.slots.width:]
		if p.keys == keys64 {
			widen64(&p.slots, row, x[r*stride:], p.single)
		} else {
			widen32(&p.slots, row, x[r*stride:])
		}
	}
}

// accumulate adds up the votes for n widened rows, slots accumulators per row.
func (p *program) accumulate(f *finisher, c *scratch, n, slots int) {
	sums := c.sums[:n*slots]
	start := f.start()
	for i := range sums {
		sums[i] = start
	}
	summing := p.votes.direct && slots == 1 && f.sums() && p.wide == nil
	for i := range p.groups {
		g, w := &p.groups[i], p.slots.width
		switch {
		case summing && p.bits == narrowBits:
			walkRows[[1 << narrowBits]uint64, summed](g, p.nodes, c, w, n)
			continue
		case summing:
			walkRows[[1 << middleBits]uint64, summed](g, p.nodes, c, w, n)
			continue
		case p.wide != nil:
			walkWideRows(g, p.wide, c, w, n)
		case p.bits == narrowBits:
			walkRows[[1 << narrowBits]uint64, kept](g, p.nodes, c, w, n)
		default:
			walkRows[[1 << middleBits]uint64, kept](g, p.nodes, c, w, n)
		}
		p.castRows(g, f.aggregate, c, n, slots)
	}
}

// castRows lets the leaves found cast their votes.
func (p *program) castRows(g *group, a Aggregate, c *scratch, n, slots int) {
	for r := range n {
		sums, found := c.sums[r*slots:][:slots], c.found[r][:g.trees]
		if p.votes.direct {
			p.castDirect(g, a, found, sums)
			continue
		}
		for _, v := range found {
			p.votes.cast(a, uint32(v), sums)
		}
	}
}

func (p *program) castDirect(g *group, a Aggregate, found []uint64, sums []float64) {
	for lane, v := range found {
		w := float64(math.Float32frombits(uint32(v)))
		if p.wide != nil {
			w = math.Float64frombits(v)
		}
		s := &sums[g.target[lane]]
		*s = a.add(*s, w)
	}
}

// cast adds the votes that begin at first.
func (b *ballots) cast(a Aggregate, first uint32, sums []float64) {
	if b.dense > 0 {
		for k, w := range b.weights[first:][:b.dense] {
			sums[k] = a.add(sums[k], w)
		}
		return
	}
	for i := first; i < b.end[first]; i++ {
		s := &sums[b.slots[i]]
		*s = a.add(*s, b.weights[i])
	}
}

// add combines a vote with those before it; start values are in finisher.start.
func (a Aggregate) add(s, w float64) float64 {
	switch a {
	case Min:
		if w < s || s != s {
			return w
		}
		return s
	case Max:
		if w > s || s != s {
			return w
		}
		return s
	}
	return s + w
}
