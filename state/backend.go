package state

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options of a backend. The zero value is one task alone, in memory.
type Options struct {
	// FS is where Dir lies. Nil: an in-memory file system of the backend's own.
	FS vfs.FS
	// Dir is the backend's own directory, emptied when the backend opens: a cache of the checkpoint store, never
	// read again after a crash. Empty: "state".
	Dir string
	// Executor runs background work. Nil: goroutines, which Close waits for.
	Executor Executor
	// Now is the clock of the job, in nanoseconds since the Unix epoch. Nil: it stands still.
	Now func() int64
	// EventTime is the watermark of the task, for states that expire by it. Nil: there is never one.
	EventTime func() int64
	// Logger may be nil.
	Logger *slog.Logger
	// BlockCache is shared by backends. Nil: a small one of the backend's own.
	BlockCache *BlockCache
	// Budget bounds the memory of all backends that have it. Nil: no bound.
	Budget *Budget
	// DisableCompaction keeps the store's own goroutines still, so that a simulation replays exactly: every few
	// snapshots a job compacts all of the store instead. For small states.
	DisableCompaction bool

	// MaxParallelism is the number of key groups of the job, 1 to MaxKeyGroups. 0: DefaultMaxParallelism.
	MaxParallelism int
	// Groups is what this subtask owns, from KeyGroupRange. The zero value: all.
	Groups Range
	// Subtask and Parallelism say which part of the operator lists is this task's. Parallelism 0: 1.
	Subtask, Parallelism int
	// Restore is what to begin from: the snapshots of all subtasks of the checkpoint that had an operator of this
	// task, in the order of the subtasks. Of those whose key groups this task shares, Dir must hold the files.
	Restore []RestorePart
}

func (o *Options) fill() error {
	if o.FS == nil {
		o.FS = vfs.NewMem()
	}
	o.Dir = or(o.Dir, "state")
	o.MaxParallelism = or(o.MaxParallelism, DefaultMaxParallelism)
	o.Groups = or(o.Groups, AllGroups(o.MaxParallelism))
	o.Parallelism = or(o.Parallelism, 1)
	if o.BlockCache == nil && o.Budget != nil {
		o.BlockCache = o.Budget.blocks
	}
	if o.Now == nil {
		o.Now = func() int64 { return 0 }
	}
	if o.EventTime == nil {
		o.EventTime = func() int64 { return noTime }
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
	eager   []*agendaColumn // what is read at the start, besides timers
	lists   []listState
	started bool
	closed  bool
	err     error // the first failure; the task is over
	faults  []error
	sink    uint32 // what touching reads goes here, so that it is not optimized away

	store  *store
	worker worker
	chunks chunks
	known  known

	gen      uint32    // of what is changed now
	savedGen uint32    // the newest that the store has
	snap     *Snapshot // in flight, or done but not thawed
	far      []*farTimers
	logs     int  // of evicted keys that were begun
	over     bool // there may be keys that a snapshot has found to be over
	recorded bool // there may be recorded removals to forget
}

// OpenBackend makes a backend. It opens no file before there is something to read or to write.
func OpenBackend(o Options) (*Backend, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	b := &Backend{options: o, gen: 1}
	if o.Executor == nil {
		b.own = &Goroutines{}
		b.options.Executor = b.own
	}
	b.worker.executor = b.options.Executor
	b.store = newStore(&b.options, 0)
	if err := o.FS.RemoveAll(o.Dir); err != nil {
		return nil, fmt.Errorf("state: directory %s: %w", o.Dir, err)
	}
	return b, b.checkParts()
}

// Operator is the scope of an operator's state that hangs on no key.
func (b *Backend) Operator(id string) *Scope { return b.scope(id, nil) }

func (b *Backend) scope(id string, t *table) *Scope { return &Scope{b: b, table: t, operator: id} }

// Start ends the declaring of states and, for a restored backend, brings the files into place and reads the timers;
// other state is read when it is asked for. It returns every fault of the declarations, all at once: types without a
// codec, names used twice, stored state that does not fit the program.
func (b *Backend) Start() error {
	if len(b.faults) > 0 {
		return errors.Join(b.faults...)
	}
	if b.started || b.closed {
		return nil
	}
	b.started = true
	if err := b.joinBudget(); err != nil {
		b.fail(err)
	}
	if err := b.restore(); err != nil {
		b.fail(err)
	}
	return b.err
}

// joinBudget makes the key scopes that hold state share the budget.
func (b *Backend) joinBudget() error {
	if !b.options.Budget.bound() {
		return nil
	}
	for _, t := range b.tables {
		if len(t.columns) > 0 {
			b.options.Budget.join()
		}
	}
	for _, t := range b.tables {
		if len(t.columns) > 0 {
			t.startEviction()
		}
	}
	if len(b.far) > 0 && len(b.keyedParts()) == 0 {
		return b.store.open() // far timers are read from it while jobs write
	}
	return nil
}

// leaveBudget gives the files of evicted keys up.
func (b *Backend) leaveBudget() (err error) {
	for _, t := range b.tables {
		if t.ev != nil {
			b.options.Budget.leave()
			err = errors.Join(err, t.ev.log.close())
		}
	}
	return err
}

// Err is the first failure of a handle, a timer or background work. Handles have no error results, so the task
// looks here after each batch, and before a batch's results leave it.
func (b *Backend) Err() error { return b.err }

// Groups is the range of key groups of this task.
func (b *Backend) Groups() Range { return b.options.Groups }

// MaxParallelism is the number of key groups of the job.
func (b *Backend) MaxParallelism() int { return b.options.MaxParallelism }

// Close ends background work; a snapshot in flight fails with ErrClosed. What was not in a completed snapshot is
// lost: by design, a restart begins from a checkpoint. Snapshots that are done keep their files.
func (b *Backend) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	b.worker.close()
	if b.own != nil {
		b.own.Wait()
	}
	return errors.Join(b.leaveBudget(), b.store.close())
}

