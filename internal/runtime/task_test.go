package runtime_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/sched"
	"github.com/turgo-io/turgo/operator"
)

// merged is two sources a and b (tasks 0 and 1) that a probe merges (task 2).
func merged(t *testing.T) (r *rig, a, b *feed) {
	r = newRig(t)
	a, sa := r.source("a")
	b, sb := r.source("b")
	r.sink(r.via(r.probe(nil), sa, sb))
	r.build()
	r.run()
	r.log, r.said = nil, nil
	return r, a, b
}

func TestWatermarkIsTheLeast(t *testing.T) {
	r, a, b := merged(t)
	a.marks(operator.Watermark, 10)
	r.run()
	r.saw("flush")
	b.marks(operator.Watermark, 5)
	r.run()
	r.saw("watermark 5", "flush")
	a.marks(operator.Watermark, 7) // never back
	r.run()
	r.saw("flush")
	b.marks(operator.Watermark, 20).gives(1)
	r.run()
	r.saw("watermark 10", "1", "flush")
	a.marks(operator.Watermark, 30)
	r.run()
	r.saw("watermark 20", "flush")
}

func TestIdleInputsAreLeftOut(t *testing.T) {
	r, a, b := merged(t)
	a.marks(operator.Watermark, 10)
	b.marks(operator.Idle, 0)
	r.run()
	r.saw("watermark 10", "flush")

	a.marks(operator.Watermark, 20)
	r.run()
	r.saw("watermark 20", "flush")

	a.marks(operator.Idle, 0)
	r.run()
	r.saw("idle", "flush")
	a.marks(operator.Idle, 0)
	r.run()
	r.saw("flush") // they know

	b.gives(1)
	r.run()
	r.saw("1", "flush")
	b.marks(operator.Watermark, 15) // behind: what it gives is late
	r.run()
	r.saw("flush")
	a.marks(operator.Watermark, 40)
	r.run()
	r.saw("flush") // b counts again
	b.marks(operator.Watermark, 30)
	r.run()
	r.saw("watermark 30", "flush")
}

// The end of one input ends nothing, and lets the others be the least.
func TestEndOfAnInput(t *testing.T) {
	r, a, b := merged(t)
	a.gives(1).ends()
	b.marks(operator.Watermark, 5)
	r.run()
	r.saw("1", "watermark 5", "flush")
	r.heard("task 0 ended")
	b.marks(operator.Watermark, 6).gives(2)
	r.run()
	r.saw("watermark 6", "2", "flush")
	b.ends()
	r.run()
	r.saw("end of time", "end", "flush")
	r.heard("task 1 ended", "task 2 ended")
	require.Equal(t, sched.Blocked, r.step(2), "it waits for the coordinator")
}

// Inputs that are idle come back: as long as one of them has not ended, time has not either.
func TestEndedAndIdleInputs(t *testing.T) {
	r, a, b := merged(t)
	b.marks(operator.Watermark, 5).marks(operator.Idle, 0)
	a.marks(operator.Watermark, 5)
	r.run()
	r.saw("watermark 5", "flush")
	a.ends()
	r.run()
	r.saw("idle", "flush")
	b.gives(7).marks(operator.Watermark, 7)
	r.run()
	r.saw("7", "watermark 7", "flush")
	b.ends()
	r.run()
	r.saw("end of time", "end", "flush")
}

func TestAlignment(t *testing.T) {
	r, a, b := merged(t)
	r.tasks[0].Trigger(1, false)
	a.gives(1, 2)
	r.run()
	r.heard("task 0 acknowledged 1")
	r.saw("flush") // a's records are behind its barrier, and b's has not come
	b.gives(10)
	r.run()
	r.saw("10", "flush")
	r.tasks[1].Trigger(1, false)
	b.gives(11)
	r.run()
	r.heard("task 1 acknowledged 1", "task 2 acknowledged 1")
	require.Equal(t, []string{"barrier 1", "prepare 1"}, r.log[:2])
	require.ElementsMatch(t, []string{"1", "2", "11", "flush"}, r.log[2:])
}

