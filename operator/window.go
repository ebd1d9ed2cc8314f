package operator

import (
	"errors"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/window"
)

// WindowSpec describes a windowed aggregation of a keyed stream.
type WindowSpec[K comparable, T, A, V, R any] struct {
	Assigner   window.Assigner
	Aggregator window.Aggregator[T, A, V]
	Result     func(key K, span window.Span, value V) R
	// Late is the side output for records that come when all their windows are closed. They are
	// counted as "late" in any case.
	Late Side[T]
}

// NewWindow returns the operator that aggregates the records of each key and window, and emits the result
// when the watermark has passed the window's end. A result's event time is the last instant of its
// window. Of one key, windows come out in order of their ends. A record without event time is an error.
//
// State: for each key its open windows, with an accumulator and a timer each.
func NewWindow[K comparable, T, A, V, R any](w WindowSpec[K, T, A, V, R]) Factory[T, R] {
	return windowFactory[K, T, A, V, R]{w}
}

type windowFactory[K comparable, T, A, V, R any] struct{ spec WindowSpec[K, T, A, V, R] }

func (f windowFactory[K, T, A, V, R]) Name() string { return "window" }

func (f windowFactory[K, T, A, V, R]) New() Operator[T, R] {
	return &windowed[K, T, A, V, R]{WindowSpec: f.spec}
}

// Validate reports what is wrong with the description.
func (f windowFactory[K, T, A, V, R]) Validate() error {
	if f.spec.Assigner == nil || f.spec.Aggregator == nil || f.spec.Result == nil {
		return errors.New("a window needs an assigner, an aggregator and a result function")
	}
	return errors.Join(f.spec.Assigner.Validate(), window.Validate(f.spec.Aggregator))
}

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

type windowed[K comparable, T, A, V, R any] struct {
	Base[R]
	WindowSpec[K, T, A, V, R]
	keys    *state.Keys[K]
	panes   state.Value[panes[A]]
	timers  state.Timers
	late    *Collector[T]
	dropped *Counter
	spans   []window.Span
	tumble  window.TumblingWindow // the fast path, if Size is not 0
	passed  int64                 // the watermark
	work    pane[A]               // the one at work: aggregators take pointers, and nothing shall escape
	out     R
}

func (o *windowed[K, T, A, V, R]) Open(c Context, out Receiver[R]) (err error) {
	if o.keys, err = keysOf[K](c); err != nil {
		return err
	}
	if o.late, err = o.Late.Output(c); err != nil {
		return err
	}
	o.panes = state.NewValue[panes[A]](c, "panes")
	o.timers = state.NewTimers(c)
	o.dropped = c.Counter("late")
	o.tumble, _ = o.Assigner.(window.TumblingWindow)
	o.passed = NoTime
	return o.Base.Open(c, out)
}

var errNoTime = errors.New("operator: window: the record has no event time; put EventTime before the window")

func (o *windowed[K, T, A, V, R]) Push(time int64, v *T) error {
	o.Context.Enter() // the aggregator is user code
	o.Context.Enter() // the aggregate and the assigner may be the user's
	if time == NoTime {
		return errNoTime
	}
	if o.tumble.Size != 0 {
		return o.addTo(o.tumble.SpanOf(time), time, v)
	}
	if o.spans = o.Assigner.Assign(o.spans[:0], time); o.Assigner.Merging() {
		for _, s := range o.spans {
			if err := o.mergeInto(s, time, v); err != nil {
				return err
			}
		}
		return nil
	}
	late := len(o.spans) > 0
	for _, s := range o.spans {
		if s.Last() > o.passed {
			late = false
			o.Aggregator.Add(&o.pane(o.panes.Ref(), s).Acc, v)
		}
	}
	if late {
		return o.drop(time, v)
	}
	return nil
}

func (o *windowed[K, T, A, V, R]) addTo(s window.Span, time int64, v *T) error {
	if s.End-1 <= o.passed {
		return o.drop(time, v)
	}
	p := o.panes.Ref()
	if p.Open && p.First.Span.Start == s.Start {
		o.Aggregator.Add(&p.First.Acc, v)
		return nil
	}
	o.Aggregator.Add(&o.pane(p, s).Acc, v)
	return nil
}

