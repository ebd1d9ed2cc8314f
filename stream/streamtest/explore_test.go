package streamtest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/stream/streamtest"
)

func TestPlanAsText(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		p := streamtest.RandomPlan(random, streamtest.Counts{Steps: 100, Records: 30, FileOps: 70}, random.IntN(6))
		again, err := streamtest.ParsePlan(p.String())
		require.NoError(t, err)
		require.Equal(t, p.String(), again.String())
		require.Len(t, again, len(p))
	}
	for _, bad := range []string{"crash", "crash-step", "crash-step@0", "crash-step@x", "crash-step@1:1s", "clock@1", "clock@1:x", "crash-step@1,,"} {
		_, err := streamtest.ParsePlan(bad)
		require.ErrorContains(t, err, "streamtest: fault", "%q", bad)
	}
}

func TestShrink(t *testing.T) {
	p, err := streamtest.ParsePlan("crash-step@9,clock@4:20s,disk-full@3,stall@7:50ms,sink-error@2")
	require.NoError(t, err)
	runs := 0
	got := streamtest.Shrink(p, func(p streamtest.Plan) bool {
		runs++
		s := p.String()
		return strings.Contains(s, "disk-full@3") && strings.Contains(s, "stall@7")
	})
	require.Equal(t, "disk-full@3,stall@7:10µs", got.String())
	require.Less(t, runs, 40)
}

// counting puts the clicks of a job of timers out under faults.
func counting(t *testing.T, want []string) func(h *streamtest.Harness) error {
	return func(h *streamtest.Harness) error {
		out := streamtest.Collect(h, timed(script(h, 3, 100).Stream()))
		return errors.Join(h.RunErr(context.Background()), out.Diff(want...))
	}
}

func TestExplore(t *testing.T) {
	streamtest.Explore(t, *seeds, counting(t, expected(t, 100, timed)))
	streamtest.Explore(t, *seeds, counting(t, expected(t, 100, timed)), streamtest.With(stream.Restart(stream.FixedDelay(3, time.Millisecond))))
}

// failing is a test that keeps what it is failed with.
type failing struct {
	testing.TB
	said string
}

func (f *failing) Fatalf(format string, args ...any) {
	f.said = fmt.Sprintf(format, args...)
	panic(f)
}

// explored returns what Explore says of a job.
func explored(t *testing.T, seeds int, run func(*streamtest.Harness) error) (said string) {
	f := &failing{TB: t}
	defer func() {
		if cause := recover(); cause != nil && cause != any(f) {
			panic(cause)
		}
		said = f.said
	}()
	streamtest.Explore(f, seeds, run)
	return ""
}

// A job that forgets in crashes is found, with one crash, and the line that is printed runs the case again.
func TestExploreFindsAndReplays(t *testing.T) {
	forgetful := func(h *streamtest.Harness) error {
		lives := 0
		in := streamtest.Source[int](h)
		for i := range 50 {
			in.Add(i)
		}
		var out *streamtest.Collected[int]
		h.Rebuild(nil, func(int) {
			lives++
			out = streamtest.NewCollected[int](h) // a database that every process has anew
			out.From(in.Stream())
		})
		err := h.RunErr(context.Background())
		if got := len(out.Values()); got != 50 {
			return errors.Join(err, fmt.Errorf("%d records in %d lives", got, lives))
		}
		return err
	}
	said := explored(t, 1000, forgetful)
	require.Regexp(t, `records in [2-5] lives`, said)
	_, line, ok := strings.Cut(said, streamtest.ReplayVariable+"='")
	require.True(t, ok, said)
	line, _, _ = strings.Cut(line, "'")
	require.LessOrEqual(t, strings.Count(line, ","), 2, "more faults than it takes: %s", line)
	t.Setenv(streamtest.ReplayVariable, line)
	require.Regexp(t, `records in [2-5] lives`, explored(t, 1, forgetful))
	t.Setenv(streamtest.ReplayVariable, "seed=1")
	require.Contains(t, explored(t, 1, forgetful), "write seed=N")
}

// TestLives changes the program between lives: its parallelism, and its chains.
func TestLives(t *testing.T) {
	want := expected(t, 300, windowed)
	for seed := range uint64(20) {
		h := streamtest.New(t, streamtest.Seed(seed))
		in, out := script(h, 3, 300), streamtest.NewCollected[string](h)
		h.Rebuild(func(life int) []stream.Option {
			return []stream.Option{stream.Parallelism(1 + (int(seed)+life*3)%4)}
		}, func(int) { out.From(windowed(in.Stream())) })
		h.CrashRandomly(4, 400).Run()
		out.Exactly(t, want...)
	}
}

// Each kind of fault does what it says: the job comes to its end all the same, and the run shows the fault.
func TestEachFault(t *testing.T) {
	want := expected(t, 200, timed)
	run := func(line string) *streamtest.Harness {
		p, err := streamtest.ParsePlan(line)
		require.NoError(t, err)
		h := streamtest.New(t, streamtest.Seed(3), streamtest.Faults(p), streamtest.With(stream.CheckpointEvery(200*time.Microsecond)))
		out := streamtest.Collect(h, timed(script(h, 3, 200).Stream()))
		h.Run()
		out.Exactly(t, want...)
		return h
	}
	calm, any := run("none"), -1
	for line, ends := range map[string]int{
		"crash-step@50": 1, "crash-barrier@2": 1, "crash-record@100": 1, "crash-file@60": 1,
		"disk-error@2": 1, "disk-torn@60": 0, "disk-full@60": any, "disk-slow@60:1s": 0, "read-error@1": 1,
		"clock@40:1h0m0s": 0, "clock@40:-1h0m0s": 0, "stall@40:10ms": 0,
		"source-error@50": 1, "source-slow@50:10ms": 0, "sink-error@3": 1, "sink-slow@2:5ms": 0, "job-slow@9:5ms": 0,
	} {
		t.Run(line, func(t *testing.T) {
			h := run(line)
			if ends != any {
				require.Equal(t, ends, h.Crashes()+h.Failures())
			}
			require.NotEqual(t, calm.Trace(), h.Trace())
			require.Equal(t, run(line).Trace(), h.Trace(), "the same plan, another trace")
		})
	}
}

// A manifest that is renamed but may not outlast a power cut (the disk is full when its folder is synchronized) is
// neither given up nor used by a restart: both have made duplicates.
func TestManifestsInDoubt(t *testing.T) {
	streamtest.Explore(t, 500, func(h *streamtest.Harness) error {
		in := streamtest.Source[int](h)
		var want []int
		for i := range 60 {
			in.Split(i % 2).Add(i).Pause(100 * time.Microsecond)
			want = append(want, i)
		}
		out := streamtest.Collect(h, in.Stream().Map(func(v int) int { return v }))
		return errors.Join(h.RunErr(t.Context()), out.Diff(want...))
	}, streamtest.With(stream.CheckpointEvery(200*time.Microsecond), stream.Restart(stream.FixedDelay(20, time.Millisecond))))
}
