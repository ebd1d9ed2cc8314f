package operator

import (
	"fmt"
	"time"

	"github.com/turgo-io/turgo/state"
)

// NewThrottle returns the operator that hands on at most so many records a second, evenly in time, in each subtask; the
// stream before it slows down to that. Order and event times stay, and marks keep their places. Records that wait are
// part of checkpoints. It belongs before KeyBy, not behind it.
func NewThrottle[T any](perSecond float64) Factory[T, T] { return throttleFactory[T]{perSecond} }

type throttleFactory[T any] struct{ perSecond float64 }

func (f throttleFactory[T]) Name() string { return "throttle" }

func (f throttleFactory[T]) New() Operator[T, T] {
	return &throttle[T]{gap: max(1, int64(float64(time.Second)/f.perSecond))}
}

// Validate reports a rate that is none.
func (f throttleFactory[T]) Validate() error {
	if !(f.perSecond > 0) {
		return fmt.Errorf("throttle: %v records a second; it must be more than 0", f.perSecond)
	}
	return nil
}

// throttle keeps what came too early.
//
// What must hold: marks are held only while records are; a mark leaves behind all records before it.
type throttle[T any] struct {
	Base[T]
	gap     int64
	due     int64 // when the next record may go
	waiting []Record[T]
	splits  []int32 // of waiting
	head    int     // of waiting, the next to go
	gone    int64   // records that have left since waiting was empty
	marks   []heldMark
	passed  int64 // the last watermark that went out
	kept    state.OperatorList[Record[T]]
	out     Record[T]
}

// heldMark stands behind so many records, counted as gone is.
type heldMark struct {
	behind int64
	mark   Mark
}

func (o *throttle[T]) Open(c Context, out Receiver[T]) error {
	o.kept, o.passed = state.NewOperatorList[Record[T]](c, "waiting", state.Split), NoTime
	return o.Base.Open(c, out)
}

// Start takes up the records that waited.
func (o *throttle[T]) Start() error {
	for _, r := range o.kept.Get() {
		o.hold(r)
	}
	return nil
}

func (o *throttle[T]) hold(r Record[T]) {
	o.waiting, o.splits = append(o.waiting, r), append(o.splits, o.Context.Split())
}

func (o *throttle[T]) Push(time int64, v *T) error {
	o.hold(Record[T]{time, *v})
	if len(o.waiting) > 1 {
		return nil
	}
	return o.release(o.Context.env.Clock.Now())
}

// Full stops the task's reading while a record waits.
func (o *throttle[T]) Full() bool { return o.Pending() }

// Pending reports whether a record waits.
func (o *throttle[T]) Pending() bool { return len(o.waiting) > 0 }

// Deadline is when the next record may go.
func (o *throttle[T]) Deadline() int64 {
	if !o.Pending() {
		return 0
	}
	if now := o.Context.env.Clock.Now(); o.due > now+o.gap {
		o.due = now + o.gap // the clock was set back
	}
	return max(o.due, 1)
}

// Tick hands on what is due.
func (o *throttle[T]) Tick(now int64) error { return o.release(now) }

// release hands records on that may go, and the marks behind them. What follows in the task sees the watermark that has
// passed here, and the split of the record.
func (o *throttle[T]) release(now int64) (err error) {
	task := o.Context.env.Task
	split, watermark := task.Split, task.Watermark
	task.Watermark = o.passed
	o.due = max(o.due, now-slack)
	for o.head < len(o.waiting) && o.due <= now && err == nil {
		task.Split = o.splits[o.head]
		o.out = o.waiting[o.head]
		o.head++
		o.gone++
		o.due += o.gap
		if err = o.Out.Push(o.out.Time, &o.out.Value); err == nil {
			err = o.follow(task)
		}
	}
	if o.head == len(o.waiting) {
		clear(o.waiting)
		o.waiting, o.splits, o.head, o.gone = o.waiting[:0], o.splits[:0], 0, 0
	}
	task.Split = split
	if task.Watermark == o.passed { // else an operator behind makes watermarks of its own
		task.Watermark = watermark
	}
	return err
}

// follow hands on the marks whose turn has come.
func (o *throttle[T]) follow(task *TaskState) error {
	for len(o.marks) > 0 && o.marks[0].behind <= o.gone {
		m := o.marks[0].mark
		o.marks = o.marks[:copy(o.marks, o.marks[1:])]
		if m.Kind == Watermark && task.Watermark == o.passed {
			task.Watermark = m.Value
		}
		if err := o.pass(m); err != nil {
			return err
		}
	}
	return nil
}

func (o *throttle[T]) pass(m Mark) error {
	if m.At = 0; m.Kind == Watermark {
		o.passed = m.Value
	}
	return o.Out.Mark(m)
}

// Mark keeps a mark in its place among the records.
func (o *throttle[T]) Mark(m Mark) error {
	switch {
	case m.Kind == Barrier:
		o.kept.Set(o.waiting[o.head:])
		return o.Out.Mark(m)
	case m.Kind == Flush || !o.Pending():
		return o.pass(m)
	}
	o.marks = append(o.marks, heldMark{o.gone + int64(len(o.waiting)-o.head), m})
	return nil
}
