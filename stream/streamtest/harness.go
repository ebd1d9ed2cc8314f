package streamtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

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

// Faults adds what shall go wrong.
func Faults(p Plan) Option { return func(h *Harness) { h.plan.add(p...) } }

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
	disk     *disk
	random   *rand.Rand
	plan     schedule
	rebuild  func(life int)
	lifeOpts func(life int) []stream.Option

	driver   *driver // of the life that runs
	now      int64
	steps    int
	trace    uint64
	crashes  int
	failures int   // runs that ended with an error of the plan
	records  int   // emitted by sources
	calls    int   // of sinks
	prepares int   // of sinks
	jobs     int   // in the background
	barrier  int64 // the newest checkpoint that a sink prepared
	barriers int   // how many there were
	crash    bool  // a fault asked for a crash before the next step
}

// schedule is a plan by what its faults hang on.
type schedule map[moment]time.Duration

type moment struct {
	kind FaultKind
	at   int
}

func (s schedule) add(faults ...Fault) {
	for _, f := range faults {
		s[moment{f.Kind, f.At}] = f.For
	}
}

// due reports whether a fault of a kind is planned there, and how long it lasts.
func (h *Harness) due(k FaultKind, at int) (time.Duration, bool) {
	d, ok := h.plan[moment{k, at}]
	return d, ok
}

// errCrash is how a simulated crash ends a run: no restart strategy of the job survives it.
var errCrash = operator.Permanent(errors.New("streamtest: simulated crash"))

// New returns a harness. Its job takes a checkpoint each millisecond of virtual time, and runs each operator
// twice, unless With says otherwise.
func New(t testing.TB, opts ...Option) *Harness {
	h := &Harness{t: t, seed: 1, maxSteps: 10_000_000, lose: 100, now: Day.UnixNano(), plan: schedule{}}
	for _, o := range opts {
		o(h)
	}
	h.disk = newDisk(h)
	h.random = rand.New(rand.NewPCG(h.seed, 0x74757267)) // a stream of its own: faults do not move the schedule
	h.job = h.newJob()
	return h
}

func (h *Harness) newJob(opts ...stream.Option) *stream.Job {
	all := []stream.Option{
		stream.FileSystem(h.disk), stream.CheckpointEvery(time.Millisecond), stream.Parallelism(2),
		stream.Logger(slog.New(slog.DiscardHandler)),
	}
	return stream.NewJob(h.t.Name(), append(append(all, h.options...), opts...)...)
}

// Job returns the job under test, to build streams on.
func (h *Harness) Job() *stream.Job { return h.job }

// Rebuild makes the job anew for each life of the process, counted from 0: build connects the same sources and sinks
// (Script.Stream, Collected.From) by the program of that life, under the options of that life. So a crash can
// be an upgrade, or a change of parallelism. opts may be nil.
func (h *Harness) Rebuild(opts func(life int) []stream.Option, build func(life int)) *Harness {
	h.lifeOpts, h.rebuild = opts, build
	return h
}

// CrashAtBarrier crashes the process while checkpoint n, counted from 1 over the whole run, is under
// way: when the first sink has prepared it.
func (h *Harness) CrashAtBarrier(n int64) *Harness {
	return h.Fault(Fault{Kind: CrashBarrier, At: int(n)})
}

// CrashAtRecord crashes the process when the sources have emitted n records, those emitted again
// after a crash included.
func (h *Harness) CrashAtRecord(n int) *Harness { return h.Fault(Fault{Kind: CrashRecord, At: n}) }

// CrashAtStep crashes the process before step n of the run.
func (h *Harness) CrashAtStep(n int) *Harness { return h.Fault(Fault{Kind: CrashStep, At: n}) }

// CrashRandomly crashes the process n times, before steps that the seed chooses among the first within.
func (h *Harness) CrashRandomly(n, within int) *Harness {
	for range n {
		h.CrashAtStep(h.random.IntN(within))
	}
	return h
}

// Fault adds to what shall go wrong.
func (h *Harness) Fault(f ...Fault) *Harness {
	h.plan.add(f...)
	return h
}

// Trace returns a hash of every step that was taken: who stepped, what came of it, and how long it all took.
func (h *Harness) Trace() uint64 { return h.trace }

// Steps returns how many steps were taken.
func (h *Harness) Steps() int { return h.steps }

// Crashes returns how often the process crashed.
func (h *Harness) Crashes() int { return h.crashes }

// Failures returns how often the job ended with an error of the plan and was run again.
func (h *Harness) Failures() int { return h.failures }

// Counts returns how often there was what faults are counted by: the room for a plan.
func (h *Harness) Counts() Counts {
	return Counts{
		Steps: h.steps, Barriers: h.barriers, Records: h.records, FileOps: h.disk.ops,
		CheckpointReads: h.disk.reads, SinkCalls: h.calls, Prepares: h.prepares, Jobs: h.jobs,
	}
}

