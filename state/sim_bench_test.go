package state_test

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/state/statetest"
)

// BenchmarkSimulation is what a simulated task costs: a small state, snapshots, and restores from them.
func BenchmarkSimulation(b *testing.B) {
	cache := state.NewBlockCache(8 << 20)
	defer cache.Close()
	fs := vfs.NewMem()
	n := 0
	start := func(b *testing.B, steps *statetest.Steps, parts ...state.RestorePart) (*state.Backend, *state.Keys[int], state.Value[profile]) {
		n++
		back, err := state.OpenBackend(state.Options{FS: fs, Dir: fmt.Sprint("task-", n), Executor: steps, DisableCompaction: true, BlockCache: cache, Restore: parts})
		require.NoError(b, err)
		keys, err := state.NewKeys[int](back)
		require.NoError(b, err)
		v := state.NewValue[profile](keys.Operator("op"), "v")
		state.NewTimers(keys.Operator("op"))
		require.NoError(b, back.Start())
		return back, keys, v
	}
	update := func(keys *state.Keys[int], v state.Value[profile]) {
		for k := range 50 {
			keys.Seek(k)
			v.Ref().see(1)
		}
	}
	snapshot := func(b *testing.B, back *state.Backend, steps *statetest.Steps) *state.Snapshot {
		s, err := back.Freeze(1, nil)
		require.NoError(b, err)
		steps.Run()
		require.NoError(b, s.Err())
		return s
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			var steps statetest.Steps
			back, keys, v := start(b, &steps)
			update(keys, v)
			s := snapshot(b, back, &steps)
			require.NoError(b, s.Complete())
			require.NoError(b, back.Close())
		}
	})
	b.Run("next", func(b *testing.B) {
		var steps statetest.Steps
		back, keys, v := start(b, &steps)
		for b.Loop() {
			update(keys, v)
			require.NoError(b, snapshot(b, back, &steps).Complete())
		}
		require.NoError(b, back.Close())
	})
	b.Run("restore", func(b *testing.B) {
		var steps statetest.Steps
		back, keys, v := start(b, &steps)
		update(keys, v)
		s := snapshot(b, back, &steps)
		part := state.RestorePart{Dir: s.Dir, Files: s.Files, Groups: s.Groups, States: s.States}
		for b.Loop() {
			again, _, _ := start(b, &steps, part)
			require.NoError(b, again.Close())
		}
		require.NoError(b, back.Close())
	})
}
