package stream

import (
	"errors"
	"fmt"
	"iter"

	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/internal/runtime"
	"github.com/turgo-io/turgo/operator"
)

// Stream is the records that an operator puts out, as long as the job runs. Its methods add operators
// to the job; nothing runs before Job.Run. A stream may be used several times: each user gets every record.
//
// Order: records that came from one split of a source, and take one path without a change of key,
// stay in order.
type Stream[T any] struct {
	job  *Job
	node *graph.Node
	out  *runtime.Out[T]
	kind exchange.Kind // how the next operator is reached
	side string
	pick func(T, int) int
	add  *sideSet
}

// sideSet is the side outputs of a node, shared by all streams of it.
type sideSet struct {
	attach func(runtime.SideOut) // nil if the node can have none
	byName map[string]any
}

// From begins a stream at a source.
func From[T any](j *Job, src operator.Source[T]) *Stream[T] {
	n := j.node(graph.Source, "source")
	b := &runtime.SourceNode[T]{Node: n, Source: src}
	n.Build = b
	if src == nil {
		n.Faults = append(n.Faults, errors.New("the source is nil"))
	} else {
		n.Name, n.Validate = src.Name(), src.Validate
	}
	return newStream(j, n, &b.Out, func(s runtime.SideOut) { b.Sides = append(b.Sides, s) })
}

func newStream[T any](j *Job, n *graph.Node, out *runtime.Out[T], attach func(runtime.SideOut)) *Stream[T] {
	return &Stream[T]{job: j, node: n, out: out, add: &sideSet{attach, map[string]any{}}}
}

// connect adds an edge to a node that takes the stream.
func (s *Stream[T]) connect(to *graph.Node, chained func(*runtime.Builder) (operator.Receiver[T], error), r exchange.Route[T]) {
	if to.Index <= s.node.Index {
		panic("stream: an edge must point forward") // the API cannot make one that does not
	}
	r.Kind, r.Pick = s.kind, s.pick
	e := s.job.graph.Connect(s.node, to, s.kind, s.side)
	e.Route = r
	s.out.Add(runtime.Consumer[T]{Edge: e, Chained: chained, Route: r})
}

// via adds a one-input operator.
func via[T, U any](s *Stream[T], f operator.Factory[T, U]) *Stream[U] {
	n := s.job.node(graph.Operator, "operator")
	b := &runtime.OperatorNode[T, U]{Node: n, Factory: f}
	n.Build = b
	if f == nil {
		n.Faults = append(n.Faults, errors.New("the operator is nil"))
	} else {
		n.Name = f.Name()
	}
	if v, ok := f.(interface{ Validate() error }); ok {
		n.Validate = v.Validate
	}
	s.connect(n, b.Chained, exchange.Route[T]{})
	return newStream(s.job, n, &b.Out, func(o runtime.SideOut) { b.Sides = append(b.Sides, o) })
}

// check notes a nil function as a fault of the stream's last operator, with the user's line.
func check[U any](s *Stream[U], isNil bool) *Stream[U] {
	if isNil {
		s.node.Faults = append(s.node.Faults, errors.New("the function is nil"))
	}
	return s
}

// Name names the operator that puts out this stream, in graphs, logs and metrics.
func (s *Stream[T]) Name(name string) *Stream[T] {
	s.node.Name = name
	return s
}

// ID gives the operator that puts out this stream an id: its state is found by it after the program has
// changed. It must be unique in the job. Without it the id is derived from the operator's name.
func (s *Stream[T]) ID(id string) *Stream[T] {
	s.node.ID, s.node.Explicit = id, true
	if id == "" {
		s.node.Faults = append(s.node.Faults, errors.New("the id is empty"))
	}
	return s
}

// Parallelism sets how many subtasks the operator has that puts out this stream.
func (s *Stream[T]) Parallelism(n int) *Stream[T] {
	if n < 1 {
		s.node.Faults = append(s.node.Faults, fmt.Errorf("parallelism %d: it must be at least 1", n))
	}
	s.node.Parallelism, s.node.Derived = n, false
	return s
}

// Map turns each record into fn of it.
func (s *Stream[T]) Map[U any](fn func(T) U) *Stream[U] {
	return check(via(s, operator.NewMap(fn)), fn == nil)
}

// Filter keeps the records for which keep is true.
func (s *Stream[T]) Filter[F ~func(T) bool](keep F) *Stream[T] {
	return check(via(s, operator.NewFilter[T](keep)), keep == nil)
}

// FlatMap turns each record into the values that fn yields for it.
func (s *Stream[T]) FlatMap[U any](fn func(T) iter.Seq[U]) *Stream[U] {
	return check(via(s, operator.NewFlatMap(fn)), fn == nil)
}

// Try turns each record into fn of it; a record for which fn fails goes to the side output failed:
//
//	var badLines = operator.NewSide[operator.Failure[string]]("bad-lines")
//	numbers := lines.Try(strconv.Atoi, badLines)
//	numbers.Side(badLines).To(…)
func (s *Stream[T]) Try[U any](fn func(T) (U, error), failed operator.Side[operator.Failure[T]]) *Stream[U] {
	return check(via(s, operator.NewTry(fn, failed)), fn == nil)
}

