package sim_test

import (
	"flag"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/turgo-io/turgo/internal/sim"
)

var (
	seeds  = flag.Int("seeds", 600, "how many seeds TestSim runs")
	from   = flag.Uint64("from", 1, "the first seed of TestSim")
	replay = flag.String("replay", "", "a job, as a failure of TestSim prints it, to run instead")
)

func TestMain(m *testing.M) {
	flag.Parse()
	debug.SetGCPercent(400) // thousands of small jobs: most of their memory is garbage at once
	goleak.VerifyTestMain(m)
}

// fail shrinks a job that has failed and prints what runs it again.
func fail(t *testing.T, j *sim.Job, o sim.Outcome) {
	t.Helper()
	t.Errorf("seed %d: %v\n%v", j.Seed, o.Err, j)
	small := j.Shrink(t)
	t.Fatalf("shrunk: %v\nagain: go test ./internal/sim -run '^TestSim$' -replay '%v'", small.Play(t).Err, small)
}

// TestSim runs a random job for each seed.
func TestSim(t *testing.T) {
	if *replay != "" {
		j, err := sim.Parse(*replay)
		require.NoError(t, err)
		require.NoError(t, j.Play(t).Err)
		return
	}
	var sum struct{ records, steps, crashes, failed, checkpoints, ops int }
	for seed := *from; seed < *from+uint64(*seeds); seed++ {
		j := sim.Random(seed)
		o := j.Play(t)
		if o.Err != nil {
			fail(t, j, o)
		}
		sum.records += o.Records
		sum.steps += o.Counts.Steps
		sum.crashes += o.Crashes
		sum.failed += o.Failed
		sum.checkpoints += o.Counts.Barriers
		sum.ops += o.Counts.FileOps
	}
	t.Logf("%d seeds: %+v", *seeds, sum)
}

// TestSameSeedSameTrace runs jobs twice.
func TestSameSeedSameTrace(t *testing.T) {
	traces := map[uint64]bool{}
	for seed := uint64(1); seed <= 60; seed++ {
		j := sim.Random(seed)
		o := j.Play(t)
		again, err := sim.Parse(j.String())
		require.NoError(t, err)
		require.Equal(t, j, again)
		require.Equal(t, o.Trace, again.Play(t).Trace, "seed %d", seed)
		traces[o.Trace] = true
	}
	require.Len(t, traces, 60)
}
