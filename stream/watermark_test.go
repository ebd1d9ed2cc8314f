package stream_test

import (
	"context"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/window"
)

// played is a source of one split that plays a script, a step a poll: a number is a record, idle says that there is
// none for now. It waits behind its end, if it is endless, and first for another one to be played.
type played struct {
	script  []int
	endless bool
	after   *atomic.Bool // waits until it is set
	over    *atomic.Bool // is set when all is played
}

const idle = -1

func (p played) Name() string    { return "played" }
func (p played) Validate() error { return nil }
func (p played) Splits(context.Context) ([]operator.Split, error) {
	return []operator.Split{{ID: "0"}}, nil
}

func (p played) Reader(c operator.Context) (operator.Reader[int], error) {
	return &playedReader{played: p, clock: c.Env().Clock}, nil
}

type playedReader struct {
	played
	clock operator.Clock
	at    int
	has   bool
}

func (r *playedReader) Add(operator.Split, int32, []byte) error { r.has = true; return nil }
func (r *playedReader) Positions(func(string, []byte))          {}
func (r *playedReader) Close() error                            { return nil }

func (r *playedReader) Poll(out *operator.Emitter[int], _ int) (operator.Status, int64, error) {
	soon := r.clock.Now() + int64(time.Millisecond)
	switch {
	case !r.has:
		return operator.Done, 0, nil
	case r.after != nil && !r.after.Load():
		return operator.Blocked, soon, nil
	case r.at == len(r.script):
		if r.over != nil {
			r.over.Store(true)
		}
		if r.endless {
			return operator.Blocked, 0, nil
		}
		return operator.Done, 0, nil
	}
	v := r.script[r.at]
	r.at++
	if v == idle {
		return operator.Blocked, soon, out.Idle(0)
	}
	return operator.Ready, 0, out.Emit(operator.NoTime, &v)
}

// firstWindow runs a job until a window has fired, or for ever.
func firstWindow(t *testing.T, build func(*stream.Job) *stream.Stream[int], opts ...stream.Option) (n int64) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	job := stream.NewJob("watermarks", append([]stream.Option{stream.Logger(nil), stream.Parallelism(1)}, opts...)...)
	build(job).KeyBy(func(int) bool { return true }).Window(window.Tumbling(200*time.Second)).
		Aggregate(window.Count[int](), func(_ bool, s window.Span, n int64) int64 { return n }).
		To(drain[int64]{work: func(got int64) {
			if n == 0 {
				n = got
			}
			cancel()
		}})
	require.NoError(t, soon(t, ctx, job))
	return n
}

// A stream that was idle, gave a late record and is idle again holds the watermark of others back no longer, also
// behind an exchange.
func TestIdleAgain(t *testing.T) {
	for name, opts := range map[string][]stream.Option{"chained": nil, "apart": {stream.NoChaining()}} {
		t.Run(name, func(t *testing.T) {
			n := firstWindow(t, func(job *stream.Job) *stream.Stream[int] {
				over := &atomic.Bool{}
				a := stream.From(job, played{script: []int{100, idle, 50, idle, idle}, endless: true, over: over}).
					EventTime(second).Map(func(v int) int { return v })
				b := stream.From(job, played{script: []int{150, 1000}, endless: true, after: over}).EventTime(second)
				return a.Merge(b)
			}, opts...)
			require.Equal(t, int64(3), n)
		})
	}
}

// A split that gives nothing for a while is left out if EventTime says so.
func TestIdleSplits(t *testing.T) {
	n := firstWindow(t, func(job *stream.Job) *stream.Stream[int] {
		over := &atomic.Bool{}
		quiet := stream.From(job, played{script: []int{10}, endless: true, over: over}).EventTime(second, stream.Idle(5*time.Millisecond))
		return quiet.Merge(stream.From(job, played{script: []int{20, 30, 1000}, endless: true, after: over}).EventTime(second))
	})
	require.Equal(t, int64(3), n)
}

