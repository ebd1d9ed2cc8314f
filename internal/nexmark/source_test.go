package nexmark_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/nexmark"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
)

// taken is the end of a source: it notes the bids and which splits are done.
type taken struct {
	bids []nexmark.Bid
	done []int64
}

func (s *taken) Push(_ int64, v *nexmark.Bid) error {
	s.bids = append(s.bids, *v)
	return nil
}

func (s *taken) Mark(m operator.Mark) error {
	if m.Kind == operator.SplitDone {
		s.done = append(s.done, m.Value)
	}
	return nil
}

// open returns a reader of the given splits at the given positions.
func open(t *testing.T, in nexmark.Input, splits map[int][]byte) operator.Reader[nexmark.Bid] {
	t.Helper()
	src := in.Bids()
	all, err := src.Splits(context.Background())
	require.NoError(t, err)
	r, err := src.Reader(operator.Context{})
	require.NoError(t, err)
	for i, s := range all {
		if at, mine := splits[i]; mine {
			require.NoError(t, r.Add(s, int32(i), at))
		}
	}
	return r
}

// poll calls Poll n times, or to the end.
func poll(t *testing.T, r operator.Reader[nexmark.Bid], to *taken, n int) {
	t.Helper()
	out := &operator.Emitter[nexmark.Bid]{Next: to, Task: &operator.TaskState{}}
	for range n {
		status, _, err := r.Poll(out, 256)
		require.NoError(t, err)
		if status == operator.Done {
			return
		}
	}
}

// Splits are dealt by the thousand, and one that is read on from its position gives what is left, once.
func TestSplits(t *testing.T) {
	in := nexmark.Input{Events: 4500, Splits: 3}
	var whole taken
	poll(t, open(t, nexmark.Input{Events: 4500, Splits: 1}, map[int][]byte{0: nil}), &whole, 1000)
	require.Equal(t, []int64{0}, whole.done)
	count := map[nexmark.Bid]int{}
	for i := range 3 {
		var split []nexmark.Bid
		for stop := 1; stop < 8; stop++ {
			var got taken
			first := open(t, in, map[int][]byte{i: nil})
			poll(t, first, &got, stop)
			var at []byte
			first.Positions(func(_ string, p []byte) { at = p })
			got.done = nil
			poll(t, open(t, in, map[int][]byte{i: at}), &got, 1000)
			require.Equal(t, []int64{int64(i)}, got.done)
			if split == nil {
				split = got.bids
			}
			require.Equal(t, split, got.bids)
		}
		for _, b := range split {
			count[b]++
		}
	}
	for _, b := range whole.bids {
		count[b]--
	}
	for b, n := range count {
		require.Zero(t, n, b)
	}
	var together taken
	poll(t, open(t, in, map[int][]byte{0: nil, 1: nil, 2: nil}), &together, 1000)
	require.Equal(t, whole.bids, together.bids, "one reader of all splits keeps the order of events")
}

func TestPositionsThatAreNotTheSources(t *testing.T) {
	src := nexmark.Input{Events: 10, Splits: 2}.Bids()
	r, err := src.Reader(operator.Context{})
	require.NoError(t, err)
	split := operator.Split{ID: "1/2", Ord: 1}
	for name, position := range map[string][]byte{
		"too short":     {1, 2, 3},
		"another split": make([]byte, 8),
		"negative":      {0xff, 0, 0, 0, 0, 0, 0, 0},
	} {
		require.ErrorIs(t, r.Add(split, 0, position), nexmark.ErrPosition, name)
	}
	require.ErrorIs(t, r.Add(operator.Split{ID: "1/3", Ord: 1}, 0, nil), nexmark.ErrPosition, "dealt to three")
}

func TestFaults(t *testing.T) {
	_, err := nexmark.Find("q10")
	require.ErrorIs(t, err, nexmark.ErrUnknown)
	_, err = nexmark.Plain("q10", 1)
	require.ErrorIs(t, err, nexmark.ErrUnknown)
	q, err := nexmark.Find("q0")
	require.NoError(t, err)
	j := stream.NewJob("faults")
	q.Build(j, nexmark.Input{Events: -1}, nil)
	err = j.Run(context.Background())
	require.ErrorContains(t, err, "-1 events")
	require.ErrorContains(t, err, "0 splits")
	require.ErrorContains(t, err, "needs a total")
}
