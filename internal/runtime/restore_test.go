package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/checkpoint"
	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/internal/runtime"
	"github.com/turgo-io/turgo/operator"
)

// again is a rig that begins from a checkpoint of another one.
func (r *rig) again(n int64) *rig {
	r.restoreFrom(n)
	next := newRig(r.t)
	next.fs, next.restored, next.number = r.fs, r.restored, r.number
	return next
}

// A task begins with the watermark that it had: what was late is late again.
func TestWatermarkIsRestored(t *testing.T) {
	r, a, b := merged(t)
	a.marks(operator.Watermark, 10)
	b.marks(operator.Watermark, 5)
	r.run()
	r.trigger(1)
	r.run()

	next := r.again(1)
	a, sa := next.source("a")
	b, sb := next.source("b")
	next.sink(next.via(next.probe(nil), sa, sb))
	next.build()
	next.run()
	next.saw("watermark 5", "flush")
	a.marks(operator.Watermark, 4)
	b.marks(operator.Watermark, 7)
	next.run()
	next.saw("flush")
	a.marks(operator.Watermark, 6)
	next.run()
	next.saw("watermark 6", "flush")
}

// A checkpoint before any watermark restores none.
func TestNoWatermarkIsRestored(t *testing.T) {
	r, _, _ := merged(t)
	r.trigger(1)
	r.run()
	next := r.again(1)
	_, sa := next.source("a")
	_, sb := next.source("b")
	next.sink(next.via(next.probe(nil), sa, sb))
	next.build()
	next.run()
	next.saw("flush")
}

func TestPayloadsAreRestored(t *testing.T) {
	r, _, _ := chained(t, nil, func(s *tape) { s.payload = "tx-7" })
	r.run()
	r.trigger(1)
	r.run()
	next := r.again(1)
	_, s := next.source("a")
	sink := next.sink(next.via(next.probe(nil), s))
	next.build()
	next.run()
	require.Equal(t, []string{"tx-7"}, sink.restored)
}

// A checkpoint that is given up is not finished; the task goes on, and the next one is whole.
func TestAbort(t *testing.T) {
	r, f, _ := chained(t, nil)
	r.run()
	f.gives(1)
	r.run()
	r.trigger(1)
	r.step(0)
	r.tasks[0].Abort(1)
	r.step(0)
	r.background()
	require.Len(t, r.said, 1)
	require.Contains(t, r.said[0], "task 0 declined 1: ")
	r.said = nil
	r.trigger(2)
	r.run()
	r.heard("task 0 acknowledged 2")
	r.tasks[0].Abort(1) // late
	r.run()
	r.trigger(3)
	r.run()
	r.heard("task 0 acknowledged 3")
}

// shelf is a store in memory, of the last checkpoint.
type shelf struct {
	none
	latest error
	saved  int64
}

func (s *shelf) Save(n int64, _ []checkpoint.Part) error { s.saved = n; return nil }
func (s *shelf) Latest() (*checkpoint.Restored, error)   { return nil, s.latest }

// times restarts so often, at once.
type times int

func (n times) Next(failures int, _ time.Duration) (time.Duration, bool) {
	return 0, failures <= int(n)
}

// jobOf is a job of one task whose map does fn.
func jobOf(t *testing.T, fn func(int) int, store runtime.Store, restart runtime.Restart) *runtime.Job {
	r := &rig{t: t, parallelism: 1}
	n := &graph.Node{Kind: graph.Source, Name: "load"}
	source := &runtime.SourceNode[int]{Node: n, Source: &fresh{}}
	n.Build = source
	r.graph.Add(n)
	s := r.via(operator.NewMap(fn), &stream{r, n, &source.Out})
	end := &graph.Node{Kind: graph.Sink, Name: "drop"}
	sink := &runtime.SinkNode[int]{Node: end, Sink: &drop{}}
	end.Build = sink
	r.graph.Add(end)
	s.out.Add(runtime.Consumer[int]{Edge: r.graph.Connect(s.node, end, exchange.Forward, ""), Chained: sink.Chained})
	p, err := r.graph.Plan(graph.Options{Parallelism: 1, MaxParallelism: 128})
	require.NoError(t, err)
	return &runtime.Job{
		Plan: p, Driver: runtime.NewReal(operator.SystemClock{}), FS: vfs.NewMem(), Dir: "local", Store: store,
		Log: slog.New(slog.DiscardHandler), Exchange: exchange.Config{Batch: 4, Slots: 2}, Restart: restart, Counters: &operator.Counters{},
		Checkpoint: checkpoint.Config{Tolerable: -1},
	}
}

// fresh is a source of ten records, from the beginning for each attempt.
type fresh struct{ load }

func (*fresh) Reader(operator.Context) (operator.Reader[int], error) {
	return &load{left: 10, bits: 8}, nil
}

func TestJobRestarts(t *testing.T) {
	for failures := range 4 {
		t.Run(fmt.Sprint(failures, " failures"), func(t *testing.T) {
			attempts := 0
			s := &shelf{}
			j := jobOf(t, func(int) int {
				if attempts < failures {
					attempts++
					panic("boom")
				}
				return 0
			}, s, times(2))
			err := j.Run(context.Background())
			if failures <= 2 {
				require.NoError(t, err)
				require.Equal(t, int64(1), j.Completed())
				require.Positive(t, s.saved)
				return
			}
			require.Equal(t, 3, attempts)
			require.ErrorContains(t, err, "operator: map[0]: panic: boom")
			require.Zero(t, s.saved)
		})
	}
}

// An error that a restart would only repeat ends the job at once.
func TestJobPermanentErrors(t *testing.T) {
	attempts := 0
	j := jobOf(t, func(int) int {
		attempts++
		panic(operator.Permanent(errors.New("no such model")))
	}, &shelf{}, times(5))
	require.ErrorContains(t, j.Run(context.Background()), "no such model")
	require.Equal(t, 1, attempts)

	broken := &shelf{latest: errors.New("permission denied")}
	err := jobOf(t, func(n int) int { return n }, broken, times(5)).Run(context.Background())
	require.ErrorIs(t, err, broken.latest)
	require.ErrorContains(t, err, "reading checkpoints: ")
}

// A job that is cancelled ends in peace, with its last checkpoint.
func TestJobCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &shelf{}
	j := jobOf(t, func(n int) int { cancel(); return n }, s, times(0))
	j.Demand() // of a job that does not run: nothing happens
	require.NoError(t, j.Run(ctx))
	require.Positive(t, s.saved)
}
