package sched

import (
	"context"
	"sync"
	"time"
)

// Clock tells the time, in nanoseconds since the Unix epoch.
type Clock interface{ Now() int64 }

// Group drives steppers by a goroutine each, and runs background jobs. It owns those goroutines:
// Wait returns when all have ended.
type Group struct {
	Clock Clock
	wg    sync.WaitGroup
}

// Start drives the steppers.
func (g *Group) Start(all ...Stepper) {
	woken := make([]chan struct{}, len(all))
	for i, s := range all { // before any runs: they wake each other
		woken[i] = make(chan struct{}, 1)
		s.Park().resume = func() { woken[i] <- struct{}{} }
	}
	for i, s := range all {
		g.wg.Go(func() { g.drive(s, woken[i]) })
	}
}

// Go runs a background job.
func (g *Group) Go(_ string, job func()) { g.wg.Go(job) }

// Wait waits for all steppers and jobs.
func (g *Group) Wait() { g.wg.Wait() }

func (g *Group) drive(s Stepper, woken <-chan struct{}) {
	defer s.Close()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		switch s.Step() {
		case Done:
			return
		case Blocked:
			g.wait(s, woken, timer)
		}
	}
}

// wait parks until the stepper is woken or its deadline is there.
func (g *Group) wait(s Stepper, woken <-chan struct{}, timer *time.Timer) {
	p := s.Park()
	if !p.park() {
		return
	}
	if at := s.Deadline(); at != 0 {
		timer.Reset(max(0, time.Duration(at-g.Clock.Now())))
		select {
		case <-woken:
		case <-timer.C:
			if p.unpark() {
				return
			}
			<-woken // the waker that won the race has sent, or will
		}
	} else {
		<-woken
	}
	p.state.Store(running)
}

// Sleep waits for d, or until ctx ends.
func (g *Group) Sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
