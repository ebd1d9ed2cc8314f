package operator

import (
	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/window"
)

// sessions is the window operator for sessions that fire once. A key has a timer for each session.
type sessions[K comparable, T, A, V, R any] struct {
	windowCore[K, T, A, V, R]
	window window.SessionWindow
	panes  state.Value[panes[A]]
	timers state.Timers
	work   pane[A] // the one at work: aggregators take pointers, and nothing shall escape
}

func (o *sessions[K, T, A, V, R]) Open(c Context, out Receiver[R]) error {
	if err := o.windowCore.Open(c, out); err != nil {
		return err
	}
	o.panes = state.NewValue[panes[A]](c, "panes")
	o.timers = state.NewTimers(c)
	return nil
}

// Push adds a record to the session that its span makes with those it touches. Aggregates see records in
// order of arrival; where two sessions become one, those of the earlier one come first.
func (o *sessions[K, T, A, V, R]) Push(time int64, v *T) error {
	o.Context.Enter() // the aggregator is user code
	if time == NoTime {
		return errNoTime
	}
	s := window.Span{Start: time, End: o.window.EndOf(time)}
	p := o.panes.Ref()
	if p.Open && p.First.Span.Touches(s) && len(p.More) == 0 { // the usual case: the session goes on
		// Its timer stays where it was: when it fires, it finds the session longer and sets another, so that an
		// extension costs no timer.
		p.First.Span = p.First.Span.Cover(s)
		o.Aggregator.Add(&p.First.Acc, v)
		return nil
	}
	if !o.takeTouching(p, s) && s.Last() <= o.passed {
		if !p.Open {
			o.panes.Clear()
		}
		return o.drop(time, v)
	}
	o.Aggregator.Add(&o.work.Acc, v)
	p.add(o.work)
	o.timers.Set(state.EventTime, o.work.Span.Last(), 0)
	return nil
}

// takeTouching takes the sessions out that s touches, and makes work the one that covers them and s; false if there
// were none. Open sessions do not touch each other, so there are two at most.
func (o *sessions[K, T, A, V, R]) takeTouching(p *panes[A], s window.Span) (open bool) {
	o.work = pane[A]{Span: s}
	for i := 0; p.Open && i <= len(p.More); {
		q := p.at(i)
		if !q.Span.Touches(s) {
			i++
			continue
		}
		if bug.Enabled && bug.On(bug.SessionsNotJoined) && open {
			break
		}
		if open {
			o.join(q)
		} else {
			o.work, open = pane[A]{q.Span.Cover(s), q.Acc}, true
		}
		p.remove(i)
	}
	return open
}

// join merges a session with the one at work, the earlier one first.
func (o *sessions[K, T, A, V, R]) join(q *pane[A]) {
	span := o.work.Span.Cover(q.Span)
	if o.work.Span.Start < q.Span.Start {
		o.Aggregator.Merge(&o.work.Acc, &q.Acc)
	} else {
		o.Aggregator.Merge(&q.Acc, &o.work.Acc)
		o.work.Acc = q.Acc
	}
	o.work.Span = span
}

// Mark fires the sessions that a watermark closes before it hands the watermark on.
func (o *sessions[K, T, A, V, R]) Mark(m Mark) error {
	if m.Kind == Watermark {
		o.passed = m.Value
		for {
			if _, _, ok := o.timers.PopDue(state.EventTime, m.Value); !ok {
				break
			}
			if err := o.fire(); err != nil {
				return err
			}
		}
	}
	return o.Out.Mark(m)
}

// fire puts out the sessions of the current key that the watermark has passed, in order of their ends.
func (o *sessions[K, T, A, V, R]) fire() error {
	p := o.panes.Ref()
	for {
		i := p.due(o.passed)
		if i < 0 {
			break
		}
		o.work = *p.at(i)
		p.remove(i)
		if err := o.emit(o.work.Span, &o.work.Acc); err != nil {
			return err
		}
	}
	if !p.Open {
		o.panes.Clear()
		return nil
	}
	for i := range len(p.More) + 1 {
		o.timers.Set(state.EventTime, p.at(i).Span.Last(), 0)
	}
	return nil
}

// due returns which of the windows that watermark w has passed ends first, -1 if there is none.
func (p *panes[A]) due(w int64) int {
	best := -1
	for i := 0; p.Open && i <= len(p.More); i++ {
		if s := p.at(i).Span; s.Last() <= w && (best < 0 || s.End < p.at(best).Span.End) {
			best = i
		}
	}
	return best
}
