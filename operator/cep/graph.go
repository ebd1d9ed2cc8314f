package cep

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// graph is a pattern as an automaton. A run stands in a state; an event takes it along edges:
//
//	take     the event becomes part of the match
//	ignore   the event is left out
//	proceed  to another state first, for the same event: what is optional, or has been repeated enough
//	forbid   the event must not come here: the run goes no further by leaving it out
//
// A state with proceed edges that ignores events ignores them into a twin that has no proceed edges: the way onwards
// was open when the first of those events came, and is on its way since.
type graph[T any] struct {
	states []vertex
	stages []*stage[T] // by number, groups resolved
	names  []string
	start  int32
	within int64
	limits bool // some state has a limit of its own
	// ambiguous says that the same events may be taken into the same stages in two ways: a group is repeated.
	ambiguous bool
	skip      Skip
	form      uint64 // hash of the shape, to compare patterns by: conditions are not in it
}

// The two states that every graph has.
const (
	final int32 = iota
	pending
)

type vertex struct {
	edges    []edge
	guards   []guard // greedy stages that would have taken an event before it could come here
	previous int64   // most time since the event before for a take, 0 without limit
	expires  int64   // most time since the event before to stand here, 0 without limit
}

// guard is a greedy stage before. It counts for runs whose newest event is of the stages from to stage: one in a group
// that was left out does not.
type guard struct{ stage, from int32 }

type edgeKind uint8

const (
	take edgeKind = iota
	ignore
	proceed
	forbid
)

type edge struct {
	kind  edgeKind
	to    int32
	stage int32 // taken, or forbidden
	gate  bool  // a proceed edge that only an event opens: the one that must not be another
	when  []literal
}

// literal is a condition of a stage, or that it is not so.
type literal struct {
	stage int32
	until bool
	not   bool
}

// compile makes the automaton of a pattern that is valid.
func compile[T any](p *Pattern[T]) *graph[T] {
	g := &graph[T]{within: int64(p.within), skip: p.skip, states: make([]vertex, 2)}
	c := compiler[T]{graph: g, numbers: map[*stage[T]]int32{}}
	c.number(p)
	g.start = c.sequence(p, final, nil, true)
	c.twins()
	c.expiries()
	h := fnv.New64a()
	fmt.Fprintf(h, "%s within %v, skip %+v", shape(p), p.within, p.skip)
	g.form = h.Sum64()
	return g
}

func shape[T any](p *Pattern[T]) string {
	var b strings.Builder
	for _, s := range p.stages {
		name := s.name
		if s.group != nil {
			name = "(" + shape(s.group) + ")"
		}
		fmt.Fprintf(&b, "%q %d %d %v %d-%d %v %v %v %v;", name, s.contiguity, s.inner, s.not, s.from, s.to, s.optional, s.greedy, s.until != nil, s.previous)
	}
	return b.String()
}

// compiler builds a graph from its end to its beginning.
type compiler[T any] struct {
	*graph[T]
	numbers   map[*stage[T]]int32
	inherited []*stage[T] // forbidden before the group that is compiled
	early     []guard     // greedy stages before it
	again     bool        // a stage is compiled for another round
}

func (c *compiler[T]) number(p *Pattern[T]) {
	for _, s := range p.stages {
		if s.group != nil {
			c.ambiguous = c.ambiguous || !s.single()
			c.number(s.group)
			continue
		}
		c.numbers[s] = int32(len(c.stages))
		c.stages, c.names = append(c.stages, s), append(c.names, s.name)
	}
}

// sequence adds the stages of a pattern that lead to sink, and returns the state before the first. head is how the first
// stage of a group is reached; nil leaves it to the stage.
func (c *compiler[T]) sequence(p *Pattern[T], sink int32, head *contiguity, whole bool) int32 {
	for i := len(p.stages) - 1; i >= 0; i-- {
		s := p.stages[i]
		switch {
		case s.not && s.contiguity == relaxed:
			if whole && i == len(p.stages)-1 {
				sink = pending
				c.states[pending].edges = []edge{
					{kind: forbid, stage: c.numbers[s], when: c.if_(s)},
					{kind: ignore, to: pending, when: c.unless(s)},
				}
			}
		case s.not:
			sink = c.notNext(s, sink)
		default:
			at := s.contiguity
			if i == 0 && head != nil {
				at = *head
			}
			sink = c.stage(p, i, sink, at)
		}
	}
	return sink
}

