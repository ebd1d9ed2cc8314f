package stream_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/window"
)

// A graph with several faults is refused before anything starts, with all of them and their lines.
func TestFaultsAllAtOnce(t *testing.T) {
	job := stream.NewJob("wrong", stream.MaxParallelism(16), stream.Logger(nil))
	in := stream.From(job, memory.Of(1, 2, 3))
	in.Map((func(int) int)(nil)).To(memory.Collect[int]()).Parallelism(99)
	in.KeyBy(func(i int) int { return i }).Window(window.Tumbling(-time.Second)).
		Aggregate(window.Count[int](), func(int, window.Span, int64) int { return 0 }).ID("twice").To(memory.Collect[int]()).ID("twice")
	in.Filter(func(int) bool { return true })
	err := job.Run(context.Background())
	for _, part := range []string{"stream/faults_test.go:25", "the function is nil", "parallelism 99", "size is -1s", `"twice" is taken`, "go nowhere"} {
		require.ErrorContains(t, err, part)
	}
}

func TestKeyTypeWithoutStableHash(t *testing.T) {
	job := stream.NewJob("wrong")
	stream.From(job, memory.Of(1)).KeyBy(func(i int) *int { return &i }).Count().To(memory.Collect[stream.KV[*int, int64]]())
	require.ErrorContains(t, job.Run(context.Background()), "cannot be a key")
}

func TestPanicNamesOperatorAndStack(t *testing.T) {
	job := stream.NewJob("panics", stream.Logger(nil))
	stream.From(job, memory.Of(1, 0)).
		Map(func(i int) int { return i }).Name("fine").
		Map(func(i int) int { return 10 / i }).Name("divide").
		To(memory.Collect[int]())
	err := job.Run(context.Background())
	var at *operator.RecordError
	require.ErrorAs(t, err, &at)
	require.Equal(t, "divide", at.Operator)
	require.Contains(t, at.Stack, "faults_test.go")
}

func TestTryPutsErrorsOnASide(t *testing.T) {
	bad := operator.NewSide[operator.Failure[string]]("bad")
	good, failures := memory.Collect[int](), memory.Collect[operator.Failure[string]]()
	job := stream.NewJob("try", stream.Parallelism(1))
	numbers := stream.From(job, memory.Of("1", "x", "2")).Try(strconv.Atoi, bad)
	numbers.To(good)
	numbers.Side(bad).To(failures)
	require.NoError(t, job.Run(context.Background()))
	require.Equal(t, []int{1, 2}, good.Values())
	require.Len(t, failures.Values(), 1)
	require.Equal(t, "x", failures.Values()[0].Value)
}

// A job that fails twice goes on from its last checkpoint, and the result is as if it had not failed.
func TestRestartGoesOn(t *testing.T) {
	failures := 0
	out := memory.Committed[stream.KV[int, int64]]()
	job := stream.NewJob("restart", stream.Parallelism(1), stream.Logger(nil), stream.Restart(stream.FixedDelay(5, 0)))
	stream.From(job, memory.Slice(upTo(1000))).
		Map(func(i int) int {
			if i == 500 && failures < 2 {
				failures++
				panic("at 500")
			}
			if i == 250 {
				job.Checkpoint()
			}
			return i
		}).
		KeyBy(func(i int) int { return i % 10 }).Count().To(out)
	require.NoError(t, job.Run(context.Background()))
	require.Equal(t, 2, failures)
	require.Len(t, out.Values(), 1000)
	last := map[int]int64{}
	for _, kv := range out.Values() {
		require.Equal(t, last[kv.Key]+1, kv.Value)
		last[kv.Key] = kv.Value
	}
}

func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

func TestRestartGivesUp(t *testing.T) {
	broken := errors.New("broken")
	bad := operator.NewFactory("bad", func() operator.Operator[int, int] { return &failing{err: broken} })
	job := stream.NewJob("fails", stream.Logger(nil), stream.Restart(stream.FixedDelay(2, 0)))
	stream.From(job, memory.Of(1)).Via(bad).To(memory.Collect[int]())
	require.ErrorIs(t, job.Run(context.Background()), broken)
}

type failing struct {
	operator.Base[int]
	err error
}

