package trees

import "fmt"

// Part is an ensemble to be merged with others.
type Part struct {
	Ensemble *Ensemble
	// Columns says which column of the merged rows each feature of the ensemble is; nil if it is the same one. This is
	// an ArrayFeatureExtractor in front of the ensemble.
	Columns []int32
	// Score replaces each leaf's weight. This is what is computed from the ensemble's output, leaf by leaf (LabelEncoder,
	// Log, Mul, …); only a part of one tree can have it. nil keeps weights.
	Score func(weight float64) float64
}

// Merge makes one ensemble, whose one score is the sum of the parts' scores. An isolation forest exported as a hundred regressors
// of one tree, each followed by look-ups of its leaf's path length, becomes one ensemble with path lengths as weights; so do
// stacked models that end in a sum.
//
// Parts have one target, no post transform, and sum or average (a single tree may have any aggregate). ErrMalformed says
// which part has not.
func Merge(parts []Part) (*Ensemble, error) {
	m := &Ensemble{Targets: 1, Aggregate: Sum}
	base := 0.0
	for i := range parts {
		p := &parts[i]
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("part %d: %w", i, err)
		}
		base += p.appendTo(m)
		if len(m.Nodes) >= maxNodes || len(m.Votes) >= maxNodes {
			return nil, fmt.Errorf("part %d: %w: more than %d nodes", i, ErrLimit, maxNodes)
		}
	}
	if base != 0 {
		m.Base = []float64{base}
	}
	return m, nil
}

func (p *Part) check() error {
	e := p.Ensemble
	order, err := e.check()
	switch {
	case err != nil:
		return err
	case e.Targets != 1 || e.Classifier:
		return fmt.Errorf("%w: %d targets, want a regressor of one", ErrMalformed, e.Targets)
	case e.Post != None && (e.Exact || e.Post == Probit):
		return fmt.Errorf("%w: has a post transform, which no sum can take in", ErrMalformed)
	case len(e.Roots) != 1 && (p.Score != nil || e.Aggregate > Sum):
		return fmt.Errorf("%w: %d trees, want one to score leaves or to take extremes", ErrMalformed, len(e.Roots))
	}
	for _, i := range order {
		n := &e.Nodes[i]
		if n.Mode == Leaf && p.Score != nil && n.False-n.True != 1 {
			return fmt.Errorf("%w: leaf %d has %d votes, want one to score", ErrMalformed, i, n.False-n.True)
		}
		if n.Mode != Leaf && p.Columns != nil && (int(n.Feature) >= len(p.Columns) || p.Columns[n.Feature] < 0) {
			return fmt.Errorf("%w: feature %d has no column", ErrMalformed, n.Feature)
		}
	}
	return nil
}

// appendTo copies the part behind the nodes of m and returns its base value. A part that averages gets lighter votes.
func (p *Part) appendTo(m *Ensemble) (base float64) {
	e := p.Ensemble
	nodes, votes, sets := int32(len(m.Nodes)), int32(len(m.Votes)), int32(len(m.Sets))
	for _, n := range e.Nodes {
		if n.Mode == Leaf {
			n.True, n.False = n.True+votes, n.False+votes
		} else {
			n.True, n.False, n.Set = n.True+nodes, n.False+nodes, n.Set+sets
			if int(n.Feature) < len(p.Columns) {
				n.Feature = p.Columns[n.Feature]
			}
		}
		m.Nodes = append(m.Nodes, n)
	}
	if len(e.Base) == 1 {
		base = e.Base[0]
	}
	for _, v := range e.Votes {
		if e.Aggregate == Average {
			v.Weight /= float64(len(e.Roots))
		}
		if p.Score != nil {
			v.Weight = p.Score(v.Weight + base)
		}
		m.Votes = append(m.Votes, v)
	}
	for _, r := range e.Roots {
		m.Roots = append(m.Roots, r+nodes)
	}
	m.Sets = append(m.Sets, e.Sets...)
	if p.Score != nil {
		base = 0
	}
	return base
}