func (c *compiler[T]) if_(s *stage[T]) []literal { return []literal{{stage: c.numbers[s]}} }
func (c *compiler[T]) unless(s *stage[T]) []literal {
	return []literal{{stage: c.numbers[s], not: true}}
}

func (c *compiler[T]) vertex() int32 {
	c.states = append(c.states, vertex{})
	return int32(len(c.states) - 1)
}

func (c *compiler[T]) edge(from int32, e edge) {
	c.states[from].edges = append(c.states[from].edges, e)
}

// notNext adds a state in which the next event must not be one of the stage.
func (c *compiler[T]) notNext(s *stage[T], sink int32) int32 {
	v := c.vertex()
	c.edge(v, edge{kind: proceed, to: sink, gate: true, when: c.unless(s)})
	c.edge(v, edge{kind: forbid, stage: c.numbers[s], when: c.if_(s)})
	return v
}

// stage adds the states of one stage, and returns the first of them.
func (c *compiler[T]) stage(p *Pattern[T], i int, sink int32, at contiguity) int32 {
	s := p.stages[i]
	next := sink
	c.again = true
	switch {
	case s.loops():
		next = c.loop(p, i, sink)
	default:
		for n := s.from; n < s.to; n++ {
			next = c.once(p, i, next, s.inner, sink, true)
		}
	}
	for range s.from - 1 {
		next = c.once(p, i, next, s.inner, sink, false)
	}
	c.again = false
	return c.once(p, i, next, at, sink, s.optional)
}

// guards returns the greedy stages right before a stage, and before the optional ones before it. While it is waited
// for, no event may come that they would take.
func (c *compiler[T]) guards(p *Pattern[T], i int) []guard {
	all, through := c.endGuards(p.stages[:i])
	if through {
		all = append(all, c.early...)
	}
	return all
}

// endGuards returns the greedy stages at the end of stages, and whether all of these can be left out.
func (c *compiler[T]) endGuards(stages []*stage[T]) (all []guard, through bool) {
	for j := len(stages) - 1; j >= 0; j-- {
		s := stages[j]
		if s.greedy {
			all = append(all, guard{c.numbers[s], -1})
		}
		if s.group != nil {
			all = append(all, c.groupGuards(s.group)...)
		}
		if !s.optional && !s.not {
			return all, false
		}
	}
	return all, true
}

// groupGuards returns the greedy stages at the end of a group.
func (c *compiler[T]) groupGuards(g *Pattern[T]) []guard {
	all, _ := c.endGuards(g.stages)
	first := g
	for first.stages[0].group != nil {
		first = first.stages[0].group
	}
	for i := range all {
		all[i].from = c.numbers[first.stages[0]]
	}
	return all
}

// loop adds a state from which the stage is taken again and again.
func (c *compiler[T]) loop(p *Pattern[T], i int, sink int32) int32 {
	s := p.stages[i]
	if s.group == nil {
		v := c.vertex()
		c.takes(p, i, v, v, s.inner)
		c.edge(v, edge{kind: proceed, to: sink})
		return v
	}
	again := c.vertex() // where a round of the group ends
	v := c.group(p, i, again, s.inner)
	c.edge(again, edge{kind: proceed, to: v})
	c.edge(again, edge{kind: proceed, to: sink})
	return again
}

// once adds a state from which the stage is taken once, towards next.
func (c *compiler[T]) once(p *Pattern[T], i int, next int32, at contiguity, sink int32, optional bool) int32 {
	s := p.stages[i]
	var v int32
	if s.group != nil {
		v = c.vertex()
		c.edge(v, edge{kind: proceed, to: c.group(p, i, next, at)})
	} else {
		v = c.vertex()
		c.takes(p, i, v, next, at)
	}
	if optional {
		c.edge(v, edge{kind: proceed, to: sink})
	}
	return v
}

