package streamtest

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
)

// Collected is a sink that keeps what a stream puts out, exactly once, as a database would: what was written
// becomes visible when its checkpoint is durable. It outlives the crashes of the harness.
type Collected[T any] struct {
	h        *Harness
	visible  []operator.Record[T]
	prepared map[uint64][]operator.Record[T]
	done     map[uint64]bool
	tokens   uint64
}

// Collect ends a stream in a collecting sink.
func Collect[T any](h *Harness, s *stream.Stream[T]) *Collected[T] {
	c := &Collected[T]{h: h, prepared: map[uint64][]operator.Record[T]{}, done: map[uint64]bool{}}
	s.To(c).Name("collect")
	return c
}

// Values returns what is visible, in the order in which it was committed.
func (c *Collected[T]) Values() []T {
	all := make([]T, len(c.visible))
	for i, r := range c.visible {
		all[i] = r.Value
	}
	return all
}

// Records returns what is visible with its event times.
func (c *Collected[T]) Records() []operator.Record[T] { return c.visible }

// Exactly fails the test unless the stream put out want, in any order, each as often as it is there.
func (c *Collected[T]) Exactly(t testing.TB, want ...T) {
	t.Helper()
	if !assert.ElementsMatch(t, want, c.Values()) {
		t.Fatalf("seed %d, %d steps, %d crashes replays it", c.h.seed, c.h.steps, c.h.crashes)
	}
}

// InOrder fails the test unless the stream put out want in that order: for jobs of parallelism 1.
func (c *Collected[T]) InOrder(t testing.TB, want ...T) {
	t.Helper()
	require.Equal(t, want, c.Values(), "seed %d, %d steps, %d crashes replays it", c.h.seed, c.h.steps, c.h.crashes)
}

// Name implements operator.Sink.
func (c *Collected[T]) Name() string { return "collect" }

// Validate implements operator.Sink.
func (c *Collected[T]) Validate() error { return nil }

// Guarantee implements operator.Sink.
func (c *Collected[T]) Guarantee() operator.Guarantee { return operator.ExactlyOnce }

// Writer implements operator.Sink. What the restored checkpoint promised is committed first.
func (c *Collected[T]) Writer(x operator.Context) (operator.Writer[T], error) {
	for _, p := range x.Env().Payloads {
		if len(p)%8 != 0 {
			return nil, fmt.Errorf("streamtest: tokens of %d bytes", len(p))
		}
		for ; len(p) > 0; p = p[8:] {
			c.commit(binary.LittleEndian.Uint64(p))
		}
	}
	return &collectWriter[T]{sink: c}, nil
}

func (c *Collected[T]) commit(token uint64) {
	if c.done[token] {
		return
	}
	c.done[token] = true
	c.visible = append(c.visible, c.prepared[token]...)
	delete(c.prepared, token)
}

type collectWriter[T any] struct {
	sink    *Collected[T]
	open    []operator.Record[T]
	waiting []promise
}

// promise is what a checkpoint holds of the writer: records under a token.
type promise struct {
	checkpoint int64
	token      uint64
}

func (w *collectWriter[T]) Write(time int64, v *T) error {
	w.open = append(w.open, operator.Record[T]{Time: time, Value: *v})
	return nil
}

func (w *collectWriter[T]) Flush() error { return nil }

func (w *collectWriter[T]) Prepare(n int64, done func([]byte, error)) {
	c := w.sink
	c.tokens++
	w.waiting = append(w.waiting, promise{n, c.tokens})
	c.prepared[c.tokens], w.open = w.open, nil
	c.h.prepared(n)
	var payload []byte
	for _, p := range w.waiting { // those of checkpoints that failed become durable with this one
		payload = binary.LittleEndian.AppendUint64(payload, p.token)
	}
	done(payload, nil)
}

func (w *collectWriter[T]) Commit(n int64) error {
	for len(w.waiting) > 0 && w.waiting[0].checkpoint <= n {
		w.sink.commit(w.waiting[0].token)
		w.waiting = w.waiting[1:]
	}
	return nil
}

func (w *collectWriter[T]) Close() error { return nil }

// prepared counts the barriers at sinks, for CrashAtBarrier.
func (h *Harness) prepared(n int64) {
	if n > h.barrier {
		h.barrier = n
		h.barriers++
		if h.plan.barriers[h.barriers] {
			h.crash = true
		}
	}
}
