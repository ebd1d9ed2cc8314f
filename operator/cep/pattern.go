package cep

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Pattern says what to look for: stages, one after the other, each with conditions, and how often it is taken. A method
// that adds a stage makes it the one that the following methods are about. A pattern is built once and not changed
// while a job uses it. Mistakes are kept, and reported when the job is planned.
type Pattern[T any] struct {
	stages []*stage[T]
	within time.Duration
	skip   Skip
	faults []error
}

// contiguity says which events may lie between a stage and what was taken before it.
type contiguity uint8

const (
	strict     contiguity = iota // none
	relaxed                      // those that do not fit
	relaxedAny                   // any
)

type condition[T any] func(v T, m Partial[T]) bool

// stage is a stage, or a group of them.
type stage[T any] struct {
	name       string
	group      *Pattern[T] // nil for a stage by itself
	contiguity contiguity  // towards what is before it
	inner      contiguity  // between its own events
	not        bool
	accepts    condition[T] // nil: every event
	until      condition[T] // nil: never
	from, to   int          // how often; to is 0 without bound
	optional   bool
	greedy     bool
	previous   time.Duration // since the event before, 0: no limit
}

func (s *stage[T]) loops() bool  { return s.to == 0 }
func (s *stage[T]) single() bool { return s.from == 1 && s.to == 1 }

// Begin starts a pattern with a stage. Without Where it takes any event.
func Begin[T any](name string) *Pattern[T] {
	return new(Pattern[T]).add(&stage[T]{name: name, contiguity: strict})
}

// BeginGroup starts a pattern with a group of stages.
func BeginGroup[T any](g *Pattern[T]) *Pattern[T] {
	return new(Pattern[T]).add(&stage[T]{group: g, contiguity: strict})
}

func (p *Pattern[T]) add(s *stage[T]) *Pattern[T] {
	s.from, s.to, s.inner = 1, 1, relaxed
	if len(p.stages) > 0 && p.last().not && p.last().contiguity == strict && s.not {
		p.fault("%q follows %q: two forbidden stages in a row say nothing; join their conditions by Or", s.name, p.last().name)
	}
	p.stages = append(p.stages, s)
	return p
}

func (p *Pattern[T]) fault(format string, args ...any) *Pattern[T] {
	p.faults = append(p.faults, fmt.Errorf("cep: "+format, args...))
	return p
}

func (p *Pattern[T]) last() *stage[T] { return p.stages[len(p.stages)-1] }

// Next adds a stage whose event comes right behind the one before: strict contiguity.
func (p *Pattern[T]) Next(name string) *Pattern[T] {
	return p.add(&stage[T]{name: name, contiguity: strict})
}

// FollowedBy adds a stage that takes the first event that fits; those that do not fit are left out: relaxed contiguity.
func (p *Pattern[T]) FollowedBy(name string) *Pattern[T] {
	return p.add(&stage[T]{name: name, contiguity: relaxed})
}

// FollowedByAny adds a stage that takes any event that fits, and gives a match for each: non-deterministic relaxed
// contiguity.
func (p *Pattern[T]) FollowedByAny(name string) *Pattern[T] {
	return p.add(&stage[T]{name: name, contiguity: relaxedAny})
}

// NotNext adds a stage that must not come right behind the one before.
func (p *Pattern[T]) NotNext(name string) *Pattern[T] {
	return p.add(&stage[T]{name: name, contiguity: strict, not: true})
}

// NotFollowedBy adds a stage that must not come between the stages around it. As the last stage it needs Within: the
// match comes when the time is over.
func (p *Pattern[T]) NotFollowedBy(name string) *Pattern[T] {
	return p.add(&stage[T]{name: name, contiguity: relaxed, not: true})
}

// NextGroup adds a group of stages, as Next adds one.
func (p *Pattern[T]) NextGroup(g *Pattern[T]) *Pattern[T] {
	return p.add(&stage[T]{group: g, contiguity: strict})
}

// FollowedByGroup adds a group of stages, as FollowedBy adds one.
func (p *Pattern[T]) FollowedByGroup(g *Pattern[T]) *Pattern[T] {
	return p.add(&stage[T]{group: g, contiguity: relaxed})
}