// A barrier waits for no input that has ended.
func TestEndCompletesBarrier(t *testing.T) {
	r, a, b := merged(t)
	r.tasks[0].Trigger(1, false)
	a.gives(1)
	r.run()
	r.heard("task 0 acknowledged 1")
	r.saw("flush")
	b.gives(10).ends()
	r.run()
	r.saw("10", "barrier 1", "prepare 1", "1", "flush")
	r.heard("task 1 ended", "task 2 acknowledged 1")
	r.tasks[1].Trigger(1, false) // it had ended before it was asked
	r.run()
	r.heard("task 1 acknowledged 1")
}

// A barrier behind the end of the other input passes at once.
func TestBarrierAfterEnd(t *testing.T) {
	r, a, b := merged(t)
	b.ends()
	r.run()
	r.log, r.said = nil, nil
	r.tasks[0].Trigger(3, false)
	a.gives(1)
	r.run()
	r.saw("barrier 3", "prepare 3", "1", "flush")
	r.heard("task 0 acknowledged 3", "task 2 acknowledged 3")
}

// A checkpoint that was asked for while the end was on its way has no barrier: the task takes it at its end.
func TestCheckpointDuringTheEnd(t *testing.T) {
	r, a, b := merged(t)
	a.ends()
	b.gives(5).ends()
	for range 4 { // the sources end, and the merge has not read it yet
		r.step(0)
		r.step(1)
	}
	r.heard("task 0 ended", "task 1 ended")
	for _, task := range r.tasks {
		task.Trigger(1, true)
	}
	r.run()
	r.saw("5", "end of time", "end", "flush", "barrier 1", "prepare 1")
	require.ElementsMatch(t, []string{"task 0 acknowledged 1", "task 1 acknowledged 1", "task 2 ended", "task 2 acknowledged 1"}, r.said)
	r.said = nil
	for _, task := range r.tasks {
		task.Trigger(2, true)
	}
	r.run()
	r.saw("barrier 2", "prepare 2")
	r.heard("task 0 acknowledged 2", "task 1 acknowledged 2", "task 2 acknowledged 2")
}

// With the last checkpoint sources read no further.
func TestLastCheckpointHalts(t *testing.T) {
	r, a, b := merged(t)
	for _, task := range r.tasks {
		task.Trigger(1, true)
	}
	a.gives(1)
	b.gives(2)
	r.run()
	r.saw("barrier 1", "prepare 1", "flush")
	r.heard("task 0 acknowledged 1", "task 1 acknowledged 1", "task 2 acknowledged 1")
	require.Len(t, a.items, 1)
}

// A trigger is no reason to take a checkpoint twice, or an old one.
func TestTriggerOnce(t *testing.T) {
	r, _, _ := merged(t)
	r.tasks[0].Trigger(2, false)
	r.tasks[0].Trigger(2, false)
	r.tasks[0].Trigger(1, false)
	r.run()
	r.heard("task 0 acknowledged 2")
}

// A checkpoint that was given up leaves its barrier on the way: the next one passes in its turn.
func TestBarriersInTurn(t *testing.T) {
	r, a, b := merged(t)
	r.tasks[0].Trigger(1, false)
	r.tasks[0].Trigger(2, false)
	a.gives(1)
	r.run()
	r.saw("flush")
	r.tasks[1].Trigger(1, false)
	r.tasks[1].Trigger(2, false)
	b.gives(10)
	r.run()
	require.Equal(t, []string{"barrier 1", "prepare 1", "barrier 2", "prepare 2"}, r.log[:4])
	require.ElementsMatch(t, []string{"1", "10", "flush"}, r.log[4:])
}

func TestFlushOnceWhenIdle(t *testing.T) {
	r, a, _ := merged(t)
	r.run()
	r.run()
	r.saw()
	a.gives(1)
	r.run()
	r.saw("1", "flush")
	r.run()
	r.saw()
}

