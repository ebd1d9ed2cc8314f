package cep_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/turgo-io/turgo/operator/cep"
)

// spec is a pattern as a test writes it, for the package and for the naive matcher alike. An event is a letter and a
// number; a stage takes the events whose letter is the first of its name.
type spec struct {
	stages []specStage
	within int // seconds
	skip   string
}

type specStage struct {
	how                          string // next, followedBy, followedByAny, notNext, notFollowedBy
	name                         string
	group                        []specStage
	from, to                     int // to 0: no bound
	inner                        string
	optional, greedy, increasing bool
	until                        string
	previous                     int
}

// parseSpec reads a pattern: a line for each stage, "begin a times=2.. consecutive optional greedy until=d previous=3",
// groups as "(", the lines of the group, ") times=2"; "within 10"; "skip past-last".
func parseSpec(text string) (s spec) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	s.stages, _ = parseStages(lines, &s)
	return s
}

func parseStages(lines []string, s *spec) (all []specStage, rest []string) {
	for len(lines) > 0 {
		f := strings.Fields(lines[0])
		lines = lines[1:]
		switch {
		case f[0] == ")":
			return all, append([]string{strings.Join(f, " ")}, lines...)
		case f[0] == "within":
			s.within, _ = strconv.Atoi(f[1])
		case f[0] == "skip":
			s.skip = f[1]
		case f[1] == "(":
			st := specStage{how: f[0], from: 1, to: 1, inner: "followedBy"}
			st.group, lines = parseStages(lines, s)
			st.words(strings.Fields(lines[0])[1:])
			lines = lines[1:]
			all = append(all, st)
		default:
			st := specStage{how: f[0], name: f[1], from: 1, to: 1, inner: "followedBy"}
			st.words(f[2:])
			all = append(all, st)
		}
	}
	return all, nil
}

func (s *specStage) words(words []string) {
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "times":
			from, to, ranged := strings.Cut(value, "..")
			s.from, _ = strconv.Atoi(from)
			if s.to = s.from; ranged {
				s.to, _ = strconv.Atoi(to)
			}
		case "consecutive":
			s.inner = "next"
		case "combinations":
			s.inner = "followedByAny"
		case "optional":
			s.optional = true
		case "greedy":
			s.greedy = true
		case "increasing":
			s.increasing = true
		case "until":
			s.until = value
		case "previous":
			s.previous, _ = strconv.Atoi(value)
		default:
			panic("unknown word " + w)
		}
	}
}

func number(event string) int {
	n, _ := strconv.Atoi(event[1:])
	return n
}

// build makes the pattern of the package.
func (s spec) build() *cep.Pattern[string] {
	p := buildStages(s.stages)
	if s.within > 0 {
		p.Within(time.Duration(s.within) * time.Second)
	}
	kind, stage, _ := strings.Cut(s.skip, "=")
	switch kind {
	case "next":
		p.AfterMatch(cep.SkipToNext())
	case "past-last":
		p.AfterMatch(cep.SkipPastLast())
	case "first":
		p.AfterMatch(cep.SkipToFirst(stage))
	case "last":
		p.AfterMatch(cep.SkipToLast(stage))
	}
	return p
}

func buildStages(stages []specStage) (p *cep.Pattern[string]) {
	for i := range stages {
		s := &stages[i]
		if p = s.start(p); s.group == nil {
			s.conditions(p)
		}
		s.repeat(p)
	}
	return p
}

func (s *specStage) start(p *cep.Pattern[string]) *cep.Pattern[string] {
	if s.group != nil {
		g := buildStages(s.group)
		switch {
		case p == nil:
			return cep.BeginGroup(g)
		case s.how == "next":
			return p.NextGroup(g)
		case s.how == "followedBy":
			return p.FollowedByGroup(g)
		}
		return p.FollowedByAnyGroup(g)
	}
	switch {
	case p == nil:
		return cep.Begin[string](s.name)
	case s.how == "next":
		return p.Next(s.name)
	case s.how == "followedBy":
		return p.FollowedBy(s.name)
	case s.how == "followedByAny":
		return p.FollowedByAny(s.name)
	case s.how == "notNext":
		return p.NotNext(s.name)
	}
	return p.NotFollowedBy(s.name)
}

