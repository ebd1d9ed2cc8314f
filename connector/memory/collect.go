package memory

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/turgo-io/turgo/operator"
)

// ErrPayload says that a restored checkpoint holds something else than what this sink put there.
var ErrPayload = errors.New("memory: the restored checkpoint was not written by this sink")

// Collector is a sink that keeps values. Collect and Committed make one. It may be used by several subtasks
// and read at any time.
type Collector[T any] struct {
	twoPhase bool

	mu      sync.Mutex
	values  []T
	writers uint64      // opened so far: each has a number of its own
	staged  []staged[T] // prepared, in order
}

// staged is what a writer has prepared for one checkpoint.
type staged[T any] struct {
	writer     uint64
	sink       string // job and operator: a collector may be the sink of several
	subtask    int
	checkpoint int64
	values     []T
}

// Collect returns a sink whose values are there at once: at least once, as a restarted job gives some again.
func Collect[T any]() *Collector[T] { return &Collector[T]{} }

// Committed returns a sink that shows values when their checkpoint is durable: exactly once.
func Committed[T any]() *Collector[T] { return &Collector[T]{twoPhase: true} }

// Values returns a copy of the values so far: those of one subtask in order, those of several mixed.
func (c *Collector[T]) Values() []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.values)
}

// Len returns how many values there are.
func (c *Collector[T]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.values)
}

// Reset forgets all values, also those that wait for a commit.
func (c *Collector[T]) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values, c.staged = nil, nil
}

// Name returns "collect".
func (c *Collector[T]) Name() string { return "collect" }

// Validate reports nothing: every collector works.
func (c *Collector[T]) Validate() error { return nil }

// Guarantee is AtLeastOnce for Collect and ExactlyOnce for Committed.
func (c *Collector[T]) Guarantee() operator.Guarantee {
	if c.twoPhase {
		return operator.ExactlyOnce
	}
	return operator.AtLeastOnce
}

// Writer returns the writer of one subtask. That of Committed first commits what the restored checkpoint
// promised, and drops what later ones had prepared.
func (c *Collector[T]) Writer(ctx operator.Context) (operator.Writer[T], error) {
	if !c.twoPhase {
		return collectWriter[T]{c}, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e := ctx.Env()
	if err := c.recommit(e.Payloads); err != nil {
		return nil, err
	}
	sink := e.Job + "/" + e.ID
	c.staged = slices.DeleteFunc(c.staged, func(s staged[T]) bool { // others may be at work already
		return s.sink == sink && s.subtask%e.Parallelism == e.Subtask && s.checkpoint > e.Restored
	})
	c.writers++
	return &commitWriter[T]{to: c, id: c.writers, sink: sink, subtask: e.Subtask}, nil
}

// recommit commits what the payloads promise. What was committed before is staged no more.
func (c *Collector[T]) recommit(payloads [][]byte) error {
	for _, p := range payloads {
		writer, n := binary.Uvarint(p)
		if n <= 0 {
			return fmt.Errorf("%w: payload %x", ErrPayload, p)
		}
		checkpoint, m := binary.Uvarint(p[n:])
		if m <= 0 || n+m != len(p) {
			return fmt.Errorf("%w: payload %x", ErrPayload, p)
		}
		c.show(writer, int64(checkpoint))
	}
	return nil
}

// show makes what a writer prepared up to a checkpoint visible. mu is held.
func (c *Collector[T]) show(writer uint64, checkpoint int64) {
	c.staged = slices.DeleteFunc(c.staged, func(s staged[T]) bool {
		due := s.writer == writer && s.checkpoint <= checkpoint
		if due {
			c.values = append(c.values, s.values...)
		}
		return due
	})
}

// collectWriter shows values at once.
type collectWriter[T any] struct{ to *Collector[T] }

// Write shows a value.
func (w collectWriter[T]) Write(_ int64, v *T) error {
	w.to.mu.Lock()
	defer w.to.mu.Unlock()
	w.to.values = append(w.to.values, *v)
	return nil
}

// Flush has nothing to do: nothing is held back.
func (w collectWriter[T]) Flush() error { return nil }

// Prepare is done at once.
func (w collectWriter[T]) Prepare(_ int64, done func([]byte, error)) { done(nil, nil) }

// Commit has nothing to do.
func (w collectWriter[T]) Commit(int64) error { return nil }

// Close has nothing to do.
func (w collectWriter[T]) Close() error { return nil }

// commitWriter shows values at their commit.
type commitWriter[T any] struct {
	to      *Collector[T]
	id      uint64
	sink    string
	subtask int
	pending []T
}

// Write keeps a value for the next Prepare.
func (w *commitWriter[T]) Write(_ int64, v *T) error {
	w.pending = append(w.pending, *v)
	return nil
}

// Flush sends nothing: values are shown by Commit alone.
func (w *commitWriter[T]) Flush() error { return nil }

// Prepare stages what was written. The payload names the writer and the checkpoint: all that it staged up
// to there, so that a checkpoint which failed in between is part of it.
func (w *commitWriter[T]) Prepare(checkpoint int64, done func([]byte, error)) {
	w.to.mu.Lock()
	if len(w.pending) > 0 {
		w.to.staged = append(w.to.staged, staged[T]{w.id, w.sink, w.subtask, checkpoint, w.pending})
		w.pending = nil
	}
	w.to.mu.Unlock()
	done(binary.AppendUvarint(binary.AppendUvarint(nil, w.id), uint64(checkpoint)), nil)
}

// Commit shows what was staged up to the checkpoint.
func (w *commitWriter[T]) Commit(checkpoint int64) error {
	w.to.mu.Lock()
	defer w.to.mu.Unlock()
	w.to.show(w.id, checkpoint)
	return nil
}

// Close drops what was not prepared.
func (w *commitWriter[T]) Close() error { return nil }
