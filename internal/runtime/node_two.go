package runtime

import (
	"fmt"

	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// TwoNode is a node that runs an operator of two inputs: the first edge is the left one, the second the right one. It is
// always the first of its task. An input with a key function makes the record's key current; both share one key scope.
type TwoNode[K comparable, L, R, Out1 any] struct {
	Node    *graph.Node
	Left    func(L) K // nil: the input has no key
	Right   func(R) K
	Factory operator.TwoFactory[L, R, Out1]
	Out     Out[Out1]
	Sides   []SideOut
}

// Head builds the operator, what follows it, and its two inputs.
func (n *TwoNode[K, L, R, Out1]) Head(b *Builder) error {
	keys, err := n.scope(b)
	if err != nil {
		return err
	}
	outer := b.keys
	if keys != nil {
		b.keys = keys
	}
	env := b.env(n.Node)
	out, err := n.Out.Receiver(b)
	b.keys = outer
	if err != nil {
		return err
	}
	if out, env.Sides, err = sides(b, n.Sides, out); err != nil {
		return err
	}
	op, err := n.operator(env)
	if err != nil {
		return err
	}
	b.add(env, op, func() error { return op.Open(operator.NewContext(env), out) }, op.Close)
	return n.attach(b, keys, op)
}

// attach connects the two inputs; control elements go to the operator itself. A barrier may overtake records if it may on
// both sides.
func (n *TwoNode[K, L, R, Out1]) attach(b *Builder, keys *state.Keys[K], op operator.TwoInput[L, R, Out1]) error {
	if err := Attach(b, n.Node.In[:1], keyed(b, n.Node, n.Left, keys, operator.LeftOf(op))); err != nil {
		return err
	}
	left := b.task.overtakes
	if err := Attach(b, n.Node.In[1:], keyed(b, n.Node, n.Right, keys, operator.RightOf(op))); err != nil {
		return err
	}
	b.task.overtakes = b.task.overtakes && left
	b.task.head = op
	return nil
}

// scope makes the key scope if one of the inputs has a key.
func (n *TwoNode[K, L, R, Out1]) scope(b *Builder) (*state.Keys[K], error) {
	if n.Left == nil && n.Right == nil {
		return nil, nil
	}
	keys, err := state.NewKeys[K](b.task.backend)
	if err != nil {
		return nil, fmt.Errorf("%s at %s: %w", n.Node.Name, n.Node.Caller, err)
	}
	return keys, nil
}

// operator makes the operator: a factory may run user code.
func (n *TwoNode[K, L, R, Out1]) operator(env *operator.Env) (op operator.TwoInput[L, R, Out1], err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = operator.Recovered(env.Name, env.Subtask, cause)
		}
	}()
	return n.Factory.New(), nil
}

// keyed puts a KeyBy before an input that has a key.
func keyed[K comparable, T any](b *Builder, n *graph.Node, key func(T) K, keys *state.Keys[K], to operator.Receiver[T]) operator.Receiver[T] {
	if key == nil {
		return to
	}
	env := b.env(n)
	by := operator.NewKeyBy(key, keys)
	b.add(env, by, func() error { return by.Open(operator.NewContext(env), to) }, by.Close)
	return by
}
