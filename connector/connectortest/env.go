package connectortest

import (
	"context"
	"log/slog"
	"sync"

	"github.com/turgo-io/turgo/operator"
)

// Env returns an environment as a runtime would fill it, for one subtask of several: for tests of a connector
// that go beyond the suite.
func Env(ctx context.Context, subtask, parallelism int) *operator.Env {
	wake := make(chan struct{}, 1)
	return &operator.Env{
		Job: "job", Name: "connector", ID: "connector", Subtask: subtask, Parallelism: parallelism, MaxParallelism: 128,
		Ctx: ctx, Log: slog.New(slog.DiscardHandler), Clock: &Clock{}, Executor: &Goroutines{},
		Wake: func() {
			select {
			case wake <- struct{}{}:
			default:
			}
		},
		Task: &operator.TaskState{}, Sides: map[string]any{}, Counters: &operator.Counters{},
	}
}

// Clock is a clock that a test sets.
type Clock struct {
	mu  sync.Mutex
	now int64
}

// Now returns the time that was set.
func (c *Clock) Now() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock, forward only.
func (c *Clock) Set(now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = max(c.now, now)
}

// Goroutines runs each background job in a goroutine. Wait waits for all.
type Goroutines struct{ jobs sync.WaitGroup }

// Go starts a job.
func (g *Goroutines) Go(_ string, job func()) { g.jobs.Go(job) }

// Wait waits for the jobs that were started.
func (g *Goroutines) Wait() { g.jobs.Wait() }

// Steps keeps background jobs until RunNext or Wait runs them, in the caller's goroutine, as a simulation
// does.
type Steps struct{ jobs []func() }

// Go keeps a job.
func (s *Steps) Go(_ string, job func()) { s.jobs = append(s.jobs, job) }

// RunNext runs the oldest job, and reports whether there was one.
func (s *Steps) RunNext() bool {
	if len(s.jobs) == 0 {
		return false
	}
	job := s.jobs[0]
	s.jobs = s.jobs[1:]
	job()
	return true
}

// Wait runs all jobs, and those that they start.
func (s *Steps) Wait() {
	for s.RunNext() {
	}
}

// Executor is an operator.Executor whose jobs can be waited for: Goroutines or Steps.
type Executor interface {
	operator.Executor
	Wait()
}
