package operatortest

import (
	"errors"
	"fmt"

	"github.com/turgo-io/turgo/operator"
)

// entry is something that came out of the operator under test.
type entry struct {
	step   int    // of the script, from 1; 0 before the first
	side   string // name of the side output, empty for the main one
	key    any    // that was current, nil without keys
	time   int64
	value  any
	mark   operator.Mark
	isMark bool
}

func (e entry) String() string {
	if e.isMark {
		return markText(e.mark)
	}
	return fmt.Sprintf("%s  %+v", formatTime(e.time), e.value)
}

// journal is what came out in a run, and what was wrong with how it came.
type journal struct {
	entries []entry
	step    int
	faults  []error
}

func (j *journal) fault(format string, args ...any) {
	if len(j.faults) < 5 { // what follows is mostly a consequence
		j.faults = append(j.faults, fmt.Errorf(format, args...))
	}
}

// errStopped is what a stopped output returns.
var errStopped = errors.New("operatortest: the output takes nothing any more")

// gate stands behind the outputs of one subtask and watches the rules of operator.Receiver.
type gate struct {
	journal    *journal
	key        func() any // the current key
	makesMarks bool
	allowLate  bool
	quiet      bool // nothing but marks is expected: a barrier passes
	late       bool // the record that goes in is late: what comes out may be
	room       int  // calls until the output stops; negative: it never does
	stopped    bool
	ended      bool
	watermark  int64
	passed     []operator.Mark // since the last mark went in
}

// take counts a call, and reports whether the output still takes things.
func (g *gate) take(what string) error {
	switch {
	case g.stopped:
		g.journal.fault("after the output had returned an error, %s came: return the error of Push and Mark at once", what)
	case g.room == 0:
		g.stopped = true
	default:
		g.room--
		return nil
	}
	return errStopped
}

func (g *gate) record(side string, t int64, v any) error {
	e := entry{step: g.journal.step, side: side, key: g.key(), time: t, value: v}
	if err := g.take("the record " + e.String()); err != nil {
		return err
	}
	switch {
	case g.ended:
		g.journal.fault("the record %v came after the end", e)
	case g.quiet:
		g.journal.fault("the record %v came with a barrier: emit what is held back before, or keep it in state", e)
	case !g.makesMarks && !g.allowLate && !g.late && t != operator.NoTime && t <= g.watermark:
		g.journal.fault("the record %v came behind watermark %s, which covers it", e, formatTime(g.watermark))
	}
	g.journal.entries = append(g.journal.entries, e)
	return nil
}

func (g *gate) mark(m operator.Mark) error {
	m.At = 0
	if err := g.take("the mark " + markText(m)); err != nil {
		return err
	}
	switch {
	case g.ended && m.Kind != operator.Barrier:
		g.journal.fault("%s came after the end", markText(m))
	case m.Kind == operator.End:
		g.ended = true
	case m.Kind == operator.Watermark && m.Value < g.watermark:
		g.journal.fault("watermark %s came behind %s: watermarks never go back", formatTime(m.Value), formatTime(g.watermark))
	case m.Kind == operator.Watermark:
		g.watermark = m.Value
	}
	g.passed = append(g.passed, m)
	g.journal.entries = append(g.journal.entries, entry{step: g.journal.step, mark: m, isMark: true})
	return nil
}

// expect reports a mark that went in and did not come out, once.
func (g *gate) expect(m operator.Mark) {
	n := 0
	for _, p := range g.passed {
		if p == m {
			n++
		}
	}
	own := g.makesMarks && m.Value != operator.MaxTime && (m.Kind == operator.Watermark || m.Kind == operator.Idle)
	switch {
	case n == 1 || own || m.Kind > operator.Flush:
	case n == 0:
		g.journal.fault("%s went in and did not come out: hand every mark on before Mark returns", markText(m))
	default:
		g.journal.fault("%s came out %d times", markText(m), n)
	}
}

// port is a typed output of one subtask: the main one, or a side output.
type port[T any] struct {
	gate *gate
	side string
}

// Push notes the value and destroys the original: it is the receiver's to change.
func (p *port[T]) Push(time int64, v *T) error {
	err := p.gate.record(p.side, time, *v)
	var zero T
	*v = zero
	return err
}

// Mark notes the mark. The runtime sends the marks of the main output to the side outputs as well.
func (p *port[T]) Mark(m operator.Mark) error { return p.gate.mark(m) }
