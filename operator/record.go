package operator

import "math"

// Event times are nanoseconds since the Unix epoch. Two values are not times.
const (
	// NoTime is the event time of a record that has none.
	NoTime = int64(math.MinInt64)
	// MaxTime is the watermark that no record follows: the end of event time.
	MaxTime = int64(math.MaxInt64)
)

// Record is a value and its event time: all that travels per record.
type Record[T any] struct {
	Time  int64
	Value T
}

// MarkKind tells control elements apart.
type MarkKind uint8

const (
	// Watermark: Value is an event time; no record with Time <= Value follows, but late ones.
	Watermark MarkKind = iota
	// Idle: nothing is to be expected for now; watermarks of others are not held back. A record or
	// a watermark ends it. Value is unused.
	Idle
	// Barrier: Value is the number of the checkpoint that everything before it belongs to.
	Barrier
	// End: nothing follows. Value is unused.
	End
	// Flush: the task has nothing more to read for the moment, so that operators which gather
	// records hand on what they have. It stays inside a task.
	Flush
	// SplitAdded, SplitIdle and SplitDone tell the operators chained to a source of its splits:
	// Value is the number that TaskState.Split has for the split's records. They stay inside a task.
	SplitAdded
	SplitIdle
	SplitDone
)

var markNames = [...]string{"watermark", "idle", "barrier", "end", "flush", "split-added", "split-idle", "split-done"}

// String names the kind as logs and golden traces do.
func (k MarkKind) String() string { return markNames[k] }

// Local reports whether a mark of this kind stays inside its task: no exchange carries it.
func (k MarkKind) Local() bool { return k >= Flush }

// Mark is a control element. It travels with the records, in order. In a batch it stands after At
// of them; elsewhere At is unused.
type Mark struct {
	Value int64
	At    int32
	Kind  MarkKind
}