func (s *specStage) conditions(p *cep.Pattern[string]) {
	name := s.name
	p.Where(func(e string) bool { return e[0] == name[0] })
	if s.increasing {
		p.WhereMatch(func(e string, m cep.Partial[string]) bool {
			last, ok := m.Last(name)
			return !ok || number(e) > number(last)
		})
	}
}

func (s *specStage) repeat(p *cep.Pattern[string]) {
	switch {
	case s.to == 0:
		p.TimesOrMore(s.from)
	case s.from == s.to && s.to > 1:
		p.Times(s.to)
	case s.to > 1:
		p.TimesBetween(s.from, s.to)
	}
	if repeated := s.from != 1 || s.to != 1; repeated && s.inner == "next" {
		p.Consecutive()
	} else if repeated && s.inner == "followedByAny" {
		p.AllowCombinations()
	}
	if s.optional {
		p.Optional()
	}
	if s.greedy {
		p.Greedy()
	}
	if until := s.until; until != "" {
		p.Until(func(e string) bool { return e[0] == until[0] })
	}
	if s.previous > 0 {
		p.WithinPrevious(time.Duration(s.previous) * time.Second)
	}
}

// lines writes the spec as it is read.
func (s spec) String() string {
	var b strings.Builder
	writeStages(&b, s.stages)
	fmt.Fprintf(&b, "within %d\nskip %s\n", s.within, s.skip)
	return b.String()
}

func writeStages(b *strings.Builder, stages []specStage) {
	for _, s := range stages {
		name := s.name
		if s.group != nil {
			fmt.Fprintf(b, "%s (\n", s.how)
			writeStages(b, s.group)
			name = ")"
		} else {
			name = s.how + " " + name
		}
		fmt.Fprintf(b, "%s times=%d..%d inner=%s optional=%v greedy=%v until=%s previous=%d\n", name, s.from, s.to, s.inner, s.optional, s.greedy, s.until, s.previous)
	}
}

// happening is an event with its time, in seconds.
type happening struct {
	name string
	at   int
}

// found is a match of the naive matcher.
type found struct {
	taken []int // indexes of events
	names []string
	done  int // index of the event that completed it; len(events) by time
}

// naive finds all matches by trying every choice.
type naive struct {
	spec
	events []happening
	all    []found
}

// place is how far a choice has got.
type place struct {
	taken  []int
	names  []string
	nots   []specStage // that must not come before the next event
	gates  []specStage // one of which the next event must not be
	greedy []specStage // whose events the next stage may not see
}

func (p place) last() int {
	if len(p.taken) == 0 {
		return -1
	}
	return p.taken[len(p.taken)-1]
}

func (n *naive) run() []found {
	n.stages2(n.stages, 0, place{}, "", n.complete)
	return n.all
}

func (n *naive) takes(s specStage, j int, p place) bool {
	e := n.events[j].name
	if e[0] != s.name[0] {
		return false
	}
	if s.increasing {
		for i := len(p.taken) - 1; i >= 0; i-- {
			if p.names[i] == s.name {
				return number(e) > number(n.events[p.taken[i]].name)
			}
		}
	}
	return true
}

func (n *naive) any(stages []specStage, j int) bool {
	return slices.ContainsFunc(stages, func(s specStage) bool { return n.events[j].name[0] == s.name[0] })
}

