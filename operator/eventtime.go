package operator

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/state"
)

// Watermarks says how event time and watermarks are taken from records. The zero value of each field
// but Time is a sensible default.
type Watermarks[T any] struct {
	// Time returns a record's event time.
	Time func(T) time.Time
	// OutOfOrder is how much later than a newer record an older one may come: the watermark stays that
	// far behind the newest event time of each split. What comes later still is late.
	OutOfOrder time.Duration
	// Idle lets a split that has given no record for that long (of processing time) hold no watermark
	// back. 0: never; an empty split of a source that reports idle splits itself is left out all the same.
	Idle time.Duration
	// Every is the least step of event time between two watermarks; 0 is 1 ms.
	Every time.Duration
	// Generator makes the watermarks of each split in place of OutOfOrder: New is called once a split.
	Generator func() WatermarkGenerator[T]
	// Period asks generators that are Periodic each so often, of processing time. 0: never.
	Period time.Duration
	// Close lets event time go on with the clock when no split has given a record for that long (of processing
	// time), so that the last window of a quiet stream still comes out. Records that come behind it are late. 0: never.
	Close time.Duration
	// Align names a group of sources of the job, and Drift how far a split may be ahead of the slowest subtask of the
	// group before it is not read for a while: state then holds no more than that of the fast ones. A reader that
	// cannot leave out a single split stops when all of its splits are ahead. It works right behind a source.
	Align string
	Drift time.Duration
	// MaxAhead drops records whose event time is further than that ahead of the clock, and counts them
	// as "future": one wrong timestamp would otherwise close every window. 0: no limit.
	MaxAhead time.Duration
}

// WatermarkGenerator says what a record tells of the event time of its split: by marks among the records, say.
type WatermarkGenerator[T any] interface {
	// Record returns the split's watermark behind a record; the zero time says nothing new. A watermark that is
	// less than one before it is ignored. After a restart a new generator goes on from the split's last watermark.
	Record(v T, at time.Time) time.Time
}

// Periodic is a WatermarkGenerator that is also asked each Period of processing time, records or not.
type Periodic interface {
	Period(now time.Time) time.Time
}

// NewEventTime returns the operator that gives records their event time and makes watermarks. Right
// behind a source it keeps one watermark for each split; the stream's is the least of them.
// The watermarks are part of the state, so that after a restart the same records are late.
// Records whose time is before the year 1678 or after 2261, the zero time.Time among them, have no
// event time that nanoseconds can say: they are dropped and counted as "untimed".
func NewEventTime[T any](w Watermarks[T]) Factory[T, T] {
	return NewFactory("event-time", func() Operator[T, T] { return &eventTime[T]{cfg: w} })
}

type eventTime[T any] struct {
	Base[T]
	cfg      Watermarks[T]
	splits   []splitTime
	sent     int64 // the last watermark handed on
	next     int64 // event time from which a new watermark is worth a look
	idle     bool  // Idle was handed on
	untimed  *Counter
	future   *Counter
	deadline int64
	kept     state.OperatorList[keptTime]

	group  *alignment    // nil without one
	member *atomic.Int64 // of it
	limit  int64         // event time from which to look whether a split is ahead
	last   int64         // processing time of the last look that found new records in any split
	ticked int64         // processing time at which generators were asked
}

// keptTime is what a checkpoint keeps of one split, and of the stream's last watermark.
type keptTime struct {
	Split string // empty: the subtask's watermark
	Max   int64
}

// splitTime is what is known of the event time of one split.
type splitTime struct {
	max    int64 // newest event time
	seen   int64 // processing time of the last look that found new records
	fresh  bool  // records came since
	known  bool
	idle   bool
	closed bool
	paused bool // it is ahead of its group
	gen    any  // a WatermarkGenerator
}

