package state

import "errors"

var (
	// ErrSnapshotInFlight is returned by Freeze while the snapshot before it is not finished.
	ErrSnapshotInFlight = errors.New("state: a snapshot is still in flight; wait until it is done, then freeze again")

	// ErrAborted is the error of a snapshot that was aborted.
	ErrAborted = errors.New("state: the snapshot was aborted")

	// ErrClosed is returned by a backend after Close.
	ErrClosed = errors.New("state: the backend is closed")

	// ErrNoKey says that a keyed handle or a keyed timer was used while no key was current.
	ErrNoKey = errors.New("state: no current key; keyed state can be used while a record or a timer of a keyed operator is processed")

	// ErrForeignKey says that a key came to a task that does not own its key group: sender and state disagree.
	ErrForeignKey = errors.New("state: the key belongs to a key group of another subtask; use the same key, hash and max parallelism for the exchange and the state")

	// ErrNotStarted says that a restored backend was used before Start.
	ErrNotStarted = errors.New("state: the backend is not started; call Start once all handles are made")

	// ErrStarted says that a handle was asked for after Start.
	ErrStarted = errors.New("state: states must be declared in Open, before the first record")

	// ErrCorrupt is wrapped by every error about bytes that cannot be what was written.
	ErrCorrupt = errors.New("state: corrupt bytes")

	// ErrIncompatible is wrapped by every error about a stored schema that the program's type cannot read.
	ErrIncompatible = errors.New("state: stored state does not fit the program")

	// ErrUnsupported is wrapped by every error about a Go type that has no codec.
	ErrUnsupported = errors.New("state: unsupported type")
)
