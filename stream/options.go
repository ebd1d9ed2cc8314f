package stream

import (
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state/snapshot"
)

// Option sets something about a job.
type Option func(*settings)

// settings of a job. Every zero value has a default.
type settings struct {
	parallelism     int
	maxParallelism  int
	stateDir        string
	fs              vfs.FS
	store           snapshot.Store
	clock           operator.Clock
	log             *slog.Logger
	every           time.Duration
	pause           time.Duration
	timeout         time.Duration
	drain           time.Duration
	unaligned       bool
	alignFor        time.Duration
	tolerable       int
	retain          int
	restart         RestartStrategy
	batch           int
	slots           int
	budget          int64
	noChaining      bool
	allowNonRestore bool
}

// Parallelism sets how many subtasks an operator has that says nothing itself. The default is
// GOMAXPROCS. Work that does not need several cores is fastest with 1: exchanges become direct calls.
func Parallelism(n int) Option { return func(s *settings) { s.parallelism = n } }

// MaxParallelism sets the number of key groups (128): the most subtasks that keyed state can ever be
// spread over. It is part of the state: a job that is restored keeps it.
func MaxParallelism(n int) Option { return func(s *settings) { s.maxParallelism = n } }

// StateDir keeps checkpoints in a directory, so that a job that is run again with the same directory
// goes on where it stopped. Without it state and checkpoints live in memory, and only restarts
// within the process find them.
func StateDir(dir string) Option { return func(s *settings) { s.stateDir = dir } }

// CheckpointStore keeps checkpoints in a store of the caller's instead of StateDir: a bucket, by the packages of
// state/snapshot/blobstore. StateDir then is for what a machine can lose: running state, and copies of what is in the
// store, so that a restart on the same machine fetches only what it lacks. Of two processes that run the same job by
// mistake, the one that started last goes on; the other's checkpoints fail. The caller closes the store after Run.
func CheckpointStore(store snapshot.Store) Option { return func(s *settings) { s.store = store } }

// FileSystem sets the file system that StateDir is on. The default is the machine's.
func FileSystem(fs vfs.FS) Option { return func(s *settings) { s.fs = fs } }

// CheckpointEvery takes a checkpoint each d. Without it there is only the last one, when the job ends
// or is cancelled; two-phase sinks commit nothing before that.
func CheckpointEvery(d time.Duration) Option { return func(s *settings) { s.every = d } }

// CheckpointPause sets the least time between the end of a checkpoint and the start of the next.
func CheckpointPause(d time.Duration) Option { return func(s *settings) { s.pause = d } }

// CheckpointTimeout gives a checkpoint up that takes longer (10 min).
func CheckpointTimeout(d time.Duration) Option { return func(s *settings) { s.timeout = d } }

// UnalignedAfter lets a checkpoint that is not complete after d go on without waiting for the records that are on their
// way between tasks: it stores them, and a restore hands them on first. A slow sink then delays no checkpoint, at the
// price of their bytes; 0 never waits. Broadcast streams, those dealt out by Partition, and records of types that state
// cannot hold are waited for as ever. What was stored is read by later versions of the record's type as state is.
func UnalignedAfter(d time.Duration) Option {
	return func(s *settings) { s.unaligned, s.alignFor = true, d }
}

// DrainTimeout sets how long a cancelled job may take for its last checkpoint (1 min). Then it stops with an error;
// a later run goes on from the checkpoint before.
func DrainTimeout(d time.Duration) Option { return func(s *settings) { s.drain = d } }

// TolerateFailedCheckpoints ends the attempt after more than n failed checkpoints in a row. The
// default is to go on whatever their number: each failure is logged and counted.
func TolerateFailedCheckpoints(n int) Option { return func(s *settings) { s.tolerable = n } }

// RetainCheckpoints keeps the newest n checkpoints (3). At least 2 let a damaged one be passed over.
func RetainCheckpoints(n int) Option { return func(s *settings) { s.retain = n } }

// Restart sets what happens when a task fails. The default is NoRestart.
func Restart(r RestartStrategy) Option { return func(s *settings) { s.restart = r } }

// Logger sets where the job logs. The default is slog.Default; nil is silence.
func Logger(l *slog.Logger) Option {
	return func(s *settings) {
		if l == nil {
			l = slog.New(slog.DiscardHandler)
		}
		s.log = l
	}
}

// Clock sets the processing time of the job. The default is the machine's.
func Clock(c operator.Clock) Option { return func(s *settings) { s.clock = c } }

// BatchSize sets how many records an exchange gathers (256). Smaller lowers the tail of latency under
// load, larger raises throughput a little; at low load it does not matter.
func BatchSize(n int) Option { return func(s *settings) { s.batch = n } }

// ExchangeSlots sets how many batches wait between two subtasks at most (8).
func ExchangeSlots(n int) Option { return func(s *settings) { s.slots = n } }

// MemoryBudget bounds the memory of the job's state, all tasks together, to about that many bytes. Keys that were not
// used for a while, and timers that are far, then lie in files under StateDir, so state can be many times larger than
// memory; a job without StateDir has nowhere to put them but memory. Give the process a memory limit (GOMEMLIMIT) of
// about 1.2 times the budget and what else it needs. Without the option all state stays in memory, which is fastest.
func MemoryBudget(bytes int64) Option { return func(s *settings) { s.budget = bytes } }

// NoChaining runs every operator as a task of its own: slower, and sometimes easier to watch.
func NoChaining() Option { return func(s *settings) { s.noChaining = true } }

// AllowNonRestoredState lets a checkpoint be restored that holds state of operators which the job no
// longer has. Without it that is an error, since such state would be lost with the next checkpoint.
func AllowNonRestoredState() Option { return func(s *settings) { s.allowNonRestore = true } }