// FollowedByAnyGroup adds a group of stages, as FollowedByAny adds one.
func (p *Pattern[T]) FollowedByAnyGroup(g *Pattern[T]) *Pattern[T] {
	return p.add(&stage[T]{group: g, contiguity: relaxedAny})
}

// Where adds a condition: the stage takes an event for which all of them are true.
func (p *Pattern[T]) Where(fits func(T) bool) *Pattern[T] {
	if fits == nil {
		return p.fault("stage %q: the condition is nil", p.last().name)
	}
	return p.WhereMatch(func(v T, _ Partial[T]) bool { return fits(v) })
}

// WhereMatch adds a condition that looks at what the partial match has taken before.
func (p *Pattern[T]) WhereMatch(fits func(v T, m Partial[T]) bool) *Pattern[T] {
	s := p.condition(fits == nil)
	if before := s.accepts; before != nil && fits != nil {
		s.accepts = func(v T, m Partial[T]) bool { return before(v, m) && fits(v, m) }
	} else {
		s.accepts = fits
	}
	return p
}

// Or adds a condition that is enough by itself: the stage takes an event for which it, or those before it, are true.
func (p *Pattern[T]) Or(fits func(T) bool) *Pattern[T] {
	s := p.condition(fits == nil)
	before := s.accepts
	if before == nil {
		return p.fault("stage %q: Or stands behind no condition", s.name)
	}
	s.accepts = func(v T, m Partial[T]) bool { return before(v, m) || fits(v) }
	return p
}

// condition returns the last stage, to be given a condition.
func (p *Pattern[T]) condition(isNil bool) *stage[T] {
	s := p.last()
	if isNil {
		p.fault("stage %q: the condition is nil", s.name)
	}
	if s.group != nil {
		p.fault("a group has no condition of its own: give it to its stages")
	}
	return s
}

// Until ends a repeated stage: from the event on for which it is true, no more events are taken into it.
func (p *Pattern[T]) Until(ends func(T) bool) *Pattern[T] {
	s := p.condition(ends == nil)
	if s.until != nil || s.single() {
		p.fault("stage %q: Until is for repeated stages, once", s.name)
	}
	s.until = func(v T, _ Partial[T]) bool { return ends(v) }
	return p
}

// Times has the stage taken n times.
func (p *Pattern[T]) Times(n int) *Pattern[T] { return p.repeat(n, n) }

// TimesBetween has the stage taken from to to times.
func (p *Pattern[T]) TimesBetween(from, to int) *Pattern[T] {
	if from == 0 {
		p.Optional()
		from = 1
	}
	if to < from {
		p.fault("stage %q: %d to %d times: the second is the larger one", p.last().name, from, to)
	}
	return p.repeat(from, max(to, 1))
}

// TimesOrMore has the stage taken n times or more.
func (p *Pattern[T]) TimesOrMore(n int) *Pattern[T] { return p.repeat(n, 0) }

// OneOrMore has the stage taken once or more. Without Until or Within the events that are kept grow without end.
func (p *Pattern[T]) OneOrMore() *Pattern[T] { return p.repeat(1, 0) }

func (p *Pattern[T]) repeat(from, to int) *Pattern[T] {
	s := p.last()
	switch {
	case s.not:
		p.fault("stage %q: what must not come cannot be repeated", s.name)
	case !s.single():
		p.fault("stage %q: how often it is taken is said twice", s.name)
	case from < 1:
		p.fault("stage %q: taken %d times: it must be at least once; Optional is for none", s.name, from)
	}
	s.from, s.to = max(from, 1), to
	return p
}

// Optional lets the stage be left out.
func (p *Pattern[T]) Optional() *Pattern[T] {
	if s := p.last(); s.not || s.optional {
		p.fault("stage %q: Optional is for stages that are looked for, once", s.name)
	}
	p.last().optional = true
	return p
}

// Greedy has a repeated stage take as many events as it can before the next stage begins.
func (p *Pattern[T]) Greedy() *Pattern[T] {
	if s := p.last(); s.single() || s.group != nil {
		p.fault("stage %q: Greedy is for repeated stages that are no group", s.name)
	}
	p.last().greedy = true
	return p
}

// Consecutive has the events of a repeated stage follow each other with nothing between.
func (p *Pattern[T]) Consecutive() *Pattern[T] { return p.between(strict) }

