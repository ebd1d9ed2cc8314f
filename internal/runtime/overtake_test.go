package runtime_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/sched"
)

// crowded is two sources before a task that does not keep up: a has filled the ring and waits for room.
func crowded(t *testing.T) (r *rig, a, b *feed) {
	r = newRig(t)
	r.exchange, r.overtake = exchange.Config{Batch: 1, Slots: 2}, true
	a, sa := r.source("a")
	b, sb := r.source("b")
	r.sink(r.via(r.probe(nil), sa, sb))
	r.build()
	r.run()
	r.log = nil
	a.gives(1, 2, 3, 4, 5)
	for r.step(0) == sched.Ready {
	}
	require.Len(t, a.items, 2, "two records in the ring, and the third waits for room")
	return r, a, b
}

func (r *rig) overtakes(n int64) {
	for _, t := range r.tasks {
		t.Overtake(n)
	}
}

// A checkpoint is whole although the records before its barrier have not been read, and a restore hands them on first.
func TestOvertake(t *testing.T) {
	r, _, _ := crowded(t)
	r.trigger(1)
	r.overtakes(1)
	r.step(0)
	r.step(1)
	r.background()
	r.heard(`17 bytes wait before barrier 1 of "a" "" 0 "probe" from 0 to 0`, "task 0 acknowledged 1", "task 1 acknowledged 1")
	r.step(2)
	r.background()
	r.heard("task 2 acknowledged 1")
	r.saw("barrier 1", "prepare 1", "1")
	r.run()
	r.saw("2", "3", "4", "5", "flush")

	next := r.again(1)
	a, sa := next.source("a")
	_, sb := next.source("b")
	next.sink(next.via(next.probe(nil), sa, sb))
	next.build()
	a.gives(4, 5)
	next.run()
	require.Equal(t, []string{"1", "2", "3", "4", "5"}, records(next.log))
}

// A barrier that was sent in good time and waits for room is overtaken as well.
func TestOvertakeLate(t *testing.T) {
	r, _, _ := crowded(t)
	r.trigger(1)
	r.step(0)
	r.step(1)
	r.step(2) // reads one record: the barriers are not there
	r.step(1)
	r.background()
	r.heard("task 0 acknowledged 1", "task 1 acknowledged 1")
	r.overtakes(1)
	r.step(0)
	r.step(2)
	r.background()
	require.Contains(t, r.said, "task 2 acknowledged 1")
	r.log, r.said = nil, nil

	next := r.again(1)
	a, sa := next.source("a")
	_, sb := next.source("b")
	next.sink(next.via(next.probe(nil), sa, sb))
	next.build()
	a.gives(4, 5)
	// A checkpoint while they are handed on waits for the last of them.
	next.overtake = true
	next.step(2) // opens
	next.trigger(2)
	next.overtakes(2)
	next.run()
	require.Contains(t, next.said, "task 2 acknowledged 2")
	require.Equal(t, []string{"2", "3", "4", "5"}, records(next.log))
}

// records picks what is a record from what a sink and a probe wrote down.
func records(log []string) (all []string) {
	for _, s := range log {
		if _, err := strconv.Atoi(s); err == nil {
			all = append(all, s)
		}
	}
	return all
}

// A checkpoint that is given up lets go of what it gathers, and the next one is whole.
func TestOvertakeAbort(t *testing.T) {
	r, _, _ := crowded(t)
	r.tasks[2].Trigger(1, false)
	r.tasks[2].Overtake(1) // the senders have not heard of it yet
	r.step(2)
	r.background()
	r.heard()
	for _, task := range r.tasks {
		task.Abort(1)
	}
	r.step(2)
	r.background()
	require.Len(t, r.said, 1)
	require.Contains(t, r.said[0], "task 2 declined 1: ")
	r.said = nil
	r.trigger(2)
	r.overtakes(2)
	r.run()
	require.Subset(t, r.said, []string{"task 0 acknowledged 2", "task 1 acknowledged 2", "task 2 acknowledged 2"})
	r.resumes(2, "1", "2", "3", "4", "5")
}

// resumes goes on from checkpoint n: what the task behind the sources read before it, and what it is handed first after
// it, is what source a had sent.
func (r *rig) resumes(n int64, sent ...string) {
	r.t.Helper()
	before := records(r.log[:slices.Index(r.log, fmt.Sprint("barrier ", n))])
	next := r.again(n)
	a, sa := next.source("a")
	_, sb := next.source("b")
	next.sink(next.via(next.probe(nil), sa, sb))
	next.build()
	next.run()
	require.Equal(r.t, []string{fmt.Sprintf("a as 0 at %q", strconv.Itoa(a.emitted))}, a.added)
	require.Equal(r.t, sent[:a.emitted], append(before, records(next.log)...))
}

// What a later barrier finds in the middle of gathering is the end of the checkpoint before.
func TestOvertakeTwice(t *testing.T) {
	r, a, _ := crowded(t)
	for n := int64(1); n < 5; n++ {
		a.gives(int(10 * n))
		r.trigger(n)
		r.overtakes(n)
		r.step(2)
		r.step(0)
		r.step(1)
		r.step(2)
		r.background()
	}
	r.run()
	require.Subset(t, r.said, []string{"task 2 acknowledged 4", "task 0 acknowledged 4"})
	r.resumes(4, "1", "2", "3", "4", "5", "10", "20", "30", "40")
}