func (o *eventTime[T]) Open(c Context, out Receiver[T]) error {
	if o.cfg.Time == nil {
		return errors.New("operator: event-time: Time is nil; say where a record's event time is")
	}
	if o.cfg.Every <= 0 {
		o.cfg.Every = time.Millisecond
	}
	o.sent, o.next = NoTime, NoTime
	o.kept = state.NewOperatorList[keptTime](c, "watermarks", state.Union)
	o.untimed, o.future = c.Counter("untimed"), c.Counter("future")
	o.limit, o.last, o.ticked = MaxTime, c.env.Clock.Now(), c.env.Clock.Now()
	if o.cfg.Align != "" {
		if c.env.Task.Pause == nil {
			return errors.New("operator: event-time: Align works right behind a source: nobody here can pause a split")
		}
		o.group, o.member = c.env.Aligned.join(o.cfg.Align)
		o.limit = NoTime
	}
	return o.Base.Open(c, out)
}

// Start takes up the watermark of the restored checkpoint. Behind a change of parallelism nobody knows
// which subtask had which: the least of them is safe, since nothing was counted as late by more.
func (o *eventTime[T]) Start() error {
	low := MaxTime
	for _, k := range o.kept.Get() {
		if k.Split == "" {
			low = min(low, k.Max)
		}
	}
	if low == MaxTime || low == NoTime || bug.Enabled && bug.On(bug.EventTimeForgotten) {
		return nil
	}
	return o.send(low)
}

// keep puts the watermarks into the state, for the checkpoint whose barrier is passing.
func (o *eventTime[T]) keep() {
	kept := make([]keptTime, 0, len(o.splits)+1)
	kept = append(kept, keptTime{"", o.sent})
	names := o.Context.env.Task.Splits
	for i := range o.splits {
		if i < len(names) && o.splits[i].known {
			kept = append(kept, keptTime{names[i], o.splits[i].max})
		}
	}
	o.kept.Set(kept)
}

// restored returns the newest event time of a split in the restored checkpoint.
func (o *eventTime[T]) restored(i int32) int64 {
	names := o.Context.env.Task.Splits
	if int(i) >= len(names) || bug.Enabled && bug.On(bug.EventTimeForgotten) {
		return NoTime
	}
	for _, k := range o.kept.Get() {
		if k.Split == names[i] {
			return k.Max
		}
	}
	return NoTime
}

// Times outside these bounds overflow int64 nanoseconds.
var (
	minTime = time.Unix(0, NoTime+1)
	maxTime = time.Unix(0, MaxTime-1)
)

func (o *eventTime[T]) Push(_ int64, v *T) error {
	o.Context.Enter()
	at := o.cfg.Time(*v)
	if at.Before(minTime) || at.After(maxTime) {
		o.untimed.Add(1)
		return nil
	}
	t := at.UnixNano()
	if o.cfg.MaxAhead > 0 && t > o.Context.env.Clock.Now()+int64(o.cfg.MaxAhead) {
		o.future.Add(1)
		return nil
	}
	s := o.split(o.Context.env.Task.Split)
	s.fresh = true
	if s.idle || o.idle {
		o.wakeUp(s)
	}
	reached := t
	if o.cfg.Generator != nil {
		reached = o.generated(s, v, at) // now: whoever takes the record may change it
	}
	if err := o.Out.Push(t, v); err != nil {
		return err
	}
	return o.reached(s, reached)
}

// reached notes that a split has come to event time t.
func (o *eventTime[T]) reached(s *splitTime, t int64) error {
	if t > s.max {
		s.max = t
		if t > o.limit && !s.paused {
			o.align()
		}
		if t >= o.next {
			return o.advance()
		}
	}
	return nil
}

// generated returns the event time that the watermark of a generator stands for: the one behind which it is.
func (o *eventTime[T]) generated(s *splitTime, v *T, at time.Time) int64 {
	return o.behind(s.gen.(WatermarkGenerator[T]).Record(*v, at))
}

