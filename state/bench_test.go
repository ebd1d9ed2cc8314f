package state_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state"
)

// profile is a state of 100 bytes.
type profile struct {
	Count, Last, Min, Max int64
	Sum                   float64
	Ring                  [15]int32
}

const batchLen = 256

// bench is a task with a struct state under keys 0 … n-1, all of them present.
type bench struct {
	b     *state.Backend
	keys  *state.Keys[uint64]
	value state.Value[profile]
	batch [][]uint64
	next  int
}

func newBench(tb testing.TB, n int, o state.Options) *bench {
	x := &bench{b: open(tb, o)}
	x.keys = keysOf[uint64](tb, x.b)
	x.value = state.NewValue[profile](x.keys.Operator("op"), "profile")
	require.NoError(tb, x.b.Start())
	batch := make([]uint64, 0, batchLen)
	for k := range uint64(n) {
		if batch = append(batch, k); len(batch) == cap(batch) {
			x.update(batch)
			batch = batch[:0]
		}
	}
	x.update(batch)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 4096 {
		batch := make([]uint64, batchLen)
		for i := range batch {
			batch[i] = rng.Uint64N(uint64(n))
		}
		x.batch = append(x.batch, batch)
	}
	return x
}

func (x *bench) take() []uint64 {
	x.next++
	return x.batch[x.next%len(x.batch)]
}

func (x *bench) update(batch []uint64) {
	x.keys.Prepare(batch)
	for i, k := range batch {
		x.keys.Select(i)
		x.value.Ref().see(int64(k))
	}
}

func (p *profile) see(v int64) {
	p.Ring[p.Count%15] = int32(v)
	p.Count++
	p.Sum += float64(v)
	p.Last = v
}

func report(b *testing.B, n int) {
	b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mupdates/s")
}

func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000, 10_000_000} {
		if n > 1_000_000 && testing.Short() {
			continue
		}
		b.Run(fmt.Sprintf("seek/keys=%d", n), func(b *testing.B) {
			x := newBench(b, n, state.Options{})
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += batchLen {
				for _, k := range x.take() {
					x.keys.Seek(k)
					x.value.Ref().see(int64(k))
				}
			}
			report(b, b.N)
		})
		b.Run(fmt.Sprintf("prepare/keys=%d", n), func(b *testing.B) {
			x := newBench(b, n, state.Options{})
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += batchLen {
				x.update(x.take())
			}
			report(b, b.N)
		})
	}
}

// BenchmarkGoMap is what users would write without a state package.
func BenchmarkGoMap(b *testing.B) {
	const n = 1_000_000
	m := map[uint64]*profile{}
	for k := range uint64(n) {
		m[k] = &profile{}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	keys := make([]uint64, 1<<20)
	for i := range keys {
		keys[i] = rng.Uint64N(n)
	}
	b.ResetTimer()
	for i := range b.N {
		k := keys[i&(1<<20-1)]
		m[k].see(int64(k))
	}
	report(b, b.N)
}

func BenchmarkStringKeys(b *testing.B) {
	const n = 1_000_000
	back := open(b, state.Options{})
	keys := keysOf[string](b, back)
	value := state.NewValue[int64](keys.Operator("op"), "n")
	require.NoError(b, back.Start())
	batches := make([][]string, 4096)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range batches {
		for range batchLen {
			batches[i] = append(batches[i], fmt.Sprintf("card-%09d", rng.IntN(n)))
		}
		keys.Prepare(batches[i])
		for j := range batches[i] {
			keys.Select(j)
			*value.Ref()++
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += batchLen {
		batch := batches[i/batchLen%len(batches)]
		keys.Prepare(batch)
		for j := range batch {
			keys.Select(j)
			*value.Ref()++
		}
	}
	report(b, b.N)
}

func BenchmarkMapRef(b *testing.B) {
	back := open(b, state.Options{})
	keys := keysOf[uint64](b, back)
	m := state.NewMap[int64, int64](keys.Operator("op"), "windows")
	require.NoError(b, back.Start())
	b.ReportAllocs()
	for i := range b.N {
		keys.Seek(uint64(i % 10_000))
		*m.Ref(int64(i / 1_000_000 % 4))++
	}
	report(b, b.N)
}

func BenchmarkTimers(b *testing.B) {
	back := open(b, state.Options{})
	keys := keysOf[uint64](b, back)
	timers := state.NewTimers(keys.Operator("op"))
	require.NoError(b, back.Start())
	b.ReportAllocs()
	for i := range b.N {
		keys.Seek(uint64(i % 100_000))
		timers.Set(state.EventTime, int64(i)+100_000, 0)
		timers.PopDue(state.EventTime, int64(i))
	}
	report(b, b.N)
}

func BenchmarkFreeze(b *testing.B) {
	x := newBench(b, 1_000_000, state.Options{FS: vfs.Default, Dir: b.TempDir() + "/state"})
	all := make([]uint64, batchLen)
	var took []time.Duration
	for b.Loop() {
		b.StopTimer()
		for k := uint64(0); k < 1_000_000; k += batchLen {
			for i := range all {
				all[i] = k + uint64(i)
			}
			x.update(all)
		}
		b.StartTimer()
		start := time.Now()
		s, err := x.b.Freeze(1, nil)
		took = append(took, time.Since(start))
		b.StopTimer()
		require.NoError(b, err)
		<-s.Done()
		require.NoError(b, s.Err())
		require.NoError(b, s.Complete())
		b.StartTimer()
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)-1].Microseconds()), "max-us")
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
}

