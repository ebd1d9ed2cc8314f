package state_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/state/statetest"
)

// TestSnapshotsBesideARunningTask runs background work on goroutines of its own.
func TestSnapshotsBesideARunningTask(t *testing.T) {
	b := open(t, state.Options{})
	keys := keysOf[int](t, b)
	value := state.NewValue[account](keys.Operator("op"), "v")
	items := state.NewMap[int, int](keys.Operator("op"), "m")
	require.NoError(t, b.Start())
	rng := rand.New(rand.NewPCG(5, 5))
	model := map[int]account{}
	change := func() {
		k := rng.IntN(3000)
		keys.Seek(k)
		if rng.IntN(10) == 0 {
			value.Clear()
			items.Clear()
			delete(model, k)
			return
		}
		v := value.Ref()
		v.N++
		v.Tags = append(v.Tags, int32(k))
		v.Tags[0]++
		items.Set(int(v.N), k)
		model[k] = account{v.N, slices.Clone(v.Tags)}
	}
	for id := range uint64(30) {
		for range 3000 {
			change()
		}
		snap, err := b.Freeze(id, nil)
		require.NoError(t, err)
		want := map[int]account{}
		for k, v := range model {
			want[k] = account{v.N, slices.Clone(v.Tags)}
		}
		for done := false; !done; {
			change()
			select {
			case <-snap.Done():
				done = true
			default:
			}
		}
		require.NoError(t, snap.Err())
		require.NoError(t, b.Err())
		require.Zero(t, requireRestored(t, b, snap, want))
		require.NoError(t, snap.Complete())
	}
}

// requireRestored restores a snapshot on the file system of its backend and compares; it returns the number of timers.
func requireRestored(t *testing.T, from *state.Backend, snap *state.Snapshot, want map[int]account) int {
	t.Helper()
	b := open(t, state.Options{FS: state.FSOf(from), Dir: fmt.Sprint("restored-", snap.ID), Restore: []state.RestorePart{
		{Dir: snap.Dir, Files: snap.Files, Groups: snap.Groups, States: snap.States, Operator: snap.Operator},
	}})
	keys := keysOf[int](t, b)
	value := state.NewValue[account](keys.Operator("op"), "v")
	items := state.NewMap[int, int](keys.Operator("op"), "m")
	timers := state.NewTimers(keys.Operator("op"))
	require.NoError(t, b.Start())
	for k := range 3000 {
		keys.Seek(k)
		got, ok := value.Get()
		require.Equal(t, want[k].N != 0, ok, "key %d", k)
		require.Equal(t, want[k], got, "key %d", k)
		_, ok = items.Get(int(want[k].N))
		require.Equal(t, want[k].N != 0, ok)
	}
	require.NoError(t, b.Err())
	return timers.Len()
}

var errDisk = errors.New("no space left on device")

// failing is a file system whose n-th operation fails, and then all until it is healed.
type failing struct {
	left   atomic.Int64
	broken atomic.Bool
}

func (f *failing) String() string { return "failing" }

func (f *failing) MaybeError(op errorfs.Op) error {
	switch op.Kind {
	case errorfs.OpFileWrite, errorfs.OpCreate, errorfs.OpLink, errorfs.OpMkdirAll, errorfs.OpRename, errorfs.OpFileSync, errorfs.OpFileSyncData:
		if f.left.Add(-1) < 0 {
			f.broken.Store(true)
			return errDisk
		}
	}
	return nil
}

// TestADiskThatFailsAtEveryOperation fails a snapshot at its n-th write to the disk, for every n. The task goes on,
// and once the disk is well the next snapshot has everything.
func TestADiskThatFailsAtEveryOperation(t *testing.T) {
	for _, compact := range []bool{true, false} {
		for n := int64(0); ; n++ {
			f := &failing{}
			if runWithFailure(t, f, n, !compact); !f.broken.Load() {
				require.Greater(t, n, int64(10))
				break
			}
		}
	}
}

func runWithFailure(t *testing.T, f *failing, n int64, disable bool) {
	mem := vfs.NewMem()
	f.left.Store(1 << 40)
	var steps statetest.Steps
	b := open(t, state.Options{FS: errorfs.Wrap(mem, f), Executor: &steps, DisableCompaction: disable})
	keys := keysOf[int](t, b)
	value := state.NewValue[account](keys.Operator("op"), "v")
	items := state.NewMap[int, int](keys.Operator("op"), "m")
	timers := state.NewTimers(keys.Operator("op"))
	require.NoError(t, b.Start())
	want := map[int]account{}
	set := func(from, to int, v int64) {
		for k := from; k < to; k++ {
			keys.Seek(k)
			value.Set(account{N: v})
			items.Set(int(v), k)
			timers.Set(state.EventTime, int64(k), 0)
			want[k] = account{N: v}
		}
	}
	set(0, 50, 1)
	if n%2 == 0 { // one good snapshot before, or none
		s, err := b.Freeze(1, nil)
		require.NoError(t, err)
		steps.Run()
		require.NoError(t, s.Complete())
	}
	set(40, 60, 2)
	f.left.Store(n)
	s, err := b.Freeze(2, nil)
	require.NoError(t, err)
	set(55, 65, 3) // while it runs
	steps.Run()
	if f.broken.Load() {
		require.ErrorContains(t, s.Err(), errDisk.Error())
	} else {
		require.NoError(t, s.Complete())
	}
	f.left.Store(1 << 40)
	set(64, 70, 4)
	keys.Seek(0)
	value.Clear()
	delete(want, 0)
	s, err = b.Freeze(3, nil)
	require.NoError(t, err)
	steps.Run()
	require.NoError(t, s.Err(), "after operation %d failed", n)
	require.Equal(t, 70, timers.Len())
	require.Equal(t, 70, requireRestored(t, b, s, want))
}
