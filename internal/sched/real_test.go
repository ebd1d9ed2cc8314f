package sched_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/sched"
)

// stepper is a piece of work made of functions; what is nil does nothing.
type stepper struct {
	sched.Parker
	step     func() sched.Status
	deadline func() int64
	closed   atomic.Int32
	steps    uint64
}

func (s *stepper) Step() sched.Status {
	s.steps++
	return s.step()
}

func (s *stepper) Deadline() int64 {
	if s.deadline == nil {
		return 0
	}
	return s.deadline()
}

func (s *stepper) Park() *sched.Parker { return &s.Parker }
func (s *stepper) Close()              { s.closed.Add(1) }
func (s *stepper) Progress() uint64    { return s.steps }

// machine is the clock of the machine.
type machine struct{}

func (machine) Now() int64 { return time.Now().UnixNano() }

// TestNoLostWakeUp sends tokens round a ring of steppers: each sleeps unless it has one, so one wake-up that is
// lost stops the ring for ever.
func TestNoLostWakeUp(t *testing.T) {
	const ring, tokens, laps = 4, 2, 3000
	boxes := make([]atomic.Int64, ring)
	all := make([]*stepper, ring)
	var passed [ring]int64
	var over atomic.Bool
	for i := range ring {
		all[i] = &stepper{step: func() sched.Status {
			n := boxes[i].Swap(0)
			passed[i] += n
			if passed[i] >= tokens*laps {
				over.Store(true)
				for _, s := range all {
					s.Wake()
				}
			}
			if over.Load() {
				return sched.Done
			}
			if n > 0 {
				boxes[(i+1)%ring].Add(n)
				all[(i+1)%ring].Wake()
			}
			return sched.Blocked
		}}
	}
	boxes[0].Store(tokens)
	g := sched.Group{Clock: machine{}}
	g.Start(all[0], all[1], all[2], all[3])
	g.Wait()
	for i, s := range all {
		require.Equal(t, int32(1), s.closed.Load(), "stepper %d", i)
	}
}

// TestWakeMeetsDeadline lets wakers and timers race for the same sleeper: whoever wins, every wake-up is answered
// by a step behind it.
func TestWakeMeetsDeadline(t *testing.T) {
	const rounds = 2000
	var asked, answered atomic.Int64
	var clock machine
	reply := make(chan struct{}, 1)
	random := rand.New(rand.NewPCG(1, 2))
	s := &stepper{}
	s.step = func() sched.Status {
		if a := asked.Load(); a > answered.Load() {
			answered.Store(a)
			reply <- struct{}{}
			if a == rounds {
				return sched.Done
			}
		}
		return sched.Blocked
	}
	s.deadline = func() int64 { return clock.Now() + random.Int64N(int64(20*time.Microsecond)) }
	g := sched.Group{Clock: clock}
	g.Start(s)
	for range rounds {
		asked.Add(1)
		s.Wake()
		<-reply
	}
	g.Wait()
	require.Equal(t, int64(rounds), answered.Load())
}

// Many wakers, one sleeper: nothing is lost and nobody blocks.
func TestManyWakers(t *testing.T) {
	const wakers, each = 4, 2000
	var sent, got atomic.Int64
	s := &stepper{}
	s.step = func() sched.Status {
		if got.Add(sent.Swap(0)) == wakers*each {
			return sched.Done
		}
		return sched.Blocked
	}
	g := sched.Group{Clock: machine{}}
	g.Start(s)
	var wg sync.WaitGroup
	for range wakers {
		wg.Go(func() {
			for range each {
				sent.Add(1)
				s.Wake()
			}
		})
	}
	wg.Wait()
	g.Wait()
	require.Equal(t, int64(wakers*each), got.Load())
	s.Wake() // after the end it does nothing
}

// With a deadline a stepper sleeps until then, not longer and not shorter, and a wake-up comes before it.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		s := &stepper{}
		s.step = func() sched.Status {
			at = append(at, time.Since(began))
			if len(at) == 4 {
				return sched.Done
			}
			return sched.Blocked
		}
		s.deadline = func() int64 { return time.Now().Add(time.Hour).UnixNano() }
		g := sched.Group{Clock: machine{}}
		g.Start(s)
		synctest.Wait()
		time.Sleep(90 * time.Minute)
		s.Wake()
		g.Wait()
		require.Equal(t, []time.Duration{0, time.Hour, 90 * time.Minute, 150 * time.Minute}, at)
	})
}

// A deadline in the past is over at once.
func TestPastDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s := &stepper{deadline: func() int64 { return 1 }}
		s.step = func() sched.Status {
			if n++; n == 3 {
				return sched.Done
			}
			return sched.Blocked
		}
		g := sched.Group{Clock: machine{}}
		g.Start(s)
		g.Wait()
		require.Equal(t, 3, n)
	})
}

func TestGroupRunsJobs(t *testing.T) {
	g := sched.Group{Clock: machine{}}
	var n atomic.Int32
	g.Go("outer", func() { g.Go("inner", func() { n.Add(1) }); n.Add(1) })
	g.Wait()
	require.Equal(t, int32(2), n.Load())
}