func (f *failing) Push(int64, *int) error { return f.err }

// Cancelling drains: what was read is committed, and Run returns nil.
func TestCancelDrains(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	values := make(chan int)
	out := memory.Committed[int]()
	job := stream.NewJob("cancel", stream.Parallelism(1))
	stream.From(job, memory.Channel(values)).Map(func(i int) int {
		if i == 3 {
			cancel()
		}
		return i
	}).To(out)
	go func() {
		for i := 1; i <= 3; i++ {
			values <- i
		}
	}()
	require.NoError(t, job.Run(ctx))
	require.Equal(t, []int{1, 2, 3}, out.Values())
}

// What is nil, empty, negative or of another job is a fault with the user's line, never a panic.
func TestNilsAreFaults(t *testing.T) {
	other := stream.From(stream.NewJob("other"), memory.Of(1))
	job := stream.NewJob("nils", stream.Logger(nil), stream.Restart(nil), stream.Clock(nil), stream.BatchSize(0), stream.ExchangeSlots(-1),
		stream.CheckpointEvery(-1), stream.RetainCheckpoints(0))
	in := stream.From(job, memory.Of(1))
	side := operator.NewSide[int]("side")
	wrong := operator.NewSide[string]("side")
	in.Apply((func(*stream.Stream[int]) *stream.Stream[string])(nil)).To(memory.Collect[string]())
	in.Merge(nil, other).To(nil)
	in.Filter((func(int) bool)(nil)).To(memory.Collect[int]()).ID("")
	in.Partition(nil).Do((func() operator.Function[int, int])(nil)).To(memory.Collect[int]())
	in.EventTime((func(int) time.Time)(nil), stream.OutOfOrder(-time.Second)).To(memory.Collect[int]())
	in.Side(side).To(memory.Collect[int]())
	in.Side(wrong).To(memory.Collect[string]())
	in.KeyBy(func(int) int { return 0 }).Side(side).To(memory.Collect[int]())
	in.KeyBy((func(int) string)(nil)).Reduce((func(int, int) int)(nil)).To(memory.Collect[int]())
	in.KeyBy(func(int) int { return 0 }).Window(nil).Aggregate(window.Count[int](), func(int, window.Span, int64) int { return 0 }).To(memory.Collect[int]())
	in.KeyBy(func(int) int { return 0 }).Count().Parallelism(7).To(memory.Collect[stream.KV[int, int64]]()).Parallelism(-1)
	stream.From[int](job, nil).Name("").To(memory.Collect[int]())
	err := job.Run(context.Background())
	for _, part := range []string{
		"the operator is nil", "a stream to merge is nil", "different jobs", "the sink is nil", "the function is nil", "the id is empty",
		"none may be negative", "two types", "is not of this operator", "needs an assigner", "keyed input", "parallelism -1", "the source is nil",
	} {
		require.ErrorContains(t, err, part)
	}
	require.ErrorContains(t, stream.NewJob("settings", stream.Restart(nil), stream.Clock(nil)).Run(context.Background()), "is empty")
	settings := stream.NewJob("settings", stream.Restart(nil), stream.Clock(nil), stream.BatchSize(0), stream.ExchangeSlots(-1), stream.CheckpointEvery(-1), stream.RetainCheckpoints(0))
	stream.From(settings, memory.Of(1)).To(memory.Collect[int]())
	err = settings.Run(context.Background())
	for _, part := range []string{"restart strategy is nil", "clock is nil", "batch size 0", "slots -1", "interval", "retained checkpoints 0"} {
		require.ErrorContains(t, err, part)
	}
}

// A job runs once at a time, and again after it has ended.
func TestRunsOnceAtATime(t *testing.T) {
	job := stream.NewJob("again", stream.Logger(nil), stream.Parallelism(1))
	var during error
	out := memory.Collect[int]()
	stream.From(job, memory.Of(1)).Map(func(v int) int { during = job.Run(context.Background()); return v }).To(out)
	require.NoError(t, job.Run(context.Background()))
	require.ErrorIs(t, during, stream.ErrRunning)
	require.NoError(t, job.Run(context.Background()))
	require.Equal(t, []int{1, 1}, out.Values())
}
