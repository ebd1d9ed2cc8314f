package window_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/window"
)

// TestBucketsEqualNaive compares with all entries whose bucket is in the range.
func TestBucketsEqualNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := window.InBuckets(rapid.IntRange(1, 6).Draw(t, "buckets"),
			time.Duration(rapid.IntRange(6, 20).Draw(t, "a")), time.Duration(rapid.IntRange(20, 90).Draw(t, "b")))
		require.NoError(t, c.Validate())
		var b window.Buckets
		var all []window.Sample
		now, at := int64(math.MinInt64), rapid.Int64Range(-100, 100).Draw(t, "start")
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			at += int64(rapid.IntRange(-8, 12).Draw(t, "step"))
			v := float64(rapid.IntRange(-9, 9).Draw(t, "value"))
			now = max(now, at)
			entered := b.Add(&c, at, v)
			all = append(all, window.Sample{Time: at, Value: v})
			if now%4 == 0 {
				b = stored(t, b)
			}
			inside := false
			for i, span := range c.Spans {
				width := (int64(span)-1)/int64(c.PerSpan) + 1
				bucket := func(t int64) int64 { return int64(math.Floor(float64(t) / float64(width))) }
				var want window.Stats
				for _, s := range all {
					if bucket(s.Time) <= bucket(now)-int64(c.PerSpan) {
						continue
					}
					if want.Count == 0 {
						want.Min, want.Max = s.Value, s.Value
					}
					want.Count++
					want.Sum += s.Value
					want.Min, want.Max = min(want.Min, s.Value), max(want.Max, s.Value)
					want.Mean = want.Sum / float64(want.Count)
				}
				require.Equal(t, want, b.Stats(&c, i))
				inside = inside || bucket(at) > bucket(now)-int64(c.PerSpan)
			}
			require.Equal(t, inside, entered)
		}
	})
}

func TestBucketsEdges(t *testing.T) {
	c := window.InBuckets(4, time.Minute)
	var b window.Buckets
	require.Zero(t, b.Stats(&c, 0))
	require.False(t, b.Add(&c, 1, math.NaN()))
	require.True(t, b.Add(&c, 1, 5))
	require.Equal(t, window.Stats{Count: 1, Sum: 5, Mean: 5, Min: 5, Max: 5}, b.Stats(&c, 0))
	require.Zero(t, b.Stats(&c, 1))
	other := window.InBuckets(8, time.Minute)
	require.Zero(t, b.Stats(&other, 0))
	require.True(t, b.Add(&other, 2, 7), "other settings start afresh")
	require.Equal(t, int64(1), b.Stats(&other, 0).Count)

	err := window.InBuckets(0).Validate()
	require.ErrorIs(t, err, window.ErrInvalid)
	require.ErrorContains(t, err, "no span")
	require.ErrorContains(t, window.InBuckets(100, 50).Validate(), "too short")
}

func BenchmarkBucketsAdd(b *testing.B) {
	c := window.InBuckets(16, time.Minute, time.Hour, 24*time.Hour)
	var s window.Buckets
	b.ReportAllocs()
	sum := 0.0
	for i := int64(0); b.Loop(); i++ {
		s.Add(&c, i*1e9, float64(i))
		sum += s.Stats(&c, 0).Sum + s.Stats(&c, 2).Max
	}
	if sum < 0 {
		b.Fatal("negative")
	}
}
