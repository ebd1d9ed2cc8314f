package runtime_test

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"

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

// rig runs the tasks of a small graph by hand: the test says who steps when. What the sinks see and what the tasks
// tell the coordinator is written down.
type rig struct {
	t     *testing.T
	graph graph.Graph
	now   int64
	jobs  []func()
	fs    vfs.FS
	log   []string // of sinks
	said  []string // to the coordinator
	parts map[string]checkpoint.Part
	tasks []*runtime.Task

	waiting     map[checkpoint.Channel][]byte // at senders
	overtake    bool
	exchange    exchange.Config
	parallelism int
	number      int
	restored    *checkpoint.Restored
}

func newRig(t *testing.T) *rig {
	return &rig{
		t: t, now: 1, fs: vfs.NewMem(), parts: map[string]checkpoint.Part{}, waiting: map[checkpoint.Channel][]byte{},
		exchange: exchange.Config{Batch: 4, Slots: 4}, parallelism: 1,
	}
}

func (r *rig) Now() int64              { return r.now }
func (r *rig) Go(_ string, job func()) { r.jobs = append(r.jobs, job) }

func (r *rig) say(format string, args ...any) { r.said = append(r.said, fmt.Sprintf(format, args...)) }

func (r *rig) Acknowledged(task int, n int64, p checkpoint.Part) {
	s := fmt.Sprintf("task %d acknowledged %d", task, n)
	for _, b := range p.Payloads {
		s += fmt.Sprintf(" %s=%s", b.Operator, b.Bytes)
	}
	r.parts[fmt.Sprint(task, n)] = p
	r.say("%s", s)
}

func (r *rig) Declined(task int, n int64, err error) { r.say("task %d declined %d: %v", task, n, err) }

func (r *rig) Overtaken(n int64, c checkpoint.Channel, records []byte) {
	r.say("%d bytes wait before barrier %d of %s from %d to %d", len(records), n, c.Edge, c.From, c.To)
	r.waiting[c] = records
}
func (r *rig) Ended(task int)              { r.say("task %d ended", task) }
func (r *rig) Failed(task int, err error)  { r.say("task %d failed: %.90v", task, err) }
func (r *rig) Stopped(task int, err error) { r.say("task %d stopped: %v", task, err) }

// build plans the graph and makes the tasks.
func (r *rig) build() {
	r.t.Helper()
	require.NoError(r.t, r.tryBuild())
}

func (r *rig) tryBuild() error {
	p, err := r.graph.Plan(graph.Options{Parallelism: r.parallelism, MaxParallelism: 128})
	require.NoError(r.t, err)
	r.number++
	a, err := runtime.Build(p, runtime.Config{
		Ctx: context.Background(), Log: slog.New(slog.DiscardHandler), Clock: r, Executor: r, Events: r,
		FS: r.fs, Dir: "local", Exchange: r.exchange, Number: r.number, Counters: &operator.Counters{}, Restored: r.restored, Quiet: true, Overtake: r.overtake,
	})
	if err != nil {
		return err
	}
	r.tasks = a.Tasks()
	r.t.Cleanup(a.Abandon)
	return nil
}

// step lets a task take a step.
func (r *rig) step(task int) sched.Status { return r.tasks[task].Step() }

// run lets all tasks step until none has anything to do, with the background jobs between.
func (r *rig) run() {
	done := make([]bool, len(r.tasks))
	for ready := true; ready; {
		ready = false
		for i, t := range r.tasks {
			if done[i] {
				continue
			}
			s := t.Step()
			done[i] = s == sched.Done
			ready = ready || s == sched.Ready
		}
		ready = r.background() || ready
	}
}

// background runs jobs until there are none, and reports whether there was one.
func (r *rig) background() (any bool) {
	for len(r.jobs) > 0 {
		jobs := r.jobs
		r.jobs = nil
		for _, job := range jobs {
			job()
		}
		any = true
	}
	return any
}

// saw asks what the sinks have seen since the last time.
func (r *rig) saw(want ...string) {
	r.t.Helper()
	require.Equal(r.t, want, r.log)
	r.log = nil
}

// heard asks what the coordinator was told since the last time.
func (r *rig) heard(want ...string) {
	r.t.Helper()
	require.Equal(r.t, want, r.said)
	r.said = nil
}