func (o *eventTime[T]) behind(watermark time.Time) int64 {
	if watermark.Before(minTime) || watermark.After(maxTime) {
		return NoTime
	}
	return watermark.UnixNano() + 1
}

// wakeUp ends the idleness of a split. Its watermark may be behind the stream's: its records may be late then.
func (o *eventTime[T]) wakeUp(s *splitTime) { s.idle, o.idle = false, false }

// split returns what is known of split i, and makes it known.
func (o *eventTime[T]) split(i int32) *splitTime {
	for int(i) >= len(o.splits) {
		o.splits = append(o.splits, splitTime{max: NoTime})
	}
	s := &o.splits[i]
	if !s.known {
		s.known, s.max = true, o.restored(i)
		if o.cfg.Generator != nil {
			s.gen = o.cfg.Generator()
		}
		s.seen = o.Context.env.Clock.Now()
		o.arm(s.seen)
	}
	return s
}

// advance hands a watermark on if the least of the splits has grown enough.
func (o *eventTime[T]) advance() error {
	low, any := MaxTime, false
	for i := range o.splits {
		if s := &o.splits[i]; s.known && !s.idle && !s.closed {
			low, any = min(low, s.max), true
		}
	}
	if !any || low == NoTime {
		return nil
	}
	o.next = low + int64(o.cfg.Every)
	w := o.watermarkOf(low)
	if w <= o.sent || (o.sent != NoTime && w-o.sent < int64(o.cfg.Every)) {
		return nil
	}
	return o.send(w)
}

// watermarkOf returns the watermark that an event time stands for.
func (o *eventTime[T]) watermarkOf(t int64) int64 {
	if o.cfg.Generator != nil {
		return saturate(t, -1)
	}
	return saturate(t, -int64(o.cfg.OutOfOrder)-1)
}

// send hands a watermark on. What follows in the task reads it from TaskState.
func (o *eventTime[T]) send(w int64) error {
	o.sent, o.Context.env.Task.Watermark = w, w
	return o.Out.Mark(Mark{Kind: Watermark, Value: w})
}

func saturate(t, d int64) int64 {
	if d < 0 && t < NoTime+1-d {
		return NoTime + 1
	}
	return t + d
}

func (o *eventTime[T]) Mark(m Mark) error {
	switch m.Kind {
	case Watermark:
		if !o.follows(m.Value) {
			o.Context.env.Task.Watermark = o.sent
			return nil
		}
		return o.send(m.Value)
	case Barrier:
		o.keep()
	case SplitAdded:
		o.split(int32(m.Value))
		o.align() // a restored split holds the others up from here on
		return nil
	case SplitIdle:
		return o.leave(int32(m.Value), false)
	case SplitDone:
		return o.leave(int32(m.Value), true)
	}
	return o.Out.Mark(m)
}

// follows reports whether a watermark of the input is handed on: the end of time, and those of a source that
// makes watermarks itself. Those of an event time that the stream had before mean nothing here.
func (o *eventTime[T]) follows(w int64) bool {
	return w == MaxTime || (len(o.Context.env.Task.Splits) > 0 && w > o.sent)
}

// leave takes a split out of the minimum: for now, or for good.
func (o *eventTime[T]) leave(i int32, done bool) error {
	s := o.split(i)
	if done {
		s.closed = true
	} else {
		s.idle = true
	}
	return o.settle()
}

// settle hands on what a split's leaving changes: a higher watermark, or that all are idle.
func (o *eventTime[T]) settle() error {
	o.next = NoTime
	o.align()
	if err := o.advance(); err != nil {
		return err
	}
	live, idle := false, false
	for i := range o.splits {
		s := &o.splits[i]
		live = live || s.known && !s.closed && !s.idle
		idle = idle || s.known && !s.closed && s.idle
	}
	if live || !idle || o.idle {
		return nil
	}
	o.idle = true
	return o.Out.Mark(Mark{Kind: Idle})
}
