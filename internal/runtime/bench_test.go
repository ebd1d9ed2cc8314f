package runtime_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/checkpoint"
	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/internal/runtime"
	"github.com/turgo-io/turgo/internal/sched"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// load is a source of numbers below 1<<bits that cost nothing, and its reader: left of them. Before those
// it gives each of the numbers once, and calls warm.
type load struct {
	left, bits int
	key        uint64
	v, first   int
	warm       func()
}

func (l *load) Name() string    { return "load" }
func (l *load) Validate() error { return nil }
func (l *load) Splits(context.Context) ([]operator.Split, error) {
	return []operator.Split{{ID: "0"}}, nil
}
func (l *load) Reader(operator.Context) (operator.Reader[int], error) { return l, nil }
func (l *load) Add(operator.Split, int32, []byte) error               { return nil }
func (l *load) Positions(func(string, []byte))                        {}
func (l *load) Close() error                                          { return nil }

func (l *load) Poll(out *operator.Emitter[int], most int) (operator.Status, int64, error) {
	if l.warm != nil {
		return operator.Ready, 0, l.each(out, most)
	}
	n := min(most, l.left)
	for range n {
		l.key = l.key*6364136223846793005 + 1442695040888963407
		l.v = int(l.key >> (64 - l.bits))
		if err := out.Emit(operator.NoTime, &l.v); err != nil {
			return operator.Done, 0, err
		}
	}
	if l.left -= n; l.left == 0 {
		return operator.Done, 0, nil
	}
	return operator.Ready, 0, nil
}

// each gives the numbers that are not known yet.
func (l *load) each(out *operator.Emitter[int], most int) error {
	for range most {
		l.v = l.first
		if err := out.Emit(operator.NoTime, &l.v); err != nil {
			return err
		}
		if l.first++; l.first == 1<<l.bits {
			l.warm()
			l.warm = nil
			return nil
		}
	}
	return nil
}

// drop is a sink that counts.
type drop struct{ n int }

func (d *drop) Name() string                                          { return "drop" }
func (d *drop) Validate() error                                       { return nil }
func (d *drop) Guarantee() operator.Guarantee                         { return operator.AtLeastOnce }
func (d *drop) Writer(operator.Context) (operator.Writer[int], error) { return d, nil }
func (d *drop) Write(int64, *int) error                               { d.n++; return nil }
func (d *drop) Flush() error                                          { return nil }
func (d *drop) Prepare(_ int64, done func([]byte, error))             { done(nil, nil) }
func (d *drop) Commit(int64) error                                    { return nil }
func (d *drop) Close() error                                          { return nil }

// none is a store that keeps nothing.
type none struct{}

func (none) Save(int64, []checkpoint.Part) error   { return nil }
func (none) Drop(int64, []checkpoint.Part)         {}
func (none) Latest() (*checkpoint.Restored, error) { return nil, nil }
func (none) Close() error                          { return nil }

// never is no restart.
type never struct{}

func (never) Next(int, time.Duration) (time.Duration, bool) { return 0, false }

// bench runs a job of b.N records through source, what via adds, and sink, with the driver of production.
func bench(b *testing.B, parallelism int, via func(r *rig, s *stream) *stream) {
	r := &rig{parallelism: parallelism}
	n := &graph.Node{Kind: graph.Source, Name: "load", Parallelism: 1}
	source := &runtime.SourceNode[int]{Node: n, Source: &load{left: b.N, bits: 20, warm: b.ResetTimer}}
	n.Build = source
	r.graph.Add(n)
	s := via(r, &stream{r, n, &source.Out})
	out := &drop{}
	end := &graph.Node{Kind: graph.Sink, Name: "drop"}
	sink := &runtime.SinkNode[int]{Node: end, Sink: out}
	end.Build = sink
	r.graph.Add(end)
	s.out.Add(runtime.Consumer[int]{Edge: r.graph.Connect(s.node, end, exchange.Forward, ""), Chained: sink.Chained})
	p, err := r.graph.Plan(graph.Options{Parallelism: parallelism, MaxParallelism: 128})
	require.NoError(b, err)
	job := &runtime.Job{
		Plan: p, Driver: runtime.NewReal(operator.SystemClock{}), FS: vfs.NewMem(), Dir: "local", Store: none{},
		Log: slog.New(slog.DiscardHandler), Exchange: exchange.Config{Batch: 256, Slots: 8}, Restart: never{}, Counters: &operator.Counters{},
		Checkpoint: checkpoint.Config{Tolerable: -1},
	}
	b.ReportAllocs()
	require.NoError(b, job.Run(context.Background()))
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrec/s")
	require.NotZero(b, out.n)
}

// keyed adds a KeyBy and a struct state behind it.
func keyed(r *rig, s *stream) *stream {
	key := func(n int) int { return n }
	hasher, err := state.HashOf[int]()
	if err != nil {
		panic(err)
	}
	k := &graph.Node{Kind: graph.Operator, Name: "key-by"}
	by := &runtime.KeyNode[int, int]{Node: k, Key: key}
	k.Build = by
	r.graph.Add(k)
	s.out.Add(runtime.Consumer[int]{
		Edge: r.graph.Connect(s.node, k, exchange.Hash, ""), Chained: by.Chained,
		Route: exchange.Route[int]{Groups: 128, Group: func(v *int) int { return hasher.Group(*v, 128) }},
	})
	type totals struct{ Count, Sum, Max, Last int }
	counted := r.via(operator.NewWithState(func(s *totals, n int) int { s.Count++; s.Sum += n; s.Last = n; return s.Count }), &stream{r, k, &by.Out})
	counted.node.Keyed = true
	return counted
}

// A whole job: source, map, filter, map and sink in one task.
func BenchmarkCoreTask(b *testing.B) {
	bench(b, 1, func(r *rig, s *stream) *stream {
		s = r.via(operator.NewMap(func(n int) int { return n + 1 }), s)
		s = r.via(operator.NewFilter(func(n int) bool { return n%3 != 0 }), s)
		return r.via(operator.NewMap(func(n int) int { return 2 * n }), s)
	})
}

// A whole job: a source, and a million keys' structs behind it, in one task and behind an exchange. The time of the
// last checkpoint, which writes them all, is in it: short runs show mostly that.
func BenchmarkCoreKeyedTask(b *testing.B)  { bench(b, 1, keyed) }
func BenchmarkCoreKeyedTasks(b *testing.B) { bench(b, 2, keyed) }

// A step of a busy task allocates nothing.
func TestStepAllocatesNothing(t *testing.T) {
	r := newRig(t)
	n := &graph.Node{Kind: graph.Source, Name: "load"}
	source := &runtime.SourceNode[int]{Node: n, Source: &load{left: 1 << 40, bits: 10}}
	n.Build = source
	r.graph.Add(n)
	s := &stream{r, n, &source.Out}
	p := r.via(operator.NewMap(func(n int) int { return n & 1023 }), keyed(r, s))
	end := &graph.Node{Kind: graph.Sink, Name: "drop", Parallelism: 1}
	sink := &runtime.SinkNode[int]{Node: end, Sink: &drop{}}
	end.Build = sink
	r.graph.Add(end)
	p.out.Add(runtime.Consumer[int]{Edge: r.graph.Connect(p.node, end, exchange.Forward, ""), Chained: sink.Chained})
	r.build()
	step := func() {
		for i := range r.tasks {
			require.NotEqual(t, sched.Done, r.step(i))
		}
	}
	for range 200 { // all keys are known
		step()
	}
	require.Zero(t, testing.AllocsPerRun(100, step))
}
