package window_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/window"
)

func TestAssign(t *testing.T) {
	type spans = []window.Span
	cases := map[string]struct {
		assigner window.Assigner
		at       int64
		want     spans
	}{
		"tumbling":               {window.Tumbling(10), 25, spans{{20, 30}}},
		"tumbling, border":       {window.Tumbling(10), 30, spans{{30, 40}}},
		"tumbling, before 1970":  {window.Tumbling(10), -1, spans{{-10, 0}}},
		"tumbling, offset":       {window.Tumbling(10, window.Offset(3)), 2, spans{{-7, 3}}},
		"tumbling, minus offset": {window.Tumbling(10, window.Offset(-13)), 2, spans{{-3, 7}}},
		"sliding":                {window.Sliding(10, 5), 12, spans{{5, 15}, {10, 20}}},
		"sliding, uneven":        {window.Sliding(10, 4), 9, spans{{0, 10}, {4, 14}, {8, 18}}},
		"sliding, gap":           {window.Sliding(3, 10), 14, nil},
		"sliding, no gap":        {window.Sliding(3, 10), 12, spans{{10, 13}}},
		"cumulate":               {window.Cumulate(12, 4), 5, spans{{0, 8}, {0, 12}}},
		"cumulate, last":         {window.Cumulate(12, 4), 23, spans{{12, 24}}},
		"session":                {window.Session(10), 5, spans{{5, 15}}},
		"global":                 {window.Global(), 5, spans{{math.MinInt64, math.MaxInt64}}},
		"end of time":            {window.Tumbling(10), math.MaxInt64, spans{{math.MaxInt64 - 7, math.MaxInt64}}},
		"start of time":          {window.Tumbling(10), math.MinInt64, spans{{math.MinInt64, math.MinInt64 + 10}}},
	}
	for name, c := range cases {
		require.NoError(t, c.assigner.Validate(), name)
		require.Equal(t, c.want, c.assigner.Assign(nil, c.at), name)
		require.Equal(t, name == "session", c.assigner.Merging(), name)
	}
}

func TestAssignersValidate(t *testing.T) {
	for name, a := range map[string]window.Assigner{
		"size":  window.Tumbling(0),
		"slide": window.Sliding(time.Second, -1),
		"gap":   window.Session(0),
		"max":   window.Cumulate(0, 1),
		"step":  window.Cumulate(10, 3),
	} {
		err := a.Validate()
		require.ErrorIs(t, err, window.ErrInvalid, name)
		require.ErrorContains(t, err, name)
	}
	err := window.Sliding(0, 0).Validate()
	require.ErrorContains(t, err, "size")
	require.ErrorContains(t, err, "slide")
}

// slicedOf draws any sliced assigner with small settings.
func slicedOf(t *rapid.T) window.Sliced {
	n := func(label string) time.Duration { return time.Duration(rapid.IntRange(1, 20).Draw(t, label)) }
	offset := window.Offset(time.Duration(rapid.IntRange(-50, 50).Draw(t, "offset")))
	switch rapid.IntRange(0, 2).Draw(t, "kind") {
	case 0:
		return window.Tumbling(n("size"), offset)
	case 1:
		return window.Sliding(n("size"), n("slide"), offset)
	}
	step := n("step")
	return window.Cumulate(step*n("steps"), step, offset)
}

// TestSlices checks that windows are runs of slices, and that the windows found
// by their ends are those that Assign gives.
func TestSlices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := slicedOf(t)
		require.NoError(t, w.Validate())
		at := rapid.Int64Range(-500, 500).Draw(t, "time")
		slice := w.SliceOf(at)
		require.True(t, slice.Contains(at))
		require.Equal(t, w.SliceWidth(), int64(slice.Duration()))

		windows := w.Assign(nil, at)
		require.True(t, slices.IsSortedFunc(windows, func(a, b window.Span) int {
			return int(a.Start-b.Start)*1000 + int(a.End-b.End)
		}))
		found := []window.Span(nil)
		for end := w.NextEnd(at); end < at+1000; end = w.NextEnd(end) {
			if s := w.Ending(end); s.Contains(at) {
				found = append(found, s)
			}
		}
		require.Equal(t, windows, found)
		for _, s := range windows {
			require.True(t, s.Contains(at))
			require.Equal(t, s.Start, w.SliceOf(s.Start).Start, "starts with a slice")
			require.Equal(t, s.End, w.SliceOf(s.End).Start, "ends with a slice")
			require.LessOrEqual(t, s.Start, slice.Start)
			require.GreaterOrEqual(t, s.End, slice.End)
		}
	})
}

func TestSpan(t *testing.T) {
	s := window.SpanBetween(time.Unix(60, 0), time.Unix(120, 0))
	require.Equal(t, time.Minute, s.Duration())
	require.Equal(t, int64(120e9-1), s.Last())
	require.Equal(t, time.Unix(60, 0).UTC(), s.StartTime())
	require.Equal(t, time.Unix(120, 0).UTC(), s.EndTime())
	require.Equal(t, "[1970-01-01T00:01:00Z, 1970-01-01T00:02:00Z)", s.String())
	require.True(t, s.Contains(60e9))
	require.False(t, s.Contains(120e9))
	require.True(t, s.Touches(window.Span{Start: 120e9, End: 130e9}), "sessions one gap apart merge")
	require.False(t, s.Touches(window.Span{Start: 120e9 + 1, End: 130e9}))
	require.Equal(t, window.Span{Start: 10, End: 120e9}, s.Cover(window.Span{Start: 10, End: 20}))
	all := window.Global().Assign(nil, 0)[0]
	require.Equal(t, "[-inf, +inf)", all.String())
	require.Equal(t, time.Duration(math.MaxInt64), all.Duration(), "saturates")
	require.Equal(t, int64(math.MaxInt64-1), all.Last())
}

func BenchmarkAssign(b *testing.B) {
	for name, a := range map[string]window.Assigner{
		"tumbling": window.Tumbling(time.Minute),
		"sliding":  window.Sliding(time.Minute, 15*time.Second),
		"session":  window.Session(time.Minute),
	} {
		b.Run(name, func(b *testing.B) {
			dst := make([]window.Span, 0, 8)
			b.ReportAllocs()
			for t := int64(0); b.Loop(); t += 1e9 {
				dst = a.Assign(dst[:0], t)
			}
		})
	}
}
