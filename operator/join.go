package operator

import (
	"errors"
	"fmt"
	"time"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/window"
)

// JoinKind says which records a join puts out.
type JoinKind uint8

// The kinds of joins. Left, right and full ones put records out that found no partner, with nil for it: interval joins
// when no partner can come any more, windowed ones when the window fires. A semi join puts each left record out once that
// has a partner, an anti join each that has none.
const (
	InnerJoin JoinKind = iota
	LeftJoin
	RightJoin
	FullJoin
	SemiJoin
	AntiJoin
)

var joinNames = [...]string{"inner join", "left join", "right join", "full join", "semi join", "anti join"}

// String names the kind.
func (k JoinKind) String() string { return joinNames[k] }

// pairs says that a result is put out for each pair.
func (k JoinKind) pairs() bool { return k <= FullJoin }

// left and right say that records of that side come out alone if they have no partner.
func (k JoinKind) left() bool  { return k == LeftJoin || k == FullJoin || k == AntiJoin }
func (k JoinKind) right() bool { return k == RightJoin || k == FullJoin }

// JoinSpec is what all joins have.
type JoinSpec[L, R, Out any] struct {
	Kind JoinKind
	// Result makes a record of a pair. One of the pointers is nil where a record stands alone, the right one for semi and
	// anti joins. They are good during the call.
	Result func(l *L, r *R) Out
	// LateLeft and LateRight are side outputs for records that come too late to be joined. They are counted as "late" in
	// any case.
	LateLeft  Side[L]
	LateRight Side[R]
}

func (s *JoinSpec[L, R, Out]) validate() error {
	if s.Result == nil {
		return errors.New("a join needs a result function")
	}
	return nil
}

// joinCore is what join operators have in common: results and late records.
type joinCore[L, R, Out any] struct {
	Base[Out]
	JoinSpec[L, R, Out]
	lateLeft  *Collector[L]
	lateRight *Collector[R]
	late      *Counter
	passed    int64
	out       Out
}

func (o *joinCore[L, R, Out]) Open(c Context, out Receiver[Out]) (err error) {
	if o.lateLeft, err = o.LateLeft.Output(c); err != nil {
		return err
	}
	if o.lateRight, err = o.LateRight.Output(c); err != nil {
		return err
	}
	o.late, o.passed = c.Counter("late"), NoTime
	return o.Base.Open(c, out)
}

func (o *joinCore[L, R, Out]) emit(time int64, l *L, r *R) error {
	o.Context.Enter()
	o.out = o.Result(l, r)
	return o.Out.Push(time, &o.out)
}

func (o *joinCore[L, R, Out]) dropLeft(time int64, v *L) error {
	o.late.Add(1)
	o.lateLeft.At(time)
	o.lateLeft.Emit(*v)
	return o.lateLeft.Err()
}

func (o *joinCore[L, R, Out]) dropRight(time int64, v *R) error {
	o.late.Add(1)
	o.lateRight.At(time)
	o.lateRight.Emit(*v)
	return o.lateRight.Err()
}

// rowKey orders the records of a key by time, then by arrival.
type rowKey struct {
	Time int64
	N    uint64
}

// row is a record that waits for partners.
type row[T any] struct {
	Value   T
	Matched bool
}

// CoRows is what a window of two streams has of each.
type CoRows[L, R any] struct {
	Left  []L
	Right []R
}

// coGather is the aggregator of windows of two streams. Results share memory with the accumulator: they are used at once.
type coGather[L, R any] struct{}

func (coGather[L, R]) Add(acc *CoRows[L, R], v *Either[L, R]) {
	if v.Left != nil {
		acc.Left = append(acc.Left, *v.Left)
		return
	}
	acc.Right = append(acc.Right, *v.Right)
}

func (coGather[L, R]) Merge(dst, src *CoRows[L, R]) {
	dst.Left, dst.Right = append(dst.Left, src.Left...), append(dst.Right, src.Right...)
}

func (coGather[L, R]) Grows() bool                           { return true }
func (coGather[L, R]) Result(acc *CoRows[L, R]) CoRows[L, R] { return *acc }

// NewWindowJoin returns the operator that joins the records of two streams which are in the same window of a key. Results
// come when the window fires, in order of arrival on the left, then on the right; their event time is the window's last
// instant. Windows, triggers and lateness are as for NewWindow; with a trigger that fires a window again, all its pairs come
// again unless it discards.
//
// State: for each key and open window (or slice) the records of both sides.
func NewWindowJoin[K comparable, L, R, Out any](a window.Assigner, o window.Options, s JoinSpec[L, R, Out]) TwoFactory[L, R, Out] {
	return coWindowFactory[K, L, R, Out]{"window-" + s.Kind.String(), a, o, s, func() WindowFunction[K, CoRows[L, R], Out] {
		return &joinWindow[K, L, R, Out]{s}
	}}
}

