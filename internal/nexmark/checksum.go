package nexmark

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/turgo-io/turgo/operator"
)

// Row is the hash of a result row so far. The zero value is that of no field.
type Row uint64

// With adds a field.
func (h Row) With(v int64) Row { return Row(mix64((uint64(h) ^ uint64(v)) + gamma)) }

// Text adds a field by its FNV-1a hash.
func (h Row) Text(s string) Row {
	f := uint64(0xcbf29ce484222325)
	for i := range len(s) {
		f = (f ^ uint64(s[i])) * 0x100000001b3
	}
	return h.With(int64(f))
}

// Sum is what came of a query: how many rows, and the wrapping sum of their hashes.
type Sum struct {
	Rows uint64
	Hash uint64
}

// String is the form that results are published in.
func (s Sum) String() string { return fmt.Sprintf("%d rows, checksum %016x", s.Rows, s.Hash) }

// Add adds a row.
func (s *Sum) Add(h Row) {
	s.Rows++
	s.Hash += uint64(h)
}

func (s *Sum) add(o Sum) {
	s.Rows += o.Rows
	s.Hash += o.Hash
}

// Total is what a job has put out, as of its newest durable checkpoint; the last one holds everything. The zero value is
// ready. It may be read at any time, and outlives restarts.
type Total struct {
	mu    sync.Mutex
	parts []Sum // by subtask
}

// Get returns the sum over all subtasks.
func (t *Total) Get() (all Sum) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.parts {
		all.add(p)
	}
	return all
}

// begin sets the part of a subtask and drops those of subtasks that are no more.
func (t *Total) begin(subtask, parallelism int, s Sum) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.parts) < parallelism {
		t.parts = append(t.parts, Sum{})
	}
	t.parts = t.parts[:parallelism]
	t.parts[subtask] = s
}

func (t *Total) set(subtask int, s Sum) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parts[subtask] = s
}

// checksum is a sink that sums up rows. Each writer's sum over the whole life of the job is in every checkpoint, so that
// nothing is counted twice.
type checksum[T any] struct {
	total *Total
	row   func(*T) Row
}

// ErrPayload says that a checkpoint holds something else than what this sink put there.
var ErrPayload = errors.New("nexmark: the restored checkpoint was not written by this sink")

// Name implements operator.Sink.
func (checksum[T]) Name() string { return "checksum" }

// Validate implements operator.Sink.
func (c checksum[T]) Validate() error {
	if c.total == nil || c.row == nil {
		return errors.New("nexmark: a checksum needs a total and the fields of a row")
	}
	return nil
}

// Guarantee implements operator.Sink.
func (checksum[T]) Guarantee() operator.Guarantee { return operator.ExactlyOnce }

// Writer implements operator.Sink.
func (c checksum[T]) Writer(x operator.Context) (operator.Writer[T], error) {
	w := &sumWriter[T]{checksum: c, subtask: x.Subtask()}
	for _, p := range x.Env().Payloads {
		if len(p) != 16 {
			return nil, fmt.Errorf("%w: %d bytes", ErrPayload, len(p))
		}
		w.sum.add(Sum{binary.BigEndian.Uint64(p), binary.BigEndian.Uint64(p[8:])})
	}
	c.total.begin(w.subtask, x.Parallelism(), w.sum)
	return w, nil
}

type sumWriter[T any] struct {
	checksum[T]
	subtask  int
	sum      Sum
	prepared []prepared
}

// prepared is the sum at a checkpoint that is not durable yet.
type prepared struct {
	checkpoint int64
	sum        Sum
}

// Write implements operator.Writer.
func (w *sumWriter[T]) Write(_ int64, v *T) error {
	w.sum.Add(w.row(v))
	return nil
}

// Flush implements operator.Writer.
func (w *sumWriter[T]) Flush() error { return nil }

// Prepare implements operator.Writer: the payload is rows and hash, 8 bytes each, big-endian.
func (w *sumWriter[T]) Prepare(n int64, done func([]byte, error)) {
	w.prepared = append(w.prepared, prepared{n, w.sum})
	p := binary.BigEndian.AppendUint64(nil, w.sum.Rows)
	done(binary.BigEndian.AppendUint64(p, w.sum.Hash), nil)
}

// Commit implements operator.Writer.
func (w *sumWriter[T]) Commit(n int64) error {
	for len(w.prepared) > 0 && w.prepared[0].checkpoint <= n {
		w.total.set(w.subtask, w.prepared[0].sum)
		w.prepared = w.prepared[1:]
	}
	return nil
}

// Close implements operator.Writer.
func (w *sumWriter[T]) Close() error { return nil }
