package state_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state"
)

// A large run: go test ./state -run '^$' -bench 'Budget/uniform' -budget-keys 10000000 -budget 256 -benchtime 8000000x
//
// Peak memory is that of the process, so each row is a run of its own.
var (
	budgetKeys = flag.Int("budget-keys", 300_000, "keys of BenchmarkBudget")
	budgetMiB  = flag.Int64("budget", 8, "memory budget of BenchmarkBudget, in MiB; 0: none")
	budgetSnap = flag.Duration("budget-snapshots", 0, "time between snapshots in BenchmarkBudget; 0: none")
)

// BenchmarkBudget changes a struct of 100 bytes per update, in batches of 256, with more state than the budget.
func BenchmarkBudget(b *testing.B) {
	for _, dist := range []string{"uniform", "zipf"} {
		b.Run(dist, func(b *testing.B) {
			if *budgetMiB > 0 {
				defer debug.SetMemoryLimit(debug.SetMemoryLimit((*budgetMiB << 20) * 6 / 5))
				defer debug.SetGCPercent(debug.SetGCPercent(-1))
			}
			budget := state.NewBudget(*budgetMiB << 20)
			x := newBudgetBench(b, *budgetKeys, state.Options{FS: vfs.Default, Dir: b.TempDir() + "/state", Budget: budget})
			b.Run(fmt.Sprintf("keys=%d/budget=%d", *budgetKeys, *budgetMiB), func(b *testing.B) { x.measure(b, dist) })
			require.NoError(b, x.b.Err())
			require.NoError(b, x.b.Close())
			budget.Close()
		})
	}
}

// newBudgetBench fills a backend; unlike newBench it draws keys as it goes.
func newBudgetBench(tb testing.TB, n int, o state.Options) *bench {
	back, err := state.OpenBackend(o)
	require.NoError(tb, err)
	x := &bench{b: back, keys: keysOf[uint64](tb, back)}
	x.value = state.NewValue[profile](x.keys.Operator("op"), "profile")
	require.NoError(tb, x.b.Start())
	for k := 0; k < n; k += batchLen {
		batch := make([]uint64, min(batchLen, n-k))
		for i := range batch {
			batch[i] = uint64(k + i)
		}
		x.update(batch)
	}
	return x
}

// drawn is how many keys are drawn together, outside the measured time.
const drawn = 1 << 18

func (x *bench) measure(b *testing.B, dist string) {
	rng := rand.New(rand.NewPCG(7, uint64(b.N)))
	zipf := rand.NewZipf(rng, 1.1, 1, uint64(*budgetKeys-1))
	keys := make([]uint64, drawn)
	var slow []time.Duration
	var snap *state.Snapshot
	snapshots, next := uint64(0), time.Now().Add(*budgetSnap)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var cpu time.Duration
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; {
		b.StopTimer()
		for i := range keys {
			if keys[i] = zipf.Uint64(); dist == "uniform" {
				keys[i] = rng.Uint64N(uint64(*budgetKeys))
			}
		}
		part := keys[:min(drawn, max(batchLen, b.N-done))]
		before := threadTime(b)
		b.StartTimer()
		for batch := range slices.Chunk(part, batchLen) {
			start := time.Now()
			x.update(batch)
			slow = append(slow, time.Since(start))
			if *budgetSnap > 0 && time.Now().After(next) {
				snap, next = x.snapshot(b, snap, &snapshots), time.Now().Add(*budgetSnap)
			}
		}
		cpu += threadTime(b) - before
		done += len(part)
	}
	b.StopTimer()
	slices.Sort(slow)
	report(b, b.N)
	b.ReportMetric(float64(b.N)/cpu.Seconds()/1e6, "Mupdates/cpu-s")
	b.ReportMetric(float64(slow[len(slow)-1].Microseconds()), "max-us")
	b.ReportMetric(float64(slow[len(slow)*99/100].Microseconds()), "p99-us")
	b.ReportMetric(peakMiB(b), "peak-MiB")
	b.ReportMetric(float64(snapshots), "snapshots")
	if snap != nil {
		<-snap.Done()
		require.NoError(b, snap.Complete())
	}
}

// snapshot begins one if the last is done.
func (x *bench) snapshot(b *testing.B, last *state.Snapshot, n *uint64) *state.Snapshot {
	if last != nil {
		select {
		case <-last.Done():
			require.NoError(b, last.Complete())
		default:
			return last
		}
	}
	*n++
	s, err := x.b.Freeze(*n, nil)
	require.NoError(b, err)
	return s
}

// peakMiB is the most memory that the process has had.
func peakMiB(b *testing.B) float64 {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return float64(u.Maxrss) / 1024
}