// NewCoGroup returns the operator that hands fn all records of two streams which are in the same window of a key.
func NewCoGroup[K comparable, L, R, Out any](a window.Assigner, o window.Options, fn func(key K, f window.Firing, left []L, right []R) Out) TwoFactory[L, R, Out] {
	s := JoinSpec[L, R, Out]{LateLeft: NewSide[L]("late-left"), LateRight: NewSide[R]("late-right")}
	if fn != nil {
		s.Result = func(*L, *R) (none Out) { return none } // a group has a result of its own
	}
	return coWindowFactory[K, L, R, Out]{"co-group", a, o, s, func() WindowFunction[K, CoRows[L, R], Out] {
		return groupWindow[K, L, R, Out]{fn}
	}}
}

type coWindowFactory[K comparable, L, R, Out any] struct {
	name     string
	assigner window.Assigner
	options  window.Options
	spec     JoinSpec[L, R, Out]
	function func() WindowFunction[K, CoRows[L, R], Out]
}

func (f coWindowFactory[K, L, R, Out]) Name() string { return f.name }

func (f coWindowFactory[K, L, R, Out]) window() WindowSpec[K, Either[L, R], CoRows[L, R], CoRows[L, R], Out] {
	return WindowSpec[K, Either[L, R], CoRows[L, R], CoRows[L, R], Out]{
		Assigner: f.assigner, Aggregator: coGather[L, R]{}, Function: f.function, stateless: true,
		Trigger: f.options.Trigger, Lateness: f.options.Lateness, Mode: f.options.Mode, ProcessingTime: f.options.ProcessingTime,
	}
}

// Validate reports what is wrong with the description.
func (f coWindowFactory[K, L, R, Out]) Validate() error {
	if _, counts := f.assigner.(window.CountWindow); counts {
		return fmt.Errorf("%w: a join needs windows of time", window.ErrInvalid)
	}
	if f.options.Mode == window.Retracting {
		return fmt.Errorf("%w: joins retract nothing", window.ErrInvalid)
	}
	return errors.Join(f.spec.validate(), windowFactory[K, Either[L, R], CoRows[L, R], CoRows[L, R], Out]{f.window()}.Validate())
}

func (f coWindowFactory[K, L, R, Out]) New() TwoInput[L, R, Out] {
	o := &coWindow[L, R, Out]{core: joinCore[L, R, Out]{JoinSpec: f.spec}}
	w := f.window()
	w.dropped = o.drop
	o.Operator = windowFactory[K, Either[L, R], CoRows[L, R], CoRows[L, R], Out]{w}.New()
	if t, ok := o.Operator.(Timed); ok {
		return &timedCoWindow[L, R, Out]{o, t}
	}
	return o
}

// coWindow is a window operator with two ways in.
type coWindow[L, R, Out any] struct {
	Operator[Either[L, R], Out]
	core   joinCore[L, R, Out]
	record Either[L, R]
}

type timedCoWindow[L, R, Out any] struct {
	*coWindow[L, R, Out]
	Timed
}

func (o *coWindow[L, R, Out]) Open(c Context, out Receiver[Out]) error {
	if err := o.core.Open(c, out); err != nil {
		return err
	}
	return o.Operator.Open(c, out)
}

func (o *coWindow[L, R, Out]) PushLeft(time int64, v *L) error {
	o.record = Either[L, R]{Left: v}
	return o.Operator.Push(time, &o.record)
}

func (o *coWindow[L, R, Out]) PushRight(time int64, v *R) error {
	o.record = Either[L, R]{Right: v}
	return o.Operator.Push(time, &o.record)
}

// drop passes a late record on to its own side output. It is counted already.
func (o *coWindow[L, R, Out]) drop(time int64, v *Either[L, R]) error {
	if v.Left != nil {
		o.core.late.Add(-1)
		return o.core.dropLeft(time, v.Left)
	}
	o.core.late.Add(-1)
	return o.core.dropRight(time, v.Right)
}

// joinWindow puts the pairs of a window out.
type joinWindow[K comparable, L, R, Out any] struct{ JoinSpec[L, R, Out] }

func (f *joinWindow[K, L, R, Out]) Process(_ WindowContext[K], rows CoRows[L, R], out *Collector[Out]) error {
	for i := range rows.Left {
		l := &rows.Left[i]
		if f.Kind == SemiJoin && len(rows.Right) > 0 || f.Kind.left() && len(rows.Right) == 0 {
			out.Emit(f.Result(l, nil))
			continue
		}
		for j := range rows.Right {
			if f.Kind.pairs() {
				out.Emit(f.Result(l, &rows.Right[j]))
			}
		}
	}
	if f.Kind.right() && len(rows.Left) == 0 {
		for j := range rows.Right {
			out.Emit(f.Result(nil, &rows.Right[j]))
		}
	}
	return nil
}