// feed is a source that puts out what the test gives it: records, marks, errors, panics.
type feed struct {
	rig     *rig
	name    string
	splits  []operator.Split
	items   []func(out *operator.Emitter[int]) error
	emitted int
	over    bool
	every   int64 // of the discovery of splits
	fail    error // of Reader
	added   []string
	acks    []int64
	closed  int
	polls   int
	at      int64 // deadline
	rests   bool  // says Blocked after each item, as a paced reader does
	findErr error
}

func (f *feed) Name() string                                          { return f.name }
func (f *feed) Validate() error                                       { return nil }
func (f *feed) DiscoverEvery() int64                                  { return f.every }
func (f *feed) Splits(context.Context) ([]operator.Split, error)      { return f.splits, f.findErr }
func (f *feed) Reader(operator.Context) (operator.Reader[int], error) { return f, f.fail }

func (f *feed) Add(s operator.Split, number int32, position []byte) error {
	f.added = append(f.added, fmt.Sprintf("%s as %d at %q", s.ID, number, position))
	if position == nil {
		return nil
	}
	n, err := strconv.Atoi(string(position))
	f.emitted = n
	return err
}

func (f *feed) Poll(out *operator.Emitter[int], _ int) (operator.Status, int64, error) {
	f.polls++
	if len(f.items) == 0 {
		if f.over {
			return operator.Done, 0, nil
		}
		return operator.Blocked, f.at, nil
	}
	item := f.items[0]
	f.items = f.items[1:]
	if f.rests {
		return operator.Blocked, f.at, item(out)
	}
	return operator.Ready, 0, item(out)
}

func (f *feed) Positions(yield func(string, []byte)) {
	for _, s := range f.added {
		id, _, _ := strings.Cut(s, " ")
		yield(id, []byte(strconv.Itoa(f.emitted)))
	}
}

func (f *feed) Acknowledge(n int64) { f.acks = append(f.acks, n) }
func (f *feed) Close() error        { f.closed++; return nil }

// gives queues records.
func (f *feed) gives(values ...int) *feed {
	for _, v := range values {
		f.items = append(f.items, func(out *operator.Emitter[int]) error { f.emitted++; return out.Emit(int64(v), &v) })
	}
	return f
}

// marks queues a control element.
func (f *feed) marks(kind operator.MarkKind, value int64) *feed {
	f.items = append(f.items, func(out *operator.Emitter[int]) error {
		return out.Next.Mark(operator.Mark{Kind: kind, Value: value})
	})
	return f
}

func (f *feed) does(fn func() error) *feed {
	f.items = append(f.items, func(*operator.Emitter[int]) error { return fn() })
	return f
}

func (f *feed) ends() { f.over = true }

// stream is a node with its output: what stream.Stream is to users.
type stream struct {
	rig  *rig
	node *graph.Node
	out  *runtime.Out[int]
}

func (r *rig) source(name string) (*feed, *stream) {
	f := &feed{rig: r, name: name, splits: []operator.Split{{ID: name}}}
	n := &graph.Node{Kind: graph.Source, Name: name}
	b := &runtime.SourceNode[int]{Node: n, Source: f}
	n.Build = b
	r.graph.Add(n)
	return f, &stream{r, n, &b.Out}
}

// via adds an operator behind some streams.
func (r *rig) via(f operator.Factory[int, int], from ...*stream) *stream {
	n := &graph.Node{Kind: graph.Operator, Name: f.Name()}
	b := &runtime.OperatorNode[int, int]{Node: n, Factory: f}
	n.Build = b
	r.graph.Add(n)
	for _, s := range from {
		e := r.graph.Connect(s.node, n, exchange.Forward, "")
		s.out.Add(runtime.Consumer[int]{Edge: e, Chained: b.Chained})
	}
	return &stream{r, n, &b.Out}
}

// sink ends a stream at a sink that writes down what comes.
func (r *rig) sink(from *stream, opts ...func(*tape)) *tape {
	s := &tape{rig: r}
	for _, o := range opts {
		o(s)
	}
	n := &graph.Node{Kind: graph.Sink, Name: "sink"}
	b := &runtime.SinkNode[int]{Node: n, Sink: s}
	n.Build = b
	r.graph.Add(n)
	e := r.graph.Connect(from.node, n, exchange.Forward, "")
	from.out.Add(runtime.Consumer[int]{Edge: e, Chained: b.Chained})
	return s
}

