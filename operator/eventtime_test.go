package operator_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/operatortest"
)

// at is when a record happened that says it itself.
func at(s string) time.Time {
	for _, layout := range []string{"15:04:05", time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			if layout == "15:04:05" {
				t = t.AddDate(2026, 0, 0)
			}
			return t
		}
	}
	return time.Time{}
}

func runEventTime(t *testing.T, w operator.Watermarks[string], in, want *operatortest.Script[string], opts ...operatortest.Option) {
	t.Helper()
	w.Time = at
	operatortest.Run(t, operator.NewEventTime(w), in, want, append(opts, operatortest.MakesWatermarks())...)
}

func TestEventTime(t *testing.T) {
	runEventTime(t, operator.Watermarks[string]{},
		operatortest.Of("10:00:00", "10:00:02", "10:00:01", "10:00:03"),
		operatortest.Of[string]().At("10:00:00", "10:00:00").Watermark("09:59:59.999999999").
			At("10:00:02", "10:00:02").Watermark("10:00:01.999999999").
			At("10:00:01", "10:00:01"). // late: the next operator says what becomes of it
			At("10:00:03", "10:00:03").Watermark("10:00:02.999999999"))
}

func TestEventTimeOutOfOrder(t *testing.T) {
	runEventTime(t, operator.Watermarks[string]{OutOfOrder: 5 * time.Second, Every: 2 * time.Second},
		operatortest.Of("10:00:10", "10:00:11", "10:00:06", "10:00:12", "10:00:13"),
		operatortest.Of[string]().At("10:00:10", "10:00:10").Watermark("10:00:04.999999999").
			At("10:00:11", "10:00:11").At("10:00:06", "10:00:06").
			At("10:00:12", "10:00:12").Watermark("10:00:06.999999999").At("10:00:13", "10:00:13"))
}

// The watermarks of the input are those of another event time: only the end counts.
func TestEventTimeReplacesWatermarks(t *testing.T) {
	runEventTime(t, operator.Watermarks[string]{},
		operatortest.Of("10:00:00").Watermark("12:00:00").Idle().Untimed("10:00:05"),
		operatortest.Of[string]().At("10:00:00", "10:00:00").Watermark("09:59:59.999999999").Idle().
			At("10:00:05", "10:00:05").Watermark("10:00:04.999999999"))
}

// The least of the splits is the stream's watermark; those that are idle or done are left out.
func TestEventTimeSplits(t *testing.T) {
	runEventTime(t, operator.Watermarks[string]{},
		operatortest.Of[string]().Split("a").Split("b").
			Untimed("10:00:10").
			Split("a").Untimed("10:00:03", "10:00:05").
			Split("c").Split("b").Untimed("10:00:20").
			Split("c").Untimed("10:00:30").
			SplitDone("a").Untimed("10:00:31"),
		operatortest.Of[string]().At("10:00:10", "10:00:10").
			At("10:00:03", "10:00:03").Watermark("10:00:02.999999999").At("10:00:05", "10:00:05").Watermark("10:00:04.999999999").
			At("10:00:20", "10:00:20").At("10:00:30", "10:00:30").
			Watermark("10:00:19.999999999").At("10:00:31", "10:00:31"))
	runEventTime(t, operator.Watermarks[string]{},
		operatortest.Of[string]().Split("a").Untimed("10:00:01").Split("b").Untimed("10:00:10").
			SplitIdle("a").Untimed("10:00:11").
			SplitIdle("b").
			Split("a").Untimed("10:00:20").Split("b").Untimed("10:00:21").
			SplitIdle("b").SplitDone("a"),
		operatortest.Of[string]().At("10:00:01", "10:00:01").Watermark("10:00:00.999999999").At("10:00:10", "10:00:10").
			Watermark("10:00:09.999999999").At("10:00:11", "10:00:11").Watermark("10:00:10.999999999").
			Idle().
			At("10:00:20", "10:00:20").Watermark("10:00:19.999999999").At("10:00:21", "10:00:21").
			Idle())
}

// A split that is quiet for the idle time holds nothing back; records make it count again.
func TestEventTimeIdle(t *testing.T) {
	runEventTime(t, operator.Watermarks[string]{Idle: 10 * time.Second},
		operatortest.Of[string]().Split("a").Untimed("10:00:01").Split("b").Untimed("10:00:10").
			Clock("00:00:10").Untimed("10:00:11").Clock("00:00:20").Untimed("10:00:12").Clock("00:00:30").Clock("00:00:45").
			Split("a").Untimed("10:00:20"),
		operatortest.Of[string]().At("10:00:01", "10:00:01").Watermark("10:00:00.999999999").At("10:00:10", "10:00:10").
			At("10:00:11", "10:00:11").
			Watermark("10:00:10.999999999").At("10:00:12", "10:00:12").Watermark("10:00:11.999999999").
			Idle().
			At("10:00:20", "10:00:20").Watermark("10:00:19.999999999"),
		operatortest.Only(operatortest.Batched|operatortest.Stopped))
}

