package stream_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
)

// forked is a job with a side output, a merge and a key.
func forked(opts ...stream.Option) *stream.Job {
	bad := operator.NewSide[operator.Failure[string]]("bad")
	job := stream.NewJob("forked", append(opts, stream.Logger(nil))...)
	numbers := stream.From(job, memory.Of("1", "x")).Name("lines").Parallelism(1).Try(strconv.Atoi, bad)
	numbers.Side(bad).To(memory.Collect[operator.Failure[string]]()).Name("dead letters")
	numbers.Merge(numbers.Map(func(v int) int { return -v })).
		KeyBy(func(v int) int { return v }).Count().
		To(memory.Committed[stream.KV[int, int64]]())
	return job
}

func TestGraphGoldens(t *testing.T) {
	g, err := forked(stream.Parallelism(2)).Graph()
	require.NoError(t, err)
	for name, got := range map[string]string{"forked.txt": g.String(), "forked.mmd": g.Mermaid(), "forked.dot": g.DOT()} {
		file := filepath.Join("testdata", name)
		if os.Getenv("REWRITE") != "" {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(want), got, name)
	}
}

// To look at the graph changes nothing: what is set afterwards counts.
func TestGraphDoesNotChangeTheJob(t *testing.T) {
	build := func(look bool) string {
		job := stream.NewJob("looked at", stream.Parallelism(3), stream.Logger(nil))
		in := stream.From(job, memory.Of(1, 2, 3))
		mapped := in.Map(func(v int) int { return v })
		out := mapped.KeyBy(func(v int) int { return v }).Count().To(memory.Collect[stream.KV[int, int64]]())
		if look {
			_, err := job.Graph()
			require.NoError(t, err)
		}
		in.Parallelism(2)
		mapped.Name("mapped")
		out.Parallelism(1)
		g, err := job.Graph()
		require.NoError(t, err)
		require.NoError(t, soon(t, context.Background(), job))
		return g.String()
	}
	require.Equal(t, build(false), build(true))
}

func TestTwoHundredOperators(t *testing.T) {
	for _, opts := range [][]stream.Option{{stream.Parallelism(1)}, {stream.Parallelism(1), stream.NoChaining()}, {stream.Parallelism(2), stream.NoChaining(), stream.ExchangeSlots(1)}} {
		out := memory.Committed[int]()
		job := stream.NewJob("long", append(opts, stream.Logger(nil), stream.CheckpointEvery(5*time.Millisecond))...)
		s := stream.From(job, count{n: 1000, splits: 2})
		for i := range 200 {
			if i%20 == 19 {
				s = s.KeyBy(func(v int) int { return v }).WithState(func(s *int, v int) int { *s++; return v + *s }).Stream
				continue
			}
			s = s.Map(func(v int) int { return v + 1 })
		}
		s.To(out)
		require.NoError(t, soon(t, context.Background(), job))
		require.Len(t, out.Values(), 1000)
	}
}

func TestSixtyFourSubtasks(t *testing.T) {
	out := memory.Committed[stream.KV[int, int64]]()
	job := stream.NewJob("wide", stream.Parallelism(64), stream.Logger(nil), stream.CheckpointEvery(20*time.Millisecond))
	stream.From(job, count{n: 20_000, splits: 9}).
		KeyBy(func(v int) int { return v % 1000 }).Count().
		Filter(func(kv stream.KV[int, int64]) bool { return kv.Value == 20 }).
		To(out)
	require.NoError(t, soon(t, context.Background(), job))
	require.Len(t, out.Values(), 1000)
}

// A sink that takes nothing stops the source after a bounded number of records; when it goes on, so does the job.
func TestBackpressure(t *testing.T) {
	for name, opts := range map[string][]stream.Option{
		"chained": {stream.Parallelism(1)},
		"apart":   {stream.Parallelism(1), stream.NoChaining()},
		"wide":    {stream.Parallelism(3), stream.NoChaining()},
	} {
		t.Run(name, func(t *testing.T) {
			const batch, slots, hops, n = 16, 2, 3, 200_000
			var taken, given atomic.Int64
			gate := make(chan struct{})
			job := stream.NewJob("blocked", append(opts, stream.Logger(nil), stream.BatchSize(batch), stream.ExchangeSlots(slots), stream.CheckpointEvery(time.Millisecond))...)
			stream.From(job, count{n: n}).
				Map(func(v int) int { given.Add(1); return v }).
				Map(func(v int) int { return v }).
				To(drain[int]{n: &taken, work: func(int) { <-gate }})
			done := make(chan error, 1)
			go func() { done <- job.Run(context.Background()) }()
			last := int64(-1)
			require.Eventually(t, func() bool { // until nothing moves for a while
				before := last
				last = given.Load()
				return last > 0 && last == before
			}, 10*time.Second, 30*time.Millisecond)
			subtasks := map[bool]int64{true: 3, false: 1}[name == "wide"]
			// Each hop holds its slots, a batch at the receiver, one at the sender, and what one step spilled.
			require.Less(t, given.Load(), subtasks*hops*(batch*(slots+2)+256+batch)+256)
			require.Positive(t, given.Load())
			close(gate)
			require.NoError(t, <-done)
			require.Equal(t, int64(n), taken.Load())
		})
	}
}

// Jobs that start and stop leave nothing behind: no goroutine, no descriptor, no memory.
func TestStartAndStopLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	cycle := func(i int) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		job := stream.NewJob("cycle", stream.Logger(nil), stream.StateDir(dir), stream.Parallelism(2), stream.CheckpointEvery(time.Millisecond))
		stream.From(job, count{n: 200 + i, splits: 3, idle: cancel}).
			KeyBy(func(v int) int { return v % 50 }).Count().To(drain[stream.KV[int, int64]]{})
		require.NoError(t, soon(t, ctx, job))
	}
	measure := func() (goroutines, descriptors int, heap uint64) {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		fds, _ := os.ReadDir("/proc/self/fd") // where there is none, the others are looked at
		return runtime.NumGoroutine(), len(fds), m.HeapAlloc
	}
	for i := range 20 {
		cycle(i)
	}
	g0, d0, h0 := measure()
	for i := range 200 {
		cycle(20 + i)
	}
	g1, d1, h1 := measure()
	require.LessOrEqual(t, g1, g0+2)
	require.LessOrEqual(t, d1, d0+2)
	require.Less(t, h1, h0+(8<<20))
	require.Less(t, len(files(t, dir)), 200, fmt.Sprint(files(t, dir)))
}
