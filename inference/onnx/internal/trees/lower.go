package trees

import "fmt"

// branch is a decision with one cut, between source nodes and packed nodes. Children are positions in lowered.branches, or
// leaves as ^position in Ensemble.Nodes.
type branch struct {
	cut         uint64 // as cuts.at; right when the row's key is above it
	left, right int32
	slot        slotKey
	height      int32 // steps to the farthest leaf
	size        int32 // branches in the subtree, saturating: how likely a walk comes here, for want of better
}

// lowered is an ensemble in branches.
type lowered struct {
	branches []branch
	roots    []int32 // like children
}

const (
	maxCuts = 1 << 26 // branches
	maxSize = 1 << 30
)

// lower turns decisions into branches, children before parents. A decision that every value answers alike vanishes; one
// with several cuts becomes a small balanced tree whose leaves lead to the two children. exact is false if in is narrow
// and some cut is not: the ensemble then needs wide nodes.
func lower(e *Ensemble, order []int32, in keys) (l *lowered, exact bool, err error) {
	l = &lowered{branches: make([]branch, 0, len(order)/2), roots: make([]int32, len(e.Roots))}
	alias := make([]int32, len(e.Nodes))
	c := cuts{keys: in}
	for _, i := range order {
		n := &e.Nodes[i]
		if n.Mode == Leaf {
			alias[i] = ^i
			continue
		}
		var set []float64
		if n.Mode == Member {
			set = e.Sets[n.Set]
		}
		if len(l.branches)+2*len(set)+3 > maxCuts {
			return nil, false, fmt.Errorf("%w: more than %d comparisons", ErrLimit, maxCuts)
		}
		if !c.read(n, set) {
			return nil, false, nil
		}
		alias[i] = l.add(&c, n.Feature, alias[n.True], alias[n.False])
	}
	for i, r := range e.Roots {
		l.roots[i] = alias[r]
	}
	return l, true, nil
}

// add returns the position of the branches that decide c, or the child that c always leads to.
func (l *lowered) add(c *cuts, feature, yes, no int32) int32 {
	if yes == no {
		return yes
	}
	left, right := yes, no
	if !c.first {
		left, right = no, yes
	}
	return l.between(c, c.at, feature, left, right)
}

// between decides over the regions around cuts, the first of which belongs to even, the next to odd, and so on.
func (l *lowered) between(c *cuts, at []cut, feature, even, odd int32) int32 {
	if len(at) == 0 {
		return even
	}
	m := len(at) / 2
	b := branch{cut: at[m].key, slot: slotOf(feature, at[m].down, c.high)}
	b.left = l.between(c, at[:m], feature, even, odd)
	if m%2 == 0 {
		even, odd = odd, even
	}
	b.right = l.between(c, at[m+1:], feature, even, odd)
	lh, ls := l.extent(b.left)
	rh, rs := l.extent(b.right)
	b.height, b.size = max(lh, rh)+1, min(ls+rs+1, maxSize)
	l.branches = append(l.branches, b)
	return int32(len(l.branches) - 1)
}

func (l *lowered) extent(ref int32) (height, size int32) {
	if ref < 0 {
		return 0, 0
	}
	b := &l.branches[ref]
	return b.height, b.size
}
