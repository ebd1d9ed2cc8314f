package snapshot

import (
	"context"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Store keeps checkpoints. Names are relative, of parts separated by '/'. All methods may block, may be called by many
// goroutines, and after an error may be called again. A Store is what another kind of storage implements: a directory
// (Dir) and object stores (package blobstore) do, Retry and Cached wrap one. Package snapshottest holds it to all this.
type Store interface {
	// Put stores the content of a local file under name. What is there already under that name is replaced: it is the
	// same, or it was damaged, and a job that has passed over the damaged checkpoint writes it again. It is durable at
	// the latest when the next PutAtomic or Create returns. After an error nothing or all of it is there.
	Put(ctx context.Context, name string, fs vfs.FS, path string) error
	// Get brings the content of name into a new local file, or returns an error that wraps ErrNotFound. The file need
	// not survive a crash. It may be shared with the store, so it must not be written to.
	Get(ctx context.Context, name string, fs vfs.FS, path string) error
	// PutAtomic stores a small object, replacing what was there. When it returns, the object and all that was put
	// before are durable; after a crash the object is there as a whole or as it was before.
	PutAtomic(ctx context.Context, name string, content []byte) error
	// Create is PutAtomic for a name that must be new: of several callers one succeeds, the others get an error that
	// wraps ErrExists.
	Create(ctx context.Context, name string, content []byte) error
	// Read returns a small object, or an error that wraps ErrNotFound.
	Read(ctx context.Context, name string) ([]byte, error)
	// List returns the names in a folder, sorted; none if the folder is not there. It may not show yet, or still show,
	// what changed shortly before.
	List(ctx context.Context, folder string) ([]string, error)
	// Delete removes a name. One that is not there is no error.
	Delete(ctx context.Context, name string) error
}
