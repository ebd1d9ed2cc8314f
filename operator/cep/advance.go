package cep

import "slices"

// machine moves the runs of one key along the graph. It is scratch memory of the operator: what is kept is in buffer.
//
// What must hold: every run and every complete match holds its node; Runs and Done are in the order of their starts.
type machine[T any] struct {
	*graph[T]
	*buffer[T]
	at    int64 // the time that it is
	event int32 // that is looked at

	found    func(taken []step) error // a match
	late     func(taken []step) error // a partial match whose time is over
	next     []run
	done     []run
	outcomes []outcome
	visited  []int32
	taken    []step
	fresh    []int32 // nodes of the event, if the graph is ambiguous
	truths   []int8  // by 2*stage+until: what a condition says of the event and the run; 0 not asked, 1 no, 2 yes
}

// outcome is what becomes of a run: a take, or an ignore.
type outcome struct {
	to    int32
	stage int32 // taken, -1: the event is left out
	free  bool
}

// process takes an event in.
func (m *machine[T]) process(v T, time int64) error {
	if err := m.expire(time); err != nil {
		return err
	}
	m.event = m.add(v, time)
	m.next, m.done = m.next[:0], m.done[:0]
	for _, r := range m.Runs {
		m.advance(r)
	}
	m.advance(run{State: m.start})
	if m.ambiguous {
		m.next, m.done = m.unify(m.next), m.unify(m.done)
		for _, node := range m.fresh {
			m.release(node)
		}
		m.fresh = m.fresh[:0]
	}
	slices.SortStableFunc(m.next, byStart)
	m.Runs = append(m.Runs[:0], m.next...)
	m.drop(m.event)
	return m.complete()
}

// advance lets the event act on one run, which is used up by that.
func (m *machine[T]) advance(r run) {
	m.outcomes, m.visited = m.outcomes[:0], m.visited[:0]
	if n := 2 * len(m.stages); cap(m.truths) < n {
		m.truths = make([]int8, n)
	}
	m.truths = m.truths[:2*len(m.stages)]
	clear(m.truths)
	m.look(&r, r.State, false)
	for _, o := range m.outcomes {
		switch {
		case o.stage >= 0:
			m.took(r, o)
		case r.Node != 0:
			m.hold(r.Node)
			m.goOn(run{State: o.to, Node: r.Node, Start: r.Start, Time: r.Time, Free: o.free})
		}
	}
	m.release(r.Node)
}

// look gathers what may become of a run in a state, and in those that it can proceed to. Behind a gate, the end is
// reached by this event, though it is not taken.
func (m *machine[T]) look(r *run, state int32, gate bool) {
	if state == final && gate {
		m.outcomes = append(m.outcomes, outcome{to: final, stage: -1})
	}
	if slices.Contains(m.visited, state) {
		return
	}
	m.visited = append(m.visited, state)
	vertex := &m.states[state]
	free, guarded := m.guarded(r, vertex.guards)
	closed, forbidden := guarded || m.overdue(r, vertex.previous), false
	for i := range vertex.edges {
		e := &vertex.edges[i]
		forbidden = forbidden || e.kind == forbid && m.stands(r, e.stage) && m.all(r, e.when)
	}
	for i := range vertex.edges {
		e := &vertex.edges[i]
		switch {
		case e.kind == forbid || e.kind == ignore && forbidden || !m.all(r, e.when):
		case e.kind == proceed && e.to == pending && !gate && !e.gate: // the run is there since its last event
		case e.kind == proceed:
			m.look(r, e.to, gate || e.gate)
		case e.kind == take && !closed:
			m.outcome(outcome{to: e.to, stage: e.stage})
		case e.kind == ignore && !closed:
			m.outcome(outcome{to: e.to, stage: -1, free: free})
		}
	}
}

// outcome notes what becomes of a run, once.
func (m *machine[T]) outcome(o outcome) {
	if !slices.Contains(m.outcomes, o) {
		m.outcomes = append(m.outcomes, o)
	}
}

// guarded reports whether a greedy stage before would take the event itself; free, that one has met its end.
func (m *machine[T]) guarded(r *run, guards []guard) (free, guarded bool) {
	free = r.Free
	newest := int32(-1)
	if r.Node != 0 {
		newest = m.Nodes[r.Node].Stage
	}
	for _, g := range guards {
		if newest < g.from || newest > g.stage {
			continue
		}
		free = free || m.stages[g.stage].until != nil && m.truth(r, g.stage, true)
		guarded = guarded || m.truth(r, g.stage, false)
	}
	return free, guarded && !free
}

// overdue reports whether the event comes too late behind the last one of a run.
func (m *machine[T]) overdue(r *run, limit int64) bool {
	return limit > 0 && r.Node != 0 && m.at-m.Events[m.Nodes[r.Node].Event].Time >= limit
}

// stands reports whether a forbidden stage is still ahead of a run: behind a later stage it forbids nothing any more.
func (m *machine[T]) stands(r *run, stage int32) bool {
	return r.Node != 0 && m.Nodes[r.Node].Stage < stage
}

// all reports whether the conditions of an edge are true.
func (m *machine[T]) all(r *run, when []literal) bool {
	for _, l := range when {
		if m.truth(r, l.stage, l.until) == l.not {
			return false
		}
	}
	return true
}

