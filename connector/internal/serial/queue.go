package serial

import "sync"

// Executor is where queues find goroutines: an operator.Executor.
type Executor interface {
	Go(name string, job func())
}

// Queue runs jobs one at a time, in order.
type Queue struct {
	name     string
	executor Executor

	mu   sync.Mutex
	jobs []func()
	busy bool // someone drains
	idle sync.Cond
}

// New returns a queue whose background work has this name.
func New(e Executor, name string) *Queue {
	q := &Queue{name: name, executor: e}
	q.idle.L = &q.mu
	return q
}

// Put adds a job.
func (q *Queue) Put(job func()) {
	q.mu.Lock()
	first := len(q.jobs) == 0 && !q.busy
	q.jobs = append(q.jobs, job)
	q.mu.Unlock()
	if first {
		q.executor.Go(q.name, q.drain)
	}
}

// drain runs jobs until there is none, unless someone does already.
func (q *Queue) drain() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy {
		return
	}
	q.busy = true
	for len(q.jobs) > 0 {
		job := q.jobs[0]
		q.jobs[0], q.jobs = nil, q.jobs[1:]
		q.mu.Unlock()
		job()
		q.mu.Lock()
	}
	q.busy = false
	q.idle.Broadcast()
}

// Wait runs what has not begun, or waits for who does.
func (q *Queue) Wait() {
	q.drain()
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.busy {
		q.idle.Wait()
	}
}
