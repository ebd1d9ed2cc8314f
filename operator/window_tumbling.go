package operator

import (
	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/window"
)

// pane is an open window of a key.
type pane[A any] struct {
	Span window.Span
	Acc  A
}

// panes are the open windows of a key. The first lies in the struct itself: most keys have no other,
// and nothing is allocated for them.
type panes[A any] struct {
	Open  bool
	First pane[A]
	More  []pane[A]
}

func (p *panes[A]) at(i int) *pane[A] {
	if i == 0 {
		return &p.First
	}
	return &p.More[i-1]
}

func (p *panes[A]) add(n pane[A]) *pane[A] {
	if !p.Open {
		p.Open, p.First = true, n
		return &p.First
	}
	p.More = append(p.More, n)
	return &p.More[len(p.More)-1]
}

// find returns the pane that starts at a time, -1 if there is none.
func (p *panes[A]) find(start int64) int {
	for i := 0; p.Open && i <= len(p.More); i++ {
		if p.at(i).Span.Start == start {
			return i
		}
	}
	return -1
}

// remove takes window i out; the last one takes its place.
func (p *panes[A]) remove(i int) {
	last := len(p.More) - 1
	if last < 0 {
		p.Open, p.First = false, pane[A]{}
		return
	}
	*p.at(i) = p.More[last]
	p.More[last] = pane[A]{}
	p.More = p.More[:last]
}

// tumbling is the window operator for windows side by side: each key is on the list of its window's end.
type tumbling[K comparable, T, A, V, R any] struct {
	windowCore[K, T, A, V, R]
	window window.TumblingWindow
	panes  state.Value[panes[A]]
	ends   state.Agenda
}

func (o *tumbling[K, T, A, V, R]) Open(c Context, out Receiver[R]) error {
	if err := o.windowCore.Open(c, out); err != nil {
		return err
	}
	o.panes = state.NewValue[panes[A]](c, "panes")
	o.ends = state.NewAgenda(c, "ends")
	return nil
}

func (o *tumbling[K, T, A, V, R]) Push(time int64, v *T) error {
	o.Context.Enter() // the aggregator is user code
	if time == NoTime {
		return errNoTime
	}
	if time <= o.passed && o.window.SpanOf(time).Last() <= o.passed && !(bug.Enabled && bug.On(bug.LateAccepted)) {
		return o.drop(time, v)
	}
	p := o.panes.Ref()
	if p.Open && p.First.Span.Contains(time) {
		o.Aggregator.Add(&p.First.Acc, v)
		return nil
	}
	o.Aggregator.Add(o.open(p, time), v)
	return nil
}

// open returns the window of a time, opened if it is new.
func (o *tumbling[K, T, A, V, R]) open(p *panes[A], time int64) *A {
	s := o.window.SpanOf(time)
	if i := p.find(s.Start); i >= 0 {
		return &p.at(i).Acc
	}
	o.ends.Add(s.Last())
	return &p.add(pane[A]{Span: s}).Acc
}

// Mark fires the windows that a watermark closes before it hands the watermark on.
func (o *tumbling[K, T, A, V, R]) Mark(m Mark) error {
	if m.Kind == Watermark {
		o.passed = m.Value
		for {
			at, ok := o.ends.PopDue(m.Value)
			if !ok {
				break
			}
			if err := o.fire(at); err != nil {
				return err
			}
		}
	}
	return o.Out.Mark(m)
}

// fire puts out the window of the current key whose last instant is at.
func (o *tumbling[K, T, A, V, R]) fire(at int64) error {
	p := o.panes.Ref()
	i := 0
	if p.First.Span.Last() != at || !p.Open {
		i = p.find(o.window.SpanOf(at).Start)
	}
	if i < 0 {
		return nil
	}
	w := p.at(i)
	if err := o.emit(w.Span, &w.Acc); err != nil {
		return err
	}
	if len(p.More) == 0 {
		o.panes.Clear()
		return nil
	}
	p.remove(i)
	return nil
}
