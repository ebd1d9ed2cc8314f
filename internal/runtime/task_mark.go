package runtime

import (
	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/operator"
)

// Mark takes a control element of one input and passes on what all inputs agree to.
func (t *Task) Mark(g *exchange.Gate, m operator.Mark) error {
	if g.Ended {
		return nil
	}
	switch m.Kind {
	case operator.Watermark:
		g.Watermark, g.Idle = max(g.Watermark, m.Value), false
		return t.combine()
	case operator.Idle:
		t.idle = t.idle && g.Idle // its records have ended the idleness of whoever takes them
		g.Idle = true
		return t.combine()
	case operator.Barrier:
		if m.Value <= t.last {
			return nil // the snapshot was taken without it
		}
		if bug.Enabled && bug.On(bug.SkipAlignment) {
			return t.barrier(m.Value)
		}
		g.Held = true
		return t.align(m.Value)
	case operator.End:
		g.Ended = true
		return t.inputEnded()
	}
	return nil
}

// combine passes the least watermark of the inputs on if it has grown, and idleness if all are idle. An
// input that is at the end of time holds nobody back and hurries nobody: those that are idle may come back.
func (t *Task) combine() error {
	low, active, open := operator.MaxTime, false, false
	for _, in := range t.inputs {
		g := in.Gate()
		if g.Watermark == operator.MaxTime {
			continue
		}
		if open = true; !g.Idle {
			low, active = min(low, g.Watermark), true
		}
	}
	if bug.Enabled && bug.On(bug.WatermarkOfFastest) {
		low = operator.NoTime
		for _, in := range t.inputs {
			low = max(low, in.Gate().Watermark)
		}
	}
	if open && !active {
		if t.idle {
			return nil
		}
		t.idle = true
		return t.head.Mark(operator.Mark{Kind: operator.Idle})
	}
	t.idle = false
	if low <= t.watermark.Load() {
		return nil
	}
	t.setWatermark(low)
	return t.head.Mark(operator.Mark{Kind: operator.Watermark, Value: low})
}

// inputEnded ends the task when all inputs have ended; until then the end of one may complete a barrier.
func (t *Task) inputEnded() error {
	if err := t.combine(); err != nil {
		return err
	}
	held := false
	open := false
	for _, in := range t.inputs {
		g := in.Gate()
		open = open || !g.Ended
		held = held || g.Held
	}
	if !open {
		return t.end()
	}
	if held {
		return t.align(t.aligning)
	}
	return nil
}

// align passes barrier n on when every live input has it, and lets the inputs go again.
func (t *Task) align(n int64) error {
	t.aligning = n
	for _, in := range t.inputs {
		if g := in.Gate(); !g.Held && !g.Ended {
			return nil
		}
	}
	if err := t.barrier(n); err != nil {
		return err
	}
	for _, in := range t.inputs {
		in.Gate().Held = false
	}
	return nil
}
