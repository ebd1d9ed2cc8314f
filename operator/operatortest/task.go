package operatortest

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// maxParallelism is the number of key groups.
const maxParallelism = state.DefaultMaxParallelism

// The numbers of the operators in their task.
const (
	opIndex  = 1
	keyIndex = 2
)

// task is one subtask of the operator under test, with what stands before it.
type task[In, Out any] struct {
	env     *operator.Env
	op      operator.Operator[In, Out]
	head    operator.Receiver[In]
	batches interface {
		PushBatch(recs []operator.Record[In]) error
	} // head, if it takes batches
	key     operator.Operator[In, In] // the KeyBy before op, nil without keys
	backend *state.Backend
	gate    *gate
	buf     []operator.Record[In]
}

// keying makes the keys of a subtask: the key's type is known only behind it.
type keying[In any] struct {
	group func(v In) int
	scope func(b *state.Backend) (keyScope[In], error)
}

type keyScope[In any] struct {
	scope   operator.KeyScope
	current func() any
	key     operator.Operator[In, In]
}

func keyedBy[K comparable, In any](key func(In) K) (*keying[In], error) {
	hasher, err := state.HashOf[K]()
	if err != nil {
		return nil, err
	}
	return &keying[In]{
		group: func(v In) int { return hasher.Group(key(v), maxParallelism) },
		scope: func(b *state.Backend) (keyScope[In], error) {
			keys, err := state.NewKeys[K](b)
			if err != nil {
				return keyScope[In]{}, err
			}
			current := func() any {
				if k, ok := keys.Current(); ok {
					return k
				}
				return nil
			}
			return keyScope[In]{keys, current, operator.NewKeyBy(key, keys)}, nil
		},
	}, nil
}

// newTask makes a subtask and opens it, in the order that the runtime has: outputs first, then state, then Start.
func (r *run[In, Out]) newTask(subtask, parallelism int, from *checkpoint) (*task[In, Out], error) {
	t := &task[In, Out]{gate: &gate{
		journal: &r.journal, makesMarks: r.makesMarks, allowLate: r.allowLate,
		room: r.room, watermark: operator.NoTime, key: func() any { return nil },
	}}
	if err := r.openState(t, subtask, parallelism, from); err != nil {
		return nil, err
	}
	t.env = r.newEnv(t, subtask, parallelism, from)
	if err := r.build(t); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

func (r *run[In, Out]) newEnv(t *task[In, Out], subtask, parallelism int, from *checkpoint) *operator.Env {
	e := &operator.Env{
		Job: "operatortest", Name: r.factory.Name(), ID: "test",
		Subtask: subtask, Parallelism: parallelism, MaxParallelism: maxParallelism,
		Ctx: r.ctx, Log: slog.New(slog.DiscardHandler), Clock: &r.clock, Executor: &r.executor, Wake: func() {},
		Backend: t.backend, Task: &operator.TaskState{Watermark: operator.NoTime, Split: r.current}, Counters: &r.counters,
		Scope: t.backend.Operator("test"), Sides: map[string]any{}, Index: opIndex,
	}
	for _, s := range r.sides {
		e.Sides[s.name] = s.port(t.gate)
	}
	if from != nil {
		e.Attempt, e.Restored, e.Payloads = int(from.n), from.n, from.payloadsOf(subtask, parallelism)
	}
	for _, s := range r.splits {
		e.Task.Splits = append(e.Task.Splits, s.id)
	}
	return e
}

// build makes the operator, and opens it.
func (r *run[In, Out]) build(t *task[In, Out]) error {
	t.op = r.factory.New()
	t.head = t.op
	if r.keying != nil {
		k, err := r.keying.scope(t.backend)
		if err != nil {
			return err
		}
		t.env.Keys, t.env.Scope = k.scope, k.scope.Operator("test")
		t.gate.key, t.key, t.head = k.current, k.key, k.key
	}
	t.batches, _ = t.head.(interface {
		PushBatch(recs []operator.Record[In]) error
	})
	c := operator.NewContext(t.env)
	c.Enter()
	if err := t.op.Open(c, &port[Out]{gate: t.gate}); err != nil {
		return fmt.Errorf("opening: %w", err)
	}
	if t.key != nil {
		env := *t.env
		env.Name, env.Index = "key-by", keyIndex
		if err := t.key.Open(operator.NewContext(&env), t.op); err != nil {
			return fmt.Errorf("opening the keys: %w", err)
		}
	}
	if err := t.backend.Start(); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	if s, ok := t.op.(operator.Starter); ok {
		if err := s.Start(); err != nil {
			return fmt.Errorf("starting: %w", err)
		}
	}
	return nil
}

// push feeds records the way that an exchange does: from memory that is used again afterwards.
func (t *task[In, Out]) push(recs []operator.Record[In]) error {
	t.buf = append(t.buf[:0], recs...)
	t.gate.late = false
	for _, rec := range recs {
		t.gate.late = t.gate.late || rec.Time != operator.NoTime && rec.Time <= t.env.Task.Watermark
	}
	defer clear(t.buf)
	if t.batches != nil && len(recs) > 1 {
		return t.batches.PushBatch(t.buf)
	}
	for i := range t.buf {
		if err := t.head.Push(t.buf[i].Time, &t.buf[i].Value); err != nil {
			return err
		}
	}
	return nil
}

// mark feeds a control element, and looks whether it comes out.
func (t *task[In, Out]) mark(m operator.Mark) error {
	t.gate.late, t.gate.passed = false, t.gate.passed[:0]
	if m.Kind == operator.Watermark {
		t.env.Task.Watermark = m.Value
	}
	t.gate.quiet = m.Kind == operator.Barrier && t.gate.ended
	err := t.head.Mark(m)
	t.gate.quiet = false
	if err == nil && !t.gate.stopped {
		t.gate.expect(m)
	}
	return err
}

// ticksMax is how often an operator may be due at one time: a Deadline that stays in the past would keep the
// runtime busy for ever.
const ticksMax = 1000

// tick lets the operator act if its processing time has come.
func (t *task[In, Out]) tick(now int64) error {
	timed, ok := t.op.(operator.Timed)
	if !ok {
		return nil
	}
	t.gate.late = false
	for range ticksMax {
		if d := timed.Deadline(); d == 0 || d > now {
			return nil
		}
		if err := timed.Tick(now); err != nil {
			return err
		}
	}
	return fmt.Errorf("the Deadline stays at or before %s after %d ticks", formatTime(now), ticksMax)
}

func (t *task[In, Out]) close() error {
	var errs []error
	if t.key != nil {
		errs = append(errs, t.key.Close())
	}
	if t.op != nil {
		errs = append(errs, t.op.Close())
	}
	return errors.Join(append(errs, t.backend.Close())...)
}