// Via adds any operator: those of other packages, and the user's own.
func (s *Stream[T]) Via[U any](f operator.Factory[T, U]) *Stream[U] { return via(s, f) }

// Do adds an operator of user code that needs no key: fn makes one for each subtask.
func (s *Stream[T]) Do[U any](fn func() operator.Function[T, U]) *Stream[U] {
	return check(via(s, operator.NewFunction("function", fn)), fn == nil)
}

// Apply hands the stream to a function of streams, and goes on with what it returns.
func (s *Stream[T]) Apply[U any](f func(*Stream[T]) *Stream[U]) *Stream[U] {
	if f == nil {
		return via[T, U](s, nil)
	}
	return f(s)
}

// Merge puts the records of several streams into one. Records of each keep their order.
func (s *Stream[T]) Merge(others ...*Stream[T]) *Stream[T] {
	n := s.job.node(graph.Operator, "merge")
	b := &runtime.OperatorNode[T, T]{Node: n, Factory: operator.NewPass[T]("merge")}
	n.Build = b
	for _, o := range append([]*Stream[T]{s}, others...) {
		if o == nil {
			n.Faults = append(n.Faults, errors.New("a stream to merge is nil"))
			continue
		}
		if o.job != s.job {
			n.Faults = append(n.Faults, errors.New("the streams are of different jobs"))
			continue
		}
		o.connect(n, b.Chained, exchange.Route[T]{})
	}
	return newStream(s.job, n, &b.Out, func(o runtime.SideOut) { b.Sides = append(b.Sides, o) })
}

// Split parts the stream in two: the records for which first is true, and the others.
func (s *Stream[T]) Split[F ~func(T) bool](first F) (yes, no *Stream[T]) {
	others := operator.NewSide[T]("others")
	yes = check(via(s, operator.NewSplit[T](first, others)), first == nil)
	return yes, yes.Side(others)
}

// Side returns the stream of a side output of the operator that puts out this stream.
func (s *Stream[T]) Side[S any](tag operator.Side[S]) *Stream[S] {
	typed, known := s.add.byName[tag.Name()].(*runtime.TypedSide[S])
	if other := s.add.byName[tag.Name()]; other != nil && !known {
		s.node.Faults = append(s.node.Faults, fmt.Errorf("the side output %q is used with two types", tag.Name()))
	}
	if s.add.attach == nil {
		s.node.Faults = append(s.node.Faults, fmt.Errorf("the side output %q is not of this operator: take it from the stream before KeyBy", tag.Name()))
	}
	if !known {
		typed = &runtime.TypedSide[S]{Tag: tag.Name()}
		s.add.byName[tag.Name()] = typed
		if s.add.attach != nil {
			s.add.attach(typed)
		}
	}
	return &Stream[S]{job: s.job, node: s.node, out: &typed.Out, side: tag.Name(), add: s.add}
}

// reached returns the stream with another way to its next operator.
func (s *Stream[T]) reached(kind exchange.Kind) *Stream[T] {
	c := *s
	c.kind = kind
	return &c
}

// Rebalance deals the records out to the subtasks of the next operator in turn.
func (s *Stream[T]) Rebalance() *Stream[T] { return s.reached(exchange.Rebalance) }

// Broadcast sends each record to every subtask of the next operator.
func (s *Stream[T]) Broadcast() *Stream[T] { return s.reached(exchange.Broadcast) }

// Global sends all records to one subtask of the next operator, which has no other unless it says so.
func (s *Stream[T]) Global() *Stream[T] { return s.reached(exchange.Global) }

// Partition sends each record to the subtask that pick returns, taken modulo n, their number.
func (s *Stream[T]) Partition(pick func(v T, n int) int) *Stream[T] {
	c := s.reached(exchange.Custom)
	c.pick = pick
	return check(c, pick == nil)
}

// To ends the stream at a sink.
func (s *Stream[T]) To(sink operator.Sink[T]) *Output {
	n := s.job.node(graph.Sink, "sink")
	b := &runtime.SinkNode[T]{Node: n, Sink: sink}
	n.Build = b
	if sink == nil {
		n.Faults = append(n.Faults, errors.New("the sink is nil"))
	} else {
		n.Name, n.Validate, n.Note = sink.Name(), sink.Validate, sink.Guarantee().String()
	}
	s.connect(n, b.Chained, exchange.Route[T]{})
	return &Output{n}
}

// Output is a stream's end: it can be named like any operator.
type Output struct{ node *graph.Node }

// Name names the sink in graphs, logs and metrics.
func (o *Output) Name(name string) *Output {
	o.node.Name = name
	return o
}

// ID gives the sink an id; see Stream.ID.
func (o *Output) ID(id string) *Output {
	o.node.ID, o.node.Explicit = id, true
	if id == "" {
		o.node.Faults = append(o.node.Faults, errors.New("the id is empty"))
	}
	return o
}

// Parallelism sets how many subtasks the sink has.
func (o *Output) Parallelism(n int) *Output {
	if n < 1 {
		o.node.Faults = append(o.node.Faults, fmt.Errorf("parallelism %d: it must be at least 1", n))
	}
	o.node.Parallelism, o.node.Derived = n, false
	return o
}
