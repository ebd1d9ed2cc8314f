package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/checkpoint"
	"github.com/turgo-io/turgo/internal/sched"
	"github.com/turgo-io/turgo/state/snapshot"
)

// world is a coordinator with tasks, a store, a clock and an executor that the test moves by hand. Everything
// that the coordinator does is written down.
type world struct {
	t   *testing.T
	c   *checkpoint.Coordinator
	now int64
	log []string
	// jobs are what the coordinator has started in the background.
	jobs  []func()
	saved error // of the next save
	done  bool
}

func (w *world) Now() int64                  { return w.now }
func (w *world) Go(_ string, job func())     { w.jobs = append(w.jobs, job) }
func (w *world) say(format string, a ...any) { w.log = append(w.log, fmt.Sprintf(format, a...)) }

func (w *world) Save(n int64, parts []checkpoint.Part) error {
	w.say("save %d: %s", n, payloads(parts))
	return w.saved
}

func (w *world) Drop(n int64, parts []checkpoint.Part) { w.say("drop %d: %s", n, payloads(parts)) }

// payloads writes the parts by their payloads; a task whose part is missing is a dash.
func payloads(parts []checkpoint.Part) (s string) {
	for _, p := range parts {
		if len(p.Payloads) == 0 {
			s += "-"
		}
		for _, b := range p.Payloads {
			s += string(b.Bytes)
		}
		for _, f := range p.InFlight {
			s += "+" + string(f.Bytes)
		}
	}
	return s
}

// task writes down what it is told.
type task struct {
	*world
	id int
}

func (f task) Trigger(n int64, last bool) {
	if last {
		f.say("task %d: trigger %d, the last", f.id, n)
		return
	}
	f.say("task %d: trigger %d", f.id, n)
}
func (f task) Overtake(n int64)  { f.say("task %d: overtake %d", f.id, n) }
func (f task) Committed(n int64) { f.say("task %d: committed %d", f.id, n) }
func (f task) Abort(n int64)     { f.say("task %d: abort %d", f.id, n) }
func (f task) Stop()             { f.say("task %d: stop", f.id) }

const second = int64(time.Second)

func newWorld(t *testing.T, tasks int, c checkpoint.Config) *world {
	w := &world{t: t, now: 1000 * second}
	c.Clock, c.Executor, c.Storage, c.Log = w, w, w, slog.New(slog.DiscardHandler)
	c.Completed = func(c checkpoint.Completion) { w.say("completed %d in %v, last %v", c.Number, c.Took, c.Last) }
	w.c = checkpoint.New(c)
	var all []checkpoint.Task
	for i := range tasks {
		all = append(all, task{w, i})
	}
	w.c.Attach(all)
	return w
}

// step takes a step, and says what was done since the last one.
func (w *world) step(want ...string) {
	w.t.Helper()
	w.done = w.c.Step() == sched.Done
	require.Equal(w.t, want, w.log)
	w.log = nil
}

// after moves the clock and takes a step.
func (w *world) after(d time.Duration, want ...string) {
	w.t.Helper()
	w.now += int64(d)
	w.step(want...)
}

// background runs the jobs and takes a step behind them.
func (w *world) background(want ...string) {
	w.t.Helper()
	jobs := w.jobs
	w.jobs = nil
	for _, job := range jobs {
		job()
	}
	w.step(want...)
}

func (w *world) ack(task int, n int64) {
	w.c.Acknowledged(task, n, checkpoint.Part{Payloads: []checkpoint.Payload{{Bytes: []byte{byte('a' + task)}}}})
}

// until returns how long it is to the coordinator's deadline.
func (w *world) until() time.Duration { return time.Duration(w.c.Deadline() - w.now) }

func every(d time.Duration) checkpoint.Config { return checkpoint.Config{Interval: d, Tolerable: -1} }