// AllowCombinations lets a repeated stage leave out events that would fit.
func (p *Pattern[T]) AllowCombinations() *Pattern[T] { return p.between(relaxedAny) }

func (p *Pattern[T]) between(c contiguity) *Pattern[T] {
	if s := p.last(); s.single() {
		p.fault("stage %q: Consecutive and AllowCombinations are for repeated stages", s.name)
	}
	p.last().inner = c
	return p
}

// Within bounds the time from the first event of a match to the last: it is less than d. A partial match whose time is
// over is dropped, or comes out on the side of TimedOutTo.
func (p *Pattern[T]) Within(d time.Duration) *Pattern[T] {
	if d <= 0 {
		p.fault("Within is %v: it must be more than 0", d)
	}
	if p.within == 0 || d < p.within {
		p.within = d
	}
	return p
}

// WithinPrevious bounds the time between the event before the stage and the stage's own: it is less than d.
func (p *Pattern[T]) WithinPrevious(d time.Duration) *Pattern[T] {
	if s := p.last(); d <= 0 || s.group != nil || len(p.stages) == 1 && s.single() {
		p.fault("stage %q: WithinPrevious(%v): it must be more than 0, and is for a stage that has one before it and is no group", s.name, d)
	}
	p.last().previous = d
	return p
}

// AfterMatch says where to go on when a match has been found. The default is NoSkip.
func (p *Pattern[T]) AfterMatch(s Skip) *Pattern[T] {
	p.skip = s
	return p
}

// Validate reports everything that is wrong with the pattern.
func (p *Pattern[T]) Validate() error {
	if p == nil {
		return errors.New("cep: the pattern is nil; begin it with cep.Begin")
	}
	v := validation[T]{names: map[string]bool{}}
	v.pattern(p, true)
	if p.skip.stage != "" && !v.names[p.skip.stage] {
		v.add("AfterMatch skips to %q, but no stage has that name", p.skip.stage)
	}
	return errors.Join(v.faults...)
}

type validation[T any] struct {
	names  map[string]bool
	faults []error
}

func (v *validation[T]) add(format string, args ...any) {
	v.faults = append(v.faults, fmt.Errorf("cep: "+format, args...))
}

func (v *validation[T]) pattern(p *Pattern[T], whole bool) {
	v.faults = append(v.faults, p.faults...)
	if len(p.stages) == 0 {
		v.add("the pattern has no stage; begin it with cep.Begin")
	}
	for i, s := range p.stages {
		last := i == len(p.stages)-1
		v.stage(s)
		switch {
		case s.not && !slices.ContainsFunc(p.stages[:i], mandatory):
			v.add("stage %q must not come, and no stage before it must: begin with what comes", s.name)
		case s.not && s.contiguity == relaxed && last && (p.within == 0 || !whole):
			v.add("the pattern ends with NotFollowedBy %q, and nothing says until when: give it Within, outside of groups", s.name)
		case s.not && s.accepts == nil:
			v.add("stage %q must not come, and has no condition: nothing would ever match", s.name)
		case s.not && p.stages[i-1].optional && s.contiguity == relaxed && last:
			v.add("stage %q must not come behind %q, which is optional: it would have nothing to stand behind", s.name, p.stages[i-1].name)
		}
	}
	if n := len(p.stages); !whole && n > 0 && p.stages[n-1].greedy && p.stages[n-1].optional {
		v.add("a group ends with %q, which is greedy and optional: that is not supported", p.stages[n-1].name)
	}
	if !whole && !slices.ContainsFunc(p.stages, mandatory) {
		v.add("all stages of a group are optional: make one mandatory, and the group optional")
	}
	if !whole && (p.within != 0 || p.skip != Skip{}) {
		v.add("a group has a Within or AfterMatch: they are for the whole pattern")
	}
}

func mandatory[T any](s *stage[T]) bool { return !s.not && !s.optional }

func (v *validation[T]) stage(s *stage[T]) {
	switch {
	case s.group != nil:
		v.pattern(s.group, false)
	case s.name == "":
		v.add("a stage has no name")
	case v.names[s.name]:
		v.add("two stages are called %q", s.name)
	}
	v.names[s.name] = s.group == nil
}