func (b *Backend) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// refuse notes a fault of a declaration.
func (b *Backend) refuse(err error) {
	if err != nil {
		b.faults = append(b.faults, err)
	}
}

// get looks into the store; see store.get.
func (b *Backend) get(key []byte, f func(val []byte) error) (bool, error) {
	if !b.started {
		return false, ErrNotStarted
	}
	if b.store.db == nil {
		return false, nil
	}
	return b.store.get(key, f)
}

// scanRange looks through a part of the store.
func (b *Backend) scanRange(from, to []byte, f func(key, val []byte) error) error {
	if b.store.db == nil {
		return nil
	}
	return scan(b.store.db, from, to, f)
}

// scan looks through the store; see store.scan.
func (b *Backend) scan(prefix []byte, f func(key, val []byte) error) error {
	if !b.started {
		return ErrNotStarted
	}
	if b.store.db == nil {
		return nil
	}
	return b.store.scan(prefix, f)
}

// revive puts a new store in the place of one that can take no more, such as one whose disk was full at a bad moment.
// All state must be in memory; then all of it is dirty again. Otherwise the task is over and a restart begins from the
// last checkpoint.
func (b *Backend) revive() {
	err := b.store.failure()
	if err == nil {
		return
	}
	for _, s := range b.states {
		if !s.complete || b.options.Budget.bound() {
			b.fail(err)
			return
		}
	}
	b.options.Logger.Warn("state: writing all state anew, the store is broken", slog.Any("error", err))
	if err := b.store.close(); err != nil {
		b.options.Logger.Warn("state: closing a broken store", slog.Any("error", err))
	}
	b.store = newStore(&b.options, b.store.number+1)
	b.known.add(nil)
	for _, t := range b.tables {
		for _, c := range t.columns {
			c.redoAll()
		}
	}
}
