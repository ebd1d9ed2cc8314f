package streamtest

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

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
	c := NewCollected[T](h)
	c.From(s)
	return c
}

// NewCollected returns a collecting sink that no stream ends in yet: for Harness.Rebuild.
func NewCollected[T any](h *Harness) *Collected[T] {
	return &Collected[T]{h: h, prepared: map[uint64][]operator.Record[T]{}, done: map[uint64]bool{}}
}

// From ends a stream in the sink.
func (c *Collected[T]) From(s *stream.Stream[T]) *stream.Output { return s.To(c).Name("collect") }

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

// Diff is Exactly as an error, nil if there is no difference: for Explore.
func (c *Collected[T]) Diff(want ...T) error {
	got := c.Values()
	var missing []T
	for _, w := range want {
		i := slices.IndexFunc(got, func(g T) bool { return assert.ObjectsAreEqual(w, g) })
		if i < 0 {
			missing = append(missing, w)
			continue
		}
		got = slices.Delete(got, i, i+1)
	}
	if len(missing)+len(got) == 0 {
		return nil
	}
	return fmt.Errorf("streamtest: %d of %d records are missing: %v; %d are too many: %v",
		len(missing), len(want), few(missing), len(got), few(got))
}

// few is what a message shows of many.
func few[T any](all []T) []T { return all[:min(len(all), 5)] }

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
	return &collectWriter[T]{sink: c, context: x}, nil
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
	context operator.Context
	open    []operator.Record[T]
	waiting []promise
	slow    []answer
}

// promise is what a checkpoint holds of the writer: records under a token.
type promise struct {
	checkpoint int64
	token      uint64
}

// answer is one of Prepare that takes its time.
type answer struct {
	at   int64
	give func()
}

func (w *collectWriter[T]) Write(time int64, v *T) error {
	return w.sink.h.called("writing", func() {
		w.open = append(w.open, operator.Record[T]{Time: time, Value: *v})
	})
}

func (w *collectWriter[T]) Flush() error { return nil }

// Prepare puts what was written under a token. The token of a call that fails belongs to the next checkpoint, as those
// of checkpoints that fail elsewhere do.
func (w *collectWriter[T]) Prepare(n int64, done func([]byte, error)) {
	h := w.sink.h
	err := h.called("preparing", func() { w.prepare(n) })
	var payload []byte
	for _, p := range w.waiting { // those of checkpoints that failed become durable with this one
		payload = binary.LittleEndian.AppendUint64(payload, p.token)
	}
	give := func() { done(payload, err) }
	if wait, slow := h.prepared(n); slow {
		w.slow = append(w.slow, answer{w.context.Env().Clock.Now() + int64(wait), give})
		return
	}
	give()
}

func (w *collectWriter[T]) prepare(n int64) {
	c := w.sink
	c.tokens++
	w.waiting = append(w.waiting, promise{n, c.tokens})
	c.prepared[c.tokens], w.open = w.open, nil
}

func (w *collectWriter[T]) Commit(n int64) error {
	return w.sink.h.called("committing", func() {
		for len(w.waiting) > 0 && w.waiting[0].checkpoint <= n {
			w.sink.commit(w.waiting[0].token)
			w.waiting = w.waiting[1:]
		}
	})
}

// Deadline is when the earliest slow answer is due.
func (w *collectWriter[T]) Deadline() (at int64) {
	for _, a := range w.slow {
		if at == 0 || a.at < at {
			at = a.at
		}
	}
	return at
}

// Tick gives the slow answers that are due.
func (w *collectWriter[T]) Tick(now int64) error {
	waiting := w.slow
	w.slow = nil
	for _, a := range waiting {
		if a.at <= now {
			a.give()
		} else {
			w.slow = append(w.slow, a)
		}
	}
	return nil
}

func (w *collectWriter[T]) Close() error { return nil }

// called counts a call of a sink and makes it, unless the plan fails it. A process that has crashed calls nobody.
func (h *Harness) called(what string, do func()) error {
	if h.disk.crashed {
		return nil
	}
	h.calls++
	_, fails := h.due(SinkError, h.calls)
	if !fails || h.calls%2 == 0 {
		do()
	}
	if !fails {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrFault, what)
}

// prepared counts the barriers at sinks, for CrashAtBarrier, and says how long the answer takes.
func (h *Harness) prepared(n int64) (wait time.Duration, slow bool) {
	if n > h.barrier {
		h.barrier = n
		h.barriers++
		_, now := h.due(CrashBarrier, h.barriers)
		h.crash = h.crash || now
	}
	h.prepares++
	return h.due(SinkSlow, h.prepares)
}