func TestCheckpoint(t *testing.T) {
	w := newWorld(t, 2, every(10*time.Second))
	w.step()
	require.Equal(t, 10*time.Second, w.until())
	w.after(9*time.Second + 999*time.Millisecond)
	w.after(time.Millisecond, "task 0: trigger 1", "task 1: trigger 1")
	require.Equal(t, 10*time.Minute, w.until(), "the time that a checkpoint may take")
	w.ack(1, 1)
	w.after(time.Second)
	w.ack(0, 1)
	w.step()
	require.Len(t, w.jobs, 1, "saving is background work")
	w.now += second
	w.background("save 1: ab", "task 0: committed 1", "task 1: committed 1", "completed 1 in 2s, last false")
	require.Equal(t, 8*time.Second, w.until(), "an interval is from start to start")
	w.after(8*time.Second, "task 0: trigger 2", "task 1: trigger 2")
	require.Equal(t, int64(3), w.c.Next())
	require.False(t, w.done)
	require.NoError(t, w.c.Err())
}

func TestFirstNumber(t *testing.T) {
	c := every(time.Second)
	c.First = 42
	w := newWorld(t, 1, c)
	w.step()
	w.after(time.Second, "task 0: trigger 42")
	require.Equal(t, int64(43), w.c.Next())
}

// complete brings the checkpoint under way to its end.
func (w *world) complete(tasks int, n int64) {
	w.t.Helper()
	for i := range tasks {
		w.ack(i, n)
	}
	w.step()
	jobs := w.jobs
	w.jobs = nil
	for _, job := range jobs {
		job()
	}
	w.c.Step()
	w.log = nil
}

func TestMinPause(t *testing.T) {
	c := every(10 * time.Second)
	c.MinPause = 5 * time.Second
	w := newWorld(t, 1, c)
	w.step()
	w.after(10*time.Second, "task 0: trigger 1")
	w.now += 9 * second // it takes long: the next one is not right behind it
	w.complete(1, 1)
	require.Equal(t, 5*time.Second, w.until())
	w.after(5*time.Second, "task 0: trigger 2")
	w.complete(1, 2)
	require.Equal(t, 10*time.Second, w.until())
}

// While a checkpoint is being saved there is nothing to do at any time: a deadline would have the coordinator
// step again and again.
func TestNoDeadlineWhileSaving(t *testing.T) {
	w := newWorld(t, 1, every(time.Second))
	w.step()
	w.after(time.Second, "task 0: trigger 1")
	w.ack(0, 1)
	w.after(10 * time.Second)
	require.Zero(t, w.c.Deadline())
	w.background("save 1: a", "task 0: committed 1", "completed 1 in 10s, last false", "task 0: trigger 2")
}

func TestTimeout(t *testing.T) {
	c := every(time.Minute)
	c.Timeout = 20 * time.Second
	w := newWorld(t, 2, c)
	w.step()
	w.after(time.Minute, "task 0: trigger 1", "task 1: trigger 1")
	w.ack(1, 1)
	w.after(19 * time.Second)
	require.Equal(t, time.Second, w.until())
	w.after(time.Second, "task 0: abort 1", "task 1: abort 1", "drop 1: -b")
	w.ack(0, 1) // too late
	w.step("drop 1: a")
	require.Equal(t, time.Minute, w.until())
	w.after(time.Minute, "task 0: trigger 2", "task 1: trigger 2")
	w.ack(0, 1) // later still: it is no part of 2
	w.ack(1, 2)
	w.step("drop 1: a")
	require.Empty(t, w.jobs)
}

func TestDecline(t *testing.T) {
	w := newWorld(t, 2, every(time.Minute))
	w.step()
	w.after(time.Minute, "task 0: trigger 1", "task 1: trigger 1")
	w.ack(0, 1)
	w.c.Declined(1, 1, errors.New("no space"))
	w.step("task 0: abort 1", "task 1: abort 1", "drop 1: a-")
	w.c.Declined(0, 1, errors.New("late"))
	w.step()
	require.NoError(t, w.c.Err(), "the job goes on")
	w.after(time.Minute, "task 0: trigger 2", "task 1: trigger 2")
	w.c.Declined(0, 1, errors.New("of the one before"))
	w.ack(0, 2)
	w.ack(1, 2)
	w.step()
	w.background("save 2: ab", "task 0: committed 2", "task 1: committed 2", "completed 2 in 0s, last false")
}

