package operator_test

import (
	"context"
	"errors"
	"log/slog"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// harness is one task with an operator behind a KeyBy: for tests and benchmarks that want only that, without
// operatortest's modes.
type harness[K comparable, In, Out any] struct {
	env     *operator.Env
	keys    *state.Keys[K]
	key     *operator.KeyBy[K, In]
	op      operator.Operator[In, Out]
	backend *state.Backend
	out     sink[Out]
}

// sink counts what comes, and keeps it if keep is set. Like an operator with user code it says that it runs.
type sink[T any] struct {
	task  *operator.TaskState
	n     int
	marks []operator.Mark
	keep  bool
	recs  []operator.Record[T]
}

func (s *sink[T]) Push(time int64, v *T) error {
	if s.task != nil {
		s.task.Operator = 99
	}
	if s.n++; s.keep {
		s.recs = append(s.recs, operator.Record[T]{Time: time, Value: *v})
	}
	return nil
}

func (s *sink[T]) Mark(m operator.Mark) error {
	if s.keep {
		s.marks = append(s.marks, m)
	}
	return nil
}

// fixedClock stands still unless it is set.
type fixedClock int64

func (c *fixedClock) Now() int64 { return int64(*c) }

func newEnv(b *state.Backend) *operator.Env {
	return &operator.Env{
		Job: "job", Name: "op", ID: "id", Parallelism: 1, MaxParallelism: state.DefaultMaxParallelism,
		Ctx: context.Background(), Log: slog.New(slog.DiscardHandler), Clock: new(fixedClock), Wake: func() {},
		Backend: b, Scope: b.Operator("id"), Index: 1, Sides: map[string]any{},
		Task: &operator.TaskState{Watermark: operator.NoTime}, Counters: &operator.Counters{},
	}
}

func newHarness[K comparable, In, Out any](t require.TestingT, key func(In) K, f operator.Factory[In, Out], watch int) *harness[K, In, Out] {
	b, err := state.OpenBackend(state.Options{})
	require.NoError(t, err)
	keys, err := state.NewKeys[K](b)
	require.NoError(t, err)
	h := &harness[K, In, Out]{env: newEnv(b), keys: keys, key: operator.NewKeyBy(key, keys), op: f.New(), backend: b}
	h.out.keep, h.out.task = watch > 0, h.env.Task
	h.env.Keys, h.env.Scope = keys, keys.Operator("id")
	c := operator.NewContext(h.env)
	require.NoError(t, h.op.Open(c, &h.out))
	require.NoError(t, h.key.Open(c, h.op))
	require.NoError(t, b.Start())
	return h
}

func (h *harness[K, In, Out]) push(time int64, v In) error {
	return errors.Join(h.key.Push(time, &v), h.backend.Err())
}

func (h *harness[K, In, Out]) watermark(w int64) error {
	h.env.Task.Watermark = w
	return h.key.Mark(operator.Mark{Kind: operator.Watermark, Value: w})
}

func (h *harness[K, In, Out]) values() (all []Out) {
	for _, r := range h.out.recs {
		all = append(all, r.Value)
	}
	return all
}

func (h *harness[K, In, Out]) close() error {
	return errors.Join(h.key.Close(), h.op.Close(), h.backend.Close())
}

// backendFor returns the environment of an operator without keys.
func backendFor(t require.TestingT) (*state.Backend, *operator.Env) {
	b, err := state.OpenBackend(state.Options{})
	require.NoError(t, err)
	return b, newEnv(b)
}
