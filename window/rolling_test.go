package window_test

import (
	"bytes"
	"encoding/gob"
	"math"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/window"
)

// naiveRolling keeps every entry and computes each answer from scratch.
type naiveRolling struct {
	ranges  window.Ranges
	entries []window.Sample
	now     int64
	started bool
}

func (n *naiveRolling) advance(t int64) {
	if !n.started || t > n.now {
		n.now, n.started = t, true
	}
	widest := int64(0)
	for _, s := range n.ranges.Spans {
		widest = max(widest, int64(s))
	}
	for len(n.entries) > 0 && n.entries[0].Time <= n.now-widest {
		n.entries = n.entries[1:]
	}
}

func (n *naiveRolling) add(t int64, v float64) bool {
	n.advance(t)
	inside := false
	for _, s := range n.ranges.Spans {
		inside = inside || t > n.now-int64(s)
	}
	at := sort.Search(len(n.entries), func(i int) bool { return n.entries[i].Time > t })
	limit := n.ranges.Limit
	if !inside || math.IsNaN(v) || math.IsInf(v, 0) || limit > 0 && at == 0 && len(n.entries) >= limit {
		return false
	}
	n.entries = append(n.entries[:at:at], append([]window.Sample{{Time: t, Value: v}}, n.entries[at:]...)...)
	if limit > 0 && len(n.entries) > limit {
		n.entries = n.entries[len(n.entries)-limit:]
	}
	return true
}

func (n *naiveRolling) stats(i int) (s window.Stats, magnitude float64) {
	for _, e := range n.entries {
		if e.Time <= n.now-int64(n.ranges.Spans[i]) {
			continue
		}
		if s.Count == 0 {
			s.Min, s.Max = e.Value, e.Value
		}
		s.Count++
		s.Sum += e.Value
		s.Min, s.Max = min(s.Min, e.Value), max(s.Max, e.Value)
		magnitude += math.Abs(e.Value)
	}
	if s.Count > 0 {
		s.Mean = s.Sum / float64(s.Count)
	}
	return s, magnitude
}

func requireSameStats(t require.TestingT, n *naiveRolling, r *window.Rolling) {
	for i := range n.ranges.Spans {
		want, magnitude := n.stats(i)
		got := r.Stats(i)
		require.Equal(t, want.Count, got.Count, "span %d", i)
		require.Equal(t, want.Min, got.Min, "span %d", i)
		require.Equal(t, want.Max, got.Max, "span %d", i)
		require.InDelta(t, want.Sum, got.Sum, 1e-9*magnitude, "span %d", i)
		require.Len(t, r.Samples(i), int(want.Count))
	}
}

// restored is r after a trip through bytes; gob sees exported fields only.
func restored(t require.TestingT, r *window.Rolling) *window.Rolling {
	var b bytes.Buffer
	require.NoError(t, gob.NewEncoder(&b).Encode(r))
	out := new(window.Rolling)
	require.NoError(t, gob.NewDecoder(&b).Decode(out))
	return out
}

func TestRollingEqualsNaive(t *testing.T) {
	value := rapid.OneOf(
		rapid.Float64Range(-10, 10),
		rapid.Map(rapid.IntRange(0, 3), func(i int) float64 { return float64(i) }),
		rapid.Float64Range(-1e12, 1e12),
		rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), 1e300, -1e300, math.Copysign(0, -1)}),
	)
	rapid.Check(t, func(t *rapid.T) {
		ranges := window.Range(
			time.Duration(rapid.IntRange(1, 5).Draw(t, "a")),
			time.Duration(rapid.IntRange(1, 40).Draw(t, "b")),
			time.Duration(rapid.IntRange(1, 20).Draw(t, "c")),
		).AtMost(rapid.SampledFrom([]int{0, 0, 1, 2, 5, 17}).Draw(t, "limit"))
		require.NoError(t, ranges.Validate())
		naive := &naiveRolling{ranges: ranges}
		live, replay := new(window.Rolling), new(window.Rolling)
		at := rapid.Int64Range(-50, 50).Draw(t, "start")
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			at += int64(rapid.IntRange(-1, 4).Draw(t, "step"))
			when := at - int64(rapid.SampledFrom([]int{0, 0, 0, 1, 3, 12, 60}).Draw(t, "late"))
			if rapid.IntRange(0, 9).Draw(t, "kind") == 0 {
				naive.advance(when)
				live.Advance(&ranges, when)
				replay.Advance(&ranges, when)
			} else {
				v := value.Draw(t, "value")
				ok := naive.add(when, v)
				require.Equal(t, ok, live.Add(&ranges, when, v))
				require.Equal(t, ok, replay.Add(&ranges, when, v))
			}
			requireSameStats(t, naive, live)
			if rapid.IntRange(0, 7).Draw(t, "restore") == 0 {
				replay = restored(t, replay)
			}
			for i := range ranges.Spans {
				require.Equal(t, live.Stats(i), replay.Stats(i), "after a restore")
			}
		}
	})
}

