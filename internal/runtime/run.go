package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/internal/checkpoint"
	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/internal/sched"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/state/snapshot"
)

// Driver steps the tasks of an attempt. It is also where time and background work come from.
type Driver interface {
	operator.Clock
	operator.Executor
	// Run drives the steppers until all are done and all background work has ended.
	Run(all []sched.Stepper) error
	// Sleep waits for d of the clock's time, or until ctx ends.
	Sleep(ctx context.Context, d time.Duration)
	// AfterCancel calls f once ctx has ended, unless stop comes first.
	AfterCancel(ctx context.Context, f func()) (stop func() bool)
	// Simulated says that nothing may run but what the driver steps: stores then start no work of their own.
	Simulated() bool
}

// Restart decides whether a failed job starts again, and after how long. failures counts from 1;
// since is how long the attempt that failed had run.
type Restart interface {
	Next(failures int, since time.Duration) (wait time.Duration, again bool)
}

// Store keeps the checkpoints of a job.
type Store interface {
	checkpoint.Storage
	// Latest returns the newest checkpoint that is whole, nil if there is none. A damaged one is passed
	// over and said so in the log.
	Latest() (*checkpoint.Restored, error)
	// Close gives the store back.
	Close() error
}

// Job is a plan with all it needs to run.
type Job struct {
	Plan       *graph.Plan
	Driver     Driver
	FS         vfs.FS
	Dir        string // of the tasks' local state
	Store      Store
	Log        *slog.Logger
	Exchange   exchange.Config
	Checkpoint checkpoint.Config // Clock, Executor, Log, Storage and First are filled in here
	Restart    Restart
	Counters   *operator.Counters
	Budget     *state.Budget

	current     atomic.Pointer[Attempt]
	coordinator atomic.Pointer[checkpoint.Coordinator]
	completed   atomic.Int64
}

// Run runs attempts until one comes to its end, ctx ends one gracefully, or the restart strategy
// gives up.
func (j *Job) Run(ctx context.Context) error {
	next := int64(1)
	for attempt, failures := 0, 0; ; attempt++ {
		began := j.Driver.Now()
		err := j.attempt(ctx, attempt, &next)
		if err == nil {
			return nil
		}
		failures++
		wait, again := j.Restart.Next(failures, time.Duration(j.Driver.Now()-began))
		if !again || operator.IsPermanent(err) || ctx.Err() != nil {
			return err
		}
		j.Log.Error("job attempt failed; restarting from the last checkpoint", "attempt", attempt, "wait", wait, "error", err)
		j.Driver.Sleep(ctx, wait)
	}
}

// attempt runs the job once, from the latest checkpoint.
func (j *Job) attempt(ctx context.Context, number int, next *int64) error {
	restored, err := j.Store.Latest()
	if err != nil {
		return startup(fmt.Errorf("reading checkpoints: %w", err))
	}
	if restored != nil {
		*next = max(*next, restored.Next)
		j.Log.Info("restored from checkpoint", "checkpoint", restored.Number, "attempt", number)
	}
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	coordinator := checkpoint.New(j.checkpointConfig(*next, cancel))
	a, err := Build(j.Plan, Config{
		Ctx: inner, Log: j.Log, Clock: j.Driver, Executor: guarded{j.Driver, coordinator}, Events: coordinator,
		FS: j.FS, Dir: j.Dir, Exchange: j.Exchange, Number: number, Counters: j.Counters, Interval: int64(j.Checkpoint.Interval), Budget: j.Budget,
		Restored: restored, Quiet: j.Driver.Simulated(), Overtake: j.Checkpoint.Unaligned,
	})
	if err != nil {
		return err
	}
	j.current.Store(a)
	j.coordinator.Store(coordinator)
	err = j.drive(ctx, a, coordinator, cancel)
	*next = max(*next, coordinator.Next())
	return err
}

// startup marks what is wrong with checkpoints or state for good: starting again would only repeat it. A disk or a
// store that fails now may do better then.
func startup(err error) error {
	for _, lasting := range []error{state.ErrIncompatible, state.ErrUnsupported, state.ErrCorrupt, snapshot.ErrCorrupt, snapshot.ErrNotFound} {
		if errors.Is(err, lasting) {
			return operator.Permanent(err)
		}
	}
	return err
}

// guarded makes a panic in background work the failure of the attempt: whoever waits for that work would
// wait for ever, and a panic that nobody catches would end the process.
type guarded struct {
	operator.Executor
	events checkpoint.Events
}

// Go runs a background job.
func (g guarded) Go(name string, job func()) {
	g.Executor.Go(name, func() {
		defer func() {
			if cause := recover(); cause != nil {
				g.events.Failed(background, operator.Recovered(name, 0, cause))
			}
		}()
		job()
	})
}

// background stands for a task in events about work that is no task's.
const background = -1

// drive runs the attempt to its end. One that is cancelled while it is being opened is cut short: something may be out
// of reach, so that it would never be open, and there is nothing that a last checkpoint would add.
func (j *Job) drive(ctx context.Context, a *Attempt, c *checkpoint.Coordinator, cut func()) error {
	steppers := []sched.Stepper{c}
	tasks := make([]checkpoint.Task, len(a.tasks))
	for i, t := range a.tasks {
		steppers, tasks[i] = append(steppers, t), t
	}
	c.Attach(tasks)
	var short atomic.Bool
	defer j.Driver.AfterCancel(ctx, func() {
		if !a.opened() {
			short.Store(true)
			cut()
		}
		c.Cancel()
	})()
	if err := j.Driver.Run(steppers); err != nil {
		a.Abandon()
		return errors.Join(err, c.Err())
	}
	switch err := c.Err(); {
	case short.Load() && errors.Is(err, context.Canceled):
		j.Log.Info("job cancelled while it was being opened", "cause", err)
		return nil
	case c.Final():
		return operator.Permanent(err) // of closing: all is committed
	default:
		return err
	}
}

func (j *Job) checkpointConfig(first int64, failing func()) checkpoint.Config {
	c := j.Checkpoint
	c.Clock, c.Executor, c.Log, c.Storage, c.First = j.Driver, j.Driver, j.Log, j.Store, first
	c.Failing = failing
	told := c.Completed
	c.Completed = func(d checkpoint.Completion) {
		j.completed.Add(1)
		if told != nil {
			told(d)
		}
	}
	return c
}

// Completed returns how many checkpoints became durable.
func (j *Job) Completed() int64 { return j.completed.Load() }

// Demand asks the running attempt for a checkpoint now.
func (j *Job) Demand() {
	if c := j.coordinator.Load(); c != nil {
		c.Demand()
	}
}

// Real is the Driver of production: a goroutine for each task and each background job.
type Real struct {
	operator.Clock
	group sched.Group
}

// NewReal returns a driver on a clock.
func NewReal(c operator.Clock) *Real { return &Real{Clock: c, group: sched.Group{Clock: c}} }

// Go runs a background job in a goroutine, which Run waits for.
func (r *Real) Go(name string, job func()) { r.group.Go(name, job) }

// Run drives the steppers by a goroutine each.
func (r *Real) Run(all []sched.Stepper) error {
	r.group.Start(all...)
	r.group.Wait()
	return nil
}

// AfterCancel calls f in a goroutine of its own.
func (r *Real) AfterCancel(ctx context.Context, f func()) func() bool {
	return context.AfterFunc(ctx, f)
}

// Simulated says no.
func (r *Real) Simulated() bool { return false }

// Sleep waits.
func (r *Real) Sleep(ctx context.Context, d time.Duration) { r.group.Sleep(ctx, d) }