// takes gives a state the edges of a stage that is waited for.
func (c *compiler[T]) takes(p *Pattern[T], i int, v, next int32, at contiguity) {
	s := p.stages[i]
	n := c.numbers[s]
	c.states[v].previous, c.states[v].guards = int64(s.previous), c.guards(p, i)
	var open []literal
	if s.until != nil {
		open = []literal{{stage: n, until: true, not: true}}
	}
	c.edge(v, edge{kind: take, to: next, stage: n, when: append(c.if_(s), open...)})
	switch at {
	case relaxed:
		c.edge(v, edge{kind: ignore, to: v, when: append(c.unless(s), open...)})
	case relaxedAny:
		c.edge(v, edge{kind: ignore, to: v, when: open})
	}
	c.forbids(p, i, v)
}

// forbids adds what must not come while a stage is waited for: the forbidden stages right before it, and before the
// optional ones before it. What the group that it begins is forbidden goes for it too.
func (c *compiler[T]) forbids(p *Pattern[T], i int, v int32) {
	for _, s := range c.forbidden(p, i) {
		c.edge(v, edge{kind: forbid, stage: c.numbers[s], when: c.if_(s)})
	}
}

func (c *compiler[T]) forbidden(p *Pattern[T], i int) (all []*stage[T]) {
	for j := i - 1; j >= 0; j-- {
		before := p.stages[j]
		if before.not && before.contiguity == relaxed {
			all = append(all, before)
		} else if !before.optional && !before.not {
			return all
		}
	}
	return append(all, c.inherited...)
}

// group adds the states of a group.
func (c *compiler[T]) group(p *Pattern[T], i int, sink int32, at contiguity) int32 {
	inherited, early, again := c.inherited, c.early, c.again
	c.inherited = c.forbidden(p, i)
	if g := p.stages[i].group; again {
		c.early = nil
		for _, end := range c.groupGuards(g) { // until the round takes something
			c.early = append(c.early, guard{end.stage, end.stage})
		}
	} else {
		c.early = c.guards(p, i)
	}
	v := c.sequence(p.stages[i].group, sink, &at, false)
	c.inherited, c.early, c.again = inherited, early, again
	return v
}

// twins sends what is ignored in a state with proceed edges to a twin without them.
func (c *compiler[T]) twins() {
	for v := range int32(len(c.states)) {
		edges := c.states[v].edges
		onwards, waits := false, false
		for _, e := range edges {
			onwards = onwards || e.kind == proceed
			waits = waits || e.kind == ignore && e.to == v
		}
		if !onwards || !waits {
			continue
		}
		twin := c.vertex()
		edges = c.states[v].edges
		c.states[twin].previous, c.states[twin].guards = c.states[v].previous, c.states[v].guards
		for i, e := range edges {
			if e.kind == ignore && e.to == v {
				edges[i].to, e.to = twin, twin
			}
			if e.kind != proceed {
				c.edge(twin, e)
			}
		}
	}
}

// expiries notes for each state how long a run may stand in it: until no state that it leads to takes anything.
func (c *compiler[T]) expiries() {
	for v := range c.states {
		c.states[v].expires = c.longest(int32(v), map[int32]bool{})
		c.limits = c.limits || c.states[v].expires > 0
	}
}

// longest returns the longest of the limits, 0 if there is a state without one.
func (c *compiler[T]) longest(v int32, seen map[int32]bool) int64 {
	seen[v] = true
	all, takes := c.states[v].previous, c.states[v].previous > 0
	for _, e := range c.states[v].edges {
		switch {
		case e.gate || e.kind == take && c.states[v].previous == 0:
			return 0
		case e.kind != proceed || e.to == final || seen[e.to]:
			continue
		}
		limit := c.longest(e.to, seen)
		if limit == 0 {
			return 0
		}
		all, takes = max(all, limit), true
	}
	if !takes {
		return 0
	}
	return all
}
