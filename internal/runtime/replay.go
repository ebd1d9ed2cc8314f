package runtime

import (
	"fmt"

	"github.com/turgo-io/turgo/internal/checkpoint"
	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// replayer gives a task the records that were on their way to it when the restored checkpoint overtook them. They
// come before anything else, in the order in which they were sent.
type replayer interface {
	// step hands some records on and reports whether there are none left.
	step() (done bool, err error)
}

// replaying is the records of one edge, for the operator that takes them now: the head of a task, or, where another
// parallelism has made a direct call of the edge, any operator.
type replaying[T any] struct {
	parts []checkpoint.InFlight
	codec state.Codec[T]
	read  func(src []byte, v *T) error // for the schema of parts[0]
	mine  func(*T) bool                // nil: all
	to    operator.Receiver[T]
	task  *operator.TaskState
	value T
}

// replay registers what the restored checkpoint holds of an edge.
func replay[T any](b *Builder, e *graph.Edge, to operator.Receiver[T]) error {
	restored := b.attempt.config.Restored
	if restored == nil || len(restored.InFlight) == 0 {
		return nil
	}
	r := &replaying[T]{to: to, task: &b.task.shared}
	route, _ := e.Route.(exchange.Route[T])
	byKey := e.Kind == exchange.Hash && route.Group != nil
	key := checkpoint.EdgeKey(e)
	for _, p := range restored.InFlight {
		if p.Edge == key && (byKey || p.To%b.chain.Parallelism == b.task.Subtask) {
			r.parts = append(r.parts, p)
		}
	}
	if len(r.parts) == 0 {
		return nil
	}
	if byKey {
		groups := state.KeyGroupRange(b.chain.Parallelism, b.task.Subtask, b.attempt.plan.MaxParallelism)
		r.mine = func(v *T) bool { return groups.Contains(route.Group(v)) }
	}
	var err error
	if r.codec, err = state.CodecFor[T](); err != nil {
		return fmt.Errorf("records on their way to %s: %w", e.To.Name, err)
	}
	if err := r.open(); err != nil {
		return fmt.Errorf("records on their way to %s: %w", e.To.Name, err)
	}
	b.task.replays = append(b.task.replays, r)
	return nil
}

// open makes ready for the first part that is left.
func (r *replaying[T]) open() (err error) {
	r.read = r.codec.Decode
	if s := state.Schema(r.parts[0].Schema); s != r.codec.Schema() {
		r.read, err = r.codec.(state.SchemaReader[T]).ReaderOf(s)
	}
	return err
}

func (r *replaying[T]) step() (bool, error) {
	for range pollMax {
		p := &r.parts[0]
		if len(p.Bytes) == 0 {
			if r.parts = r.parts[1:]; len(r.parts) == 0 {
				return true, nil
			}
			if err := r.open(); err != nil {
				return false, err
			}
			continue
		}
		time, value, rest, err := exchange.NextCaptured(p.Bytes)
		if err != nil {
			return false, err
		}
		p.Bytes = rest
		if err := r.push(time, value); err != nil {
			return false, err
		}
	}
	return false, nil
}

func (r *replaying[T]) push(time int64, value []byte) error {
	var zero T
	r.value = zero // what a record points to is its taker's
	if err := r.read(value, &r.value); err != nil {
		return err
	}
	if r.mine != nil && !r.mine(&r.value) {
		return nil
	}
	r.task.Split = 0
	return r.to.Push(time, &r.value)
}

// schemaOf names how records of T are stored.
func schemaOf[T any]() string {
	codec, err := state.CodecFor[T]()
	if err != nil {
		return "" // then none are
	}
	return string(codec.Schema())
}
