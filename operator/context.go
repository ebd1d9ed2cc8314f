package operator

import (
	"context"
	"log/slog"
	"time"

	"github.com/turgo-io/turgo/state"
)

// Env is what the runtime gives an operator: the fields are set before Open and stay. Operators see
// it through Context; only runtimes, and tests that stand in for one, fill it.
type Env struct {
	Job            string // name of the job
	Name           string // name of the operator
	ID             string // stable id: state is found by it
	Subtask        int    // 0 … Parallelism-1
	Parallelism    int
	MaxParallelism int // number of key groups
	Attempt        int // 0 for the first run of a job, one more after each restart

	Ctx      context.Context // ends when the attempt ends; blocking calls take it
	Log      *slog.Logger
	Clock    Clock
	Executor Executor
	Wake     func() // makes the task step again; any goroutine may call it

	Backend  *state.Backend
	Scope    *state.Scope // of the operator, on the current key if there is one
	Keys     KeyScope     // the key scope that the operator works in: a *state.Keys[K], nil without keys
	Task     *TaskState
	Index    int32          // the operator's number in its task
	Sides    map[string]any // side outputs by name: a Receiver of the tag's type
	Payloads [][]byte       // of the restored checkpoint, see Acker: this subtask's share of them
	Restored int64          // number of the restored checkpoint, 0 if none
	Interval int64          // between checkpoints in nanoseconds, 0 if there is only that of the end
	Counters *Counters
	Aligned  *Alignments // of the attempt

	outputs []interface{ Err() error } // collectors of side outputs that were asked for
	kept    []interface{ keep() }      // state that is put together when a barrier comes
}

// KeyScope is a *state.Keys of whatever type.
type KeyScope interface {
	Operator(id string) *state.Scope
}

// TaskState is shared by the operators of one task. Only the task's goroutine touches it.
type TaskState struct {
	Operator  int32    // Index of the operator whose user code runs: names the culprit of an error
	Split     int32    // number of the split that the current record came from
	Splits    []string // ids of the source's splits, by number; empty behind an exchange
	Watermark int64    // of the task's input

	// Pause leaves a split of the task's source out for a while; nil behind an exchange. Ahead says that all
	// splits are to be left out.
	Pause func(split int32, paused bool)
	Ahead bool
}

// Clock tells the time. Everything in a job reads it from here, so that a test can set it.
type Clock interface {
	// Now returns nanoseconds since the Unix epoch.
	Now() int64
}

// Executor runs background work: goroutines in production, steps of the seeded scheduler in a
// simulation. A job is short or blocks on input and output only; long computing is cut into jobs.
type Executor interface {
	Go(name string, job func())
}

// Context is an operator's view of the job that it runs in. It is valid from Open to Close.
type Context struct{ env *Env }

// NewContext returns the context of an environment.
func NewContext(e *Env) Context { return Context{e} }

// Env returns the environment: for operators that need more than the methods give.
func (c Context) Env() *Env { return c.env }

// Job returns the job's name.
func (c Context) Job() string { return c.env.Job }

// Name returns the operator's name.
func (c Context) Name() string { return c.env.Name }

// ID returns the operator's stable id.
func (c Context) ID() string { return c.env.ID }

// Subtask returns which of Parallelism instances this is, from 0.
func (c Context) Subtask() int { return c.env.Subtask }

// Parallelism returns how many instances of the operator run.
func (c Context) Parallelism() int { return c.env.Parallelism }

// MaxParallelism returns the number of key groups: the most that Parallelism can be.
func (c Context) MaxParallelism() int { return c.env.MaxParallelism }

// Attempt returns how often the job was restarted.
func (c Context) Attempt() int { return c.env.Attempt }

// Context returns a context that ends with the attempt.
func (c Context) Context() context.Context { return c.env.Ctx }

// Log returns the job's logger with the operator's name and subtask.
func (c Context) Log() *slog.Logger { return c.env.Log }

// Now returns the processing time: that of the job's clock.
func (c Context) Now() time.Time { return time.Unix(0, c.env.Clock.Now()).UTC() }

// Watermark returns the event time that the operator's input has reached.
func (c Context) Watermark() time.Time { return time.Unix(0, c.env.Task.Watermark).UTC() }

// InputEnded reports whether event time has come to its end: no record follows, only timers fire.
func (c Context) InputEnded() bool { return c.env.Task.Watermark == MaxTime }

// Split returns the number of the source split that the current record came from, 0 behind an exchange.
func (c Context) Split() int32 { return c.env.Task.Split }

// StateScope is where handles of package state keep their values.
func (c Context) StateScope() *state.Scope { return c.env.Scope }

// Counter returns the job's counter of that name for this operator, made at first use. Counters of
// all subtasks add up.
func (c Context) Counter(name string) *Counter { return c.env.Counters.Get(c.env.ID, name) }

// outputErr returns the first error of the side outputs that user code emitted to.
func (c Context) outputErr() error {
	for _, o := range c.env.outputs {
		if err := o.Err(); err != nil {
			return err
		}
	}
	return nil
}

// keep puts state together that is to be in the checkpoint that a mark begins.
func (c Context) keep(m Mark) {
	if m.Kind != Barrier {
		return
	}
	for _, s := range c.env.kept {
		s.keep()
	}
}

// Enter notes that user code of this operator runs next, so that an error or a panic names it. An
// operator calls it before it calls user code.
func (c Context) Enter() { c.env.Task.Operator = c.env.Index }
