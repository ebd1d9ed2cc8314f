package runtime

import (
	"fmt"

	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// OperatorNode is a node that runs a one-input operator.
type OperatorNode[In, Out1 any] struct {
	Node    *graph.Node
	Factory operator.Factory[In, Out1]
	Out     Out[Out1]
	Sides   []SideOut
}

// Head builds the operator as the first of a task.
func (n *OperatorNode[In, Out1]) Head(b *Builder) error {
	r, err := n.Chained(b)
	if err != nil {
		return err
	}
	return Attach(b, n.Node.In, r)
}

// Chained builds the operator, and what follows it in the task.
func (n *OperatorNode[In, Out1]) Chained(b *Builder) (operator.Receiver[In], error) {
	env := b.env(n.Node)
	out, err := n.Out.Receiver(b)
	if err != nil {
		return nil, err
	}
	if out, env.Sides, err = sides(b, n.Sides, out); err != nil {
		return nil, err
	}
	op, err := n.operator(env)
	if err != nil {
		return nil, err
	}
	b.add(env, op, func() error { return op.Open(operator.NewContext(env), out) }, op.Close)
	return op, nil
}

// operator makes the operator: a factory may run user code.
func (n *OperatorNode[In, Out1]) operator(env *operator.Env) (op operator.Operator[In, Out1], err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = operator.Recovered(env.Name, env.Subtask, cause)
		}
	}()
	return n.Factory.New(), nil
}

// SinkNode is a node that writes to a sink.
type SinkNode[T any] struct {
	Node *graph.Node
	Sink operator.Sink[T]
}

// Head builds the sink as the first of a task.
func (n *SinkNode[T]) Head(b *Builder) error {
	r, err := n.Chained(b)
	if err != nil {
		return err
	}
	return Attach(b, n.Node.In, r)
}

// Chained builds the sink's writer as the last of a task.
func (n *SinkNode[T]) Chained(b *Builder) (operator.Receiver[T], error) {
	env := b.env(n.Node)
	s := &sinkOp[T]{context: operator.NewContext(env)}
	b.add(env, s, func() (err error) {
		s.writer, err = n.Sink.Writer(s.context)
		return err
	}, s.close)
	return s, nil
}

// sinkOp puts a writer at the end of a chain.
type sinkOp[T any] struct {
	context operator.Context
	writer  operator.Writer[T]
}

func (s *sinkOp[T]) Push(time int64, v *T) error {
	s.context.Enter()
	return s.writer.Write(time, v)
}

func (s *sinkOp[T]) Mark(m operator.Mark) error {
	if m.Kind == operator.Flush || m.Kind == operator.End {
		s.context.Enter()
		return s.writer.Flush()
	}
	return nil
}

func (s *sinkOp[T]) Prepare(n int64, done func([]byte, error)) { s.writer.Prepare(n, done) }
func (s *sinkOp[T]) Committed(n int64) error                   { return s.writer.Commit(n) }

// isSink says that nothing follows: it may act when the task has ended.
func (s *sinkOp[T]) isSink() {}

// Deadline and Tick pass the time on to a writer that asked for it.
func (s *sinkOp[T]) Deadline() int64 {
	if w, ok := s.writer.(operator.Timed); ok {
		return w.Deadline()
	}
	return 0
}

func (s *sinkOp[T]) Tick(now int64) error { return s.writer.(operator.Timed).Tick(now) }

func (s *sinkOp[T]) close() error {
	if s.writer == nil {
		return nil // it was never opened
	}
	return s.writer.Close()
}

// KeyNode is a node that makes a key current for the nodes behind it.
type KeyNode[K comparable, T any] struct {
	Node *graph.Node
	Key  func(T) K
	Out  Out[T]
}

// Head builds the key operator as the first of a task.
func (n *KeyNode[K, T]) Head(b *Builder) error {
	r, err := n.Chained(b)
	if err != nil {
		return err
	}
	return Attach(b, n.Node.In, r)
}

// Chained makes the key scope, and builds what works in it.
func (n *KeyNode[K, T]) Chained(b *Builder) (operator.Receiver[T], error) {
	keys, err := state.NewKeys[K](b.task.backend)
	if err != nil {
		return nil, fmt.Errorf("%s at %s: %w", n.Node.Name, n.Node.Caller, err)
	}
	outer := b.keys
	b.keys = keys
	env := b.env(n.Node)
	out, err := n.Out.Receiver(b)
	b.keys = outer
	if err != nil {
		return nil, err
	}
	op := operator.NewKeyBy(n.Key, keys)
	b.add(env, op, func() error { return op.Open(operator.NewContext(env), out) }, op.Close)
	return op, nil
}
