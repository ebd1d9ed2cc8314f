package nexmark

import (
	"slices"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/window"
)

// leaders keeps, of each window over all records of its subtask, those with the greatest score, all of them if several
// are equal, and puts them out when the watermark passes the window's end, in order of the windows and of arrival, with the
// window's last instant as their event time. Once in each subtask and once behind all of them, it finds the greatest of
// the stream with little to exchange.
//
// State: the leaders of open windows, as operator state: after a change of parallelism any subtask may have them.
// Late records are dropped: these queries have none.
type leaders[T any] struct {
	operator.Base[T]
	window window.TumblingWindow
	score  func(*T) int64
	open   []contest[T] // by end
	passed int64
	kept   state.OperatorList[leader[T]]
}

// contest is an open window.
type contest[T any] struct {
	span window.Span
	best int64
	lead []T
}

// leader is a record in a checkpoint.
type leader[T any] struct {
	Time  int64
	Value T
}

func newLeaders[T any](w window.TumblingWindow, score func(*T) int64) operator.Factory[T, T] {
	return operator.NewFactory("leaders", func() operator.Operator[T, T] {
		return &leaders[T]{window: w, score: score, passed: operator.NoTime}
	})
}

// Open implements operator.Operator.
func (o *leaders[T]) Open(c operator.Context, out operator.Receiver[T]) error {
	o.kept = state.NewOperatorList[leader[T]](c, "leaders", state.Split)
	return o.Base.Open(c, out)
}

// Start takes up the leaders of the restored checkpoint.
func (o *leaders[T]) Start() error {
	for _, l := range o.kept.Get() {
		o.enter(l.Time, &l.Value)
	}
	return nil
}

// Push implements operator.Receiver.
func (o *leaders[T]) Push(time int64, v *T) error {
	o.Context.Enter()
	o.enter(time, v)
	return nil
}

func (o *leaders[T]) enter(time int64, v *T) {
	c, score := o.contest(time), o.score(v)
	if c == nil {
		return
	}
	if len(c.lead) > 0 && score < c.best {
		return
	}
	if score > c.best || len(c.lead) == 0 {
		c.best, c.lead = score, c.lead[:0]
	}
	c.lead = append(c.lead, *v)
}

// contest returns the window of a time, opened if it is new, nil if it is closed. Few are open, and the newest is wanted most.
func (o *leaders[T]) contest(time int64) *contest[T] {
	at := len(o.open)
	for at > 0 && o.open[at-1].span.Start > time {
		at--
	}
	if at > 0 && o.open[at-1].span.Contains(time) {
		return &o.open[at-1]
	}
	span := o.window.SpanOf(time)
	if span.Last() <= o.passed {
		return nil
	}
	o.open = slices.Insert(o.open, at, contest[T]{span: span})
	return &o.open[at]
}

// Mark puts out what a watermark closes, and keeps the rest for a checkpoint.
func (o *leaders[T]) Mark(m operator.Mark) error {
	switch m.Kind {
	case operator.Watermark:
		if err := o.close(m.Value); err != nil {
			return err
		}
	case operator.Barrier:
		o.keep()
	}
	return o.Out.Mark(m)
}

func (o *leaders[T]) close(watermark int64) error {
	o.passed = watermark
	closed := 0
	for closed < len(o.open) && o.open[closed].span.Last() <= watermark {
		for i := range o.open[closed].lead {
			if err := o.Out.Push(o.open[closed].span.Last(), &o.open[closed].lead[i]); err != nil {
				return err
			}
		}
		closed++
	}
	o.open = slices.Delete(o.open, 0, closed)
	return nil
}

func (o *leaders[T]) keep() {
	var all []leader[T]
	for _, c := range o.open {
		for _, l := range c.lead {
			all = append(all, leader[T]{c.span.Last(), l})
		}
	}
	o.kept.Set(all)
}