// The watermark is that of the slowest split.
func TestWatermarkOfTheSlowestSplit(t *testing.T) {
	for _, opts := range [][]stream.Option{{stream.Parallelism(1)}, {stream.Parallelism(2)}, {stream.Parallelism(2), stream.NoChaining()}} {
		out := memory.Collect[int]()
		job := stream.NewJob("slowest", append([]stream.Option{stream.Logger(nil)}, opts...)...)
		source := memory.Generate(2, func(split int) iter.Seq[int] {
			return func(yield func(int) bool) {
				for v := range 2000 {
					if !yield(v * (1 + 9*split)) {
						return
					}
				}
			}
		})
		late := operator.NewSide[int]("late")
		counted := stream.From(job, source).EventTime(second).KeyBy(func(v int) int { return v % 7 }).
			Window(window.Tumbling(10*time.Second)).LateTo(late).
			Aggregate(window.Count[int](), func(_ int, _ window.Span, n int64) int { return int(n) })
		counted.To(out)
		counted.Side(late).Map(func(int) int { panic("late") }).To(memory.Collect[int]())
		require.NoError(t, soon(t, context.Background(), job))
		sum := 0
		for _, n := range out.Values() {
			sum += n
		}
		require.Equal(t, 4000, sum)
	}
}

// Records too far ahead, and those without a time, are dropped and counted.
func TestRecordsWithoutATimeThatCounts(t *testing.T) {
	out := memory.Collect[int]()
	counts := map[string]int64{}
	job := stream.NewJob("dropped", stream.Logger(nil), stream.Parallelism(1))
	now := time.Now()
	stream.From(job, memory.Of(1, 2, 3, 4)).
		EventTime(func(v int) time.Time { return []time.Time{now, {}, now.AddDate(1, 0, 0), now}[v-1] }, stream.MaxAhead(time.Hour)).
		Do(func() operator.Function[int, int] { return &counters{counts} }).To(out)
	require.NoError(t, soon(t, context.Background(), job))
	require.Equal(t, []int{1, 4}, out.Values())
	require.Equal(t, map[string]int64{"untimed": 1, "future": 1}, counts)
}

// counters hands numbers on, and looks at the job's counters when it is closed.
type counters struct{ found map[string]int64 }

func (c *counters) Process(x operator.RecordContext, v int, out *operator.Collector[int]) error {
	out.Emit(v)
	for _, n := range x.Env().Counters.All() {
		c.found[n.Name] = n.Value()
	}
	return nil
}

// lingering sets a processing-time timer that is not due when its input ends.
type lingering struct{}

func (lingering) Process(c operator.KeyedContext[int], v int, out *operator.Collector[int]) error {
	c.SetProcessingTimer(c.Now().Add(20 * time.Millisecond))
	return nil
}

func (lingering) OnTimer(_ operator.KeyedContext[int], _ time.Time, out *operator.Collector[int]) error {
	out.Emit(1)
	return nil
}

// Nothing comes out of an operator behind the end of its input.
func TestTimersBehindTheEnd(t *testing.T) {
	for _, opts := range [][]stream.Option{nil, {stream.NoChaining()}} {
		var n atomic.Int64
		job := stream.NewJob("lingers", append(opts, stream.Logger(nil), stream.Parallelism(1))...)
		stream.From(job, memory.Of(1)).
			KeyBy(func(v int) int { return v }).
			Process(func() operator.Keyed[int, int, int] { return lingering{} }).
			To(slowly{drain[int]{n: &n}})
		require.NoError(t, soon(t, context.Background(), job))
		require.Zero(t, n.Load())
	}
}

// slowly is a sink that takes its time to prepare.
type slowly struct{ drain[int] }

func (s slowly) Writer(operator.Context) (operator.Writer[int], error) { return s, nil }
func (s slowly) Prepare(_ int64, done func([]byte, error)) {
	time.AfterFunc(60*time.Millisecond, func() { done(nil, nil) })
}