func TestRollingDoesNotDrift(t *testing.T) {
	ranges := window.Range(100, 10_000)
	naive := &naiveRolling{ranges: ranges}
	var r window.Rolling
	for i := range int64(60_000) {
		v := float64(i%97) / 10
		if i%1009 == 0 {
			v = 1e15 // must leave no trace once it is out of the range
		}
		require.True(t, r.Add(&ranges, i, v))
		naive.add(i, v)
		if i%5003 == 0 {
			requireSameStats(t, naive, &r)
		}
	}
	requireSameStats(t, naive, &r)
	r.Advance(&ranges, 1_000_000)
	require.Zero(t, r.Stats(0))
	require.Zero(t, r.Stats(1))
}

func TestRollingNewSpans(t *testing.T) {
	before, after := window.Range(10, 50), window.Range(20, 5, 30)
	var r window.Rolling
	for i := range int64(40) {
		require.True(t, r.Add(&before, i, float64(i)))
	}
	require.True(t, r.Add(&after, 40, 40))
	require.Equal(t, window.Stats{Count: 20, Sum: 610, Mean: 30.5, Min: 21, Max: 40}, r.Stats(0))
	require.Equal(t, window.Stats{Count: 5, Sum: 190, Mean: 38, Min: 36, Max: 40}, r.Stats(1))
	require.Equal(t, int64(30), r.Stats(2).Count)
	require.Zero(t, r.Stats(3), "no such span")
	require.Zero(t, r.Stats(-1), "no such span")
	require.Nil(t, r.Samples(7))
}

func TestRollingMemoryIsBoundedByLimit(t *testing.T) {
	ranges := window.Range(time.Hour).AtMost(64)
	for name, value := range map[string]func(i int64) float64{
		"rising":  func(i int64) float64 { return float64(i) },
		"falling": func(i int64) float64 { return -float64(i) },
		"same":    func(int64) float64 { return 1 },
	} {
		var r window.Rolling
		for i := range int64(10_000) {
			r.Add(&ranges, i, value(i))
		}
		require.Equal(t, int64(64), r.Stats(0).Count, name)
		require.LessOrEqual(t, cap(r.Entries)+cap(r.Highs)+cap(r.Lows), 3*256, name)
	}
}

func TestRangesValidate(t *testing.T) {
	require.ErrorIs(t, window.Range().Validate(), window.ErrInvalid)
	require.ErrorIs(t, window.Range(-time.Second).Validate(), window.ErrInvalid)
	err := window.Range(0, time.Second).AtMost(-1).Validate()
	require.ErrorContains(t, err, "span")
	require.ErrorContains(t, err, "limit")
	var r window.Rolling
	none := window.Range()
	require.False(t, r.Add(&none, 1, 1), "no span covers anything")
}

func BenchmarkRollingAdd(b *testing.B) {
	ranges := window.Range(time.Minute, time.Hour, 24*time.Hour).AtMost(512)
	var r window.Rolling
	b.ReportAllocs()
	t, sum := int64(0), 0.0
	for i := 0; b.Loop(); i++ {
		t += int64(time.Minute) * int64(i%7)
		r.Add(&ranges, t, float64(i*7919%1000))
		sum += r.Stats(0).Sum + r.Stats(1).Max + r.Stats(2).Mean
	}
	if sum == 0 {
		b.Fatal("no sums")
	}
}

func TestRollingRecoversFromOverflow(t *testing.T) {
	ranges := window.Range(10)
	var r window.Rolling
	r.Add(&ranges, 0, math.MaxFloat64)
	r.Add(&ranges, 1, math.MaxFloat64)
	require.True(t, math.IsInf(r.Stats(0).Sum, 1))
	r.Add(&ranges, 10, 5)
	require.Equal(t, math.MaxFloat64, r.Stats(0).Sum, "one of the two has left")
	r.Add(&ranges, 11, 6)
	require.Equal(t, 11.0, r.Stats(0).Sum)
}
