package state

import "sync"

// work is a piece of background work that is done in steps.
type work interface {
	// step does a bounded part and says whether that was the last.
	step() (done bool)
	// stop ends the work early; step is not called again.
	stop(err error)
}

// worker runs the background work of a backend: strictly in the order queued, one step a job of the executor.
//
// Locks: run is held while a step runs, so that Close can wait for it; mu only for a look at the queue, never while
// run is waited for.
type worker struct {
	executor Executor
	run      sync.Mutex
	mu       sync.Mutex
	queue    []work
	posted   bool
	closed   bool
}

func (w *worker) add(name string, job work) {
	w.mu.Lock()
	closed := w.closed
	if !closed {
		w.queue = append(w.queue, job)
	}
	post := !closed && !w.posted
	w.posted = w.posted || post
	w.mu.Unlock()
	switch {
	case closed:
		job.stop(ErrClosed)
	case post:
		w.post(name)
	}
}

func (w *worker) post(name string) {
	w.executor.Go(name, func() {
		if w.stepOne() {
			w.post(name)
		}
	})
}

// stepOne does one step of the first work in the queue and says whether there is more to do.
func (w *worker) stepOne() (more bool) {
	w.run.Lock()
	defer w.run.Unlock()
	job := w.first()
	if job == nil {
		return false
	}
	if job.step() {
		w.mu.Lock()
		w.queue = w.queue[1:]
		w.mu.Unlock()
	}
	return w.first() != nil
}

func (w *worker) first() work {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.queue) == 0 {
		w.posted = false
		return nil
	}
	return w.queue[0]
}

// close stops all work. When it returns, no step runs and none will.
func (w *worker) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.run.Lock()
	defer w.run.Unlock()
	for _, job := range w.queue {
		job.stop(ErrClosed)
	}
	w.queue = nil
}
