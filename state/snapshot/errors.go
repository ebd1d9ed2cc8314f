package snapshot

import "errors"

var (
	// ErrCorrupt is wrapped by every error about a manifest or a blob that is not what was written. The checkpoint is of
	// no use; the one before may be.
	ErrCorrupt = errors.New("snapshot: corrupt")

	// ErrNotFound is wrapped by the error about a name that a store does not have.
	ErrNotFound = errors.New("snapshot: not found")

	// ErrNone says that a store has no checkpoint.
	ErrNone = errors.New("snapshot: there is no checkpoint")
)