// BenchmarkWithSnapshots updates for some seconds, with a snapshot each second or without.
func BenchmarkWithSnapshots(b *testing.B) {
	for _, every := range []time.Duration{time.Hour, time.Second} {
		b.Run(fmt.Sprintf("every=%v", every), func(b *testing.B) {
			x := newBench(b, 1_000_000, state.Options{FS: vfs.Default, Dir: b.TempDir() + "/state"})
			b.ResetTimer()
			x.run(b, 6*time.Second, every)
		})
	}
}

func (x *bench) run(b *testing.B, length, every time.Duration) {
	var s *state.Snapshot
	var err error
	n, snapshots := 0, 0
	var slow []time.Duration
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cpu := threadTime(b)
	began := time.Now()
	next := began.Add(every)
	last := began
	for last.Sub(began) < length {
		x.update(x.take())
		n += batchLen
		now := time.Now()
		slow = append(slow, now.Sub(last))
		last = now
		if now.Before(next) {
			continue
		}
		if s != nil {
			select {
			case <-s.Done():
				require.NoError(b, s.Complete())
			default:
				continue
			}
		}
		snapshots++
		next = now.Add(every)
		s, err = x.b.Freeze(uint64(snapshots), nil)
		require.NoError(b, err)
	}
	slices.Sort(slow)
	b.ReportMetric(float64(n)/last.Sub(began).Seconds()/1e6, "Mupdates/s")
	b.ReportMetric(float64(n)/(threadTime(b)-cpu).Seconds()/1e6, "Mupdates/cpu-s")
	b.ReportMetric(float64(slow[len(slow)-1].Microseconds()), "max-us")
	b.ReportMetric(float64(slow[len(slow)*9999/10000].Microseconds()), "p99.99-us")
	b.ReportMetric(float64(snapshots), "snapshots")
}

// threadTime is the processor time of the calling thread: what it got done per second of it does not depend on what
// else the machine does.
func threadTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	const thisThread = 1
	require.NoError(b, syscall.Getrusage(thisThread, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkOpen(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		back, err := state.OpenBackend(state.Options{})
		require.NoError(b, err)
		keys, err := state.NewKeys[uint64](back)
		require.NoError(b, err)
		value := state.NewValue[profile](keys.Operator("op"), "profile")
		require.NoError(b, back.Start())
		keys.Seek(1)
		value.Ref().see(1)
		require.NoError(b, back.Close())
	}
}

// BenchmarkOpenAndSnapshot opens the store, too.
func BenchmarkOpenAndSnapshot(b *testing.B) {
	b.ReportAllocs()
	cache := state.NewBlockCache(1 << 20)
	defer cache.Close()
	for b.Loop() {
		back, err := state.OpenBackend(state.Options{DisableCompaction: true, BlockCache: cache})
		require.NoError(b, err)
		keys, err := state.NewKeys[uint64](back)
		require.NoError(b, err)
		value := state.NewValue[profile](keys.Operator("op"), "profile")
		require.NoError(b, back.Start())
		keys.Seek(1)
		value.Ref().see(1)
		s, err := back.Freeze(1, nil)
		require.NoError(b, err)
		<-s.Done()
		require.NoError(b, s.Err())
		require.NoError(b, back.Close())
	}
}
