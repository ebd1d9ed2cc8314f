package state

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options of a backend. The zero value is one task alone, in memory.
type Options struct {
	// FS is where Dir lies. Nil: an in-memory file system of the backend's own.
	FS vfs.FS
	// Dir is the backend's own directory: a cache of the checkpoint store, never read again after a crash.
	// It must be empty or not exist. Empty: "state".
	Dir string
	// Executor runs background work. Nil: goroutines, which Close waits for.
	Executor Executor
	// Now is the clock of the job, in nanoseconds since the Unix epoch. Nil: the system's clock.
	Now func() int64
	// Logger may be nil.
	Logger *slog.Logger

	// MaxParallelism is the number of key groups of the job, 1 to MaxKeyGroups. 0: DefaultMaxParallelism.
	MaxParallelism int
	// Groups is what this subtask owns, from KeyGroupRange. The zero value: all.
	Groups Range
	// Subtask and Parallelism say which part of the operator lists is this task's. Parallelism 0: 1.
	Subtask, Parallelism int
}

func (o *Options) fill() error {
	if o.FS == nil {
		o.FS = vfs.NewMem()
	}
	o.Dir = or(o.Dir, "state")
	o.MaxParallelism = or(o.MaxParallelism, DefaultMaxParallelism)
	o.Groups = or(o.Groups, AllGroups(o.MaxParallelism))
	o.Parallelism = or(o.Parallelism, 1)
	if o.Now == nil {
		o.Now = func() int64 { return time.Now().UnixNano() }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o.validate()
}

func (o *Options) validate() error {
	var faults []error
	if o.MaxParallelism < 1 || o.MaxParallelism > MaxKeyGroups {
		faults = append(faults, fmt.Errorf("state: max parallelism is %d, it must be 1 to %d", o.MaxParallelism, MaxKeyGroups))
	}
	if o.Groups.First < 0 || o.Groups.End > o.MaxParallelism || o.Groups.First > o.Groups.End {
		faults = append(faults, fmt.Errorf("state: key groups %v are not within [0,%d)", o.Groups, o.MaxParallelism))
	}
	if o.Subtask < 0 || o.Subtask >= o.Parallelism {
		faults = append(faults, fmt.Errorf("state: subtask %d of %d", o.Subtask, o.Parallelism))
	}
	return errors.Join(faults...)
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// Backend holds all state of one task. Its life: OpenBackend, NewKeys and handles for every operator, Start,
// records and snapshots, Close. Only the task's goroutine calls it and its handles.
type Backend struct {
	options Options
	own     *Goroutines // the executor, if none was given
	tables  []*table
	states  []*stateInfo
	timers  []*timerColumn
	started bool
	closed  bool
	err     error // the first failure; the task is over
	faults  []error
	sink    uint32 // what touching reads goes here, so that it is not optimized away
}

// OpenBackend makes a backend. It opens no file before there is something to read or to write.
func OpenBackend(o Options) (*Backend, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	b := &Backend{options: o}
	if o.Executor == nil {
		b.own = &Goroutines{}
		b.options.Executor = b.own
	}
	return b, nil
}

// Operator is the scope of an operator's state that hangs on no key.
func (b *Backend) Operator(id string) *Scope { return b.scope(id, nil) }

func (b *Backend) scope(id string, t *table) *Scope { return &Scope{b: b, table: t, operator: id} }

// Start ends the declaring of states. It returns every fault of the declarations, all at once: types without a
// codec, names used twice, stored state that does not fit the program.
func (b *Backend) Start() error {
	if len(b.faults) > 0 {
		return errors.Join(b.faults...)
	}
	b.started = true
	return b.err
}

// Err is the first failure of a handle, a timer or background work. Handles have no error results, so the task
// looks here after each batch, and before a batch's results leave it.
func (b *Backend) Err() error { return b.err }

// Groups is the range of key groups of this task.
func (b *Backend) Groups() Range { return b.options.Groups }

// MaxParallelism is the number of key groups of the job.
func (b *Backend) MaxParallelism() int { return b.options.MaxParallelism }

// Close ends background work. What was not in a completed snapshot is lost: by design, a restart begins from
// a checkpoint.
func (b *Backend) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	if b.own != nil {
		b.own.Wait()
	}
	return nil
}

func (b *Backend) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// refuse notes a fault of a declaration.
func (b *Backend) refuse(err error) { b.faults = append(b.faults, err) }
