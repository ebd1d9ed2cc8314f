package trees

import (
	"fmt"
	"math"
)

// V5 holds the attributes of TreeEnsemble, version 5. Tensors of float16, float or double are given as []float64, which
// holds each of their values exactly.
type V5 struct {
	Targets    int64     // n_targets
	Roots      []int64   // tree_roots
	FeatureIDs []int64   // nodes_featureids
	Modes      []uint8   // nodes_modes
	Splits     []float64 // nodes_splits
	TrueIDs    []int64   // nodes_truenodeids
	FalseIDs   []int64   // nodes_falsenodeids
	TrueLeafs  []int64   // nodes_trueleafs
	FalseLeafs []int64   // nodes_falseleafs
	Missing    []int64   // nodes_missing_value_tracks_true, may be empty
	Members    []float64 // membership_values: sets in node order, each ended by a NaN

	LeafTargets []int64   // leaf_targetids
	LeafWeights []float64 // leaf_weights

	Aggregate int64 // aggregate_function; the attribute's default is 1, SUM
	Post      int64 // post_transform
}

// FromV5 turns attributes into an Ensemble. Decisions keep their positions; leaves follow them.
func FromV5(d V5) (*Ensemble, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	e := &Ensemble{Targets: int(d.Targets), Aggregate: Aggregate(d.Aggregate), Post: PostTransform(d.Post)}
	var err error
	if e.Sets, err = splitSets(d.Modes, d.Members); err != nil {
		return nil, err
	}
	n := len(d.Modes)
	e.Nodes = make([]Node, n, n+len(d.LeafWeights))
	set := int32(0)
	for i := range e.Nodes {
		if e.Nodes[i], err = d.node(i); err != nil {
			return nil, err
		}
		if e.Nodes[i].Mode == Member {
			e.Nodes[i].Set = set
			set++
		}
	}
	e.Votes = make([]Vote, len(d.LeafWeights))
	for i, w := range d.LeafWeights {
		e.Votes[i] = Vote{w, int32(d.LeafTargets[i])}
		e.Nodes = append(e.Nodes, Node{Mode: Leaf, True: int32(i), False: int32(i) + 1})
	}
	e.Roots = make([]int32, len(d.Roots))
	for i, r := range d.Roots {
		e.Roots[i] = int32(r)
	}
	return e, nil
}

func (d *V5) check() error {
	n, l := len(d.Modes), len(d.LeafWeights)
	if n+l >= maxNodes {
		return fmt.Errorf("%w: %d nodes and leaves, at most %d", ErrLimit, n+l, maxNodes)
	}
	if m := len(d.Missing); m != 0 && m != n {
		return lengthError("nodes_missing_value_tracks_true", m, n)
	}
	if err := errorsFirst(
		checkTargets(d.Targets),
		sameLength("nodes_featureids", len(d.FeatureIDs), n),
		sameLength("nodes_splits", len(d.Splits), n),
		sameLength("nodes_truenodeids", len(d.TrueIDs), n),
		sameLength("nodes_falsenodeids", len(d.FalseIDs), n),
		sameLength("nodes_trueleafs", len(d.TrueLeafs), n),
		sameLength("nodes_falseleafs", len(d.FalseLeafs), n),
		sameLength("leaf_targetids", len(d.LeafTargets), l),
	); err != nil {
		return err
	}
	for i, t := range d.LeafTargets {
		if t < 0 || t >= d.Targets {
			return fmt.Errorf("%w: leaf_targetids[%d] is %d, n_targets is %d", ErrMalformed, i, t, d.Targets)
		}
	}
	for i, r := range d.Roots {
		if r < 0 || r >= int64(n) {
			return fmt.Errorf("%w: tree_roots[%d] is %d of %d nodes", ErrMalformed, i, r, n)
		}
	}
	if d.Aggregate < 0 || d.Aggregate > int64(Max) || d.Post < 0 || d.Post > int64(Probit) {
		return fmt.Errorf("%w: aggregate_function %d, post_transform %d", ErrMalformed, d.Aggregate, d.Post)
	}
	return nil
}

func (d *V5) node(i int) (Node, error) {
	f := d.FeatureIDs[i]
	if d.Modes[i] > uint8(Member) || f < 0 || f >= maxFeature {
		return Node{}, fmt.Errorf("%w: node %d has mode %d, feature %d", ErrMalformed, i, d.Modes[i], f)
	}
	n := Node{
		Mode:    Mode(d.Modes[i]),
		Feature: int32(f),
		Value:   d.Splits[i],
		Missing: len(d.Missing) > 0 && d.Missing[i] != 0,
	}
	var ok [2]bool
	n.True, ok[0] = d.child(d.TrueIDs[i], d.TrueLeafs[i])
	n.False, ok[1] = d.child(d.FalseIDs[i], d.FalseLeafs[i])
	if !ok[0] || !ok[1] {
		return Node{}, fmt.Errorf("%w: node %d has a child %d or %d that does not exist", ErrMalformed, i, d.TrueIDs[i], d.FalseIDs[i])
	}
	return n, nil
}

// child is the position of a decision, or of a leaf behind all decisions.
func (d *V5) child(id, leaf int64) (int32, bool) {
	if leaf != 0 {
		return int32(int64(len(d.Modes)) + id), id >= 0 && id < int64(len(d.LeafWeights))
	}
	return int32(id), id >= 0 && id < int64(len(d.Modes))
}

// splitSets cuts the membership values at NaNs. The last NaN may be missing, no set may.
func splitSets(modes []uint8, values []float64) ([][]float64, error) {
	want := 0
	for _, m := range modes {
		if Mode(m) == Member {
			want++
		}
	}
	var sets [][]float64
	start := 0
	for i, v := range values {
		if math.IsNaN(v) {
			sets, start = append(sets, values[start:i:i]), i+1
		}
	}
	if start < len(values) {
		sets = append(sets, values[start:])
	}
	if len(sets) != want {
		return nil, fmt.Errorf("%w: membership_values has %d sets for %d BRANCH_MEMBER nodes", ErrMalformed, len(sets), want)
	}
	return sets, nil
}