func TestFailedSave(t *testing.T) {
	w := newWorld(t, 1, every(time.Minute))
	w.step()
	w.after(time.Minute, "task 0: trigger 1")
	w.ack(0, 1)
	w.step()
	w.saved = errors.New("disk full")
	w.background("save 1: a", "task 0: abort 1", "drop 1: a")
	require.NoError(t, w.c.Err())
	w.after(time.Minute, "task 0: trigger 2")
}

// More failures in a row than are tolerated end the attempt; one success forgets those before.
func TestTolerable(t *testing.T) {
	c := every(time.Minute)
	c.Tolerable = 1
	w := newWorld(t, 1, c)
	w.step()
	decline := func(n int64) {
		w.after(time.Minute, fmt.Sprint("task 0: trigger ", n))
		w.c.Declined(0, n, errors.New("no space"))
	}
	decline(1)
	w.step("task 0: abort 1", "drop 1: -")
	w.after(time.Minute, "task 0: trigger 2")
	w.complete(1, 2)
	decline(3)
	w.step("task 0: abort 3", "drop 3: -")
	decline(4)
	w.step("task 0: abort 4", "drop 4: -", "task 0: stop")
	w.c.Stopped(0, nil)
	w.step()
	require.True(t, w.done)
	require.EqualError(t, w.c.Err(), "checkpoint 4 failed: task 0 declined: no space")
}

// When every task has ended a last checkpoint is taken, with no interval too; then the tasks are stopped.
func TestEnd(t *testing.T) {
	w := newWorld(t, 2, checkpoint.Config{})
	w.step()
	require.Zero(t, w.c.Deadline())
	w.c.Ended(1)
	w.after(time.Hour)
	w.c.Ended(0)
	w.step("task 0: trigger 1, the last", "task 1: trigger 1, the last")
	w.ack(0, 1)
	w.ack(1, 1)
	w.step()
	w.background("save 1: ab", "task 0: committed 1", "task 1: committed 1", "completed 1 in 0s, last true",
		"task 0: stop", "task 1: stop")
	require.Zero(t, w.c.Deadline())
	w.c.Stopped(0, nil)
	w.step()
	require.False(t, w.done)
	w.c.Stopped(1, nil)
	w.step()
	require.True(t, w.done)
	require.NoError(t, w.c.Err())
}

// A checkpoint under way when the last task ends is finished first.
func TestEndDuringCheckpoint(t *testing.T) {
	w := newWorld(t, 1, every(time.Second))
	w.step()
	w.after(time.Second, "task 0: trigger 1")
	w.c.Ended(0)
	w.step()
	w.ack(0, 1)
	w.step()
	w.background("save 1: a", "task 0: committed 1", "completed 1 in 0s, last false", "task 0: trigger 2, the last")
	w.complete(1, 2)
	w.c.Stopped(0, nil)
	w.step()
	require.True(t, w.done)
	require.Equal(t, int64(3), w.c.Next())
}

func TestCancel(t *testing.T) {
	w := newWorld(t, 1, every(time.Minute))
	w.step()
	w.c.Cancel()
	w.step("task 0: trigger 1, the last")
	w.c.Cancel()
	w.step()
	w.c.Ended(0)
	w.ack(0, 1)
	w.step()
	w.background("save 1: a", "task 0: committed 1", "completed 1 in 0s, last true", "task 0: stop")
	w.c.Stopped(0, nil)
	w.step()
	require.True(t, w.done)
	require.NoError(t, w.c.Err())
}

