package trees

import (
	"cmp"
	"slices"
)

// program is an ensemble packed for one kind of keys. Exactly one of nodes and wide is set.
//
//	node      63         32 31        8 7    0        8 bits for the slot (narrow), or 12 (middle)
//	          |    cut     |   link    | slot |       next = link - (row[slot] > node)
//	wideNode  cut 64 bits, link 32, slot 32
//
// The row holds keys shifted to the cut's place, with zeros below, so that the whole node can be compared. A leaf has slot
// 0 and links to itself; its cut is payload.
type program struct {
	nodes  []uint64
	wide   []wideNode
	bits   uint // of the slot in a node
	slots  slots
	keys   keys
	single bool // compare float64 features as float32
	groups []group
	votes  ballots
}

type wideNode struct {
	cut        uint64
	link, slot uint32
}

// lanes is the number of walks side by side. A step waits some 12 cycles for two loads; ten walks fill that time, and their
// positions fit into the registers.
const lanes = 10

// group is up to lanes trees that are walked together.
type group struct {
	root   [lanes]uint32 // position 0, the stop cell, in lanes that have no tree
	steps  int32         // the longest walk
	trees  int32
	target [lanes]int32 // accumulators, for leaves that hold a value
}

// Limits of the formats.
const (
	narrowBits = 8
	middleBits = 12
)

// build packs an ensemble in the narrowest format that holds it.
func build(e *Ensemble, order []int32, in keys, slots int) (*program, error) {
	l, exact, err := lower(e, order, in)
	if err == nil && !exact {
		in = keys64
		l, _, err = lower(e, order, in)
	}
	if err != nil {
		return nil, err
	}
	cells := 2*len(l.branches) + len(l.roots) + nodesPerLine
	width, _ := assignSlots(l)
	if in != keys64 && !fits(cells, width.width, narrowBits) && !fits(cells, width.width, middleBits) {
		in = keys64
		if l, _, err = lower(e, order, in); err != nil {
			return nil, err
		}
	}
	return pack(e, l, in, slots), nil
}

func fits(cells, slots int, bits uint) bool {
	return slots <= 1<<bits && cells <= 1<<(32-bits)
}

func pack(e *Ensemble, l *lowered, in keys, slots int) *program {
	p := &program{keys: in, single: e.Single, bits: narrowBits}
	s, slotAt := assignSlots(l)
	p.slots = s
	at := place(l)
	v := newVoting(e, l, slots, in == keys64)
	p.votes = v.ballots
	if in == keys64 {
		p.wide = make([]wideNode, len(at.cells))
	} else {
		p.nodes = make([]uint64, len(at.cells))
		if !fits(len(at.cells), s.width, narrowBits) {
			p.bits = middleBits
		}
	}
	for i, ref := range at.cells {
		if ref < 0 {
			p.set(i, v.payload(ref), uint32(i), 0)
			continue
		}
		b := &l.branches[ref]
		p.set(i, b.cut, at.pair[ref]+1, slotAt[b.slot])
	}
	p.group(l, at, v.target)
	return p
}

func (p *program) set(i int, cut uint64, link, slot uint32) {
	if p.wide != nil {
		p.wide[i] = wideNode{cut, link, slot}
		return
	}
	p.nodes[i] = cut<<32 | uint64(link<<p.bits|slot)
}

// group puts trees of like height together, so that few walks of a group stand still while others go on. The order is the order
// in which votes are added, for every row.
func (p *program) group(l *lowered, at *layout, target []int32) {
	order := make([]int, len(l.roots))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		ha, _ := l.extent(l.roots[a])
		hb, _ := l.extent(l.roots[b])
		return cmp.Compare(ha, hb)
	})
	p.groups = make([]group, (len(order)+lanes-1)/lanes)
	for n, i := range order {
		g, lane := &p.groups[n/lanes], n%lanes
		steps, _ := l.extent(l.roots[i])
		g.root[lane] = at.root(i)
		g.steps = max(g.steps, steps)
		g.trees++
		if target != nil {
			g.target[lane] = target[i]
		}
	}
}
