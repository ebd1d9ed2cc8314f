package operator

import "context"

// Split is a part of a source that is read in order, by one reader: a Kafka partition, a file.
type Split struct {
	// ID is unique in the source and stable over restarts: positions are kept under it.
	ID string
	// Ord places the split: subtask Ord mod parallelism reads it.
	Ord uint32
}

// Source is where records come from. A Source is a description: it may be used by several subtasks
// and run several times.
type Source[T any] interface {
	// Name is what the source is called in graphs, logs and metrics unless the user names it.
	Name() string
	// Validate reports every fault of the description, joined, before anything starts.
	Validate() error
	// Splits lists the splits that exist now. It is called before the first record, and again each
	// DiscoverEvery if the reader is a Discoverer; it may block. What is gone from the list is read on to its end.
	Splits(ctx context.Context) ([]Split, error)
	// Reader opens the reader of one subtask. It may block.
	Reader(c Context) (Reader[T], error)
}

// Status says what a reader's Poll came to.
type Status uint8

const (
	// Ready: call again, there may be more.
	Ready Status = iota
	// Blocked: nothing to read for now. The reader calls Env.Wake when that changes, or says when to call again.
	Blocked
	// Done: all splits are read to their end, and there will be no more.
	Done
)

// Reader reads the splits of one subtask. All calls come from the task's goroutine; a reader that
// fetches ahead does so in goroutines of its own, which Close waits for.
type Reader[T any] interface {
	// Add hands over a split. position is what Positions gave for it at the restored checkpoint, nil
	// for a split that was not read before. number is TaskState.Split for the split's records.
	Add(s Split, number int32, position []byte) error
	// Poll emits some records, at most about max, all of them of one split, and does not block. With
	// Blocked it may give a time of the job's clock to be called again at, else 0.
	Poll(out *Emitter[T], max int) (s Status, deadline int64, err error)
	// Positions calls yield with each split and where to go on after what was emitted so far.
	// position is copied. It is called at a barrier.
	Positions(yield func(split string, position []byte))
	// Close ends the reader and waits for its goroutines. What Poll gave is not used after it.
	Close() error
}

// Acknowledger is a Reader that wants to know of durable positions, to show them to others (a
// consumer group's lag) or to acknowledge messages.
type Acknowledger interface {
	// Acknowledge says that the positions at checkpoint n are durable. It does not block.
	Acknowledge(n int64)
}

// Discoverer is a Source whose splits change: Splits is called again each DiscoverEvery nanoseconds.
type Discoverer interface {
	DiscoverEvery() int64
}

// Emitter is where a reader puts records: the head of the task's chain.
type Emitter[T any] struct {
	Next  Receiver[T]
	Task  *TaskState
	Index int32  // of the source in its task
	N     uint64 // records emitted, for metrics
}

// Split says which split the records that follow came from.
func (e *Emitter[T]) Split(number int32) { e.Task.Split = number }

// Emit hands a record on. time is its event time if the source knows it, else NoTime.
func (e *Emitter[T]) Emit(time int64, v *T) error {
	e.N++
	if err := e.Next.Push(time, v); err != nil {
		return err
	}
	e.Task.Operator = e.Index // what runs next is the reader again
	return nil
}

// Idle says that split has nothing to read for now, so that its watermark holds no one back.
func (e *Emitter[T]) Idle(number int32) error {
	return e.Next.Mark(Mark{Kind: SplitIdle, Value: int64(number)})
}

// Done says that split is read to its end.
func (e *Emitter[T]) Done(number int32) error {
	return e.Next.Mark(Mark{Kind: SplitDone, Value: int64(number)})
}

// DeadLetter is a record that could not be read, with where it was and why.
type DeadLetter struct {
	Source   string // name of the source or operator
	Topic    string // topic, file or table
	Split    int32  // partition; -1 if the source has none
	Position int64  // offset, byte offset or line, -1 if unknown
	Time     int64  // of the source, NoTime if none
	Key, Raw []byte // as read
	Error    string
}

// DeadLetters is the side output on which sources put what they could not decode.
var DeadLetters = NewSide[DeadLetter]("dead-letters")