// A reader that gives records and says in the same breath that it has no more for now is flushed too.
func TestFlushBehindPacedReader(t *testing.T) {
	r, f, _ := chained(t, nil)
	r.run()
	f.rests = true
	for _, v := range []int{1, 2} {
		r.log = nil
		f.gives(v)
		r.run()
		require.Contains(t, r.log, "flush", "after %d", v)
	}
}

// chained is one task: a source, a probe and a sink.
func chained(t *testing.T, push func(o *probe, time int64, v *int) error, opts ...func(*tape)) (*rig, *feed, *tape) {
	r := newRig(t)
	f, s := r.source("a")
	sink := r.sink(r.via(r.probe(push), s), opts...)
	r.build()
	require.Len(t, r.tasks, 1)
	return r, f, sink
}

func TestUserErrors(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		name string
		push func(o *probe, time int64, v *int) error
		want string
	}{
		{"error", func(*probe, int64, *int) error { return boom }, "task 0 failed: operator: probe[0]: boom"},
		{"panic", func(*probe, int64, *int) error { panic(boom) }, "task 0 failed: operator: probe[0]: panic: boom\ngoroutine "},
		{"panic of no error", func(*probe, int64, *int) error { panic("boom") }, "task 0 failed: operator: probe[0]: panic: boom\ngoroutine "},
		{"a named error", func(*probe, int64, *int) error {
			return &operator.RecordError{Operator: "other", Subtask: 3, Position: "line 7", Err: boom}
		}, "task 0 failed: operator: other[3]: boom (at line 7)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, f, _ := chained(t, c.push)
			f.gives(1, 2)
			r.run()
			require.Len(t, r.said, 1)
			require.Contains(t, r.said[0], c.want)
			require.Equal(t, []string(nil), r.log)
			r.tasks[0].Close()
			require.Equal(t, "task 0 stopped: <nil>", r.said[1])
		})
	}
	t.Run("in the source", func(t *testing.T) {
		r, f, _ := chained(t, nil)
		f.gives(1).does(func() error { panic(boom) })
		r.run()
		require.Contains(t, r.said[0], "task 0 failed: operator: a[0]: panic: boom")
		r.saw("1")
	})
}

func TestPanicHasItsStack(t *testing.T) {
	err := operator.Recovered("map", 2, "boom")
	require.Contains(t, err.Error(), "operator: map[2]: panic: boom\ngoroutine ")
	require.Contains(t, err.Stack, "TestPanicHasItsStack")
}

func TestErrorsOfOpening(t *testing.T) {
	boom := errors.New("no route to host")
	t.Run("sink", func(t *testing.T) {
		r, _, _ := chained(t, nil, func(s *tape) { s.open = boom })
		r.run()
		r.heard("task 0 failed: operator: sink[0]: opening sink: no route to host")
		r.tasks[0].Close()
		r.saw("close") // it has an instance: what it opened is given back
	})
	t.Run("source", func(t *testing.T) {
		r, f, _ := chained(t, nil)
		f.fail = boom
		r.run()
		r.heard("task 0 failed: operator: a[0]: opening a: no route to host")
	})
	t.Run("splits", func(t *testing.T) {
		r, f, _ := chained(t, nil)
		f.findErr = boom
		r.run()
		r.heard("task 0 failed: operator: a[0]: opening a: finding splits: no route to host")
		r.tasks[0].Close()
		require.Equal(t, 1, f.closed)
	})
	t.Run("operator", func(t *testing.T) {
		for name, want := range map[string]string{
			"open":  "task 0 failed: operator: probe[0]: opening probe: no route to host",
			"start": "task 0 failed: operator: probe[0]: starting probe: no route to host",
			"panic": "task 0 failed: operator: probe[0]: panic: no route to host",
		} {
			t.Run(name, func(t *testing.T) {
				r := newRig(t)
				_, s := r.source("a")
				fails := func() error { return boom }
				r.sink(r.via(operator.NewFactory("probe", func() operator.Operator[int, int] {
					p := &probe{rig: r}
					switch name {
					case "open":
						p.open = fails
					case "start":
						p.start = fails
					case "panic":
						p.open = func() error { panic(boom) }
					}
					return p
				}), s))
				r.build()
				r.run()
				require.Len(t, r.said, 1)
				require.Contains(t, r.said[0], want)
				r.tasks[0].Close()
			})
		}
	})
}

