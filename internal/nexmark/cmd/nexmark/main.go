// Command nexmark runs one query several times and prints one line of JSON, in the form of the peers' runners.
//
//	go run ./internal/nexmark/cmd/nexmark -query q5 -events 1000000 -par 2 -backend heap -ckpt 1s
//
// The backend heap keeps checkpoints in memory; pebble keeps state and checkpoints in files of a temporary directory. What
// the public API does not tell, the duration and size of checkpoints, is -1.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"syscall"
	"time"

	"github.com/turgo-io/turgo/internal/nexmark"
	"github.com/turgo-io/turgo/stream"
)

// settings is the command line.
type settings struct {
	query, backend, engine, profile string
	events                          int64
	par, reps, batch, gc            int
	ckpt                            time.Duration
}

func main() {
	var s settings
	flag.StringVar(&s.query, "query", "q5", "which query")
	flag.StringVar(&s.backend, "backend", "heap", "heap or pebble")
	flag.StringVar(&s.engine, "engine", "turgo", "turgo, or plain: the same without an engine")
	flag.StringVar(&s.profile, "cpuprofile", "", "write a CPU profile of the measured runs to this file")
	flag.Int64Var(&s.events, "events", 1_000_000, "events a run")
	flag.IntVar(&s.par, "par", 1, "parallelism")
	flag.IntVar(&s.reps, "reps", 3, "measured runs, after one to warm up")
	flag.IntVar(&s.batch, "batch", 256, "records an exchange gathers")
	flag.IntVar(&s.gc, "gc", 100, "GOGC")
	flag.DurationVar(&s.ckpt, "ckpt", 0, "checkpoint interval, 0: only the last one")
	flag.Parse()
	if err := s.main(); err != nil {
		fmt.Fprintln(os.Stderr, "nexmark:", err)
		os.Exit(1)
	}
}

func (s *settings) main() error {
	if err := s.validate(); err != nil {
		return err
	}
	debug.SetGCPercent(s.gc)
	if _, err := s.run(); err != nil {
		return err
	}
	if s.profile != "" {
		f, err := os.Create(s.profile)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // what Close could lose, the profile's reader reports
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	var runs []measured
	for range s.reps {
		m, err := s.run()
		if err != nil {
			return err
		}
		runs = append(runs, m)
	}
	return json.NewEncoder(os.Stdout).Encode(s.report(runs))
}

func (s *settings) validate() error {
	_, err := nexmark.Find(s.query)
	faults := []error{err}
	if s.backend != "heap" && s.backend != "pebble" {
		faults = append(faults, fmt.Errorf("backend %q: it must be heap or pebble", s.backend))
	}
	if s.engine != "turgo" && s.engine != "plain" {
		faults = append(faults, fmt.Errorf("engine %q: it must be turgo or plain", s.engine))
	}
	if s.reps < 1 {
		faults = append(faults, fmt.Errorf("%d runs: it must be at least 1", s.reps))
	}
	return errors.Join(faults...)
}

// measured is one run.
type measured struct {
	sum         nexmark.Sum
	wall, cpu   time.Duration
	checkpoints int64
}

func (s *settings) run() (m measured, err error) {
	start, cpu := time.Now(), cpuTime()
	if s.engine == "plain" {
		m.sum, err = nexmark.Plain(s.query, s.events)
	} else {
		m.sum, m.checkpoints, err = s.stream()
	}
	m.wall, m.cpu = time.Since(start), cpuTime()-cpu
	return m, err
}

// stream runs the query as a job, start and last checkpoint included.
func (s *settings) stream() (sum nexmark.Sum, checkpoints int64, err error) {
	opts := []stream.Option{
		stream.Parallelism(s.par), stream.CheckpointEvery(s.ckpt), stream.BatchSize(s.batch), stream.RetainCheckpoints(1),
		stream.Logger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))),
	}
	if s.backend == "pebble" {
		dir, err := os.MkdirTemp("", "nexmark")
		if err != nil {
			return sum, 0, err
		}
		defer func() { _ = os.RemoveAll(dir) }() // a leftover in the temporary directory harms nobody
		opts = append(opts, stream.StateDir(dir))
	}
	q, err := nexmark.Find(s.query)
	if err != nil {
		return sum, 0, err
	}
	var total nexmark.Total
	job := stream.NewJob(s.query, opts...)
	q.Build(job, nexmark.Input{Events: s.events, Splits: max(s.par, 1)}, &total)
	err = job.Run(context.Background())
	return total.Get(), job.Checkpoints(), err
}

// cpuTime is the processor time of the process so far, that of the kernel for it included.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0 // never for the process itself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// report is the line of the peers' runners.
type report struct {
	Engine        string       `json:"engine"`
	Query         string       `json:"query"`
	Backend       string       `json:"backend"`
	Par           int          `json:"par"`
	CkptMs        int64        `json:"ckptMs"`
	Events        int64        `json:"events"`
	EvsMin        float64      `json:"evsMin"`
	EvsMed        float64      `json:"evsMed"`
	EvsMax        float64      `json:"evsMax"`
	SecMin        float64      `json:"secMin"`
	SecMed        float64      `json:"secMed"`
	SecMax        float64      `json:"secMax"`
	CPUSecMed     float64      `json:"cpuSecMed"`
	RSSMB         int64        `json:"rssMB"`
	Ckpts         int64        `json:"ckpts"`
	CkptFailed    int64        `json:"ckptFailed"`
	CkptAvgMs     float64      `json:"ckptAvgMs"`
	CkptMaxMs     float64      `json:"ckptMaxMs"`
	CkptMaxBytes  int64        `json:"ckptMaxBytes"`
	Rows          uint64       `json:"rows"`
	Sum           string       `json:"sum"`
	SameEveryRun  bool         `json:"sameEveryRun"`
	EvPerCPUSec   float64      `json:"evPerCpuSec"`
	NsPerEventCPU float64      `json:"cpuNsPerEvent"`
	Runs          [][2]float64 `json:"runs_evs_cpuSec"`
}

func (s *settings) report(runs []measured) report {
	last := runs[len(runs)-1]
	r := report{
		Engine: s.engine, Query: s.query, Backend: s.backend, Par: s.par, CkptMs: s.ckpt.Milliseconds(), Events: s.events,
		RSSMB: peakRSS(), CkptFailed: -1, CkptAvgMs: -1, CkptMaxMs: -1, CkptMaxBytes: -1,
		Rows: last.sum.Rows, Sum: fmt.Sprintf("%016x", last.sum.Hash), SameEveryRun: true,
	}
	var wall, cpu []float64
	for _, m := range runs {
		wall, cpu = append(wall, m.wall.Seconds()), append(cpu, m.cpu.Seconds())
		r.Ckpts += m.checkpoints
		r.SameEveryRun = r.SameEveryRun && m.sum == last.sum
		r.Runs = append(r.Runs, [2]float64{float64(s.events) / m.wall.Seconds(), m.cpu.Seconds()})
	}
	slices.Sort(wall)
	slices.Sort(cpu)
	n, mid := float64(s.events), len(runs)/2
	r.SecMin, r.SecMed, r.SecMax = wall[0], wall[mid], wall[len(wall)-1]
	r.EvsMin, r.EvsMed, r.EvsMax = n/r.SecMax, n/r.SecMed, n/r.SecMin
	r.CPUSecMed, r.EvPerCPUSec, r.NsPerEventCPU = cpu[mid], n/cpu[mid], cpu[mid]*1e9/n
	return r
}

// peakRSS is the most memory that the process has had, in MB.
func peakRSS() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return -1
	}
	return u.Maxrss / 1024
}
