package runtime

import (
	"errors"
	"fmt"
	"sync"

	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/internal/checkpoint"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// barrier passes barrier n through the chain and freezes the state behind it. What takes time goes on
// in the background; the coordinator hears when all of it is done. The records before the barrier that have not come
// from the inputs in late are gathered as they come.
func (t *Task) barrier(n int64, late ...input) error {
	if n <= t.last {
		return nil
	}
	t.last = n
	t.dropCaptures() // of a checkpoint before
	if t.source != nil {
		if err := t.source.notePositions(); err != nil {
			return err
		}
	} else {
		t.kept.Set([]int64{t.watermark.Load()})
	}
	if err := t.head.Mark(operator.Mark{Kind: operator.Barrier, Value: n}); err != nil {
		return err
	}
	a := &acknowledgement{task: t.ID, n: n, events: t.events, left: 1 + len(late)}
	for _, in := range late {
		t.captures = append(t.captures, captured{in, a})
	}
	for _, op := range t.ops {
		if op.acker != nil {
			t.shared.Operator = op.env.Index
			a.prepare(op, n)
		}
	}
	a.add()
	if s, err := t.backend.Freeze(uint64(n), a.frozen); err != nil {
		a.release(fmt.Errorf("state snapshot: %w", err)) // this checkpoint fails, the job goes on
	} else {
		t.snapshot = s
	}
	a.release(nil)
	return t.giveWaiting(n)
}

// acknowledgement gathers what a task's part of a checkpoint waits for.
type acknowledgement struct {
	task   int
	n      int64
	events checkpoint.Events

	mu   sync.Mutex
	left int
	part checkpoint.Part
	errs []error
}

func (a *acknowledgement) add() {
	a.mu.Lock()
	a.left++
	a.mu.Unlock()
}

func (a *acknowledgement) prepare(op *instance, n int64) {
	a.add()
	op.acker.Prepare(n, func(payload []byte, err error) {
		if err != nil {
			err = fmt.Errorf("preparing %s: %w", op.name, err)
		}
		a.mu.Lock()
		if err == nil && payload != nil && !(bug.Enabled && bug.On(bug.PayloadLost)) {
			a.part.Payloads = append(a.part.Payloads, checkpoint.Payload{Operator: op.id, Bytes: payload})
		}
		a.mu.Unlock()
		a.release(err)
	})
}

func (a *acknowledgement) inFlight(f checkpoint.InFlight) {
	a.mu.Lock()
	a.part.InFlight = append(a.part.InFlight, f)
	a.mu.Unlock()
}

func (a *acknowledgement) frozen(s *state.Snapshot) {
	a.mu.Lock()
	a.part.State = s
	a.mu.Unlock()
	a.release(s.Err())
}

// release counts one thing as finished. After the last one the coordinator hears of it.
func (a *acknowledgement) release(err error) {
	a.mu.Lock()
	if err != nil {
		a.errs = append(a.errs, err)
	}
	a.left--
	last := a.left == 0
	a.mu.Unlock()
	if !last {
		return
	}
	if err := errors.Join(a.errs...); err != nil {
		if s := a.part.State; s != nil {
			_ = s.Release() // local files that nobody will take
		}
		a.events.Declined(a.task, a.n, err)
		return
	}
	a.events.Acknowledged(a.task, a.n, a.part)
}
