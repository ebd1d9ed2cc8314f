package sched

import (
	"errors"
	"math"
	"time"
)

// ErrDeadlock ends a simulation in which nothing can run, nothing has a deadline, and some stepper is not done.
var ErrDeadlock = errors.New("sched: deadlock: no step can run and no deadline is set")

// Sim drives steppers and background jobs from the goroutine that calls Run. It is also their
// clock. Nothing of it may be used from another goroutine.
type Sim struct {
	seed     uint64
	now      int64
	runnable []*simEntry
	waiting  []*simEntry // blocked with a deadline, in no order
	live     int
	ids      uint64
	next     int64 // the earliest deadline in waiting, MaxInt64 if there is none
	trace    uint64
	steps    int

	// Before is called before each step with its number, if it is not nil; false stops Run there. It is
	// the place for a crash.
	Before func(step int) bool

	// StepTime is the most that one step moves the clock, in nanoseconds: work takes time, or nothing that
	// waits would ever interrupt it. The seed chooses how much each step takes.
	StepTime int64
}

type simEntry struct {
	id      uint64
	stepper Stepper
	job     func() // or this
	at      int64
	place   int // in waiting, -1 if not there
}

// NewSim returns a simulation whose clock begins at now.
func NewSim(seed uint64, now int64) *Sim {
	return &Sim{seed: seed, now: now, next: math.MaxInt64, StepTime: 20_000}
}

// Now returns the virtual time.
func (s *Sim) Now() int64 { return s.now }

// Advance moves the virtual time.
func (s *Sim) Advance(d time.Duration) { s.now += int64(d) }

// Steps returns how many steps were taken.
func (s *Sim) Steps() int { return s.steps }

// Trace returns the hash of all steps taken: who stepped, what it came to, how far it had got.
func (s *Sim) Trace() uint64 { return s.trace }

// Start adds steppers.
func (s *Sim) Start(all ...Stepper) {
	for _, st := range all {
		s.ids++
		e := &simEntry{id: s.ids, stepper: st, place: -1}
		st.Park().resume = func() { s.wake(e) }
		s.runnable = append(s.runnable, e)
		s.live++
	}
}

// Go adds a background job: one step, at a moment that the seed chooses.
func (s *Sim) Go(_ string, job func()) {
	s.runnable = append(s.runnable, &simEntry{id: 1 << 63, job: job, place: -1})
}

func (s *Sim) wake(e *simEntry) {
	s.unwait(e)
	e.stepper.Park().state.Store(running)
	s.runnable = append(s.runnable, e)
}

func (s *Sim) unwait(e *simEntry) {
	if e.place < 0 {
		return
	}
	last := s.waiting[len(s.waiting)-1]
	s.waiting[e.place], last.place = last, e.place
	s.waiting = s.waiting[:len(s.waiting)-1]
	e.place = -1
}

// Run steps until every stepper is done, Before stops it, or nothing can run.
func (s *Sim) Run() error {
	for s.live > 0 || len(s.runnable) > 0 {
		if len(s.runnable) == 0 || s.now >= s.next {
			s.advance()
		}
		if len(s.runnable) == 0 { // no deadline was left: next may have been one that a wake-up made void
			return ErrDeadlock
		}
		if s.Before != nil && !s.Before(s.steps) {
			return nil
		}
		s.step(int(s.random(uint64(len(s.runnable)))))
	}
	return nil
}

// random returns a number below n.
func (s *Sim) random(n uint64) uint64 {
	s.seed += 0x9E3779B97F4A7C15
	return (Mix(s.seed) >> 32) * n >> 32
}

func (s *Sim) step(i int) {
	e := s.runnable[i]
	s.steps++
	if s.StepTime > 0 {
		s.now += int64(s.random(uint64(s.StepTime)))
	}
	if e.job != nil {
		s.take(i)
		s.note(e.id, Done, 0)
		e.job()
		return
	}
	status := e.stepper.Step()
	s.note(e.id, status, e.stepper.Progress())
	switch status {
	case Done:
		s.take(i)
		s.live--
		e.stepper.Close()
	case Blocked:
		s.block(i, e)
	}
}

// take removes runnable i. Steps before it may have appended, so i is still its place.
func (s *Sim) take(i int) {
	last := len(s.runnable) - 1
	s.runnable[i] = s.runnable[last]
	s.runnable = s.runnable[:last]
}

func (s *Sim) block(i int, e *simEntry) {
	if !e.stepper.Park().park() {
		return
	}
	s.take(i)
	if e.at = e.stepper.Deadline(); e.at != 0 {
		e.place = len(s.waiting)
		s.waiting = append(s.waiting, e)
		s.next = min(s.next, e.at)
	}
}

// advance makes those runnable whose time has come; if nothing else can run, it moves the clock to the
// earliest of them first.
func (s *Sim) advance() {
	s.next = math.MaxInt64
	for _, e := range s.waiting {
		s.next = min(s.next, e.at)
	}
	if len(s.runnable) == 0 && s.next != math.MaxInt64 {
		s.now = max(s.now, s.next)
	}
	s.next = math.MaxInt64
	for i := 0; i < len(s.waiting); {
		e := s.waiting[i]
		if e.at <= s.now {
			s.wake(e) // moves the last one to place i
			continue
		}
		s.next = min(s.next, e.at)
		i++
	}
}

func (s *Sim) note(id uint64, status Status, progress uint64) {
	s.trace = Mix(s.trace ^ Mix(id) ^ uint64(status)<<48 ^ progress)
}

// Mix is the finalizer of SplitMix64: a bijection that spreads every bit.
func Mix(z uint64) uint64 {
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
	z = (z ^ (z >> 27)) * 0x94D049BB133111EB
	return z ^ (z >> 31)
}
