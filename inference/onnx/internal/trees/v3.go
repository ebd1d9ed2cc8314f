package trees

import "fmt"

// V3 holds the attributes of TreeEnsembleClassifier and TreeEnsembleRegressor, versions 1 and 3, as flat as the file has
// them. Where the operator has a float and a double form of an attribute (nodes_values, nodes_values_as_tensor), at most
// one of the two slices is set.
type V3 struct {
	// Classifier tells class_* attributes from target_* ones.
	Classifier bool
	// Targets is n_targets, or the number of class labels.
	Targets int64

	TreeIDs    []int64   // nodes_treeids
	NodeIDs    []int64   // nodes_nodeids
	FeatureIDs []int64   // nodes_featureids
	Modes      []string  // nodes_modes
	TrueIDs    []int64   // nodes_truenodeids
	FalseIDs   []int64   // nodes_falsenodeids
	Values     []float32 // nodes_values
	Values64   []float64 // nodes_values_as_tensor
	Missing    []int64   // nodes_missing_value_tracks_true, may be empty

	VoteTreeIDs []int64   // class_treeids, target_treeids
	VoteNodeIDs []int64   // class_nodeids, target_nodeids
	VoteIDs     []int64   // class_ids, target_ids
	Weights     []float32 // class_weights, target_weights
	Weights64   []float64 // class_weights_as_tensor, target_weights_as_tensor

	Base   []float32 // base_values
	Base64 []float64 // base_values_as_tensor

	Aggregate string // aggregate_function; empty is SUM
	Post      string // post_transform; empty is NONE
}

// FromV3 turns attributes into an Ensemble. A tree is all nodes of one tree id; trees are added up in the order in
// which their ids first appear; a tree's root is the one node that no other node of it names as a child. Votes for nodes that are
// no leaves are ignored: old converters wrote them.
func FromV3(d V3) (*Ensemble, error) {
	if err := d.checkLengths(); err != nil {
		return nil, err
	}
	e := &Ensemble{Classifier: d.Classifier, Targets: int(d.Targets)}
	var err error
	if e.Aggregate, err = parseAggregate(d.Aggregate); err != nil {
		return nil, err
	}
	if e.Post, err = parsePost(d.Post); err != nil {
		return nil, err
	}
	e.Base = widenFloats(d.Base, d.Base64)
	ids, err := indexNodes(d.TreeIDs, d.NodeIDs)
	if err != nil {
		return nil, err
	}
	if e.Nodes, err = d.nodes(ids); err != nil {
		return nil, err
	}
	if e.Roots, err = ids.roots(e.Nodes); err != nil {
		return nil, err
	}
	if err := d.castVotes(e, ids); err != nil {
		return nil, err
	}
	reached, err := e.check()
	if err == nil && len(reached) != len(e.Nodes) { // what no root leads to has parents of its own kind only
		err = fmt.Errorf("%w: %d nodes form cycles apart from their trees", ErrMalformed, len(e.Nodes)-len(reached))
	}
	return e, err
}

func (d *V3) checkLengths() error {
	n, v := len(d.NodeIDs), len(d.VoteIDs)
	if n >= maxNodes || v >= maxNodes {
		return fmt.Errorf("%w: %d nodes, %d votes, at most %d", ErrLimit, n, v, maxNodes)
	}
	if err := notBoth("nodes_values", len(d.Values), len(d.Values64)); err != nil {
		return err
	}
	if err := notBoth("weights", len(d.Weights), len(d.Weights64)); err != nil {
		return err
	}
	if err := notBoth("base_values", len(d.Base), len(d.Base64)); err != nil {
		return err
	}
	if m := len(d.Missing); m != 0 && m != n {
		return lengthError("nodes_missing_value_tracks_true", m, n)
	}
	return errorsFirst(
		checkTargets(d.Targets),
		sameLength("nodes_treeids", len(d.TreeIDs), n),
		sameLength("nodes_featureids", len(d.FeatureIDs), n),
		sameLength("nodes_modes", len(d.Modes), n),
		sameLength("nodes_truenodeids", len(d.TrueIDs), n),
		sameLength("nodes_falsenodeids", len(d.FalseIDs), n),
		sameLength("nodes_values", len(d.Values)+len(d.Values64), n),
		sameLength("treeids of votes", len(d.VoteTreeIDs), v),
		sameLength("nodeids of votes", len(d.VoteNodeIDs), v),
		sameLength("weights", len(d.Weights)+len(d.Weights64), v),
	)
}

// nodes resolves child ids to positions. Leaves get an empty range of votes.
func (d *V3) nodes(ids *nodeIndex) ([]Node, error) {
	out := make([]Node, len(d.NodeIDs))
	for i := range out {
		mode, ok := modeOf(d.Modes[i])
		if !ok {
			return nil, fmt.Errorf("%w: nodes_modes[%d] is %q", ErrMalformed, i, d.Modes[i])
		}
		n := &out[i]
		n.Mode = mode
		if mode == Leaf {
			continue
		}
		n.Value = floatAt(d.Values, d.Values64, i)
		n.Missing = len(d.Missing) > 0 && d.Missing[i] != 0
		f := d.FeatureIDs[i]
		if f < 0 || f >= maxFeature {
			return nil, fmt.Errorf("%w: nodes_featureids[%d] is %d", ErrMalformed, i, f)
		}
		n.Feature = int32(f)
		var found [2]bool
		n.True, found[0] = ids.find(d.TreeIDs[i], d.TrueIDs[i])
		n.False, found[1] = ids.find(d.TreeIDs[i], d.FalseIDs[i])
		if !found[0] || !found[1] {
			return nil, fmt.Errorf("%w: tree %d, node %d: child %d or %d does not exist",
				ErrMalformed, d.TreeIDs[i], d.NodeIDs[i], d.TrueIDs[i], d.FalseIDs[i])
		}
	}
	return out, nil
}

// castVotes gives every leaf its range of votes, in the order of the attributes.
func (d *V3) castVotes(e *Ensemble, ids *nodeIndex) error {
	leaf := make([]int32, len(d.VoteIDs))
	for i := range leaf {
		at, ok := ids.find(d.VoteTreeIDs[i], d.VoteNodeIDs[i])
		if !ok {
			return fmt.Errorf("%w: vote %d is for tree %d, node %d, which does not exist",
				ErrMalformed, i, d.VoteTreeIDs[i], d.VoteNodeIDs[i])
		}
		if t := d.VoteIDs[i]; t < 0 || t >= d.Targets {
			return fmt.Errorf("%w: vote %d is for target %d of %d", ErrMalformed, i, t, d.Targets)
		}
		leaf[i] = at
		if e.Nodes[at].Mode == Leaf {
			e.Nodes[at].False++
		}
	}
	next := int32(0)
	for i := range e.Nodes {
		if n := &e.Nodes[i]; n.Mode == Leaf {
			count := n.False
			n.True, n.False = next, next
			next += count
		}
	}
	e.Votes = make([]Vote, next)
	for i, at := range leaf {
		if n := &e.Nodes[at]; n.Mode == Leaf {
			e.Votes[n.False] = Vote{floatAt(d.Weights, d.Weights64, i), int32(d.VoteIDs[i])}
			n.False++
		}
	}
	return nil
}
