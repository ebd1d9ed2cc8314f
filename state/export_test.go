package state

import "github.com/cockroachdb/pebble/v2/vfs"

// FSOf is the file system of a backend.
func FSOf(b *Backend) vfs.FS { return b.options.FS }
