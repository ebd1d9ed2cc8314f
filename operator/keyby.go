package operator

import (
	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/state"
)

// KeyBy makes key(record) the current key of a scope before it hands the record on: what follows in the
// task finds its keyed state by it. It stands behind an exchange by the same key, or in a task of its own.
//
// With many keys, finding the state of one is a wait for memory. So records are looked up in batches,
// which lets the waits overlap: those of an exchange as they come, others are gathered first, until a
// mark passes, the batch is full, or the task has nothing more to read.
type KeyBy[K comparable, T any] struct {
	Base[T]
	key       func(T) K
	keys      *state.Keys[K]
	batch     []K
	gathered  []Record[T]
	split     int32 // of the gathered records
	watermark int64 // at which they came
	single    int   // records to be pushed singly before the number of keys is looked at again
}

const (
	gatherMax = 64   // records looked up together
	manyKeys  = 4096 // from here on gathering pays: fewer keys stay in the processor's cache
	lookEvery = 1024 // records between two looks at the number of keys
)

// NewKeyBy returns the operator for a scope.
func NewKeyBy[K comparable, T any](key func(T) K, keys *state.Keys[K]) *KeyBy[K, T] {
	return &KeyBy[K, T]{key: key, keys: keys}
}

// Push looks the record's key up and hands the record on, or gathers it.
func (o *KeyBy[K, T]) Push(time int64, v *T) error {
	if o.single == 0 {
		return o.gather(time, v)
	}
	o.single--
	o.Context.Enter()
	o.keys.Seek(o.key(*v))
	return o.Out.Push(time, v)
}

// gather keeps the record until there are enough to look up together.
func (o *KeyBy[K, T]) gather(time int64, v *T) error {
	if len(o.gathered) == 0 && o.keys.Len() < manyKeys && !(bug.Enabled && bug.On(bug.FlushSkippedAtBarrier)) {
		o.single = lookEvery
		return o.Push(time, v)
	}
	if task := o.Context.env.Task; len(o.gathered) == 0 || task.Split != o.split {
		if err := o.release(); err != nil {
			return err
		}
		o.split, o.watermark = task.Split, task.Watermark
	}
	if o.gathered == nil {
		o.gathered = make([]Record[T], 0, gatherMax)
	}
	o.gathered = append(o.gathered, Record[T]{time, *v})
	if len(o.gathered) < gatherMax {
		return nil
	}
	return o.release()
}

// release hands the gathered records on, as records of the split that they came from. A watermark that comes behind
// them is in TaskState already: they must not see it.
func (o *KeyBy[K, T]) release() error {
	if len(o.gathered) == 0 {
		return nil
	}
	task := o.Context.env.Task
	split, watermark := task.Split, task.Watermark
	task.Split, task.Watermark = o.split, o.watermark
	err := o.PushBatch(o.gathered)
	if task.Split = split; task.Watermark == o.watermark { // nothing behind made another
		task.Watermark = watermark
	}
	clear(o.gathered)
	o.gathered = o.gathered[:0]
	return err
}

// PushBatch looks the keys of a batch up together and hands its records on.
func (o *KeyBy[K, T]) PushBatch(recs []Record[T]) error {
	o.Context.Enter()
	o.batch = o.batch[:0]
	for i := range recs {
		o.batch = append(o.batch, o.key(recs[i].Value))
	}
	o.keys.Prepare(o.batch)
	for i := range recs {
		o.keys.Select(i)
		if err := o.Out.Push(recs[i].Time, &recs[i].Value); err != nil {
			return err
		}
	}
	return o.Context.env.Backend.Err()
}

// Mark hands the gathered records on, and then the mark.
func (o *KeyBy[K, T]) Mark(m Mark) error {
	if bug.Enabled && bug.On(bug.FlushSkippedAtBarrier) && m.Kind == Barrier {
		return o.Out.Mark(m)
	}
	if err := o.release(); err != nil {
		return err
	}
	return o.Out.Mark(m)
}
