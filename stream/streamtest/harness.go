package streamtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/internal/sched"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
)

// Day is the day that clock times such as "10:00:00" are on, and the one on which virtual time begins.
var Day = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// Option sets something about a harness.
type Option func(*Harness)

// Seed sets the seed (1).
func Seed(n uint64) Option { return func(h *Harness) { h.seed = n } }

// With sets options of the job.
func With(opts ...stream.Option) Option {
	return func(h *Harness) { h.options = append(h.options, opts...) }
}

// MaxSteps bounds a run (10 million): one that takes more fails the test.
func MaxSteps(n int) Option { return func(h *Harness) { h.maxSteps = n } }

// LoseUnsynced sets how many percent of the bytes that were not synced a crash loses (100).
func LoseUnsynced(percent int) Option { return func(h *Harness) { h.lose = percent } }

// Harness is a job under test. It is used from one goroutine.
type Harness struct {
	t        testing.TB
	job      *stream.Job
	seed     uint64
	options  []stream.Option
	maxSteps int
	lose     int
	fs       *swapFS
	random   *rand.Rand

	now      int64
	steps    int
	trace    uint64
	crashes  int
	plan     faults
	records  int   // emitted by sources
	barrier  int64 // the newest checkpoint that a sink prepared
	barriers int64 // how many there were
	crash    bool  // a fault asked for a crash before the next step
}

// faults is what shall go wrong.
type faults struct {
	barriers map[int64]bool
	records  map[int]bool
	steps    map[int]bool
}

// errCrash is how a simulated crash ends a run: no restart strategy of the job survives it.
var errCrash = operator.Permanent(errors.New("streamtest: simulated crash"))

// New returns a harness. Its job takes a checkpoint each millisecond of virtual time, and runs each operator
// twice, unless With says otherwise.
func New(t testing.TB, opts ...Option) *Harness {
	h := &Harness{
		t: t, seed: 1, maxSteps: 10_000_000, lose: 100, now: Day.UnixNano(),
		plan: faults{map[int64]bool{}, map[int]bool{}, map[int]bool{}},
	}
	for _, o := range opts {
		o(h)
	}
	h.fs = &swapFS{FS: vfs.NewCrashableMem()}
	h.random = rand.New(rand.NewPCG(h.seed, 0x74757267)) // a stream of its own: faults do not move the schedule
	h.job = stream.NewJob(t.Name(), append([]stream.Option{
		stream.FileSystem(h.fs), stream.CheckpointEvery(time.Millisecond), stream.Parallelism(2),
		stream.Logger(slog.New(slog.DiscardHandler)),
	}, h.options...)...)
	return h
}

// Job returns the job under test, to build streams on.
func (h *Harness) Job() *stream.Job { return h.job }

// CrashAtBarrier crashes the process while checkpoint n, counted from 1 over the whole run, is under
// way: when the first sink has prepared it.
func (h *Harness) CrashAtBarrier(n int64) *Harness {
	h.plan.barriers[n] = true
	return h
}

// CrashAtRecord crashes the process when the sources have emitted n records, those emitted again
// after a crash included.
func (h *Harness) CrashAtRecord(n int) *Harness {
	h.plan.records[n] = true
	return h
}

// CrashAtStep crashes the process before step n of the run.
func (h *Harness) CrashAtStep(n int) *Harness {
	h.plan.steps[n] = true
	return h
}

// CrashRandomly crashes the process n times, before steps that the seed chooses among the first within.
func (h *Harness) CrashRandomly(n, within int) *Harness {
	for range n {
		h.plan.steps[h.random.IntN(within)] = true
	}
	return h
}

// Trace returns a hash of every step that was taken: who stepped, what came of it.
func (h *Harness) Trace() uint64 { return h.trace }

// Steps returns how many steps were taken.
func (h *Harness) Steps() int { return h.steps }

// Crashes returns how often the process crashed.
func (h *Harness) Crashes() int { return h.crashes }

// Run runs the job to its end, through all faults. Any other error fails the test, with what replays it.
func (h *Harness) Run() {
	h.t.Helper()
	if err := h.RunErr(context.Background()); err != nil {
		h.t.Fatalf("seed %d, %d steps, %d crashes: %v", h.seed, h.steps, h.crashes, err)
	}
}

// RunErr is Run for jobs that shall fail: it returns the job's error.
func (h *Harness) RunErr(ctx context.Context) error {
	for {
		d := &driver{Sim: sched.NewSim(h.seed+uint64(h.crashes)*0x9E3779B97F4A7C15, h.now), h: h}
		d.Before = d.before
		err := h.job.RunOn(ctx, d)
		h.now, h.trace = d.Now(), sched.Mix(h.trace^d.Trace())
		if !errors.Is(err, errCrash) {
			return err
		}
		h.crashes++
		h.crash = false
		h.fs.restart() // only now: what was closed after the crash still saw the old files
	}
}

// before runs before each step; false is a crash.
func (d *driver) before(int) bool {
	h := d.h
	h.steps++
	if d.cancelled != nil && d.ctx.Err() != nil {
		d.cancelled()
		d.cancelled = nil
	}
	if h.plan.steps[h.steps] || h.crash {
		h.fs.crash(h.lose, h.random)
		return false
	}
	return h.steps < h.maxSteps
}

// driver is a simulation as a runtime.Driver.
type driver struct {
	*sched.Sim
	h         *Harness
	ctx       context.Context
	cancelled func() // to be called when ctx has ended
}

// Run steps all, and everything in the background, to the end or a crash.
func (d *driver) Run(all []sched.Stepper) error {
	d.Start(all...)
	err := d.Sim.Run()
	switch {
	case err != nil:
		return err
	case d.h.fs.crashed:
		return errCrash
	case d.h.steps >= d.h.maxSteps:
		return fmt.Errorf("streamtest: no end after %d steps; set MaxSteps if the job needs more", d.h.steps)
	}
	return nil
}

// AfterCancel looks at ctx between two steps: what another goroutine would do has no place in a simulation.
func (d *driver) AfterCancel(ctx context.Context, f func()) (stop func() bool) {
	d.ctx, d.cancelled = ctx, f
	return func() bool {
		d.cancelled = nil
		return true
	}
}

// Simulated says yes.
func (d *driver) Simulated() bool { return true }

// Sleep moves the clock.
func (d *driver) Sleep(_ context.Context, wait time.Duration) { d.Advance(wait) }