// stages2 goes on with stage i; head is how a group's first stage is reached.
func (n *naive) stages2(stages []specStage, i int, p place, head string, then func(place)) {
	if i == len(stages) {
		then(p)
		return
	}
	s := stages[i]
	how := s.how
	if i == 0 && head != "" {
		how = head
	}
	rest := func(p place) { n.stages2(stages, i+1, p, "", then) }
	switch s.how {
	case "notFollowedBy":
		p.nots = append(slices.Clone(p.nots), s)
		rest(p)
		return
	case "notNext":
		p.gates = append(slices.Clone(p.gates), s)
		rest(p)
		return
	}
	if s.optional {
		rest(n.onwards(s, p))
	}
	n.round(s, 1, p, how, rest)
}

// onwards is the place behind a stage.
func (n *naive) onwards(s specStage, p place) place {
	if s.greedy {
		p.greedy = append(slices.Clone(p.greedy), s)
	}
	return p
}

// round takes the stage for the count-th time.
func (n *naive) round(s specStage, count int, p place, how string, rest func(place)) {
	before := len(p.taken)
	taken := func(p place) {
		if count >= s.from {
			rest(n.onwards(s, p))
		}
		if s.to == 0 && (count < s.from || len(p.taken) > before) || count < s.to {
			n.round(s, count+1, p, s.inner, rest)
		}
	}
	if s.group != nil {
		n.stages2(s.group, 0, p, how, taken)
		return
	}
	n.candidates(s, p, how, taken)
}

// candidates calls taken for each event that the stage may take next.
func (n *naive) candidates(s specStage, p place, how string, taken func(place)) {
	free := false
	for j := p.last() + 1; j < len(n.events); j++ {
		start := len(p.taken) == 0
		ended, guarded := n.guarded(p, j)
		free = ended || free && !start
		guarded = guarded && !free
		if !start && (n.expired(p, j) || j == p.last()+1 && n.any(p.gates, j)) {
			return
		}
		until := s.until != "" && n.events[j].name[0] == s.until[0]
		fits := !until && n.takes(s, j, p) && !guarded
		tooLate := !start && s.previous > 0 && n.events[j].at-n.events[p.last()].at >= s.previous
		if fits && !tooLate {
			taken(place{taken: append(slices.Clone(p.taken), j), names: append(slices.Clone(p.names), s.name)})
		}
		if start {
			continue
		}
		if until || tooLate || how == "next" || how != "followedByAny" && n.takes(s, j, p) || n.any(p.nots, j) || guarded {
			return
		}
	}
}

// guarded reports whether a greedy stage before would take an event, and whether one of them is at its end.
func (n *naive) guarded(p place, j int) (ended, guarded bool) {
	for _, g := range p.greedy {
		ended = ended || g.until != "" && n.events[j].name[0] == g.until[0]
		guarded = guarded || n.takes(g, j, p)
	}
	return ended, guarded
}

func (n *naive) expired(p place, j int) bool {
	return n.within > 0 && n.events[j].at-n.events[p.taken[0]].at >= n.within
}

// complete notes a match, if what must not come behind it does not.
func (n *naive) complete(p place) {
	if len(p.taken) == 0 {
		return
	}
	f := found{p.taken, p.names, p.last()}
	if len(p.gates) > 0 {
		f.done = p.last() + 1
		if f.done >= len(n.events) || n.expired(p, f.done) || n.any(p.gates, f.done) {
			return
		}
	}
	if n.stages[len(n.stages)-1].how == "notFollowedBy" {
		for j := p.last() + 1; j < len(n.events) && !n.expired(p, j); j++ {
			if n.any(p.nots[len(p.nots)-1:], j) {
				return
			}
		}
		f.done = len(n.events)
	}
	if !slices.ContainsFunc(n.all, func(o found) bool { return slices.Equal(o.taken, f.taken) && slices.Equal(o.names, f.names) }) {
		n.all = append(n.all, f)
	}
}

func (n *naive) text(f found) string {
	var b strings.Builder
	for i, j := range f.taken {
		fmt.Fprintf(&b, "%s:%s ", f.names[i], n.events[j].name)
	}
	return strings.TrimSpace(b.String())
}
