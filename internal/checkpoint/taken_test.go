package checkpoint_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/checkpoint"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state/snapshot"
)

// TestOfTwoProcessesOnOneStoreTheLaterWrites: what the earlier one saves is refused for good.
func TestOfTwoProcessesOnOneStoreTheLaterWrites(t *testing.T) {
	remote := snapshot.NewDir(vfs.NewMem(), "bucket")
	open := func() *checkpoint.Store {
		s, err := checkpoint.OpenStore(checkpoint.StoreOptions{
			FS: vfs.NewMem(), Dir: "local", Remote: remote, Plan: &graph.Plan{Job: "j"}, Retain: 1, Clock: operator.SystemClock{},
		})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		return s
	}
	first, second := open(), open()
	require.NoError(t, second.Save(1, nil))
	err := first.Save(2, nil)
	require.ErrorIs(t, err, snapshot.ErrTaken)
	require.True(t, operator.IsPermanent(err), "the attempt ends")
	r, err := second.Latest()
	require.NoError(t, err)
	require.EqualValues(t, 1, r.Number)
}