// A last checkpoint that fails is tried again for the time to drain: what sinks have prepared would not be committed.
// Then it is an error.
func TestFailedLast(t *testing.T) {
	for name, fail := range map[string]func(w *world, n int){
		"declined": func(w *world, n int) {
			w.c.Declined(0, int64(n), errors.New("disk full"))
			w.step(fmt.Sprint("task 0: abort ", n), fmt.Sprintf("drop %d: -", n))
		},
		"not saved": func(w *world, n int) {
			w.ack(0, int64(n))
			w.step()
			w.saved = errors.New("disk full")
			w.background(fmt.Sprintf("save %d: a", n), fmt.Sprint("task 0: abort ", n), fmt.Sprintf("drop %d: a", n))
			w.saved = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			failing := func() *world {
				w := newWorld(t, 1, checkpoint.Config{Tolerable: -1, Drain: 3 * time.Second})
				w.c.Ended(0)
				w.step("task 0: trigger 1, the last")
				fail(w, 1)
				require.Equal(t, time.Second, w.until())
				w.after(999 * time.Millisecond)
				w.after(time.Millisecond, "task 0: trigger 2, the last")
				return w
			}
			w := failing()
			w.ack(0, 2)
			w.step()
			w.background("save 2: a", "task 0: committed 2", "completed 2 in 0s, last true", "task 0: stop")
			require.NoError(t, w.c.Err())

			w = failing()
			w.now += 2 * second
			w.c.Declined(0, 2, errors.New("disk still full"))
			w.step("task 0: abort 2", "drop 2: -", "task 0: stop")
			w.c.Stopped(0, nil)
			w.step()
			require.True(t, w.done)
			require.ErrorContains(t, w.c.Err(), "checkpoint 2 failed: ")
			require.ErrorContains(t, w.c.Err(), "disk still full")
		})
	}
}

// panics is a storage whose Save panics.
type panics struct{ *world }

func (panics) Save(int64, []checkpoint.Part) error { panic("no storage") }

func TestStoragePanics(t *testing.T) {
	w := newWorld(t, 1, checkpoint.Config{})
	w.c = checkpoint.New(checkpoint.Config{Clock: w, Executor: w, Storage: panics{w}, Log: slog.New(slog.DiscardHandler), Interval: time.Second})
	w.c.Attach([]checkpoint.Task{task{w, 0}})
	w.step()
	w.after(time.Second, "task 0: trigger 1")
	w.ack(0, 1)
	w.step()
	w.background("task 0: abort 1", "drop 1: a", "task 0: stop")
	require.ErrorContains(t, w.c.Err(), "no storage")
}

// The failure of a task stops all others; the attempt is over when they are closed.
func TestTaskFails(t *testing.T) {
	w := newWorld(t, 3, every(time.Minute))
	w.step()
	w.after(time.Minute, "task 0: trigger 1", "task 1: trigger 1", "task 2: trigger 1")
	w.ack(0, 1)
	boom := errors.New("boom")
	w.c.Failed(1, boom)
	w.step("task 0: stop", "task 1: stop", "task 2: stop")
	w.c.Failed(2, errors.New("a consequence"))
	w.ack(2, 1)
	w.step("drop 1: c")
	w.c.Stopped(1, nil)
	w.c.Stopped(2, errors.New("closing: stuck"))
	w.after(time.Hour) // no timeout, no trigger
	w.c.Stopped(0, nil)
	w.step("task 0: abort 1", "task 1: abort 1", "task 2: abort 1", "drop 1: a--")
	require.True(t, w.done)
	require.ErrorIs(t, w.c.Err(), boom)
	require.ErrorContains(t, w.c.Err(), "closing: stuck")
}

// A save under way when the attempt fails is waited for: the next attempt must not begin from the checkpoint
// before while this one becomes the latest.
func TestSaveOutlivesFailure(t *testing.T) {
	for _, saved := range []error{nil, errors.New("disk full")} {
		w := newWorld(t, 1, every(time.Minute))
		w.step()
		w.after(time.Minute, "task 0: trigger 1")
		w.ack(0, 1)
		w.step()
		w.c.Failed(0, errors.New("boom"))
		w.step("task 0: stop")
		w.c.Stopped(0, nil)
		w.after(time.Hour)
		require.False(t, w.done)
		require.Zero(t, w.c.Deadline())
		w.saved = saved
		if saved == nil {
			w.background("save 1: a", "task 0: committed 1", "completed 1 in 1h0m0s, last false")
		} else {
			w.background("save 1: a", "task 0: abort 1", "drop 1: a")
		}
		require.True(t, w.done)
		require.EqualError(t, w.c.Err(), "boom")
		require.Equal(t, int64(2), w.c.Next())
	}
}

