package cep_test

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/cep"
	"github.com/turgo-io/turgo/state"
)

// rig runs a pattern over events of one key.
type rig struct {
	op       operator.Operator[string, string]
	env      *operator.Env
	keys     *state.Keys[int]
	key      int // of the events
	backend  *state.Backend
	matches  []string
	timedOut []string
	plain    []string // matches without their stages
}

type port[T any] struct{ take func(T) }

func (p port[T]) Push(_ int64, v *T) error { p.take(*v); return nil }
func (p port[T]) Mark(operator.Mark) error { return nil }

func text(m cep.Match[string]) string {
	var b strings.Builder
	for i, e := range m.Events() {
		fmt.Fprintf(&b, "%s:%s ", m.Stage(i), e)
	}
	return strings.TrimSpace(b.String())
}

type failer interface {
	require.TestingT
	Helper()
}

func newRig(t failer, p *cep.Pattern[string]) *rig {
	t.Helper()
	return newRigOf(t, cep.NewLive(p))
}

func newRigOf(t failer, p *cep.Live[string]) *rig {
	t.Helper()
	r := &rig{}
	side := operator.NewSide[cep.Match[string]]("timed-out")
	f := cep.NewReplaceable(p, func(_ int, m cep.Match[string]) string {
		r.plain = append(r.plain, fmt.Sprint(m.Events()))
		return text(m)
	}, cep.TimedOutTo(side))
	require.NoError(t, f.(interface{ Validate() error }).Validate())
	b, err := state.OpenBackend(state.Options{})
	require.NoError(t, err)
	keys, err := state.NewKeys[int](b)
	require.NoError(t, err)
	r.op, r.keys, r.backend = f.New(), keys, b
	r.env = &operator.Env{
		Clock: operator.SystemClock{}, Backend: b, Keys: keys, Scope: keys.Operator("cep"), Task: &operator.TaskState{Watermark: operator.NoTime},
		Counters: &operator.Counters{}, Log: slog.New(slog.DiscardHandler), Index: 1,
		Sides: map[string]any{"timed-out": operator.Receiver[cep.Match[string]](port[cep.Match[string]]{func(m cep.Match[string]) { r.timedOut = append(r.timedOut, text(m)) }})},
	}
	require.NoError(t, r.op.Open(operator.NewContext(r.env), port[string]{func(s string) { r.matches = append(r.matches, s) }}))
	require.NoError(t, b.Start())
	require.NoError(t, r.op.(operator.Starter).Start())
	return r
}

func (r *rig) close(t failer) {
	require.NoError(t, r.op.Close())
	require.NoError(t, r.backend.Close())
}

func (r *rig) push(t failer, e happening) {
	r.keys.Seek(r.key)
	require.NoError(t, r.op.Push(int64(e.at)*int64(time.Second), &e.name))
}

func (r *rig) watermark(t failer, seconds int) {
	at := int64(seconds) * int64(time.Second)
	r.env.Task.Watermark = at
	require.NoError(t, r.op.Mark(operator.Mark{Kind: operator.Watermark, Value: at}))
}

// detect runs a spec over events, with a watermark between those of different times.
func detect(t failer, s spec, events []happening) (matches, timedOut []string) {
	r := newRig(t, s.build())
	defer r.close(t)
	for _, e := range events {
		if last := int64(e.at-1) * int64(time.Second); last > r.env.Task.Watermark {
			r.watermark(t, e.at-1)
		}
		r.push(t, e)
	}
	r.watermark(t, 1_000_000)
	return r.matches, r.timedOut
}
