package runtime_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/internal/runtime"
	"github.com/turgo-io/turgo/internal/sched"
	"github.com/turgo-io/turgo/operator"
)

// readers is a source of which each subtask has a reader of its own, as real ones have.
type readers struct {
	*feed
	all []*feed
}

func (s *readers) Reader(operator.Context) (operator.Reader[int], error) {
	f := &feed{rig: s.rig, name: s.name, over: s.over, at: s.at}
	s.all = append(s.all, f)
	return f, nil
}

// spread is a source with splits, read by some subtasks, and a probe.
func spread(t *testing.T, r *rig, parallelism int, splits ...operator.Split) *readers {
	s := &readers{feed: &feed{rig: r, name: "a", splits: splits}}
	n := &graph.Node{Kind: graph.Source, Name: "a", Parallelism: parallelism}
	b := &runtime.SourceNode[int]{Node: n, Source: s}
	n.Build = b
	r.graph.Add(n)
	r.sink(r.via(r.probe(nil), &stream{r, n, &b.Out}))
	r.build()
	require.Len(t, r.tasks, parallelism)
	return s
}

func TestSplitsAreDealtOut(t *testing.T) {
	r := newRig(t)
	s := spread(t, r, 3, operator.Split{ID: "x", Ord: 0}, operator.Split{ID: "y", Ord: 4}, operator.Split{ID: "z", Ord: 7})
	r.run()
	require.Equal(t, []string{`x as 0 at ""`}, s.all[0].added)
	require.Equal(t, []string{`y as 0 at ""`, `z as 1 at ""`}, s.all[1].added)
	require.Empty(t, s.all[2].added)
	require.Contains(t, r.log, "idle", "a subtask without splits holds no watermark back")
}

func TestDiscovery(t *testing.T) {
	r := newRig(t)
	s := spread(t, r, 1, operator.Split{ID: "x"})
	s.every, s.over = 100, true
	r.run()
	require.Equal(t, sched.Blocked, r.step(0), "more may come")
	require.Contains(t, r.log, "idle", "until then nobody waits for its watermark")
	require.Empty(t, r.said)
	require.Equal(t, int64(101), r.tasks[0].Deadline())

	s.splits = append(s.splits, operator.Split{ID: "y"})
	r.now = 101
	r.run()
	require.Equal(t, []string{`x as 0 at ""`, `y as 1 at ""`}, s.all[0].added)
	require.Equal(t, int64(201), r.tasks[0].Deadline())

	s.findErr = errors.New("no broker")
	r.now = 201
	r.run()
	require.Empty(t, r.said, "the next look may do better")
	require.Equal(t, int64(301), r.tasks[0].Deadline())
	s.findErr = nil
	s.splits = s.splits[1:] // what is gone is read on
	r.now = 301
	r.run()
	require.Len(t, s.all[0].added, 2)

	r.tasks[0].Trigger(1, true) // halted: discovery goes on without harm, nothing is read
	polls := s.all[0].polls
	r.run()
	require.Equal(t, polls, s.all[0].polls)
}

// trigger asks all tasks for a checkpoint.
func (r *rig) trigger(n int64) {
	for _, t := range r.tasks {
		t.Trigger(n, false)
	}
}

func TestPositionsAreRestored(t *testing.T) {
	splits := []operator.Split{{ID: "x", Ord: 0}, {ID: "y", Ord: 1}, {ID: "z", Ord: 2}}
	r := newRig(t)
	s := spread(t, r, 2, splits...)
	r.run()
	s.all[0].gives(1, 2, 3)
	s.all[1].gives(4)
	r.run()
	r.trigger(1)
	r.run()
	r.restoreFrom(1)

	again := newRig(t)
	again.fs, again.restored, again.number = r.fs, r.restored, r.number
	s = spread(t, again, 3, splits...)
	again.run()
	require.Equal(t, []string{`x as 0 at "3"`}, s.all[0].added)
	require.Equal(t, []string{`y as 0 at "1"`}, s.all[1].added)
	require.Equal(t, []string{`z as 0 at "3"`}, s.all[2].added)
}

// A checkpoint that comes before the first poll has the positions too: opening can take longer than an interval.
func TestCheckpointBeforeTheFirstPoll(t *testing.T) {
	r := newRig(t)
	s := spread(t, r, 1, operator.Split{ID: "x"})
	r.run()
	s.all[0].gives(1, 2, 3)
	r.run()
	r.trigger(1)
	r.run()
	r.restoreFrom(1)

	for n := int64(2); n < 4; n++ {
		again := newRig(t)
		again.fs, again.restored, again.number = r.fs, r.restored, r.number
		s = spread(t, again, 1, operator.Split{ID: "x"})
		require.Equal(t, sched.Ready, again.step(0)) // opened
		again.trigger(n)
		again.run()
		require.Equal(t, []string{`x as 0 at "3"`}, s.all[0].added)
		again.restoreFrom(n)
		r = again
	}
}