type groupWindow[K comparable, L, R, Out any] struct {
	fn func(K, window.Firing, []L, []R) Out
}

func (f groupWindow[K, L, R, Out]) Process(c WindowContext[K], rows CoRows[L, R], out *Collector[Out]) error {
	out.Emit(f.fn(c.Key(), c.Firing(), rows.Left, rows.Right))
	return nil
}

// untimed is the event time of records without one in a join that needs none.
func untimed(t int64) int64 {
	if t == NoTime {
		return 0
	}
	return t
}

// NewTableJoin returns the operator that joins two tables: of each side the newest record of a key counts. Every record puts
// fn of both newest ones out: for an inner join if both are there, for a left join if the left one is, and so on. Semi and
// anti joins are not of this kind.
//
// State: for each key the newest record of each side, until it expires by an option.
func NewTableJoin[K comparable, L, R, Out any](s JoinSpec[L, R, Out], ttl time.Duration, opts ...state.Option) TwoFactory[L, R, Out] {
	return checkedTwo[L, R, Out]{
		NewTwoFactory("table-"+s.Kind.String(), func() TwoInput[L, R, Out] {
			return &tableJoin[L, R, Out]{joinCore: joinCore[L, R, Out]{JoinSpec: s}, ttl: int64(ttl), opts: opts}
		}),
		func() error {
			if !s.Kind.pairs() {
				return fmt.Errorf("operator: a join of tables is inner, left, right or full, not a %v", s.Kind)
			}
			if ttl < 0 {
				return fmt.Errorf("operator: a join of tables: a time to live of %v; it must not be negative", ttl)
			}
			return s.validate()
		},
	}
}

// checkedTwo is a factory with something to validate.
type checkedTwo[L, R, Out any] struct {
	TwoFactory[L, R, Out]
	check func() error
}

// Validate reports what is wrong with the description.
func (f checkedTwo[L, R, Out]) Validate() error { return f.check() }

type tableJoin[L, R, Out any] struct {
	joinCore[L, R, Out]
	ttl    int64
	opts   []state.Option
	lefts  state.Value[tableRow[L]]
	rights state.Value[tableRow[R]]
	timers state.Timers
}

// tableRow is the newest record of a key, and when it came.
type tableRow[T any] struct {
	Value T
	Time  int64
}

func (o *tableJoin[L, R, Out]) Open(c Context, out Receiver[Out]) error {
	o.lefts = state.NewValue[tableRow[L]](c, "left", o.opts...)
	o.rights = state.NewValue[tableRow[R]](c, "right", o.opts...)
	o.timers = state.NewTimers(c)
	return o.joinCore.Open(c, out)
}

func (o *tableJoin[L, R, Out]) PushLeft(time int64, v *L) error {
	o.Context.Enter()
	o.lefts.Set(tableRow[L]{*v, untimed(time)})
	o.expire(time)
	r, ok := o.rights.Get()
	switch {
	case ok:
		return o.emit(time, v, &r.Value)
	case o.Kind.left():
		return o.emit(time, v, nil)
	}
	return nil
}

func (o *tableJoin[L, R, Out]) PushRight(time int64, v *R) error {
	o.Context.Enter()
	o.rights.Set(tableRow[R]{*v, untimed(time)})
	o.expire(time)
	l, ok := o.lefts.Get()
	switch {
	case ok:
		return o.emit(time, &l.Value, v)
	case o.Kind.right():
		return o.emit(time, nil, v)
	}
	return nil
}

// expire sets the timer that forgets what was not renewed.
func (o *tableJoin[L, R, Out]) expire(time int64) {
	if o.ttl > 0 && time != NoTime {
		o.timers.Set(state.EventTime, addTime(time, o.ttl), 0)
	}
}

func (o *tableJoin[L, R, Out]) Mark(m Mark) error {
	for m.Kind == Watermark {
		at, _, ok := o.timers.PopDue(state.EventTime, m.Value)
		if !ok {
			break
		}
		if l, ok := o.lefts.Get(); ok && addTime(l.Time, o.ttl) <= at {
			o.lefts.Clear()
		}
		if r, ok := o.rights.Get(); ok && addTime(r.Time, o.ttl) <= at {
			o.rights.Clear()
		}
	}
	return o.Out.Mark(m)
}

// addTime adds to a time without wrapping around.
func addTime(t, d int64) int64 {
	s := t + d
	switch {
	case d > 0 && s < t:
		return MaxTime
	case d < 0 && s > t:
		return NoTime + 1
	}
	return s
}
