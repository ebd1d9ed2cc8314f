package stream_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/window"
)

// soon runs a job that must end by itself, and fails the test long before its patience ends.
func soon(t *testing.T, ctx context.Context, job *stream.Job) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- job.Run(ctx) }()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("Run does not return")
		return nil
	}
}

// brokenSum is an aggregator that fails.
type brokenSum struct{}

func (brokenSum) Add(*int, *int)   { panic(errBroken) }
func (brokenSum) Merge(*int, *int) {}
func (brokenSum) Result(*int) int  { return 0 }

func TestAggregatorPanicNamesTheWindow(t *testing.T) {
	job := stream.NewJob("broken", stream.Logger(nil), stream.Parallelism(1))
	stream.From(job, memory.Of(1, 2)).
		EventTime(func(v int) time.Time { return time.Unix(int64(v), 0) }).
		KeyBy(func(v int) int { return v }).
		Window(window.Tumbling(time.Minute)).
		Aggregate(brokenSum{}, func(int, window.Span, int) int { return 0 }).Name("per minute").
		To(memory.Collect[int]())
	var at *operator.RecordError
	require.ErrorAs(t, job.Run(context.Background()), &at)
	require.Equal(t, "per minute", at.Operator)
}

// User code that makes operators runs while the job is built; its panic is an error too.
func TestPanicOfAConstructor(t *testing.T) {
	job := stream.NewJob("broken", stream.Logger(nil), stream.Parallelism(2))
	stream.From(job, memory.Of(1, 2)).
		Do(func() operator.Function[int, int] { panic(errBroken) }).Name("made").
		To(memory.Collect[int]())
	err := job.Run(context.Background())
	require.ErrorIs(t, err, errBroken)
	require.ErrorContains(t, err, "made")
}

func TestPermanentErrorsAreNotRestarted(t *testing.T) {
	attempts := 0
	job := stream.NewJob("broken", stream.Logger(nil), stream.Parallelism(1), stream.Restart(stream.FixedDelay(5, 0)))
	stream.From(job, memory.Of(1)).
		Via(operator.NewFactory("bad", func() operator.Operator[int, int] {
			attempts++
			return &failing{err: operator.Permanent(errBroken)}
		})).
		To(memory.Collect[int]())
	err := job.Run(context.Background())
	require.ErrorIs(t, err, errBroken)
	require.True(t, operator.IsPermanent(err))
	require.Equal(t, 1, attempts)
}

func TestRestartStrategies(t *testing.T) {
	type next struct {
		wait  time.Duration
		again bool
	}
	for name, c := range map[string]struct {
		strategy stream.RestartStrategy
		ran      []time.Duration
		want     []next
	}{
		"none":  {stream.NoRestart(), []time.Duration{0}, []next{{0, false}}},
		"fixed": {stream.FixedDelay(2, time.Second), []time.Duration{0, 0, 0}, []next{{time.Second, true}, {time.Second, true}, {time.Second, false}}},
		"exponential": {
			stream.Exponential(time.Second, 5*time.Second, time.Minute),
			[]time.Duration{0, 0, 0, time.Minute, 0, 2 * time.Minute, 0},
			[]next{{1 * time.Second, true}, {2 * time.Second, true}, {4 * time.Second, true}, {5 * time.Second, true}, {5 * time.Second, true}, {1 * time.Second, true}, {2 * time.Second, true}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // a second run of the job begins anew
				for i, w := range c.want {
					wait, again := c.strategy.Next(i+1, c.ran[i])
					require.Equal(t, w.again, again)
					if again {
						require.Equal(t, w.wait, wait, "failure %d", i+1)
					}
				}
			}
		})
	}
}

// When everything is committed, an error of closing is told, but there is nothing that a restart could do.
func TestCloseErrorAfterTheEndIsNotRestarted(t *testing.T) {
	out := memory.Committed[int]()
	closed := 0
	job := stream.NewJob("closes", stream.Logger(nil), stream.Parallelism(1), stream.Restart(stream.Exponential(0, 0, 0)))
	s := stream.From(job, memory.Of(1, 2, 3))
	s.To(out)
	s.To(drain[int]{hooks: hooks{"sink close": func() error { closed++; return errBroken }}})
	require.ErrorIs(t, soon(t, t.Context(), job), errBroken)
	require.Equal(t, []int{1, 2, 3}, out.Values())
	require.Equal(t, 1, closed)
}

// A sink that cannot prepare fails the checkpoint, not the job; more failures in a row than are tolerated end it.
func TestSinkThatCannotPrepare(t *testing.T) {
	run := func(failures int64, opts ...stream.Option) (int64, int64, error) {
		var left, n atomic.Int64
		left.Store(failures)
		job := stream.NewJob("declines", append([]stream.Option{stream.Logger(nil), stream.Parallelism(2), stream.CheckpointEvery(time.Millisecond)}, opts...)...)
		prepare := func() error {
			if left.Add(-1) >= 0 {
				return errBroken
			}
			return nil
		}
		ends := make(chan int)
		end := sync.OnceFunc(func() { close(ends) })
		commit := func() error { end(); return nil } // the first checkpoint that succeeds ends the job
		stream.From(job, memory.Channel(ends)).To(drain[int]{hooks: hooks{"prepare": prepare, "commit": commit}, n: &n})
		err := soon(t, context.Background(), job)
		return n.Load(), job.Checkpoints(), err
	}
	_, checkpoints, err := run(6)
	require.NoError(t, err)
	require.NotZero(t, checkpoints)
	_, _, err = run(1000, stream.TolerateFailedCheckpoints(3))
	require.ErrorIs(t, err, errBroken)
	require.ErrorContains(t, err, "checkpoint 4")
	require.ErrorContains(t, err, "drain")
}

// waits blocks in a call of a source until the attempt's context ends.
type waits struct {
	count
	discover bool
	called   chan struct{}
	calls    *atomic.Int64
}

func (w waits) DiscoverEvery() int64 {
	if w.discover {
		return int64(time.Millisecond)
	}
	return 0
}

func (w waits) Splits(ctx context.Context) ([]operator.Split, error) {
	if w.calls.Add(1) == 1 && w.discover {
		return w.count.Splits(ctx)
	}
	select {
	case w.called <- struct{}{}:
	default:
	}
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// A source that blocks, while it is opened or while it looks for splits, ends when the job is cancelled, and when
// another task fails.
func TestBlockedSourceEnds(t *testing.T) {
	for name, discover := range map[string]bool{"opening": false, "discovering": true} {
		source := func() waits {
			return waits{count: count{n: 10, idle: func() {}}, discover: discover, called: make(chan struct{}, 1), calls: new(atomic.Int64)}
		}
		t.Run(name+"/cancelled", func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			s := source()
			job := stream.NewJob("waits", stream.Logger(nil), stream.Parallelism(1), stream.DrainTimeout(5*time.Minute))
			stream.From(job, s).To(memory.Collect[int]())
			go func() {
				<-s.called
				cancel()
			}()
			require.NoError(t, soon(t, ctx, job))
		})
		t.Run(name+"/failed", func(t *testing.T) {
			s := source()
			job := stream.NewJob("waits", stream.Logger(nil), stream.Parallelism(1))
			stream.From(job, s).To(memory.Collect[int]())
			stream.From(job, memory.Of(1)).Map(func(int) int { <-s.called; panic(errBroken) }).To(memory.Collect[int]())
			err := soon(t, context.Background(), job)
			require.ErrorIs(t, err, errBroken)
			require.False(t, errors.Is(err, context.Canceled), "%v", err)
		})
	}
}
