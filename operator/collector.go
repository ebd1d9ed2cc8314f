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
}

// NewCollector returns a collector into out; nil drops everything.
func NewCollector[T any](out Receiver[T]) *Collector[T] { return &Collector[T]{out: out, time: NoTime} }

// Emit hands v on.
func (c *Collector[T]) Emit(v T) { c.emit(c.time, v) }

// EmitAt hands v on with an event time of its own.
func (c *Collector[T]) EmitAt(t time.Time, v T) { c.emit(t.UnixNano(), v) }

func (c *Collector[T]) emit(t int64, v T) {
	if c.out == nil || c.err != nil {
		return
	}
	c.scratch = v
	c.err = c.out.Push(t, &c.scratch)
}

// At sets the event time of what is emitted next.
func (c *Collector[T]) At(time int64) { c.time = time }

// Err returns the first error since the last call, and forgets it.
func (c *Collector[T]) Err() error {
	err := c.err
	c.err = nil
	return err
}
