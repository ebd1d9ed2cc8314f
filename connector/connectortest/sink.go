package connectortest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
)

// SinkCase is a sink to be tested.
type SinkCase[T any] struct {
	// New returns a sink into an empty target, and how an outside reader sees the target.
	New func(t *testing.T) (sink operator.Sink[T], read func() []T)
	// Values are written, in this order; no two are equal.
	Values []T
	// Key is what an Idempotent sink keeps one value for: the last that was written. nil: the whole value.
	Key func(T) string
	// Seeds is how many random scripts are run; 0 is 40.
	Seeds int
	// OneSubtask keeps the parallelism at 1: for targets whose order over subtasks matters.
	OneSubtask bool
}

// Sink runs the suite for a sink.
func Sink[T any](t *testing.T, c SinkCase[T]) {
	t.Run("description", func(t *testing.T) {
		s, _ := c.New(t)
		require.NotEmpty(t, s.Name())
		require.NoError(t, s.Validate())
	})
	seeds := c.Seeds
	if seeds == 0 {
		seeds = 40
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { c.script(t, uint64(seed)) })
	}
}

// script runs one random life of a sink: the seed decides about writes, checkpoints, failures and crashes.
func (c SinkCase[T]) script(t *testing.T, seed uint64) {
	sink, read := c.New(t)
	l := &life[T]{t: t, sink: sink, values: c.Values, random: rand.New(rand.NewPCG(seed, 0)), trace: []string{fmt.Sprintf("seed %d", seed)}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(l.trace)
		}
	})
	for crashes := l.random.IntN(4); ; crashes-- {
		l.parallelism = 1
		if !c.OneSubtask {
			l.parallelism = 1 + l.random.IntN(3)
		}
		l.open()
		finished := l.attempt(crashes > 0)
		l.close()
		if finished {
			break
		}
	}
	c.check(t, sink.Guarantee(), read())
}

func (c SinkCase[T]) check(t *testing.T, g operator.Guarantee, got []T) {
	t.Helper()
	switch g {
	case operator.ExactlyOnce:
		require.ElementsMatch(t, c.Values, got, "exactly once")
	case operator.Idempotent:
		require.ElementsMatch(t, c.lastOfKey(), got, "the last value of each key")
	default:
		require.Subset(t, got, c.Values, "at least once")
		require.Subset(t, c.Values, got, "nothing that was not written")
	}
}

func (c SinkCase[T]) lastOfKey() (last []T) {
	if c.Key == nil {
		return c.Values
	}
	place := map[string]int{}
	for _, v := range c.Values {
		if i, ok := place[c.Key(v)]; ok {
			last[i] = v
			continue
		}
		place[c.Key(v)] = len(last)
		last = append(last, v)
	}
	return last
}

// life is what a coordinator and a source would remember of a sink's job.
type life[T any] struct {
	t      *testing.T
	sink   operator.Sink[T]
	values []T
	random *rand.Rand
	trace  []string

	at          int   // values written
	checkpoint  int64 // number of the last one begun
	parallelism int
	attempts    int
	writers     []operator.Writer[T]
	executor    Executor
	durable     durable
}

// durable is the last checkpoint that a restart would find.
type durable struct {
	number   int64
	at       int
	payloads [][]byte
}

func (l *life[T]) note(format string, args ...any) {
	l.trace = append(l.trace, fmt.Sprintf(format, args...))
}

// open starts an attempt at the last durable checkpoint. Its payloads go to any of the writers.
func (l *life[T]) open() {
	l.executor = &Goroutines{}
	if l.random.IntN(2) == 0 {
		l.executor = &Steps{}
	}
	l.at = l.durable.at
	l.note("open p=%d at=%d restored=%d", l.parallelism, l.at, l.durable.number)
	envs := make([]*operator.Env, l.parallelism)
	for i := range envs {
		envs[i] = Env(l.t.Context(), i, l.parallelism)
		envs[i].Attempt, envs[i].Restored, envs[i].Executor = l.attempts, l.durable.number, l.executor
	}
	for _, p := range l.durable.payloads {
		e := envs[l.random.IntN(l.parallelism)]
		e.Payloads = append(e.Payloads, slices.Clone(p))
	}
	l.attempts++
	l.writers = nil
	for _, e := range envs {
		w, err := l.sink.Writer(operator.NewContext(e))
		require.NoError(l.t, err)
		l.writers = append(l.writers, w)
	}
}

// attempt writes until all is written and committed, or a crash. It reports whether all was.
func (l *life[T]) attempt(mayCrash bool) bool {
	for {
		l.write(1 + l.random.IntN(max(1, len(l.values)/4)))
		last := l.at == len(l.values)
		switch fate := l.random.IntN(8); {
		case fate == 0 && mayCrash:
			l.note("crash while writing")
			return false
		case fate == 1 && mayCrash:
			l.prepare()
			l.note("crash when prepared")
			return false
		case fate == 2 && mayCrash:
			l.durable = l.prepare()
			l.note("crash when durable")
			return false
		case fate == 3 && !last:
			l.prepare()
			l.note("checkpoint failed")
		default:
			l.durable = l.prepare()
			l.commit()
			if last {
				return true
			}
		}
	}
}

// write writes the next n values, each by the writer that its place chooses.
func (l *life[T]) write(n int) {
	n = min(n, len(l.values)-l.at)
	l.note("write %d", n)
	for _, v := range l.values[l.at : l.at+n] {
		scratch := v
		require.NoError(l.t, l.writers[l.at%l.parallelism].Write(operator.NoTime, &scratch))
		var zero T
		scratch = zero // valid during the call only
		l.at++
	}
	if l.random.IntN(2) == 0 {
		for _, w := range l.writers {
			require.NoError(l.t, w.Flush())
		}
	}
	l.background()
}

// background lets some background work happen.
func (l *life[T]) background() {
	if steps, ok := l.executor.(*Steps); ok {
		for range l.random.IntN(3) {
			steps.RunNext()
		}
	}
}

// prepare sends a barrier to all writers and returns the checkpoint that it makes.
func (l *life[T]) prepare() durable {
	l.checkpoint++
	l.note("prepare %d", l.checkpoint)
	answers := make([]chan answer, len(l.writers))
	for i, w := range l.writers {
		answers[i] = make(chan answer, 1)
		w.Prepare(l.checkpoint, func(p []byte, err error) { answers[i] <- answer{slices.Clone(p), err} })
	}
	if steps, ok := l.executor.(*Steps); ok {
		steps.Wait()
	}
	d := durable{number: l.checkpoint, at: l.at}
	for _, ch := range answers {
		a := <-ch
		require.NoError(l.t, a.err)
		if a.payload != nil {
			d.payloads = append(d.payloads, a.payload)
		}
	}
	return d
}

type answer struct {
	payload []byte
	err     error
}

func (l *life[T]) commit() {
	l.note("commit %d", l.durable.number)
	for _, w := range l.writers {
		require.NoError(l.t, w.Commit(l.durable.number))
	}
	l.background()
}

func (l *life[T]) close() {
	for _, w := range l.writers {
		require.NoError(l.t, w.Close())
	}
	l.executor.Wait()
}
