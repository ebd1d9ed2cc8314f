package state

// index finds slots by hash: open addressing with linear probing, one per key group. A cell holds the upper half
// of the hash (its tag) beside the slot; zero is empty, since slot 0 is never stored. Keys live elsewhere: whoever
// asks compares them. The home of a cell follows from the cell itself, so growing and deleting read nothing else.
type index struct {
	cells []uint64
	used  int
}

const indexMin = 8

func tagOf(hash uint64) uint32 { return uint32(hash >> 32) }

func (x *index) home(tag uint32) int { return int(tag) & (len(x.cells) - 1) }

// candidate returns the first slot stored under tag, or 0. It is nearly always the right one.
func (x *index) candidate(tag uint32) uint32 {
	if len(x.cells) == 0 {
		return 0
	}
	mask := len(x.cells) - 1
	for at := int(tag) & mask; ; at = (at + 1) & mask {
		cell := x.cells[at]
		if cell == 0 || uint32(cell>>32) == tag {
			return uint32(cell)
		}
	}
}

// after returns the next slot stored under tag behind slot, or 0.
func (x *index) after(tag, slot uint32) uint32 {
	mask := len(x.cells) - 1
	seen := false
	for at := int(tag) & mask; ; at = (at + 1) & mask {
		cell := x.cells[at]
		switch {
		case cell == 0:
			return 0
		case uint32(cell>>32) != tag:
		case uint32(cell) == slot:
			seen = true
		case seen:
			return uint32(cell)
		}
	}
}

func (x *index) insert(tag, slot uint32) {
	if 4*(x.used+1) > 3*len(x.cells) {
		x.grow()
	}
	x.used++
	x.put(uint64(tag)<<32 | uint64(slot))
}

func (x *index) put(cell uint64) {
	mask := len(x.cells) - 1
	at := int(cell>>32) & mask
	for x.cells[at] != 0 {
		at = (at + 1) & mask
	}
	x.cells[at] = cell
}

func (x *index) grow() {
	old := x.cells
	x.cells = make([]uint64, max(indexMin, 2*len(old)))
	for _, cell := range old {
		if cell != 0 {
			x.put(cell)
		}
	}
}

// remove takes (tag, slot) out and moves the cells behind it up, so that no probe meets a gap before its target.
func (x *index) remove(tag, slot uint32) {
	mask := len(x.cells) - 1
	cell := uint64(tag)<<32 | uint64(slot)
	gap := x.home(tag)
	for x.cells[gap] != cell {
		gap = (gap + 1) & mask
	}
	for at := (gap + 1) & mask; x.cells[at] != 0; at = (at + 1) & mask {
		home := x.home(uint32(x.cells[at] >> 32))
		if (at-home)&mask >= (at-gap)&mask {
			x.cells[gap], gap = x.cells[at], at
		}
	}
	x.cells[gap] = 0
	x.used--
}
