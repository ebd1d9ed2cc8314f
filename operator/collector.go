package operator

import "time"

// Collector is where user code emits. What it emits has the event time of the record, or of the
// timer, that is being processed. An error of what comes after is kept, and the runtime sees it when
// the user code returns; until then further records are dropped.
type Collector[T any] struct {
	out     Receiver[T]
	time    int64
	err     error
	scratch T
	task    *TaskState // nil outside a job
	index   int32      // of the operator whose user code emits
}

// NewCollector returns a collector into out; nil drops everything.
func NewCollector[T any](out Receiver[T]) *Collector[T] { return &Collector[T]{out: out, time: NoTime} }

// of notes whose user code emits: an error or a panic after an emit is its own, not that of what comes after.
func (c *Collector[T]) of(x Context) *Collector[T] {
	c.task, c.index = x.env.Task, x.env.Index
	return c
}

// Emit hands v on.
func (c *Collector[T]) Emit(v T) { c.emit(c.time, v) }

// EmitAt hands v on with an event time of its own.
func (c *Collector[T]) EmitAt(t time.Time, v T) { c.emit(t.UnixNano(), v) }

func (c *Collector[T]) emit(t int64, v T) {
	if c.out == nil || c.err != nil {
		return
	}
	c.scratch = v
	if c.err = c.out.Push(t, &c.scratch); c.err == nil && c.task != nil {
		c.task.Operator = c.index
	}
}

// At sets the event time of what is emitted next.
func (c *Collector[T]) At(time int64) { c.time = time }

// Err returns the first error since the last call, and forgets it.
func (c *Collector[T]) Err() error {
	err := c.err
	c.err = nil
	return err
}
