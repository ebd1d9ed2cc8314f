package state

// index finds keys by hash: open addressing with linear probing, one per key group. A cell holds the upper half of
// the hash (its tag) beside a reference: the slot of a key in memory, or where an evicted key lies in the log. Zero is
// empty, since slot 0 is never stored. Keys live elsewhere: whoever asks compares them. The home of a cell follows
// from the cell itself, so growing and deleting read nothing else.
type index struct {
	cells []uint64
	used  int
	dense bool // grows by small steps: with a budget, the index of evicted keys is most of what stays in memory
}

const indexMin = 8

func tagOf(hash uint64) uint32 { return uint32(hash >> 32) }

// homeOf spreads tags over n cells. The key group took the other half of the hash.
func homeOf(tag uint32, n int) int { return int(uint64(tag) * uint64(n) >> 32) }

// candidate returns the first reference stored under tag, or 0. It is nearly always the right one.
func (x *index) candidate(tag uint32) uint32 {
	cells := x.cells
	if len(cells) == 0 {
		return 0
	}
	for at := homeOf(tag, len(cells)); ; {
		cell := cells[at]
		if cell == 0 || uint32(cell>>32) == tag {
			return uint32(cell)
		}
		if at++; at == len(cells) {
			at = 0
		}
	}
}

// after returns the next reference stored under tag behind ref, or 0.
func (x *index) after(tag, ref uint32) uint32 {
	seen := false
	for at := homeOf(tag, len(x.cells)); ; at = x.next(at) {
		cell := x.cells[at]
		switch {
		case cell == 0:
			return 0
		case uint32(cell>>32) != tag:
		case uint32(cell) == ref:
			seen = true
		case seen:
			return uint32(cell)
		}
	}
}

func (x *index) next(at int) int {
	if at++; at == len(x.cells) {
		return 0
	}
	return at
}

// insert adds a reference and returns by how many cells the index grew.
func (x *index) insert(tag, ref uint32) (grown int) {
	if x.full() {
		grown = x.grow()
	}
	x.used++
	x.put(uint64(tag)<<32 | uint64(ref))
	return grown
}

func (x *index) full() bool {
	if x.dense {
		return 20*(x.used+1) > 17*len(x.cells)
	}
	return 4*(x.used+1) > 3*len(x.cells)
}

func (x *index) put(cell uint64) {
	at := homeOf(uint32(cell>>32), len(x.cells))
	for x.cells[at] != 0 {
		at = x.next(at)
	}
	x.cells[at] = cell
}

func (x *index) grow() int {
	old := x.cells
	size := 2 * len(old)
	if x.dense {
		size = len(old) + len(old)/4
	}
	x.cells = make([]uint64, max(indexMin, size))
	for _, cell := range old {
		if cell != 0 {
			x.put(cell)
		}
	}
	return len(x.cells) - len(old)
}

// find returns where (tag, ref) is, which must be there.
func (x *index) find(tag, ref uint32) int {
	cell := uint64(tag)<<32 | uint64(ref)
	at := homeOf(tag, len(x.cells))
	for x.cells[at] != cell {
		at = x.next(at)
	}
	return at
}

// has says whether (tag, ref) is there.
func (x *index) has(tag, ref uint32) bool {
	if len(x.cells) == 0 {
		return false
	}
	cell := uint64(tag)<<32 | uint64(ref)
	at := homeOf(tag, len(x.cells))
	for x.cells[at] != cell && x.cells[at] != 0 {
		at = x.next(at)
	}
	return x.cells[at] == cell
}

// replace puts another reference in the place of one.
func (x *index) replace(tag, ref, by uint32) {
	x.cells[x.find(tag, ref)] = uint64(tag)<<32 | uint64(by)
}

// remove takes (tag, ref) out and moves the cells behind it up, so that no probe meets a gap before its target.
func (x *index) remove(tag, ref uint32) {
	gap := x.find(tag, ref)
	for at := x.next(gap); x.cells[at] != 0; at = x.next(at) {
		home := homeOf(uint32(x.cells[at]>>32), len(x.cells))
		if x.distance(home, at) >= x.distance(gap, at) {
			x.cells[gap], gap = x.cells[at], at
		}
	}
	x.cells[gap] = 0
	x.used--
}

// distance is how many steps lead from one place to another.
func (x *index) distance(from, to int) int {
	if to < from {
		return to + len(x.cells) - from
	}
	return to - from
}
