package runtime

import (
	"context"
	"fmt"
	"log/slog"
	"path"
	"strconv"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/internal/checkpoint"
	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// Config is what an attempt runs with. Everything that touches the world is here.
type Config struct {
	Ctx      context.Context
	Log      *slog.Logger
	Clock    operator.Clock
	Executor operator.Executor
	Events   checkpoint.Events
	FS       vfs.FS
	Dir      string // of the tasks' local state
	Exchange exchange.Config
	Number   int // of the attempt, from 0
	Counters *operator.Counters
	Budget   *state.Budget        // of all tasks' state; nil: no bound, no shared block cache
	Restored *checkpoint.Restored // nil: a fresh start
	Quiet    bool                 // no compactions in the background: for simulations
	Interval int64                // between checkpoints in nanoseconds, 0: only at the end
	Overtake bool                 // checkpoints may overtake records: exchanges keep a codec
}

// Attempt is the tasks of one run of a plan, from a start or a restore to its end or failure.
type Attempt struct {
	config    Config
	plan      *graph.Plan
	tasks     []*Task
	chains    map[*graph.Chain][]*Task
	chainOf   map[*graph.Node]*graph.Chain
	exchanges map[*graph.Edge]any
	aligned   operator.Alignments
}

// Build makes the tasks of a plan. Nothing runs yet; on an error everything is closed again.
func Build(p *graph.Plan, c Config) (*Attempt, error) {
	a := &Attempt{
		config: c, plan: p,
		chains:    map[*graph.Chain][]*Task{},
		chainOf:   map[*graph.Node]*graph.Chain{},
		exchanges: map[*graph.Edge]any{},
	}
	for _, chain := range p.Chains {
		for _, n := range chain.Nodes {
			a.chainOf[n] = chain
		}
		for i := range chain.Parallelism {
			a.chains[chain] = append(a.chains[chain], a.newTask(chain, i))
		}
	}
	for _, chain := range p.Chains {
		for _, t := range a.chains[chain] {
			if err := a.build(chain, t); err != nil {
				a.Abandon()
				return nil, err
			}
		}
	}
	return a, nil
}

func (a *Attempt) newTask(c *graph.Chain, subtask int) *Task {
	t := &Task{
		ID: len(a.tasks), Name: fmt.Sprintf("%s[%d]", c.Name(), subtask), Subtask: subtask,
		clock: a.config.Clock, log: a.config.Log, events: a.config.Events,
	}
	t.shared.Watermark = operator.NoTime
	t.watermark.Store(operator.NoTime)
	a.tasks = append(a.tasks, t)
	return t
}

func (a *Attempt) build(c *graph.Chain, t *Task) error {
	head, ok := c.Head.Build.(HeadBuilder)
	if !ok {
		return operator.Permanent(fmt.Errorf("runtime: %s cannot be built: %T is no HeadBuilder", c.Head.Name, c.Head.Build))
	}
	if err := a.openState(c, t); err != nil {
		return startup(fmt.Errorf("runtime: state of %s: %w", t.Name, err))
	}
	if c.Head.Kind != graph.Source {
		t.kept = state.NewOperatorList[int64](t.backend.Operator(c.Head.ID), checkpoint.InputWatermark, state.Union)
	}
	return operator.Permanent(head.Head(&Builder{attempt: a, task: t, chain: c}))
}

// openState makes the task's backend, from the restored checkpoint if there is one.
func (a *Attempt) openState(c *graph.Chain, t *Task) (err error) {
	o := state.Options{
		FS:                a.config.FS,
		Dir:               path.Join(a.config.Dir, "attempt-"+strconv.Itoa(a.config.Number), "task-"+strconv.Itoa(t.ID)),
		Executor:          a.config.Executor,
		Now:               a.config.Clock.Now,
		EventTime:         func() int64 { return t.shared.Watermark },
		Logger:            a.config.Log,
		MaxParallelism:    a.plan.MaxParallelism,
		Groups:            state.KeyGroupRange(c.Parallelism, t.Subtask, a.plan.MaxParallelism),
		Subtask:           t.Subtask,
		Parallelism:       c.Parallelism,
		DisableCompaction: a.config.Quiet,
		Budget:            a.config.Budget,
	}
	a.restore(c, &o)
	t.backend, err = state.OpenBackend(o)
	return err
}

// wakers are the tasks that run a node.
func (a *Attempt) wakers(n *graph.Node) (ws []exchange.Waker) {
	for _, t := range a.chains[a.chainOf[n]] {
		ws = append(ws, t)
	}
	return ws
}

// opened reports whether every task is open. Any goroutine may call it.
func (a *Attempt) opened() bool {
	for _, t := range a.tasks {
		if !t.running.Load() {
			return false
		}
	}
	return true
}

// Tasks returns all tasks, by their ID.
func (a *Attempt) Tasks() []*Task { return a.tasks }

// Abandon closes the state of tasks that will never run, or that a simulated crash has stopped, and the readers of their
// sources: what else a crash leaves open is memory.
func (a *Attempt) Abandon() {
	for _, t := range a.tasks {
		if t.source != nil {
			t.source.abandon()
		}
		if t.backend != nil {
			_ = t.backend.Close() // what it held is given up
		}
	}
}

// env makes the environment of an operator in the task under construction.
func (b *Builder) env(n *graph.Node) *operator.Env {
	a, t := b.attempt, b.task
	e := &operator.Env{
		Job: a.plan.Job, Name: n.Name, ID: n.ID,
		Subtask: t.Subtask, Parallelism: b.chain.Parallelism, MaxParallelism: a.plan.MaxParallelism,
		Attempt: a.config.Number,
		Ctx:     a.config.Ctx, Clock: a.config.Clock, Executor: a.config.Executor, Wake: t.Wake,
		Log:     a.config.Log.With("operator", n.ID, "subtask", t.Subtask),
		Backend: t.backend, Keys: b.keys, Task: &t.shared,
		Counters: a.config.Counters, Interval: a.config.Interval, Aligned: &a.aligned,
	}
	e.Scope = t.backend.Operator(n.ID)
	if b.keys != nil {
		e.Scope = b.keys.Operator(n.ID)
	}
	if r := a.config.Restored; r != nil {
		e.Restored = r.Number
		e.Payloads = r.PayloadsOf(n.ID, t.Subtask, b.chain.Parallelism)
	}
	return e
}

// add registers an operator with the task: outputs before inputs.
func (b *Builder) add(env *operator.Env, op any, open, close func() error) {
	t := b.task
	env.Index = int32(len(t.ops)) + 1 // 0 is nobody
	i := &instance{name: env.Name, id: env.ID, env: env, open: open, close: close}
	i.committer, _ = op.(operator.Committer)
	i.acker, _ = op.(operator.Acker)
	i.starter, _ = op.(operator.Starter)
	if timed, ok := op.(operator.Timed); ok {
		t.timed = append(t.timed, timed)
	}
	t.ops = append(t.ops, i)
}
