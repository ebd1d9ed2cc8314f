package operatortest

import "sync"

// clock is the processing time of a run.
type clock struct{ now int64 }

func (c *clock) Now() int64 { return c.now }

// executor keeps background jobs until the run lets them go on: between steps, in the order in which they came.
type executor struct {
	mu     sync.Mutex
	jobs   []func()
	posted chan struct{} // has an element after a job has come
}

// Go keeps a job. Jobs post jobs, and operators may do so from goroutines of their own.
func (e *executor) Go(_ string, job func()) {
	e.mu.Lock()
	e.jobs = append(e.jobs, job)
	e.mu.Unlock()
	select {
	case e.posted <- struct{}{}:
	default:
	}
}

// run runs jobs until there are none.
func (e *executor) run() {
	for {
		e.mu.Lock()
		jobs := e.jobs
		e.jobs = nil
		e.mu.Unlock()
		if len(jobs) == 0 {
			return
		}
		for _, job := range jobs {
			job()
		}
	}
}

// idle reports whether no job waits.
func (e *executor) idle() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.jobs) == 0
}
