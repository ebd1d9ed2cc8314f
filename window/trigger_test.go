package window_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/window"
)

// firings drives a trigger over a window of [0, 100) with one record at each time, the watermark and the clock right behind
// it, and returns the times at which it fired. An event-time firing is at the last instant before the border, as for windows.
func firings(t *testing.T, tr window.Trigger, at ...int64) (fired []int64) {
	t.Helper()
	require.NoError(t, tr.Validate())
	s := make([]int64, tr.Slots())
	m := window.Moment{Span: window.Span{Start: 0, End: 100}, Watermark: math.MinInt64}
	note := func(a window.Action) {
		if a&window.FireNow != 0 {
			fired = append(fired, m.Time)
		}
	}
	for _, now := range at {
		v := float64(now)
		m.Time, m.Now, m.Value = now, now, &v
		note(tr.OnRecord(&m, s))
		m.Value, m.Watermark = nil, now
		for {
			event, processing := tr.Next(&m, s)
			if event != window.NoTime && event <= now {
				m.Time = event
				note(tr.OnEventTime(&m, s))
			} else if processing != window.NoTime && processing <= now {
				m.Time = processing
				note(tr.OnProcessingTime(&m, s))
			} else {
				break
			}
		}
	}
	return fired
}

func TestTriggers(t *testing.T) {
	count, never := window.EveryCount(2), window.Never()
	for _, c := range []struct {
		name    string
		trigger window.Trigger
		at      []int64
		want    []int64
	}{
		{"watermark", window.AtWatermark(), []int64{10, 50, 120, 130}, []int64{99, 130}},
		{"watermark, late never", window.AtWatermark().Late(never), []int64{10, 120, 130}, []int64{99}},
		{"watermark, early", window.AtWatermark().Early(count), []int64{10, 20, 30, 120}, []int64{20, 120, 99}},
		{"clock", window.AtProcessingTime(), []int64{10, 120, 130}, []int64{99}},
		{"count", count, []int64{1, 2, 3, 4, 5}, []int64{2, 4}},
		{"every", window.Every(10), []int64{1, 5, 12, 13, 30}, []int64{11, 23}},
		{"every of event time", window.EveryEventTime(10), []int64{1, 5, 12, 13, 30}, []int64{9, 19}},
		{"delta", window.OnDelta(10, func(v float64) float64 { return v }), []int64{1, 11, 12, 20, 23}, []int64{12, 23}},
		{"any", window.Any(count, window.OnDelta(10, func(v float64) float64 { return v })), []int64{1, 12, 13, 14}, []int64{12, 14}},
		{"all", window.All(count, window.OnDelta(10, func(v float64) float64 { return v })), []int64{1, 2, 12, 13, 14}, []int64{12}},
		{"never", never, []int64{1, 200}, nil},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, firings(t, c.trigger, c.at...)) })
	}
}

func TestPurgingPurges(t *testing.T) {
	p := window.Purging(window.EveryCount(1))
	require.Equal(t, window.FireNow|window.PurgeNow, p.OnRecord(&window.Moment{}, make([]int64, p.Slots())))
}

func TestTriggersMerge(t *testing.T) {
	tr := window.Any(window.EveryCount(5), window.Every(time.Second))
	dst, src := []int64{2, 0}, []int64{2, 7}
	tr.Merge(dst, src)
	require.Equal(t, []int64{4, 7}, dst)
}

func TestTriggersValidate(t *testing.T) {
	for _, bad := range []window.Trigger{
		window.EveryCount(0), window.Every(0), window.Any(), window.All(nil), window.Purging(nil),
		window.OnDelta(-1, func(int) float64 { return 0 }), window.AtWatermark().Early(window.EveryCount(0)),
	} {
		require.ErrorIs(t, bad.Validate(), window.ErrInvalid)
	}
}

func TestEvictors(t *testing.T) {
	all := func() (l []window.Timed[int]) {
		for i, at := range []int64{5, 1, 9, 7} {
			l = append(l, window.Timed[int]{Time: at, Value: i})
		}
		return l
	}
	values := func(l []window.Timed[int]) (v []int) {
		for _, r := range l {
			v = append(v, r.Value)
		}
		return v
	}
	require.Equal(t, []int{2, 3}, values(window.KeepLast[int](2)(all())))
	require.Equal(t, []int{0, 2, 3}, values(window.KeepWithin[int](5)(all())))
	require.Equal(t, []int{2, 3}, values(window.KeepNear(2, func(n int) float64 { return float64(n) })(all())))
}
