package sql

import (
	"errors"
	"fmt"
	"time"

	"github.com/turgo-io/turgo/operator"
)

// writer gathers the rows of one subtask.
type writer[T any] struct {
	fill     func(r *Row, v *T)
	target   *target
	queue    *queue
	clock    operator.Clock
	order    []int // of a record's columns, see arrange
	maxBytes int
	limit    int // of bytes here: with ExactlyOnce maxBytes, else what is worth a transaction
	every    int64

	row     Row
	ordered []byte
	current *batch
	sent    int64 // when rows were last handed to the database
	sentOff bool  // some were, and Write has not yet looked how many wait

	// With ExactlyOnce: prepared and not committed, in order of their checkpoints.
	prepared      []promise
	preparedBytes int
}

// sendBytes is how many bytes of rows make a transaction between checkpoints.
const sendBytes = 8 << 20

func newWriter[T any](s Sink[T], c operator.Context, t *target, order []int) *writer[T] {
	e := c.Env()
	w := &writer[T]{
		fill: s.Row, target: t, queue: newQueue(t, e.Subtask, e.Executor), clock: e.Clock, order: order,
		maxBytes: s.MaxBytes, every: int64(s.Every), sent: e.Clock.Now(),
	}
	if w.maxBytes == 0 {
		w.maxBytes = 256 << 20
	}
	w.limit = w.maxBytes
	if !t.exactly {
		w.limit = min(w.maxBytes, sendBytes)
	}
	if w.every <= 0 {
		w.every = int64(time.Second)
	}
	w.current = w.queue.batch()
	return w
}

// Write adds a row. An ErrRow is permanent: a restart would meet the record again.
func (w *writer[T]) Write(_ int64, v *T) error {
	w.row.reset()
	w.fill(&w.row, v)
	if err := w.checkRow(); err != nil {
		return operator.Permanent(err)
	}
	row, keyLen := w.row.arrange(w.ordered[:0], w.order, w.target.layout.keys)
	w.ordered = row
	w.current.put(row, keyLen)
	if w.current.size()+w.preparedBytes < w.limit && !w.sentOff {
		return nil
	}
	return w.bound()
}

func (w *writer[T]) checkRow() error {
	if w.row.err != nil {
		return w.row.err
	}
	if len(w.row.ends) != len(w.order) {
		return fmt.Errorf("%w: Row put %d columns, Columns names %d", ErrRow, len(w.row.ends), len(w.order))
	}
	for i, from := range w.order[:w.target.layout.keys] {
		if w.row.column(from)[0] == tagNull {
			return fmt.Errorf("%w: the key column %q is NULL: databases take NULLs for different", ErrRow, w.target.layout.columns[i])
		}
	}
	return nil
}

// bound keeps the memory of rows within bounds. It is called when the rows here have grown, and when some have
// been handed to the database.
func (w *writer[T]) bound() error {
	w.sentOff = false
	here := w.current.size() + w.preparedBytes
	switch {
	case here < w.limit:
	case w.target.exactly:
		return fmt.Errorf("%w: %d bytes, at most %d; take checkpoints more often, give a Key, or raise MaxBytes", ErrFull, here, w.maxBytes)
	default:
		w.send(nil)
	}
	waiting, _, err := w.queue.state()
	if waiting > w.maxBytes {
		return w.queue.wait()
	}
	return err
}

// send hands the rows so far to the queue.
func (w *writer[T]) send(done func(error)) {
	w.queue.put(job{promise: promise{batch: w.current}, done: done})
	w.current = w.queue.batch()
	w.sent, w.sentOff = w.clock.Now(), true
}

// Flush sends the rows if the database is idle and the last ones went long enough ago. With ExactlyOnce rows wait
// for their checkpoint.
func (w *writer[T]) Flush() error {
	_, idle, err := w.queue.state()
	if err != nil || w.target.exactly || len(w.current.rows) == 0 {
		return err
	}
	if idle && w.clock.Now()-w.sent >= w.every {
		w.send(nil)
	}
	return nil
}

// Prepare sends the rows and is done when they are in the database; with ExactlyOnce it puts them, and all that
// are not in the database yet, into the checkpoint.
func (w *writer[T]) Prepare(checkpoint int64, done func([]byte, error)) {
	if !w.target.exactly {
		w.send(func(err error) { done(nil, err) })
		return
	}
	if _, _, err := w.queue.state(); err != nil {
		done(nil, err)
		return
	}
	if len(w.current.rows) > 0 {
		w.prepared = append(w.prepared, promise{checkpoint, w.current})
		w.preparedBytes += w.current.size()
		w.current = w.queue.batch()
	}
	done(w.queue.payload(w.prepared), nil)
}

// Commit sends the rows of the checkpoint, and of those before it that failed.
func (w *writer[T]) Commit(checkpoint int64) error {
	for len(w.prepared) > 0 && w.prepared[0].checkpoint <= checkpoint {
		w.preparedBytes -= w.prepared[0].size()
		w.queue.put(job{promise: w.prepared[0]})
		w.prepared = w.prepared[1:]
		w.sentOff = true
	}
	_, _, err := w.queue.state()
	return err
}

// Close waits until what was committed is in the database.
func (w *writer[T]) Close() error { return errors.Join(w.queue.wait(), w.target.close()) }