// A failure before the last checkpoint is complete is the attempt's.
func TestFailureDuringLast(t *testing.T) {
	w := newWorld(t, 1, checkpoint.Config{})
	w.c.Ended(0)
	w.step("task 0: trigger 1, the last")
	w.c.Failed(0, errors.New("boom"))
	w.step("task 0: stop")
	w.c.Stopped(0, nil)
	w.step("task 0: abort 1", "drop 1: -")
	require.True(t, w.done)
	require.EqualError(t, w.c.Err(), "boom")
}

func TestDemand(t *testing.T) {
	for _, interval := range []time.Duration{0, time.Hour} {
		t.Run(interval.String(), func(t *testing.T) {
			w := newWorld(t, 1, every(interval))
			w.c.Demand()
			w.step("task 0: trigger 1")
			w.complete(1, 1)
			w.step()
			w.c.Demand()
			w.step("task 0: trigger 2")
			w.c.Demand() // what came since the trigger is not in checkpoint 2
			w.step()
			w.ack(0, 2)
			w.step()
			w.background("save 2: a", "task 0: committed 2", "completed 2 in 0s, last false", "task 0: trigger 3")
			w.complete(1, 3)
			w.after(time.Minute)
		})
	}
}

// Acknowledgements of one task count once.
func TestDoubleAcknowledgement(t *testing.T) {
	w := newWorld(t, 2, every(time.Second))
	w.step()
	w.after(time.Second, "task 0: trigger 1", "task 1: trigger 1")
	w.ack(0, 1)
	w.ack(0, 1)
	w.step()
	require.Empty(t, w.jobs)
	w.ack(1, 1)
	w.step()
	require.Len(t, w.jobs, 1)
}

// An event of another goroutine wakes the coordinator.
func TestEventsWake(t *testing.T) {
	w := newWorld(t, 1, every(time.Second))
	w.c.Ended(0)
	progress := w.c.Progress()
	g := sched.Group{Clock: w}
	stopper := stopper{task{w, 0}, w.c}
	w.c.Attach([]checkpoint.Task{stopper})
	g.Start(w.c)
	g.Wait()
	require.Greater(t, w.c.Progress(), progress)
	require.EqualError(t, w.c.Err(), "boom")
}

// stopper fails when it is triggered, and stops when it is told to.
type stopper struct {
	task
	c *checkpoint.Coordinator
}

func (s stopper) Trigger(int64, bool) { go s.c.Failed(0, errors.New("boom")) }
func (s stopper) Stop()               { go s.c.Stopped(0, nil) }

// A cancelled job that cannot be drained stops without its last checkpoint, whatever it is at.
func TestDrain(t *testing.T) {
	for name, begin := range map[string]func(w *world){
		"at its last checkpoint": func(w *world) {},
		"while it is saved": func(w *world) {
			w.ack(0, 1)
			w.step()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1, checkpoint.Config{Drain: 10 * time.Second, Tolerable: -1})
			w.step()
			w.c.Cancel()
			w.step("task 0: trigger 1, the last")
			begin(w)
			require.Equal(t, 10*time.Second, w.until())
			w.after(9 * time.Second)
			w.after(time.Second, "task 0: stop")
			w.c.Stopped(0, nil)
			w.c.Step()
			for _, job := range w.jobs {
				job()
			}
			w.c.Step()
			require.ErrorContains(t, w.c.Err(), "could not be drained within 10s")
		})
	}
}

// Before the last checkpoint an ordinary one that is under way counts against the same time.
func TestDrainDuringCheckpoint(t *testing.T) {
	c := every(time.Minute)
	c.Drain = 10 * time.Second
	w := newWorld(t, 1, c)
	w.step()
	w.after(time.Minute, "task 0: trigger 1")
	w.c.Cancel()
	w.step()
	require.Equal(t, 10*time.Second, w.until())
	w.after(10*time.Second, "task 0: stop")
}