// All operators are closed, whatever the others do; what went wrong is told, panics too.
func TestErrorsOfClosing(t *testing.T) {
	r := newRig(t)
	f, s := r.source("a")
	closed := 0
	p := operator.NewFactory("probe", func() operator.Operator[int, int] {
		return &probe{rig: r, close: func() error { closed++; panic("stuck") }}
	})
	r.sink(r.via(p, s), func(t *tape) { t.close = errors.New("disk full") })
	r.build()
	r.run()
	r.tasks[0].Stop()
	require.Equal(t, sched.Done, r.step(0))
	r.tasks[0].Close()
	require.Equal(t, 1, closed)
	require.Equal(t, 1, f.closed)
	require.Len(t, r.said, 1)
	require.Contains(t, r.said[0], "closing probe: operator: probe[0]: panic: stuck")
	require.Contains(t, r.said[0], "closing sink: disk full")
}

// A task whose output is full reads nothing more, but goes on when the output does; checkpoints do not wait for that.
func TestFullOutput(t *testing.T) {
	r, a, _ := merged(t)
	for v := range 100 {
		a.gives(v)
	}
	for range 200 {
		r.step(0)
	}
	left := len(a.items)
	require.Greater(t, left, 50, "4 slots of 4 records, and what one step makes")
	require.Equal(t, sched.Blocked, r.step(0))
	require.Zero(t, r.tasks[0].Deadline())
	require.Len(t, a.items, left)

	r.tasks[0].Trigger(1, false)
	require.Equal(t, sched.Blocked, r.step(0))
	r.background()
	r.heard("task 0 acknowledged 1")

	r.tasks[1].Trigger(1, false) // or the merge waits for its barrier
	r.run()
	require.Empty(t, a.items)
}

func TestTicks(t *testing.T) {
	r, f, sink := chained(t, nil)
	r.run()
	r.log = nil
	sink.due = 100
	f.gives(1)
	r.run()
	r.saw("1", "flush")
	require.Equal(t, int64(100), r.tasks[0].Deadline())
	r.now = 99
	r.run()
	r.saw()
	r.now = 100
	r.run()
	r.saw("tick 100")
	require.Zero(t, r.tasks[0].Deadline())
	f.at = 150 // of the source
	r.run()
	require.Equal(t, int64(150), r.tasks[0].Deadline())
	sink.due = 120
	r.run()
	require.Equal(t, int64(120), r.tasks[0].Deadline())
}

func TestPreparing(t *testing.T) {
	r, f, sink := chained(t, nil, func(s *tape) { s.payload, s.later = "tx-1", true })
	f.gives(1)
	r.run()
	r.tasks[0].Trigger(1, false)
	f.gives(2)
	r.run()
	require.Empty(t, r.said, "the checkpoint waits for the sink; the task does not")
	r.saw("1", "flush", "barrier 1", "prepare 1", "2", "flush")
	sink.answers[0]()
	r.heard("task 0 acknowledged 1 sink=tx-1")
	r.tasks[0].Committed(1)
	r.run()
	r.saw("commit 1")
	require.Equal(t, []int64{1}, f.acks)

	sink.prepared, sink.payload = errors.New("disk full"), ""
	r.tasks[0].Trigger(2, false)
	r.run()
	sink.answers[1]()
	r.heard("task 0 declined 2: preparing sink: disk full")
}