// Run runs the job to its end, through all faults. Any other error fails the test, with what replays it.
func (h *Harness) Run() {
	h.t.Helper()
	if err := h.RunErr(context.Background()); err != nil {
		h.t.Fatalf("seed %d, %d steps, %d crashes: %v", h.seed, h.steps, h.crashes, err)
	}
}

// RunErr is Run for jobs that shall fail: it returns the job's error. What the plan has broken is no such error: as
// somebody who operates the job would, the harness runs it again.
func (h *Harness) RunErr(ctx context.Context) error {
	for life := 0; ; life++ {
		if h.rebuild != nil {
			h.build(life)
		}
		err := h.live(ctx, life)
		switch {
		case h.disk.crashed:
			h.crashes++
			h.crash = false
			h.disk.restart() // only now: what was closed after the crash still saw the old files
		case err != nil && planned(err) && h.failures < len(h.plan):
			h.failures++
			h.disk.full = 0 // who runs the job again makes room first
		default:
			return err
		}
	}
}

func (h *Harness) build(life int) {
	var opts []stream.Option
	if h.lifeOpts != nil {
		opts = h.lifeOpts(life)
	}
	h.job = h.newJob(opts...)
	h.rebuild(life)
}

// live runs the job once, to its end, failure or crash.
func (h *Harness) live(ctx context.Context, life int) error {
	d := &driver{Sim: sched.NewSim(h.seed+uint64(life)*0x9E3779B97F4A7C15, h.now), h: h}
	d.Before = d.before
	h.driver = d
	err := h.job.RunOn(ctx, d)
	h.now, h.trace = d.Now(), sched.Mix(h.trace^d.Trace()^uint64(d.Now()))
	return err
}

// planned reports whether an error comes from the plan. Pebble makes text of some.
func planned(err error) bool {
	return errors.Is(err, ErrFault) || strings.Contains(err.Error(), ErrFault.Error())
}

// driver is a simulation as a runtime.Driver.
type driver struct {
	*sched.Sim
	h         *Harness
	ctx       context.Context
	cancelled func() // to be called when ctx has ended
	stall     int64  // nanoseconds that the next task to step stands still
}

// before runs before each step; false is a crash.
func (d *driver) before(int) bool {
	h := d.h
	h.steps++
	d.Advance(time.Duration(h.disk.late.Swap(0)))
	if jump, now := h.due(ClockJump, h.steps); now {
		d.Advance(jump)
	}
	if wait, now := h.due(Stall, h.steps); now {
		d.stall = int64(wait)
	}
	if d.cancelled != nil && d.ctx.Err() != nil {
		d.cancelled()
		d.cancelled = nil
	}
	if _, now := h.due(CrashStep, h.steps); now || h.crash {
		h.disk.crash()
	}
	return !h.disk.crashed && h.steps < h.maxSteps
}

// Run steps all, and everything in the background, to the end or a crash.
func (d *driver) Run(all []sched.Stepper) error {
	for _, s := range all {
		d.Start(&stallable{Stepper: s, d: d})
	}
	err := d.Sim.Run()
	switch {
	case d.h.disk.crashed:
		return errCrash
	case err != nil:
		return err
	case d.h.steps >= d.h.maxSteps:
		return fmt.Errorf("streamtest: no end after %d steps; set MaxSteps if the job needs more", d.h.steps)
	}
	return nil
}

// Go runs a background job, at once or when its wait is over.
func (d *driver) Go(name string, job func()) {
	d.h.jobs++
	if wait, slow := d.h.due(JobSlow, d.h.jobs); slow {
		d.Start(&slowJob{job: job, d: d, at: d.Now() + int64(wait)})
		return
	}
	d.Sim.Go(name, job)
}

// slowJob is a background job that waits before it begins.
type slowJob struct {
	sched.Parker
	job func()
	d   *driver
	at  int64
}

// Step runs the job when its time has come.
func (s *slowJob) Step() sched.Status {
	if s.d.Now() < s.at {
		return sched.Blocked
	}
	s.job()
	return sched.Done
}

// Deadline is when the job begins.
func (s *slowJob) Deadline() int64 { return s.at }

// Park returns where the job waits.
func (s *slowJob) Park() *sched.Parker { return &s.Parker }

// Close does nothing.
func (s *slowJob) Close() {}

// Progress says whose step it is.
func (s *slowJob) Progress() uint64 { return uint64(s.at) }

// stallable is a stepper that can be kept from stepping.
type stallable struct {
	sched.Stepper
	d     *driver
	until int64
}

// Step steps, unless the stepper stands still.
func (s *stallable) Step() sched.Status {
	if s.d.stall > 0 {
		s.until, s.d.stall = s.d.Now()+s.d.stall, 0
	}
	if s.d.Now() < s.until {
		return sched.Blocked
	}
	return s.Stepper.Step()
}

// Deadline is the end of the standstill, or the stepper's own.
func (s *stallable) Deadline() int64 {
	if s.d.Now() < s.until {
		return s.until
	}
	return s.Stepper.Deadline()
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
