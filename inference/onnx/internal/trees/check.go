package trees

import "fmt"

// check reports the first fault of an ensemble and, if there is none, its reachable nodes ordered so that children come
// before their parents. Time and memory are linear in the description; nothing recurses, so depth cannot exhaust the stack.
func (e *Ensemble) check() (order []int32, err error) {
	if err := e.checkHead(); err != nil {
		return nil, err
	}
	w := walkState{e: e, seen: make([]uint8, len(e.Nodes))}
	for i, r := range e.Roots {
		if r < 0 || int(r) >= len(e.Nodes) {
			return nil, fmt.Errorf("%w: root %d is node %d of %d", ErrMalformed, i, r, len(e.Nodes))
		}
		if err := w.from(r); err != nil {
			return nil, fmt.Errorf("tree %d: %w", i, err)
		}
	}
	return w.order, nil
}

func (e *Ensemble) checkHead() error {
	if len(e.Nodes) >= maxNodes || len(e.Votes) >= maxNodes || len(e.Roots) >= maxNodes {
		return fmt.Errorf("%w: %d nodes, %d votes, %d trees", ErrLimit, len(e.Nodes), len(e.Votes), len(e.Roots))
	}
	if err := checkTargets(int64(e.Targets)); err != nil {
		return err
	}
	if e.Aggregate > Max || e.Post > Probit {
		return fmt.Errorf("%w: aggregate %d, post transform %d", ErrMalformed, e.Aggregate, e.Post)
	}
	if e.Classifier && e.Targets <= 2 && len(e.Base) <= 2 {
		return nil
	}
	if n := len(e.Base); n != 0 && n != e.Targets {
		return fmt.Errorf("%w: %d base values for %d targets", ErrMalformed, n, e.Targets)
	}
	return nil
}

func checkTargets(n int64) error {
	if n < 1 || n > maxTargets {
		return fmt.Errorf("%w: %d targets or classes, want 1 to %d", ErrMalformed, n, maxTargets)
	}
	return nil
}

// walkState is a depth-first walk with its own stack.
type walkState struct {
	e     *Ensemble
	seen  []uint8 // 0 not seen, open while its children are walked, done after
	stack []int32 // a node pushed once is entered; seen open on top, it is left
	depth int     // open nodes
	order []int32
}

const (
	open = 1
	done = 2
)

func (w *walkState) from(root int32) error {
	w.stack = append(w.stack[:0], root)
	for len(w.stack) > 0 {
		i := w.stack[len(w.stack)-1]
		if w.seen[i] != 0 {
			w.leave(i)
			continue
		}
		if err := w.enter(i); err != nil {
			return err
		}
	}
	return nil
}

// leave pops a node. An open one on top of the stack has had its children walked.
func (w *walkState) leave(i int32) {
	w.stack = w.stack[:len(w.stack)-1]
	if w.seen[i] == open {
		w.seen[i] = done
		w.depth--
		w.order = append(w.order, i)
	}
}

func (w *walkState) enter(i int32) error {
	n := &w.e.Nodes[i]
	if err := w.e.checkNode(i, n); err != nil {
		return err
	}
	w.seen[i] = open
	if w.depth++; w.depth > maxDepth {
		return fmt.Errorf("%w: deeper than %d", ErrLimit, maxDepth)
	}
	if n.Mode == Leaf {
		return nil
	}
	for _, c := range [2]int32{n.False, n.True} {
		if c < 0 || int(c) >= len(w.e.Nodes) {
			return fmt.Errorf("%w: node %d has child %d of %d nodes", ErrMalformed, i, c, len(w.e.Nodes))
		}
		switch w.seen[c] {
		case open:
			return fmt.Errorf("%w: node %d leads back to node %d", ErrMalformed, i, c)
		case 0:
			w.stack = append(w.stack, c)
		}
	}
	return nil
}

func (e *Ensemble) checkNode(i int32, n *Node) error {
	switch {
	case n.Mode > Leaf:
		return fmt.Errorf("%w: node %d has mode %d", ErrMalformed, i, n.Mode)
	case n.Mode == Leaf:
		return e.checkVotes(i, n)
	case n.Feature < 0 || n.Feature >= maxFeature:
		return fmt.Errorf("%w: node %d compares feature %d", ErrMalformed, i, n.Feature)
	case n.Mode == Member && (n.Set < 0 || int(n.Set) >= len(e.Sets)):
		return fmt.Errorf("%w: node %d tests set %d of %d", ErrMalformed, i, n.Set, len(e.Sets))
	}
	return nil
}

func (e *Ensemble) checkVotes(i int32, n *Node) error {
	if n.True < 0 || n.False < n.True || int(n.False) > len(e.Votes) {
		return fmt.Errorf("%w: leaf %d casts votes %d to %d of %d", ErrMalformed, i, n.True, n.False, len(e.Votes))
	}
	for _, v := range e.Votes[n.True:n.False] {
		if v.Target < 0 || int(v.Target) >= e.Targets {
			return fmt.Errorf("%w: leaf %d votes for target %d of %d", ErrMalformed, i, v.Target, e.Targets)
		}
	}
	return nil
}
