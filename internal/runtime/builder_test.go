package runtime_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/internal/runtime"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// Every taker of a stream gets each record as it was, whatever the others do with it, and every mark.
func TestTakersShareNothing(t *testing.T) {
	r := newRig(t)
	f, s := r.source("a")
	for _, factor := range []int{10, 100, 1000} {
		r.sink(r.via(r.probe(func(o *probe, time int64, v *int) error {
			*v *= factor
			return o.Out.Push(time, v)
		}), s))
	}
	r.build()
	require.Len(t, r.tasks, 1)
	f.gives(1, 2).marks(operator.Watermark, 5)
	r.run()
	r.saw("10", "100", "1000", "20", "200", "2000", "watermark 5", "watermark 5", "watermark 5", "flush", "flush", "flush")
}

// What nobody takes is dropped: an operator of which only a side output is used.
func TestNobodyTakes(t *testing.T) {
	r := newRig(t)
	f, s := r.source("a")
	p := r.via(r.probe(nil), s)
	p.node.Kind = graph.Sink // or the plan would refuse it
	r.build()
	f.gives(1).ends()
	r.run()
	r.saw("end of time", "end")
	r.heard("task 0 ended")
}

// sided puts even numbers on a side output, as text.
type sided struct {
	operator.Base[int]
	evens *operator.Collector[string]
}

var evens = operator.NewSide[string]("evens")

func (o *sided) Open(c operator.Context, out operator.Receiver[int]) (err error) {
	if o.evens, err = evens.Output(c); err != nil {
		return err
	}
	return o.Base.Open(c, out)
}

func (o *sided) Push(time int64, v *int) error {
	if *v%2 == 0 {
		o.evens.At(time)
		o.evens.Emit(fmt.Sprint("even ", *v))
		return o.evens.Err()
	}
	return o.Out.Push(time, v)
}

// texts writes strings down, and the marks that come with them.
type texts struct {
	operator.Base[string]
	rig *rig
}

func (o *texts) Push(_ int64, v *string) error { o.rig.log = append(o.rig.log, *v); return nil }

func (o *texts) Mark(m operator.Mark) error {
	if !m.Kind.Local() {
		o.rig.log = append(o.rig.log, fmt.Sprint("side ", m.Kind))
	}
	return nil
}

// Side outputs get their records and all marks, in the same task and over an exchange.
func TestSideOutputs(t *testing.T) {
	for _, parallelism := range []int{1, 2} {
		t.Run(fmt.Sprint(parallelism, " subtasks of the taker"), func(t *testing.T) {
			r := newRig(t)
			f, s := r.source("a")
			n := &graph.Node{Kind: graph.Operator, Name: "sided"}
			b := &runtime.OperatorNode[int, int]{Node: n, Factory: operator.NewFactory("sided", func() operator.Operator[int, int] { return &sided{} })}
			n.Build = b
			r.graph.Add(n)
			s.out.Add(runtime.Consumer[int]{Edge: r.graph.Connect(s.node, n, exchange.Forward, ""), Chained: b.Chained})
			r.sink(&stream{r, n, &b.Out})
			side := &runtime.TypedSide[string]{Tag: "evens"}
			b.Sides = append(b.Sides, side)
			taker := &graph.Node{Kind: graph.Sink, Name: "texts", Parallelism: parallelism}
			end := &runtime.OperatorNode[string, string]{Node: taker, Factory: operator.NewFactory("texts", func() operator.Operator[string, string] { return &texts{rig: r} })}
			taker.Build = end
			r.graph.Add(taker)
			side.Out.Add(runtime.Consumer[string]{Edge: r.graph.Connect(n, taker, exchange.Forward, "evens"), Chained: end.Chained})
			r.build()
			r.run()
			r.log = nil
			f.gives(1, 2, 3, 4).marks(operator.Watermark, 9)
			r.run()
			r.trigger(1)
			r.run()
			require.ElementsMatch(t, append([]string{"1", "3", "even 2", "even 4", "flush", "prepare 1"},
				slices.Repeat([]string{"side watermark", "side barrier"}, parallelism)...), r.log)
		})
	}
}

// Keys go to the subtask that owns them, and their state is there, at any parallelism.
func TestKeyedState(t *testing.T) {
	for _, parallelism := range []int{1, 2, 3} {
		t.Run(fmt.Sprint(parallelism, " subtasks"), func(t *testing.T) {
			r := newRig(t)
			r.parallelism = parallelism
			f, s := r.source("a")
			s.node.Parallelism = 1
			counts := keyed(r, s)
			r.sink(counts)
			r.build()
			for range 3 {
				f.gives(1, 2, 3, 4, 5, 6, 7, 8)
			}
			f.ends()
			r.run()
			require.Equal(t, 8, count(r.log, "1"))
			require.Equal(t, 8, count(r.log, "2"))
			require.Equal(t, 8, count(r.log, "3"))
		})
	}
}

func count(all []string, s string) (n int) {
	for _, t := range all {
		if t == s {
			n++
		}
	}
	return n
}

// A key type that cannot be hashed is refused when the task is built, with the user's line.
func TestKeyWithoutHash(t *testing.T) {
	r := newRig(t)
	_, s := r.source("a")
	n := &graph.Node{Kind: graph.Sink, Name: "key-by", Caller: "main.go:7"}
	b := &runtime.KeyNode[*int, int]{Node: n, Key: func(n int) *int { return &n }}
	n.Build = b
	r.graph.Add(n)
	s.out.Add(runtime.Consumer[int]{Edge: r.graph.Connect(s.node, n, exchange.Forward, ""), Chained: b.Chained})
	err := r.tryBuild()
	require.ErrorIs(t, err, state.ErrUnsupported)
	require.ErrorContains(t, err, "key-by at main.go:7")
}

func TestNotBuildable(t *testing.T) {
	r := newRig(t)
	r.graph.Add(&graph.Node{Kind: graph.Sink, Name: "nothing", Build: 7})
	require.ErrorContains(t, r.tryBuild(), "nothing cannot be built: int is no HeadBuilder")
}
