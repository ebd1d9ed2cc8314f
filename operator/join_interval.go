package operator

import (
	"errors"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/window"
)

// NewIntervalJoin returns the operator that joins records of a key whose event times are close: pairs come as soon as both
// records are there, with the later one's event time; records without a partner when none can come any more, with the time
// at which that is so. A record that the watermark has passed is late and dropped. Records without event time are an error unless the
// bounds are window.Always.
//
// State: for each key the records of both sides that may still find partners, each by itself. The end of their time is
// looked after by one timer a key.
func NewIntervalJoin[K comparable, L, R, Out any](b window.Bounds, s JoinSpec[L, R, Out]) TwoFactory[L, R, Out] {
	return checkedTwo[L, R, Out]{
		NewTwoFactory("interval-"+s.Kind.String(), func() TwoInput[L, R, Out] {
			return &intervalJoin[L, R, Out]{joinCore: joinCore[L, R, Out]{JoinSpec: s}, bounds: b}
		}),
		func() error { return errors.Join(b.Validate(), s.validate()) },
	}
}

// joinClock is what a key of an interval join remembers besides its records.
type joinClock struct {
	N     uint64 // records so far
	Timer int64  // the timer that is set
	Set   bool
}

type intervalJoin[L, R, Out any] struct {
	joinCore[L, R, Out]
	bounds window.Bounds
	lefts  state.Map[rowKey, row[L]]
	rights state.Map[rowKey, row[R]]
	clock  state.Value[joinClock]
	timers state.Timers
}

func (o *intervalJoin[L, R, Out]) Open(c Context, out Receiver[Out]) error {
	o.lefts = state.NewMap[rowKey, row[L]](c, "left")
	o.rights = state.NewMap[rowKey, row[R]](c, "right")
	o.clock = state.NewValue[joinClock](c, "clock")
	o.timers = state.NewTimers(c)
	return o.joinCore.Open(c, out)
}

var errJoinTime = errors.New("operator: join: the record has no event time; put EventTime before the join, or join with window.Always")

// arrive checks a record's time.
func (o *intervalJoin[L, R, Out]) arrive(time int64) (late bool, err error) {
	o.Context.Enter()
	if o.bounds.Unbounded() {
		return false, nil
	}
	if time == NoTime {
		return false, errJoinTime
	}
	return time <= o.passed, nil
}

// rightOf and leftOf are where a record's partners are.
func (o *intervalJoin[L, R, Out]) rightOf(t int64) (from rowKey, to int64) {
	if o.bounds.Unbounded() {
		return rowKey{NoTime, 0}, MaxTime
	}
	first, to := o.bounds.RightOf(t)
	return rowKey{first, 0}, to
}

func (o *intervalJoin[L, R, Out]) leftOf(t int64) (from rowKey, to int64) {
	if o.bounds.Unbounded() {
		return rowKey{NoTime, 0}, MaxTime
	}
	first, to := o.bounds.LeftOf(t)
	return rowKey{first, 0}, to
}

func (o *intervalJoin[L, R, Out]) PushLeft(time int64, v *L) error {
	late, err := o.arrive(time)
	if err != nil {
		return err
	}
	if late {
		return o.dropLeft(time, v)
	}
	from, to := o.rightOf(time)
	matched := false
	for k, r := range o.rights.From(from) {
		if k.Time > to {
			break
		}
		if o.Kind.pairs() {
			if err := o.emit(max(time, k.Time), v, &r.Value); err != nil {
				return err
			}
		}
		if matched = true; !r.Matched && o.Kind.right() {
			o.rights.Ref(k).Matched = true
		}
		if !o.Kind.pairs() {
			break
		}
	}
	if matched && !o.Kind.pairs() {
		if o.Kind == SemiJoin {
			return o.emit(time, v, nil)
		}
		return nil
	}
	end := o.leftEnd(time)
	if end <= o.passed && !o.Kind.left() {
		return nil
	}
	o.lefts.Set(rowKey{time, o.number()}, row[L]{*v, matched})
	o.plan(end)
	return nil
}