func TestEventTimeDrops(t *testing.T) {
	runEventTime(t, operator.Watermarks[string]{MaxAhead: time.Hour},
		operatortest.Of("00:30:00", "01:00:01", "garbage", "1600-01-01T00:00:00Z", "2300-01-01T00:00:00Z", "01:00:00"),
		operatortest.Of[string]().At("00:30:00", "00:30:00").At("01:00:00", "01:00:00"),
		operatortest.WantCounter("future", 1), operatortest.WantCounter("untimed", 3))
}

func TestEventTimeNeedsTime(t *testing.T) {
	operatortest.Run(t, operator.NewEventTime(operator.Watermarks[int]{}), operatortest.Of(1), operatortest.Of[int](),
		operatortest.Fails("say where a record's event time is"))
}

// At the ends of what nanoseconds can say nothing wraps around.
func TestEventTimeAtTheEnds(t *testing.T) {
	f := operator.NewEventTime(operator.Watermarks[int64]{
		Time: func(n int64) time.Time { return time.Unix(0, n) }, OutOfOrder: time.Hour,
	})
	o := f.New()
	b, env := backendFor(t)
	out := &sink[int64]{keep: true}
	require.NoError(t, o.Open(operator.NewContext(env), out))
	require.NoError(t, b.Start())
	for _, n := range []int64{operator.NoTime + 1, operator.NoTime + 5, 0, operator.MaxTime - 1} {
		require.NoError(t, o.Push(operator.NoTime, &n))
	}
	hour := int64(time.Hour)
	require.Equal(t, []operator.Mark{
		{Value: operator.NoTime + 1}, {Value: -hour - 1}, {Value: operator.MaxTime - hour - 2},
	}, out.marks)
	require.Len(t, out.recs, 4)
	require.NoError(t, b.Close())
}

// marked makes a watermark of records that end with a zero.
type marked struct{}

func (marked) Record(v string, at time.Time) time.Time {
	if v[len(v)-1] != '0' {
		return time.Time{}
	}
	return at
}

// ticking is marked, and says half past the hour whenever it is asked.
type ticking struct{ marked }

func (ticking) Period(time.Time) time.Time { return at("10:30:00") }

func TestEventTimeGenerators(t *testing.T) {
	runEventTime(t, operator.Watermarks[string]{Generator: func() operator.WatermarkGenerator[string] { return marked{} }},
		operatortest.Of("10:00:05", "10:00:10", "10:00:15", "10:00:00", "10:00:20"),
		operatortest.Of[string]().At("10:00:05", "10:00:05").At("10:00:10", "10:00:10").Watermark("10:00:10").
			At("10:00:15", "10:00:15").At("10:00:00", "10:00:00"). // a watermark never goes back
			At("10:00:20", "10:00:20").Watermark("10:00:20"))
	runEventTime(t, operator.Watermarks[string]{
		Generator: func() operator.WatermarkGenerator[string] { return ticking{} }, Period: 10 * time.Second,
	},
		operatortest.Of[string]().Split("a").Untimed("10:00:05").Clock("00:00:09").Untimed("10:00:10").Clock("00:00:10").
			Untimed("10:00:20").Clock("00:00:20"),
		operatortest.Of[string]().At("10:00:05", "10:00:05").At("10:00:10", "10:00:10").Watermark("10:00:10").
			Watermark("10:30:00").At("10:00:20", "10:00:20"),
		operatortest.Only(operatortest.Batched|operatortest.Stopped))
}

// A quiet stream's event time goes on with the clock, so that its last window comes out.
func TestEventTimeCloses(t *testing.T) {
	runEventTime(t, operator.Watermarks[string]{Close: 10 * time.Second, OutOfOrder: 5 * time.Second},
		operatortest.Of[string]().Clock("00:00:00").Split("a").Untimed("10:00:00").Clock("00:00:05").Clock("00:00:10").
			Clock("00:00:20").Clock("00:00:40").Untimed("10:00:01", "10:01:00"),
		operatortest.Of[string]().At("10:00:00", "10:00:00").Watermark("09:59:54.999999999").
			Watermark("10:00:04.999999999").Watermark("10:00:24.999999999").
			At("10:00:01", "10:00:01"). // late now
			At("10:01:00", "10:01:00").Watermark("10:00:54.999999999"),
		operatortest.Only(operatortest.Batched|operatortest.Stopped))
}

func TestEventTimeAlignsSourcesOnly(t *testing.T) {
	operatortest.Run(t, operator.NewEventTime(operator.Watermarks[string]{Time: at, Align: "all"}),
		operatortest.Of("10:00:00"), operatortest.Of[string](), operatortest.Fails("works right behind a source"))
}