func (o *windowed[K, T, A, V, R]) drop(time int64, v *T) error {
	o.dropped.Add(1)
	o.late.At(time)
	o.late.Emit(*v)
	return o.late.Err()
}

// pane returns the window s of the current key, opened if it is new.
func (o *windowed[K, T, A, V, R]) pane(p *panes[A], s window.Span) *pane[A] {
	if !p.Open {
		p.Open, p.First = true, pane[A]{Span: s}
		o.timers.Set(state.EventTime, s.Last(), 0)
		return &p.First
	}
	if p.First.Span == s {
		return &p.First
	}
	for i := range p.More {
		if p.More[i].Span == s {
			return &p.More[i]
		}
	}
	p.More = append(p.More, pane[A]{Span: s})
	o.timers.Set(state.EventTime, s.Last(), 0)
	return &p.More[len(p.More)-1]
}

// mergeInto adds a record to the session that its span makes with those it touches. Aggregates see records in
// order of arrival; where two sessions become one, those of the earlier one come first.
func (o *windowed[K, T, A, V, R]) mergeInto(s window.Span, time int64, v *T) error {
	p := o.panes.Ref()
	if p.Open && p.First.Span.Touches(s) && len(p.More) == 0 { // the usual case: the session goes on
		o.extend(&p.First, s)
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
func (o *windowed[K, T, A, V, R]) takeTouching(p *panes[A], s window.Span) (open bool) {
	o.work = pane[A]{Span: s}
	for i := 0; p.Open && i <= len(p.More); {
		q := p.at(i)
		if !q.Span.Touches(s) {
			i++
			continue
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
func (o *windowed[K, T, A, V, R]) join(q *pane[A]) {
	span := o.work.Span.Cover(q.Span)
	if o.work.Span.Start < q.Span.Start {
		o.Aggregator.Merge(&o.work.Acc, &q.Acc)
	} else {
		o.Aggregator.Merge(&q.Acc, &o.work.Acc)
		o.work.Acc = q.Acc
	}
	o.work.Span = span
}

// extend lets a session reach further. Its timer stays where it was: when it fires, it finds the
// session longer and sets another, so that an extension costs no timer.
func (o *windowed[K, T, A, V, R]) extend(p *pane[A], s window.Span) { p.Span = p.Span.Cover(s) }

func (p *panes[A]) at(i int) *pane[A] {
	if i == 0 {
		return &p.First
	}
	return &p.More[i-1]
}

func (p *panes[A]) add(n pane[A]) {
	if !p.Open {
		p.Open, p.First = true, n
		return
	}
	p.More = append(p.More, n)
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

// Mark fires the windows that a watermark closes before it hands the watermark on.
func (o *windowed[K, T, A, V, R]) Mark(m Mark) error {
	if m.Kind == Watermark {
		o.passed = m.Value
		for {
			_, _, ok := o.timers.PopDue(state.EventTime, m.Value)
			if !ok {
				break
			}
			if err := o.fire(); err != nil {
				return err
			}
		}
	}
	return o.Out.Mark(m)
}

// fire puts out the windows of the current key that the watermark has passed, in order of their ends.
func (o *windowed[K, T, A, V, R]) fire() error {
	p := o.panes.Ref()
	for {
		i := p.due(o.passed)
		if i < 0 {
			break
		}
		o.work = *p.at(i)
		p.remove(i)
		if err := o.emit(); err != nil {
			return err
		}
	}
	if !p.Open {
		o.panes.Clear()
		return nil
	}
	if o.Assigner.Merging() {
		for i := range len(p.More) + 1 {
			o.timers.Set(state.EventTime, p.at(i).Span.Last(), 0)
		}
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

// emit puts out the window at work.
func (o *windowed[K, T, A, V, R]) emit() error {
	k, _ := o.keys.Current()
	o.Context.Enter()
	o.out = o.Result(k, o.work.Span, o.Aggregator.Result(&o.work.Acc))
	return o.Out.Push(o.work.Span.Last(), &o.out)
}