func (o *intervalJoin[L, R, Out]) PushRight(time int64, v *R) error {
	late, err := o.arrive(time)
	if err != nil {
		return err
	}
	if late {
		return o.dropRight(time, v)
	}
	matched := false
	from, to := o.leftOf(time)
	for k, l := range o.lefts.From(from) {
		if k.Time > to {
			break
		}
		matched = true
		if err := o.meet(max(time, k.Time), k, &l, v); err != nil {
			return err
		}
	}
	end := o.rightEnd(time)
	if end <= o.passed && !o.Kind.right() {
		return nil
	}
	o.rights.Set(rowKey{time, o.number()}, row[R]{*v, matched})
	o.plan(end)
	return nil
}

// meet joins a left record that waited with a right one. For semi and anti joins it is done with.
func (o *intervalJoin[L, R, Out]) meet(time int64, k rowKey, l *row[L], r *R) error {
	switch {
	case o.Kind == SemiJoin:
		o.lefts.Delete(k)
		return o.emit(time, &l.Value, nil)
	case o.Kind == AntiJoin:
		o.lefts.Delete(k)
		return nil
	}
	if !l.Matched && o.Kind.left() {
		o.lefts.Ref(k).Matched = true
	}
	return o.emit(time, &l.Value, r)
}

func (o *intervalJoin[L, R, Out]) number() uint64 {
	c := o.clock.Ref()
	c.N++
	return c.N
}

// leftEnd and rightEnd are the watermarks at which a record has no partner to come any more.
func (o *intervalJoin[L, R, Out]) leftEnd(t int64) int64 {
	_, to := o.rightOf(t)
	return max(to, t)
}

func (o *intervalJoin[L, R, Out]) rightEnd(t int64) int64 {
	_, to := o.leftOf(t)
	return max(to, t)
}

// plan has the key looked at when a record's time is over. Only the earliest timer counts. A key that is never to be
// forgotten needs none unless somebody waits for records without partner.
func (o *intervalJoin[L, R, Out]) plan(end int64) {
	if end == MaxTime && !o.Kind.left() && !o.Kind.right() {
		return
	}
	c := o.clock.Ref()
	if c.Set && c.Timer <= end {
		return
	}
	c.Timer, c.Set = end, true
	o.timers.Set(state.EventTime, end, 0)
}

func (o *intervalJoin[L, R, Out]) Mark(m Mark) error {
	if m.Kind == Watermark {
		o.passed = m.Value
		for {
			at, _, ok := o.timers.PopDue(state.EventTime, m.Value)
			if !ok {
				break
			}
			if err := o.forget(at); err != nil {
				return err
			}
		}
	}
	return o.Out.Mark(m)
}

// forget drops the records of the current key that are over.
func (o *intervalJoin[L, R, Out]) forget(at int64) error {
	c := o.clock.Ref()
	if !c.Set || c.Timer != at {
		return nil // an earlier one was set since
	}
	c.Set = false
	next := MaxTime
	leftLeft, err := o.forgetLeft(&next)
	if err != nil {
		return err
	}
	rightLeft, err := o.forgetRight(&next)
	if err != nil {
		return err
	}
	if leftLeft || rightLeft {
		o.plan(next)
		return nil
	}
	o.clock.Clear()
	return nil
}

func (o *intervalJoin[L, R, Out]) forgetLeft(next *int64) (stay bool, err error) {
	for k, l := range o.lefts.All() {
		end := o.leftEnd(k.Time)
		if end > o.passed {
			*next = min(*next, end)
			return true, nil
		}
		if !l.Matched && o.Kind.left() {
			if err := o.emit(aloneTime(k, end), &l.Value, nil); err != nil {
				return false, err
			}
		}
		o.lefts.Delete(k)
	}
	return false, nil
}

func (o *intervalJoin[L, R, Out]) forgetRight(next *int64) (stay bool, err error) {
	for k, r := range o.rights.All() {
		end := o.rightEnd(k.Time)
		if end > o.passed {
			*next = min(*next, end)
			return true, nil
		}
		if !r.Matched && o.Kind.right() {
			if err := o.emit(aloneTime(k, end), nil, &r.Value); err != nil {
				return false, err
			}
		}
		o.rights.Delete(k)
	}
	return false, nil
}

// aloneTime is the event time of a record that found no partner: when that was known. Its own time the watermark may have
// passed long ago.
func aloneTime(k rowKey, end int64) int64 {
	if k.Time == NoTime {
		return NoTime
	}
	return min(end, MaxTime-1)
}
