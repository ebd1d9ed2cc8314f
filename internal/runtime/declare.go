package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/internal/checkpoint"
	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// Declarations opens the operators of a plan, one subtask of each, in memory and without a record, to learn what state
// they keep, and closes them again. Sources and sinks are not opened: they would reach for the outside.
func Declarations(p *graph.Plan, clock operator.Clock) (all []state.Declaration, err error) {
	driver := NewReal(clock)
	defer driver.group.Wait()
	a, err := Build(p, Config{
		Ctx: context.Background(), Log: slog.New(slog.DiscardHandler), Clock: driver, Executor: driver, Events: nobody{},
		FS: vfs.NewMem(), Dir: "declared", Exchange: exchange.Config{Batch: 1, Slots: 1}, Counters: &operator.Counters{}, Quiet: true,
	})
	if err != nil {
		return nil, err
	}
	defer a.Abandon()
	inner := map[string]bool{}
	for _, n := range p.Nodes {
		inner[n.ID] = n.Kind == graph.Operator
	}
	for _, c := range p.Chains {
		declared, err := a.chains[c][0].declare(inner)
		if err != nil {
			return nil, err
		}
		all = append(all, declared...)
	}
	return all, nil
}

// declare opens and closes the operators of a task that inner names.
func (t *Task) declare(inner map[string]bool) (all []state.Declaration, err error) {
	for _, op := range t.ops {
		if !inner[op.id] {
			continue
		}
		t.shared.Operator = op.env.Index
		err := errors.Join(openOnce(op), t.closeOp(op))
		if err != nil {
			return nil, fmt.Errorf("opening %s: %w", op.name, err)
		}
	}
	for _, d := range t.backend.Declared() {
		if d.Name != checkpoint.InputWatermark {
			all = append(all, d)
		}
	}
	return all, nil
}

func openOnce(op *instance) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = operator.Recovered(op.name, 0, cause)
		}
	}()
	return op.open()
}

// nobody hears events of tasks that do not run: none comes.
type nobody struct{ checkpoint.Events }
