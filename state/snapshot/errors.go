package snapshot

import "errors"

var (
	// ErrCorrupt is wrapped by every error about a manifest or a blob that is not what was written. The checkpoint is of
	// no use; the one before may be.
	ErrCorrupt = errors.New("snapshot: corrupt")

	// ErrNotFound is wrapped by the error about a name that a store does not have.
	ErrNotFound = errors.New("snapshot: not found")

	// ErrExists is wrapped by the error of Store.Create about a name that is taken.
	ErrExists = errors.New("snapshot: exists already")

	// ErrRefused is wrapped by errors of a store that trying again cannot mend: no permission, no such bucket, a name
	// that the store does not take.
	ErrRefused = errors.New("snapshot: the store refuses")

	// ErrTaken says that another process writes this job's checkpoints now. This one must stop: what it did since its
	// last checkpoint, the other does again.
	ErrTaken = errors.New("snapshot: another process has taken over this job's checkpoints")

	// ErrNone says that a store has no checkpoint.
	ErrNone = errors.New("snapshot: there is no checkpoint")

	// ErrUncertain is wrapped by the error of a manifest's writing that has failed and may have taken effect all the
	// same: nobody may act as if there were no such checkpoint, nor as if there were one. Write it again.
	ErrUncertain = errors.New("snapshot: nobody knows whether the manifest was written")
)