// truth asks a condition of a stage, at most once for a run and an event.
func (m *machine[T]) truth(r *run, stage int32, until bool) bool {
	i := 2 * stage
	ask := m.stages[stage].accepts
	if until {
		i++
		ask = m.stages[stage].until
	}
	if m.truths[i] == 0 {
		m.truths[i] = 1
		if ask == nil || ask(m.Events[m.event].Value, Partial[T]{m.buffer, m.names, r.Node}) {
			m.truths[i] = 2
		}
	}
	return m.truths[i] == 2
}

// took makes the run that has taken the event. A run that may be complete already is, and may go on as well.
func (m *machine[T]) took(r run, o outcome) {
	node := m.takeOnce(o.stage, r.Node)
	n := run{State: o.to, Node: node, Start: r.Start, Time: r.Time}
	if r.Node == 0 {
		e := &m.Events[m.event]
		n.Start, n.Time = e.ID, e.Time
	}
	m.hold(node)
	m.goOn(n)
	for _, end := range [...]int32{final, pending} {
		m.visited = m.visited[:0]
		if o.to != end && m.reaches(&n, o.to, end) {
			m.hold(node)
			m.goOn(run{State: end, Node: node, Start: n.Start, Time: n.Time})
		}
	}
}

// takeOnce puts the event behind a node. Where two ways through a repeated group take it into the same stage, they share
// the node, and what comes to the same is one run.
func (m *machine[T]) takeOnce(stage, parent int32) int32 {
	if m.ambiguous {
		for _, slot := range m.fresh {
			if n := &m.Nodes[slot]; n.Stage == stage && n.Parent == parent {
				return slot
			}
		}
	}
	node := m.take(stage, m.event, parent)
	if m.ambiguous {
		m.hold(node) // its slot is not used again while it is looked for
		m.fresh = append(m.fresh, node)
	}
	return node
}

// unify leaves one of runs that are the same.
func (m *machine[T]) unify(runs []run) []run {
	out := runs[:0]
	for _, r := range runs {
		if slices.Contains(out, r) {
			m.release(r.Node)
			continue
		}
		out = append(out, r)
	}
	return out
}

// reaches reports whether a run in a state can proceed to an end without another event.
func (m *machine[T]) reaches(r *run, state, end int32) bool {
	if state == end {
		return true
	}
	if slices.Contains(m.visited, state) {
		return false
	}
	m.visited = append(m.visited, state)
	for i := range m.states[state].edges {
		e := &m.states[state].edges[i]
		if e.kind == proceed && !e.gate && m.all(r, e.when) && m.reaches(r, e.to, end) {
			return true
		}
	}
	return false
}

// goOn keeps a run, among those that are complete if it is. A state without a way on is not kept.
func (m *machine[T]) goOn(r run) {
	if r.State == final {
		r.Free = false
	}
	switch {
	case r.State == final:
		m.done = append(m.done, r)
	default:
		m.next = append(m.next, r)
	}
}

// complete puts matches out. With a skip strategy a match waits for the runs that began earlier: they may yet be
// complete, and skip it.
func (m *machine[T]) complete() error {
	if m.skip.kind == noSkip {
		slices.SortStableFunc(m.done, byStart)
		for i, r := range m.done {
			if err := m.putOut(r); err != nil {
				m.done = m.done[i+1:]
				return err
			}
		}
		m.done = m.done[:0]
		return nil
	}
	m.Done = append(m.Done, m.done...)
	m.done = m.done[:0]
	slices.SortStableFunc(m.Done, byStart)
	for len(m.Done) > 0 && (len(m.Runs) == 0 || m.Done[0].Start <= m.Runs[0].Start) {
		r := m.Done[0]
		m.Done = slices.Delete(m.Done, 0, 1)
		m.taken = m.steps(m.taken[:0], r.Node)
		below, err := m.skip.border(m.taken, m.names)
		if err != nil {
			return err
		}
		if err := m.putOut(r); err != nil {
			return err
		}
		m.Runs, m.Done = m.prune(m.Runs, below), m.prune(m.Done, below)
	}
	return nil
}

// prune drops the runs that began before an id.
func (m *machine[T]) prune(runs []run, below int64) []run {
	return slices.DeleteFunc(runs, func(r run) bool {
		if r.Start >= below {
			return false
		}
		m.release(r.Node)
		return true
	})
}

func (m *machine[T]) putOut(r run) error {
	m.taken = m.steps(m.taken[:0], r.Node)
	err := m.found(m.taken)
	m.release(r.Node)
	return err
}

// expire drops the runs whose time is over at now. One that only waits for what must not come is a match.
func (m *machine[T]) expire(now int64) error {
	m.at = now
	var err error
	m.done = m.done[:0]
	m.Runs = slices.DeleteFunc(m.Runs, func(r run) bool {
		if !m.over(&r, now) || err != nil {
			return false
		}
		if r.State == pending {
			m.done = append(m.done, r)
			return true
		}
		m.taken = m.steps(m.taken[:0], r.Node)
		err = m.late(m.taken)
		m.release(r.Node)
		return true
	})
	if err != nil {
		return err
	}
	return m.complete()
}

// deadline is when a run's time is over, 0 if it never is.
func (m *machine[T]) deadline(r *run) (at int64) {
	if m.within > 0 {
		at = r.Time + m.within
	}
	if limit := m.states[r.State].expires; limit > 0 {
		if t := m.Events[m.Nodes[r.Node].Event].Time + limit; at == 0 || t < at {
			at = t
		}
	}
	return at
}

func (m *machine[T]) over(r *run, now int64) bool {
	at := m.deadline(r)
	return at != 0 && now >= at
}
