package snapshot_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state/snapshot"
	"github.com/turgo-io/turgo/state/snapshot/snapshottest"
)

func TestDirIsAStore(t *testing.T) {
	snapshottest.TestStore(t, func(*testing.T) snapshot.Store { return snapshot.NewDir(vfs.NewMem(), "s") })
}

func TestDirOnADiskIsAStore(t *testing.T) {
	snapshottest.TestStore(t, func(t *testing.T) snapshot.Store { return snapshot.NewDir(vfs.Default, t.TempDir()) })
}

func TestRetryIsAStore(t *testing.T) {
	snapshottest.TestStore(t, func(*testing.T) snapshot.Store {
		return snapshot.Retry(snapshot.NewDir(vfs.NewMem(), "s"), snapshot.RetryOptions{})
	})
}

func TestCachedIsAStore(t *testing.T) {
	snapshottest.TestStore(t, func(t *testing.T) snapshot.Store {
		s, err := snapshot.NewCached(snapshot.NewDir(vfs.NewMem(), "s"), vfs.NewMem(), "copies")
		require.NoError(t, err)
		return s
	})
}
