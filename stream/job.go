package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	stdruntime "runtime"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/internal/checkpoint"
	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/internal/runtime"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// ErrRunning is returned by Run while the job runs.
var ErrRunning = errors.New("stream: the job runs already; a job runs once at a time")

// Job is a graph of streams, and how it is run. Build it with From and the methods of streams, then
// call Run.
type Job struct {
	name     string
	graph    graph.Graph
	settings settings
	counters operator.Counters
	running  atomic.Bool
	current  atomic.Pointer[runtime.Job]
}

// NewJob returns an empty job.
func NewJob(name string, opts ...Option) *Job {
	j := &Job{name: name, graph: graph.Graph{Job: name}}
	j.settings = settings{
		parallelism: stdruntime.GOMAXPROCS(0), maxParallelism: state.DefaultMaxParallelism,
		clock: operator.SystemClock{}, log: slog.Default(),
		tolerable: -1, retain: 3, restart: NoRestart(), batch: 256, slots: 8,
	}
	for _, o := range opts {
		o(&j.settings)
	}
	return j
}

// node adds a node for the user's call.
func (j *Job) node(kind graph.Kind, name string) *graph.Node {
	return j.graph.Add(&graph.Node{Kind: kind, Name: name, Caller: graph.Caller(streamPackage)})
}

const streamPackage = "github.com/turgo-io/turgo/stream"

// Graph is a job's plan, for people to look at.
type Graph struct{ plan *graph.Plan }

// String draws the plan as text.
func (g Graph) String() string { return g.plan.Text() }

// Mermaid draws the plan as a Mermaid flowchart, which GitHub and many editors show as a picture.
func (g Graph) Mermaid() string { return g.plan.Mermaid() }

// DOT draws the plan for Graphviz.
func (g Graph) DOT() string { return g.plan.DOT() }

// Graph returns the plan that Run would run. The faults of the job come back as an error, all of them, each
// with the file and line of the call.
func (j *Job) Graph() (Graph, error) {
	p, err := j.plan()
	return Graph{p}, err
}

func (j *Job) plan() (*graph.Plan, error) {
	s := &j.settings
	p, err := j.graph.Plan(graph.Options{Parallelism: s.parallelism, MaxParallelism: s.maxParallelism, NoChaining: s.noChaining})
	return p, errors.Join(err, s.validate(j.name))
}

func (s *settings) validate(job string) error {
	var faults []error
	add := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("stream: job %q: "+format, append([]any{job}, args...)...))
		}
	}
	add(s.parallelism < 1, "parallelism %d: it must be at least 1", s.parallelism)
	add(s.maxParallelism < 1 || s.maxParallelism > state.MaxKeyGroups, "max parallelism %d: it must be 1 to %d", s.maxParallelism, state.MaxKeyGroups)
	add(s.every < 0, "checkpoint interval %v is negative", s.every)
	add(s.pause < 0, "checkpoint pause %v is negative", s.pause)
	add(s.timeout < 0, "checkpoint timeout %v is negative", s.timeout)
	add(s.alignFor < 0, "time until checkpoints are unaligned %v is negative", s.alignFor)
	add(s.drain < 0, "drain timeout %v is negative", s.drain)
	add(s.retain < 1, "retained checkpoints %d: it must be at least 1", s.retain)
	add(s.restart == nil, "the restart strategy is nil: leave stream.Restart out, or give it stream.NoRestart()")
	add(s.clock == nil, "the clock is nil: leave stream.Clock out for the machine's")
	add(s.batch < 1 || s.batch > 1<<16, "batch size %d: it must be 1 to 65536", s.batch)
	add(s.budget < 0, "memory budget %d is negative", s.budget)
	add(s.slots < 1 || s.slots > 1<<12, "exchange slots %d: it must be 1 to 4096", s.slots)
	return errors.Join(faults...)
}

// Run runs the job until its sources end, ctx ends, or it fails and its restart strategy gives up. When
// ctx ends, the sources stop, a last checkpoint is taken, and Run returns nil: a later Run of the same
// job with the same StateDir goes on from there.
func (j *Job) Run(ctx context.Context) error {
	return j.RunOn(ctx, runtime.NewReal(j.settings.clock))
}

// RunOn runs the job on a driver of Turgo's own: packages of this module that simulate use it.
func (j *Job) RunOn(ctx context.Context, driver runtime.Driver) error {
	if !j.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	defer j.running.Store(false)
	plan, err := j.plan()
	if err != nil {
		return err
	}
	s := &j.settings
	fs, dir := s.place()
	store, err := checkpoint.OpenStore(checkpoint.StoreOptions{
		FS: fs, Dir: dir, Remote: s.store, Parallel: transfers(driver), Plan: plan, Retain: s.retain, Log: s.log, Clock: driver, AllowNonRestored: s.allowNonRestore,
	})
	if err != nil {
		return err
	}
	budget := state.NewBudget(s.budget)
	defer budget.Close()
	r := &runtime.Job{
		Plan: plan, Driver: driver, FS: fs, Dir: store.Local(), Store: store, Log: s.log.With("job", j.name),
		Exchange: exchange.Config{Batch: s.batch, Slots: s.slots},
		Checkpoint: checkpoint.Config{
			Interval: s.every, MinPause: s.pause, Timeout: s.timeout, Drain: s.drain, Tolerable: s.tolerable,
			Unaligned: s.unaligned, AlignFor: s.alignFor,
		},
		Restart: s.restart, Counters: &j.counters, Budget: budget,
	}
	j.current.Store(r)
	return errors.Join(r.Run(ctx), store.Close())
}

// transfers is how many files go to or come from a store at a time. A simulation must repeat itself, so its has one.
func transfers(driver runtime.Driver) int {
	if driver.Simulated() {
		return 1
	}
	return 4
}

// place returns where state and checkpoints are kept.
func (s *settings) place() (vfs.FS, string) {
	switch {
	case s.stateDir == "" && s.fs == nil:
		return vfs.NewMem(), "state"
	case s.fs == nil:
		return vfs.Default, s.stateDir
	case s.stateDir == "":
		return s.fs, "state"
	}
	return s.fs, s.stateDir
}

// Checkpoint asks a running job for a checkpoint now.
func (j *Job) Checkpoint() {
	if r := j.current.Load(); r != nil {
		r.Demand()
	}
}

// Checkpoints returns how many checkpoints of this run became durable.
func (j *Job) Checkpoints() int64 {
	if r := j.current.Load(); r != nil {
		return r.Completed()
	}
	return 0
}
