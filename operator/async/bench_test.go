package async_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/async"
	"github.com/turgo-io/turgo/state"
)

// rig drives an operator as a task does, with goroutines for its calls.
type rig struct {
	op    operator.Operator[int, int]
	slow  operator.Asynchronous
	woken chan struct{}
	clock operator.SystemClock
	out   int
	jobs  state.Goroutines
	end   context.CancelFunc
}

// Push and Mark take what comes out.
func (r *rig) Push(int64, *int) error   { r.out++; return nil }
func (r *rig) Mark(operator.Mark) error { return nil }

func newRig(tb testing.TB, f operator.Factory[int, int]) *rig {
	require.NoError(tb, f.(interface{ Validate() error }).Validate())
	backend, err := state.OpenBackend(state.Options{})
	require.NoError(tb, err)
	ctx, cancel := context.WithCancel(context.Background())
	r := &rig{op: f.New(), woken: make(chan struct{}, 1), end: cancel}
	env := &operator.Env{
		Ctx: ctx, Clock: r.clock, Executor: &r.jobs, Backend: backend, Scope: backend.Operator("bench"), Parallelism: 1,
		Task: &operator.TaskState{Watermark: operator.NoTime}, Counters: &operator.Counters{}, Log: slog.New(slog.DiscardHandler), Sides: map[string]any{},
		Wake: func() {
			select {
			case r.woken <- struct{}{}:
			default:
			}
		},
	}
	require.NoError(tb, r.op.Open(operator.NewContext(env), r))
	require.NoError(tb, backend.Start())
	r.slow = r.op.(operator.Asynchronous)
	tb.Cleanup(func() {
		require.NoError(tb, r.op.Close())
		cancel()
		r.jobs.Wait()
		require.NoError(tb, backend.Close())
	})
	return r
}

// run pushes n records and waits for their results.
func (r *rig) run(tb testing.TB, n int) {
	for i := 0; i < n || r.slow.Pending(); {
		for ; i < n && !r.slow.Full(); i++ {
			if err := r.op.Push(int64(i), &i); err != nil {
				tb.Fatal(err)
			}
		}
		for r.slow.Deadline() != 1 {
			<-r.woken
		}
		if err := r.slow.Tick(r.clock.Now()); err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkCalls is what a call costs that answers at once: a goroutine, and the operator's own work.
func BenchmarkCalls(b *testing.B) {
	for name, opts := range map[string][]async.Option{
		"ordered": nil, "unordered": {async.Unordered()}, "timeout": {async.Timeout(time.Minute)},
	} {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, async.New(double, append(opts, async.Capacity(1000))...))
			r.run(b, 10_000)
			b.ReportAllocs()
			b.ResetTimer()
			r.run(b, b.N)
		})
	}
}

// BenchmarkConcurrent has 10,000 lookups of 10 ms under way at any time.
func BenchmarkConcurrent(b *testing.B) {
	const delay = 10 * time.Millisecond
	slow := func(ctx context.Context, n int) (int, error) {
		t := time.NewTimer(delay)
		defer t.Stop()
		select {
		case <-t.C:
			return n, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	for _, capacity := range []int{100, 10_000} {
		b.Run(fmt.Sprint(capacity), func(b *testing.B) {
			r := newRig(b, async.New(slow, async.Unordered(), async.Capacity(capacity)))
			r.run(b, capacity)
			b.ReportAllocs()
			b.ResetTimer()
			r.run(b, b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkCached is what a record costs whose answer is in the cache.
func BenchmarkCached(b *testing.B) {
	l := async.Lookup[int, int, int, int]{Key: func(n int) int { return n % 512 }, Ask: double, Result: func(_, v int) int { return v }}
	r := newRig(b, async.NewLookup(l, async.Cached(async.Cache{Size: 1000}), async.Capacity(1000)))
	r.run(b, 10_000)
	b.ReportAllocs()
	b.ResetTimer()
	r.run(b, b.N)
}

// TestConcurrent has 10,000 calls under way at the same time, none of which returns before all have begun.
func TestConcurrent(t *testing.T) {
	const n = 10_000
	var begun sync.WaitGroup
	begun.Add(n)
	r := newRig(t, async.New(func(_ context.Context, i int) (int, error) {
		begun.Done()
		begun.Wait()
		return i, nil
	}, async.Capacity(n)))
	r.run(t, n)
	require.Equal(t, n, r.out)
}
