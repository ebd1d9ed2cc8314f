package runtime

import (
	"fmt"

	"github.com/turgo-io/turgo/internal/checkpoint"
	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// HeadBuilder is what graph.Node.Build holds: it builds the node as the first of a task and attaches
// what drives it, a reader or inputs.
type HeadBuilder interface {
	Head(b *Builder) error
}

// Builder builds one task. It is passed down the chain, from the head to the ends.
type Builder struct {
	attempt *Attempt
	task    *Task
	chain   *graph.Chain
	keys    operator.KeyScope // of the nearest KeyBy before, nil without one
}

// Out is the typed output of a node: who takes its records.
type Out[T any] struct{ consumers []Consumer[T] }

// Consumer is one taker of a node's records.
type Consumer[T any] struct {
	Edge *graph.Edge
	// Chained builds the taker in the same task.
	Chained func(b *Builder) (operator.Receiver[T], error)
	// Route says where records go if the edge is an exchange.
	Route exchange.Route[T]
}

// Add adds a taker.
func (o *Out[T]) Add(c Consumer[T]) { o.consumers = append(o.consumers, c) }

// Receiver builds what takes the records in the task under construction.
func (o *Out[T]) Receiver(b *Builder) (operator.Receiver[T], error) {
	var all []operator.Receiver[T]
	for _, c := range o.consumers {
		r, err := c.receiver(b)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	switch len(all) {
	case 0:
		return discard[T]{}, nil
	case 1:
		return all[0], nil
	}
	return &tee[T]{all: all}, nil
}

func (c Consumer[T]) receiver(b *Builder) (operator.Receiver[T], error) {
	if c.Edge.Chained {
		r, err := c.Chained(b)
		if err != nil {
			return nil, err
		}
		return r, replay(b, c.Edge, r)
	}
	route := c.Route
	route.Kind = c.Edge.Kind
	route.Running, route.Index = &b.task.shared.Operator, b.task.guest(c.Edge)
	x := exchangeOf[T](b.attempt, c.Edge)
	r, outs := x.Output(b.task.Subtask, route)
	for _, o := range outs {
		b.task.outputs = append(b.task.outputs, output{o, checkpoint.EdgeKey(c.Edge), x.Stores()})
	}
	return r, nil
}

// exchangeOf returns the exchange of an edge, made at first use.
func exchangeOf[T any](a *Attempt, e *graph.Edge) *exchange.Exchange[T] {
	if x, ok := a.exchanges[e]; ok {
		return x.(*exchange.Exchange[T])
	}
	x := exchange.New[T](a.config.Exchange, a.wakers(e.From), a.wakers(e.To), e.Kind == exchange.Forward)
	if a.config.Overtake && overtakable(e) {
		if codec, err := state.CodecFor[T](); err != nil {
			a.config.Log.Warn("records cannot be stored by checkpoints, which wait for them instead", "from", e.From.Name, "to", e.To.Name, "error", err)
		} else {
			x.Store(codec)
		}
	}
	a.exchanges[e] = x
	return x
}

// overtakable reports whether the records of an edge still find their receiver when a checkpoint that stored them is
// restored at another parallelism. Those that every receiver gets, or that a function of the user deals out, do not.
func overtakable(e *graph.Edge) bool {
	return e.Kind != exchange.Broadcast && e.Kind != exchange.Custom
}

// Attach makes every edge into node feed r: node is the head of the task.
func Attach[T any](b *Builder, edges []*graph.Edge, r operator.Receiver[T]) error {
	t := b.task
	t.overtakes = b.attempt.config.Overtake
	for _, e := range edges {
		x := exchangeOf[T](b.attempt, e)
		for _, in := range x.Inputs(t.Subtask, r) {
			t.inputs = append(t.inputs, input{in, checkpoint.EdgeKey(e), schemaOf[T]})
		}
		t.overtakes = t.overtakes && x.Stores()
		if err := replay(b, e, r); err != nil {
			return err
		}
	}
	t.head = r
	return nil
}

// SideOut is a side output of a node with its type erased.
type SideOut interface {
	name() string
	// build returns a Receiver of the side's type, and its control side.
	build(b *Builder) (receiver any, control marker, err error)
}

// TypedSide is a side output that a stream was made of.
type TypedSide[S any] struct {
	Tag string
	Out Out[S]
}

func (s *TypedSide[S]) name() string { return s.Tag }

func (s *TypedSide[S]) build(b *Builder) (any, marker, error) {
	r, err := s.Out.Receiver(b)
	return r, r, err
}

// sides builds the side outputs; the control elements of out then go to them as well.
func sides[T any](b *Builder, all []SideOut, out operator.Receiver[T]) (operator.Receiver[T], map[string]any, error) {
	if len(all) == 0 {
		return out, nil, nil
	}
	m, s := map[string]any{}, &sided[T]{Receiver: out}
	for _, side := range all {
		r, control, err := side.build(b)
		if err != nil {
			return nil, nil, fmt.Errorf("side output %s: %w", side.name(), err)
		}
		m[side.name()] = r
		s.sides = append(s.sides, control)
	}
	return s, m, nil
}

// sided passes control elements to side outputs too. Records of those go to them directly.
type sided[T any] struct {
	operator.Receiver[T]
	sides []marker
}

func (s *sided[T]) Mark(m operator.Mark) error {
	if err := s.Receiver.Mark(m); err != nil {
		return err
	}
	for _, o := range s.sides {
		if err := o.Mark(m); err != nil {
			return err
		}
	}
	return nil
}

// tee gives every taker each record: a copy to all but the last, since a taker may change it.
type tee[T any] struct {
	all     []operator.Receiver[T]
	scratch T
}

func (o *tee[T]) Push(time int64, v *T) error {
	last := len(o.all) - 1
	for _, r := range o.all[:last] {
		o.scratch = *v
		if err := r.Push(time, &o.scratch); err != nil {
			return err
		}
	}
	return o.all[last].Push(time, v)
}

func (o *tee[T]) Mark(m operator.Mark) error {
	for _, r := range o.all {
		if err := r.Mark(m); err != nil {
			return err
		}
	}
	return nil
}

// discard ends a stream that nobody takes: the main output of an operator of which only a side is used.
type discard[T any] struct{}

func (discard[T]) Push(int64, *T) error     { return nil }
func (discard[T]) Mark(operator.Mark) error { return nil }