// Final tells a job that has committed everything from one whose end was an error.
func TestFinal(t *testing.T) {
	w := newWorld(t, 1, checkpoint.Config{})
	w.c.Ended(0)
	w.step("task 0: trigger 1, the last")
	w.complete(1, 1)
	require.True(t, w.c.Final())
	w.c.Stopped(0, errors.New("closing: stuck"))
	w.step()
	require.True(t, w.done)
	require.True(t, w.c.Final(), "an error of closing undoes nothing")
	require.EqualError(t, w.c.Err(), "closing: stuck")

	w = newWorld(t, 1, checkpoint.Config{})
	w.c.Ended(0)
	w.step("task 0: trigger 1, the last")
	w.complete(1, 1)
	w.c.Failed(0, errors.New("commit: no such transaction"))
	w.step()
	require.False(t, w.c.Final())
}

// What a task says because the others were stopped is no news.
func TestConsequences(t *testing.T) {
	w := newWorld(t, 2, checkpoint.Config{})
	w.step()
	w.c.Failed(0, errors.New("boom"))
	w.c.Failed(1, fmt.Errorf("reading: %w", context.Canceled))
	w.step("task 0: stop", "task 1: stop")
	require.EqualError(t, w.c.Err(), "boom")
}

// A checkpoint that is not complete in time goes on without waiting: what waits at a sender belongs behind what its
// receiver saw.
func TestOvertaking(t *testing.T) {
	channel := checkpoint.Channel{Edge: "e", From: 0, To: 0}
	config := every(10 * time.Second)
	config.Unaligned, config.AlignFor = true, time.Second
	w := newWorld(t, 2, config)
	w.step()
	w.after(10*time.Second, "task 0: trigger 1", "task 1: trigger 1")
	require.Equal(t, time.Second, w.until())
	w.ack(0, 1)
	w.after(999 * time.Millisecond)
	w.after(time.Millisecond, "task 0: overtake 1", "task 1: overtake 1")
	require.Equal(t, 10*time.Minute-time.Second, w.until())
	w.c.Overtaken(1, channel, []byte("rest"))
	w.c.Acknowledged(1, 1, checkpoint.Part{InFlight: []checkpoint.InFlight{{Channel: channel, Bytes: []byte("first "), More: true}}})
	w.step()
	w.background("save 1: a-+first rest", "task 0: committed 1", "task 1: committed 1", "completed 1 in 1s, last false")

	w.after(9*time.Second, "task 0: trigger 2", "task 1: trigger 2")
	w.after(time.Second, "task 0: overtake 2", "task 1: overtake 2")
	w.c.Overtaken(1, channel, []byte("of the one before"))
	w.ack(0, 2)
	w.c.Acknowledged(1, 2, checkpoint.Part{InFlight: []checkpoint.InFlight{{Channel: channel, More: true}}})
	w.step("task 0: abort 2", "task 1: abort 2", "drop 2: a-+")

	config.AlignFor = 0
	w = newWorld(t, 1, config)
	w.step()
	w.after(10*time.Second, "task 0: trigger 1", "task 0: overtake 1")
}

// A checkpoint of which nobody knows whether it is durable is neither given up nor committed: it is written again.
func TestUncertain(t *testing.T) {
	doubtful := fmt.Errorf("%w: no answer", snapshot.ErrUncertain)
	begin := func() *world {
		w := newWorld(t, 1, every(10*time.Second))
		w.step()
		w.after(10*time.Second, "task 0: trigger 1")
		w.ack(0, 1)
		w.step()
		w.saved = doubtful
		w.background("save 1: a")
		require.Equal(t, time.Second, w.until())
		w.after(time.Second)
		return w
	}
	w := begin()
	w.saved = nil
	w.background("save 1: a", "task 0: committed 1", "completed 1 in 1s, last false")

	w = begin()
	w.now += int64(10 * time.Minute)
	w.background("save 1: a", "task 0: stop")
	w.c.Stopped(0, nil)
	w.step("task 0: abort 1", "drop 1: a")
	require.ErrorIs(t, w.c.Err(), snapshot.ErrUncertain)
}