// tape is a sink, and its writer.
type tape struct {
	rig      *rig
	open     error
	close    error
	payload  string
	prepared error
	later    bool // the answer to Prepare comes with answers
	answers  []func()
	due      int64
	restored []string
}

func (s *tape) Name() string                  { return "tape" }
func (s *tape) Validate() error               { return nil }
func (s *tape) Guarantee() operator.Guarantee { return operator.ExactlyOnce }

func (s *tape) Writer(c operator.Context) (operator.Writer[int], error) {
	for _, p := range c.Env().Payloads {
		s.restored = append(s.restored, string(p))
	}
	return s, s.open
}

func (s *tape) write(format string, args ...any) {
	s.rig.log = append(s.rig.log, fmt.Sprintf(format, args...))
}

func (s *tape) Write(time int64, v *int) error { s.write("%d", *v); return nil }
func (s *tape) Flush() error                   { s.write("flush"); return nil }
func (s *tape) Commit(n int64) error           { s.write("commit %d", n); return nil }
func (s *tape) Close() error                   { s.write("close"); return s.close }
func (s *tape) Deadline() int64                { return s.due }

func (s *tape) Tick(now int64) error {
	s.write("tick %d", now)
	s.due = 0
	return nil
}

func (s *tape) Prepare(n int64, done func([]byte, error)) {
	s.write("prepare %d", n)
	answer := func() {
		if s.payload == "" {
			done(nil, s.prepared)
			return
		}
		done([]byte(s.payload), s.prepared)
	}
	if s.later {
		s.answers = append(s.answers, answer)
		return
	}
	answer()
}

// probe is an operator that writes the marks down that pass, and does what the test says with records.
func (r *rig) probe(push func(o *probe, time int64, v *int) error) operator.Factory[int, int] {
	return operator.NewFactory("probe", func() operator.Operator[int, int] { return &probe{rig: r, push: push} })
}

type probe struct {
	operator.Base[int]
	rig   *rig
	push  func(o *probe, time int64, v *int) error
	start func() error
	open  func() error
	close func() error
}

func (o *probe) Open(c operator.Context, out operator.Receiver[int]) error {
	if o.open != nil {
		if err := o.open(); err != nil {
			return err
		}
	}
	return o.Base.Open(c, out)
}

func (o *probe) Start() error {
	if o.start != nil {
		return o.start()
	}
	return nil
}

func (o *probe) Close() error {
	if o.close != nil {
		return o.close()
	}
	return nil
}

func (o *probe) Push(time int64, v *int) error {
	o.Context.Enter()
	if o.push != nil {
		return o.push(o, time, v)
	}
	return o.Out.Push(time, v)
}

func (o *probe) Mark(m operator.Mark) error {
	switch {
	case m.Kind == operator.Watermark && m.Value == operator.MaxTime:
		o.rig.log = append(o.rig.log, "end of time")
	case m.Kind == operator.Watermark || m.Kind == operator.Barrier:
		o.rig.log = append(o.rig.log, fmt.Sprint(m.Kind, " ", m.Value))
	case !m.Kind.Local():
		o.rig.log = append(o.rig.log, m.Kind.String())
	}
	return o.Out.Mark(m)
}

// restoreFrom makes the next build begin from what the tasks acknowledged for checkpoint n.
func (r *rig) restoreFrom(n int64) {
	c := &checkpoint.Restored{Number: n, Next: n + 1}
	for i := range r.tasks {
		p, ok := r.parts[fmt.Sprint(i, n)]
		require.True(r.t, ok, "task %d has not acknowledged %d", i, n)
		s := p.State
		c.Payloads = append(c.Payloads, p.Payloads...)
		for _, f := range p.InFlight {
			if f.More {
				f.Bytes = append(f.Bytes, r.waiting[f.Channel]...)
			}
			c.InFlight = append(c.InFlight, f)
		}
		c.Parts = append(c.Parts, state.RestorePart{Dir: s.Dir, Files: s.Files, Groups: s.Groups, States: s.States, Operator: s.Operator})
	}
	r.restored = c
}
