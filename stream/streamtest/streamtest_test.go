package streamtest_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/stream/streamtest"
	"github.com/turgo-io/turgo/window"
)

var seeds = flag.Int("seeds", 100, "how many seeds TestSim runs")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type click struct {
	User string
	At   int64 // seconds of the day
}

func (c click) time() time.Time { return streamtest.Day.Add(time.Duration(c.At) * time.Second) }

// clicks are n clicks of some users, at times that rise but for some disorder.
func clicks(n int) (all []click) {
	for i := range n {
		all = append(all, click{fmt.Sprint("user", i*i%7), int64(i/3 + i%5)})
	}
	return all
}

func script(h *streamtest.Harness, splits, n int) *streamtest.Script[click] {
	in := streamtest.Source[click](h)
	for i, c := range clicks(n) {
		in.Split(i % splits).Add(c)
	}
	return in
}

// perMinute counts the clicks of each user in windows of ten seconds.
func windowed(in *stream.Stream[click]) *stream.Stream[string] {
	return in.EventTime(click.time, stream.OutOfOrder(30*time.Second)).
		KeyBy(func(c click) string { return c.User }).
		Window(window.Tumbling(10*time.Second)).
		Aggregate(window.Count[click](), func(user string, s window.Span, n int64) string {
			return fmt.Sprint(user, " ", s.StartTime().Format(time.TimeOnly), " ", n)
		})
}

// totals says after each user's click how many it was, and fires a timer for the last one.
type totals struct {
	n    state.Value[int]
	days state.Map[int64, int]
}

func (f *totals) Open(c operator.Context) error {
	f.n = state.NewValue[int](c, "n")
	f.days = state.NewMap[int64, int](c, "days")
	return nil
}

func (f *totals) Process(c operator.KeyedContext[string], v click, out *operator.Collector[string]) error {
	*f.n.Ref()++
	*f.days.Ref(v.At / 10)++
	c.SetTimer(streamtest.Day.Add(time.Hour))
	return nil
}

func (f *totals) OnTimer(c operator.KeyedContext[string], at time.Time, out *operator.Collector[string]) error {
	n, _ := f.n.Get()
	s := fmt.Sprint(c.Key(), " ", at.Format(time.TimeOnly), " ", n)
	for d, k := range f.days.All() {
		s += fmt.Sprint(" ", d, ":", k)
	}
	out.Emit(s)
	return nil
}

func timed(in *stream.Stream[click]) *stream.Stream[string] {
	return in.EventTime(click.time, stream.OutOfOrder(30*time.Second)).
		KeyBy(func(c click) string { return c.User }).
		Process(func() operator.Keyed[string, click, string] { return &totals{} }).Stream
}

// expected is what a job puts out undisturbed, on one subtask.
func expected(t *testing.T, n int, job func(*stream.Stream[click]) *stream.Stream[string]) []string {
	h := streamtest.New(t, streamtest.With(stream.Parallelism(1)))
	out := streamtest.Collect(h, job(script(h, 1, n).Stream()))
	h.Run()
	require.NotEmpty(t, out.Values())
	return out.Values()
}

// TestSim runs jobs under many seeds, each with crashes at random steps, and wants the exact answer of an
// undisturbed run.
func TestSim(t *testing.T) {
	jobs := map[string]func(*stream.Stream[click]) *stream.Stream[string]{"windowed": windowed, "timed": timed}
	for name, job := range jobs {
		want := expected(t, 300, job)
		t.Run(name, func(t *testing.T) {
			for seed := range *seeds {
				h := streamtest.New(t, streamtest.Seed(uint64(seed)), streamtest.With(stream.Parallelism(1+seed%3)))
				out := streamtest.Collect(h, job(script(h, 1+seed%4, 300).Stream()))
				h.CrashRandomly(seed%4, 1500)
				h.Run()
				out.Exactly(t, want...)
			}
		})
	}
}

// TestReplay: a seed gives the same trace each time.
func TestReplay(t *testing.T) {
	trace := func() uint64 {
		h := streamtest.New(t, streamtest.Seed(42))
		streamtest.Collect(h, windowed(script(h, 3, 200).Stream()))
		h.CrashRandomly(2, 500)
		h.Run()
		return h.Trace()
	}
	want := trace()
	for range 100 {
		require.Equal(t, want, trace())
	}
}

func TestCrashAtBarrierAndRecord(t *testing.T) {
	want := expected(t, 300, windowed)
	h := streamtest.New(t)
	out := streamtest.Collect(h, windowed(script(h, 2, 300).Stream()))
	h.CrashAtBarrier(2).CrashAtRecord(100).CrashAtRecord(250)
	h.Run()
	require.Equal(t, 3, h.Crashes())
	out.Exactly(t, want...)
}

func TestScriptedWatermark(t *testing.T) {
	h := streamtest.New(t, streamtest.With(stream.Parallelism(1)))
	in := streamtest.Source[click](h)
	out := streamtest.Collect(h, windowed(in.Stream()))
	in.At("00:00:01", click{"a", 1}).Watermark("00:01:00").At("00:00:02", click{"a", 2}).At("00:02:00", click{"a", 120})
	h.Run()
	out.InOrder(t, "a 00:00:00 1", "a 00:02:00 1") // the second click came too late
}
