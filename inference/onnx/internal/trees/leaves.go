package trees

import "math"

// ballots says how leaves vote. A direct leaf holds the weight of its one vote, for the target of its tree; a walk ends on
// it, so the weight is in cache. Other leaves hold the position of their first vote.
type ballots struct {
	direct  bool
	dense   int       // if not 0, every leaf has this many votes, for accumulators 0, 1, 2, …
	weights []float64 // of votes
	slots   []int32   // accumulators of votes, unless dense
	end     []uint32  // per first vote of a leaf, the position behind its last one, unless dense
}

// voting is what packing needs to know of leaves.
type voting struct {
	ballots
	e      *Ensemble
	wide   bool
	one    bool     // there is one accumulator, for all targets
	target []int32  // per tree, if direct
	first  []uint32 // per node of e, if not direct
}

func newVoting(e *Ensemble, l *lowered, slots int, wide bool) *voting {
	v := &voting{e: e, wide: wide, one: slots == 1}
	if v.target, v.direct = v.directTargets(l); v.direct {
		return v
	}
	v.target = nil
	v.first = make([]uint32, len(e.Nodes))
	v.dense = slots
	for i := range e.Nodes {
		if votes, ok := v.of(int32(i)); ok && !v.isDense(votes) {
			v.dense = 0
			break
		}
	}
	for i := range e.Nodes {
		if votes, ok := v.of(int32(i)); ok {
			v.first[i] = uint32(len(v.weights))
			v.list(votes)
		}
	}
	return v
}

// of returns the votes of a leaf. Nodes that no root leads to have not been checked.
func (v *voting) of(i int32) ([]Vote, bool) {
	n := &v.e.Nodes[i]
	if n.Mode != Leaf || n.True < 0 || n.False < n.True || int(n.False) > len(v.e.Votes) {
		return nil, false
	}
	return v.e.Votes[n.True:n.False], true
}

func (v *voting) isDense(votes []Vote) bool {
	for k := range votes {
		if int(v.slot(votes[k].Target)) != k {
			return false
		}
	}
	return len(votes) == v.dense
}

func (v *voting) slot(target int32) int32 {
	if v.one {
		return 0
	}
	return target
}

// list appends the votes of a leaf. One without votes gets an entry too, so that it has a place of its own.
func (v *voting) list(votes []Vote) {
	end := uint32(len(v.weights) + len(votes))
	if len(votes) == 0 {
		votes = []Vote{{}}
	}
	for _, b := range votes {
		v.weights = append(v.weights, b.Weight+0) // never -0, see finisher.start
		if v.dense == 0 {
			v.slots = append(v.slots, v.slot(b.Target))
			v.end = append(v.end, end)
		}
	}
}

// payload is the cut of a leaf's node.
func (v *voting) payload(ref int32) uint64 {
	switch {
	case ref == stopCell:
		return 0
	case !v.direct:
		return uint64(v.first[^ref])
	}
	w := v.e.Votes[v.e.Nodes[^ref].True].Weight + 0
	if v.wide {
		return math.Float64bits(w)
	}
	return uint64(math.Float32bits(float32(w)))
}

// directTargets returns the accumulator each tree votes for, if every leaf has one vote, of a weight that its node can hold,
// and all leaves of a tree vote for the same.
func (v *voting) directTargets(l *lowered) (target []int32, ok bool) {
	target = make([]int32, len(l.roots))
	owner := make([]int32, len(l.branches)) // 1 + the tree that a branch was met in
	var stack []int32
	for t, r := range l.roots {
		stack, target[t] = append(stack[:0], r), -1
		for len(stack) > 0 {
			ref := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			switch {
			case ref < 0:
				if !v.joins(ref, &target[t]) {
					return nil, false
				}
			case owner[ref] == 0:
				owner[ref] = int32(t) + 1
				stack = append(stack, l.branches[ref].left, l.branches[ref].right)
			case owner[ref] != int32(t)+1:
				return nil, false // trees that share branches are not worth more
			}
		}
	}
	return target, true
}

// joins reports whether a leaf can be direct in a tree that votes for *target, still open if negative.
func (v *voting) joins(ref int32, target *int32) bool {
	votes, _ := v.of(^ref)
	if len(votes) != 1 || !v.wide && float64(float32(votes[0].Weight)) != votes[0].Weight {
		return false
	}
	t := v.slot(votes[0].Target)
	if *target < 0 {
		*target = t
	}
	return *target == t
}
