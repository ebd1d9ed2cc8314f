package sim_test

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/internal/sim"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/window"
)

var (
	whole  = flag.Bool("whole", false, "the whole of the long tests, not a part")
	cycles = flag.Int("cycles", 100, "how often TestStartsAndStops starts a job")
)

// cycle is a job with much state, many checkpoints (so that its stores compact), and a restart in its middle.
func cycle() *sim.Job {
	return &sim.Job{
		Seed: 7, Lose: 100, Faults: "none",
		Sources: []sim.Source{{Splits: 2, Records: 90, Class: 2, Pauses: true}},
		Nodes: []sim.Node{
			{Op: "process", Class: 2, A: 2}, {Op: "with-state", Class: 2, A: 1}, {Op: "buckets", Class: 2, A: 1}, {Op: "once", Class: 2},
		},
		Run: sim.Settings{Batch: 4, Slots: 2, Groups: 7, Every: 150 * time.Microsecond},
	}
}

// TestCrashAfterEachFileOperation cuts the power after every operation that changes the file system, from the first of a
// fresh start to the last of a restored job, and loses all, half or nothing of what was not synced.
func TestCrashAfterEachFileOperation(t *testing.T) {
	calm := cycle()
	calm.Faults = "crash-step@250"
	o := calm.Play(t)
	require.NoError(t, o.Err)
	require.Equal(t, 1, o.Crashes)
	require.Greater(t, o.Counts.Barriers, 10, "too few checkpoints for a compaction")
	step := 1
	if !*whole {
		step = 1 + o.Counts.FileOps/50
	}
	runs, crashes := 0, 0
	for op := 1; op <= o.Counts.FileOps; op += step {
		for _, lose := range []int{0, 50, 100} {
			j := cycle()
			j.Lose, j.Faults = lose, fmt.Sprintf("crash-step@250,crash-file@%d", op)
			o := j.Play(t)
			require.NoError(t, o.Err, "%v", j)
			runs++
			crashes += o.Crashes
		}
	}
	require.Greater(t, crashes, runs)
	t.Logf("%d operations, %d checkpoints; %d runs with %d crashes: all recovered", o.Counts.FileOps, o.Counts.Barriers, runs, crashes)
}

// choices are the ways to run one job. None may change its answer.
var choices = struct {
	class, batch []int
	every, after []time.Duration
	budget       []int64
	apart        []bool
}{
	class: []int{1, 2, 3, 4}, batch: []int{1, 7, 256}, every: []time.Duration{0, 50 * time.Microsecond, 400 * time.Microsecond},
	after: []time.Duration{-1, 0, 50 * time.Microsecond}, budget: []int64{0, 1, 64 << 10}, apart: []bool{false, true},
}

// same is one job in one way to run it.
func same(class, batch int, every, after time.Duration, budget int64, apart bool) *sim.Job {
	j := &sim.Job{
		Seed: 11, Lose: 50, Faults: "none", Sources: []sim.Source{{Splits: 3, Records: 60, Class: class}},
		Run: sim.Settings{Batch: batch, Slots: 2, Groups: 7, Every: every, Apart: apart, Budget: budget, Overtake: after >= 0, After: max(after, 0)},
	}
	for _, op := range []string{"map", "process", "with-state", "tee", "sliding", "over"} {
		j.Nodes = append(j.Nodes, sim.Node{Op: op, Class: class, A: 2})
	}
	return j
}

// TestOneAnswer runs one job in all ways: parallelism × batch × checkpoint interval × aligned or not × memory budget ×
// chaining × crash points.
func TestOneAnswer(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	want := same(1, 1, 0, -1, 0, false).Answer()
	require.NotEmpty(t, want)
	runs := 0
	c := &choices
	for _, class := range c.class {
		for _, batch := range c.batch {
			for _, every := range c.every {
				for _, after := range c.after {
					for _, budget := range c.budget {
						for _, apart := range c.apart {
							if !*whole && random.IntN(6) != 0 {
								continue
							}
							j := same(class, batch, every, after, budget, apart)
							require.Equal(t, want, j.Answer())
							for _, faults := range []string{"none", fmt.Sprintf("crash-step@%d,crash-step@%d", 20+random.IntN(200), 200+random.IntN(400))} {
								j.Faults = faults
								require.NoError(t, j.Play(t).Err, "%v", j)
								runs++
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d runs of one job: one answer", runs)
}

// usage is what a process holds.
type usage struct {
	goroutines, files int
	heap              uint64
}

func measure(t *testing.T) (u usage) {
	runtime.GC()
	runtime.GC() // finalizers of the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.heap, u.goroutines = m.HeapAlloc, runtime.NumGoroutine()
	open, err := fs.ReadDir(os.DirFS("/proc/self"), "fd")
	if err != nil {
		t.Logf("open files are not counted: %v", err)
	}
	u.files = len(open)
	return u
}

// TestStartsAndStops starts and stops a job on real goroutines and a real disk again and again; each run goes on from where
// the last one stopped. Nothing may grow.
func TestStartsAndStops(t *testing.T) {
	dir := t.TempDir()
	once := func(i int) {
		out := memory.Committed[string]()
		job := stream.NewJob("cycles", stream.StateDir(dir), stream.Parallelism(2), stream.CheckpointEvery(time.Millisecond), stream.Logger(nil))
		stream.From(job, memory.Slice(make([]int, 200))).
			EventTime(func(int) time.Time { return time.Unix(int64(i), 0) }).
			KeyBy(func(v int) int { return v % 7 }).
			Window(window.Tumbling(time.Second)).
			Aggregate(window.Count[int](), func(k int, _ window.Span, n int64) string { return fmt.Sprint(k, n) }).
			To(out)
		ctx, cancel := context.WithCancel(t.Context())
		if i%2 == 0 {
			cancel() // stopped before it has begun, or nearly
		}
		require.NoError(t, job.Run(ctx))
		cancel()
	}
	const warm = 20
	for i := range warm {
		once(i)
	}
	before := measure(t)
	for i := range *cycles {
		once(warm + i)
	}
	after := measure(t)
	require.LessOrEqual(t, after.goroutines, before.goroutines+2)
	require.LessOrEqual(t, after.files, before.files+2)
	require.Less(t, after.heap, before.heap+before.heap/4+4<<20)
	t.Logf("%d starts and stops: %+v before, %+v after", *cycles, before, after)
}
