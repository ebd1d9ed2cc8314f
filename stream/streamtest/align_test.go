package streamtest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/stream/streamtest"
)

// Of two sources of a group the fast one waits for the slow one, split by split, and both come to their end.
func TestAlignment(t *testing.T) {
	const records, drift = 200, 5
	for seed := range uint64(20) {
		// ahead is how far the fast source is ahead of the slow one, at most: behind the start, where the slow one has not
		// given its first record, and the fast one knew of no limit.
		ahead := func(opts ...stream.TimeOption) (most int) {
			h := streamtest.New(t, streamtest.Seed(seed))
			fast, slow := streamtest.Source[rec](h), streamtest.Source[rec](h)
			for i := range records {
				fast.Split(i % 3).Add(rec{K: 0, T: i / 3})
				slow.Split(0).Add(rec{K: 1, T: i / 3}).Pause(2 * time.Millisecond)
			}
			at, start := [2]int{}, -1
			see := func(r rec) rec {
				at[r.K] = r.T
				if r.K == 1 && start < 0 {
					start = at[0]
				}
				if start >= 0 && at[0] > start+drift+1 {
					most = max(most, at[0]-at[1])
				}
				return r
			}
			timed := func(s *streamtest.Script[rec], id string) *stream.Stream[rec] {
				return s.Stream().ID(id).EventTime(rec.time, opts...).Map(see)
			}
			out := streamtest.Collect(h, timed(fast, "fast").Merge(timed(slow, "slow")))
			h.Run()
			require.Len(t, out.Values(), 2*records)
			return most
		}
		require.LessOrEqual(t, ahead(stream.AlignWith("all", drift*time.Second)), drift+1, "seed %d", seed)
		require.Greater(t, ahead(), 2*drift, "seed %d: nothing to align", seed)
	}
}

// A crash changes nothing about that: what was restored holds the others up from the start.
func TestAlignmentCrashes(t *testing.T) {
	for seed := range uint64(20) {
		h := streamtest.New(t, streamtest.Seed(seed))
		fast, slow := streamtest.Source[rec](h), streamtest.Source[rec](h)
		for i := range 100 {
			fast.Split(i % 3).Add(rec{K: 0, T: i / 3})
			slow.Split(0).Add(rec{K: 1, T: i / 3}).Pause(time.Millisecond)
		}
		timed := func(s *streamtest.Script[rec], id string) *stream.Stream[rec] {
			return s.Stream().ID(id).EventTime(rec.time, stream.AlignWith("all", 5*time.Second))
		}
		out := streamtest.Collect(h, timed(fast, "fast").Merge(timed(slow, "slow")))
		h.CrashRandomly(3, 1000).Run()
		require.Len(t, out.Values(), 200)
	}
}
