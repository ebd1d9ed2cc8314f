package runtime

import (
	"errors"

	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/internal/checkpoint"
	"github.com/turgo-io/turgo/internal/exchange"
)

// input is a receiving end with what checkpoints know it by.
type input struct {
	exchange.In
	edge   string
	schema func() string
}

// output is a sending end with what checkpoints know it by.
type output struct {
	exchange.Out
	edge   string
	stores bool // checkpoints can overtake its records
}

// captured is an input whose records a checkpoint is gathering.
type captured struct {
	input
	into *acknowledgement
}

var errOvertaken = errors.New("the checkpoint was given up while records in flight were gathered")

// overtake takes part in checkpoint n without waiting for the barriers that have not come: what comes before them is
// stored, while the task works on. The algorithm is that of Chandy and Lamport (1985); what waits for room at a sender
// is stored there, so that a task that cannot work at all does not hold the checkpoint up.
func (t *Task) overtake(n int64) error {
	t.overtaking = n
	if t.source != nil || t.ended || n <= t.last {
		return t.giveWaiting(n)
	}
	if !t.overtakes {
		return nil // its own barrier comes as ever, and does what is left then
	}
	var late []input
	for _, in := range t.inputs {
		if g := in.Gate(); !g.Ended && !(g.Held && t.aligning == n) {
			in.Capture(n)
			late = append(late, in)
		}
	}
	if err := t.barrier(n, late...); err != nil {
		return err
	}
	for _, in := range t.inputs {
		in.Gate().Held = false
	}
	return t.capture()
}

// giveWaiting stores what waits for room before barrier n, and lets the receivers know.
func (t *Task) giveWaiting(n int64) error {
	if t.last != n || t.overtaking != n {
		return nil
	}
	for _, o := range t.outputs {
		if !o.stores {
			continue
		}
		records, waits, err := o.Overtake(n)
		if err != nil {
			return err
		}
		if waits {
			t.events.Overtaken(n, checkpoint.Channel{Edge: o.edge, From: t.Subtask, To: o.To()}, records)
			o.Overtaken(n)
		}
	}
	return nil
}

// capture goes on gathering; every input that has given all lets the acknowledgement go on.
func (t *Task) capture() error {
	left := t.captures[:0]
	for _, c := range t.captures {
		records, more, done, err := c.Captured()
		if !done {
			left = append(left, c)
			continue
		}
		if bug.Enabled && bug.On(bug.InFlightLost) {
			records, more = nil, false
		}
		if len(records) > 0 || more {
			c.into.inFlight(checkpoint.InFlight{
				Channel: checkpoint.Channel{Edge: c.edge, From: c.From(), To: t.Subtask},
				Schema:  c.schema(), Bytes: records, More: more,
			})
		}
		c.into.release(err)
	}
	clear(t.captures[len(left):])
	t.captures = left
	return nil
}

// dropCaptures gives up what a checkpoint gathers.
func (t *Task) dropCaptures() {
	for _, c := range t.captures {
		c.EndCapture()
		c.into.release(errOvertaken)
	}
	t.captures = nil
}
