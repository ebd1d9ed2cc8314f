package kafka

import (
	"sync"
	"sync/atomic"
)

// inbox is where router and fetchers leave chunks for the task.
type inbox struct {
	full atomic.Bool // there is something in it: lets the task look without the lock
	wake func()      // makes the task step

	mu     sync.Mutex
	chunks []*chunk
	err    error
}

func (in *inbox) push(c *chunk) {
	in.mu.Lock()
	in.chunks = append(in.chunks, c)
	in.full.Store(true)
	in.mu.Unlock()
	in.wake()
}

// fail makes the task end the attempt with the first error.
func (in *inbox) fail(err error) {
	in.mu.Lock()
	if in.err == nil {
		in.err = err
	}
	in.full.Store(true)
	in.mu.Unlock()
	in.wake()
}

// take swaps the chunks for an empty slice.
func (in *inbox) take(empty []*chunk) ([]*chunk, error) {
	if !in.full.Load() {
		return empty, nil
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	chunks := in.chunks
	in.chunks = empty
	in.full.Store(in.err != nil)
	return chunks, in.err
}
