package snapshot_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/state/snapshot"
	"github.com/turgo-io/turgo/state/snapshot/snapshottest"
)

// take freezes a counter and uploads it; write says whether the manifest is written.
func (c *counter) take(t *testing.T, repo *snapshot.Repository, id uint64) (*snapshot.Manifest, *state.Snapshot, error) {
	t.Helper()
	snap, err := c.b.Freeze(id, nil)
	require.NoError(t, err)
	c.steps.Run()
	require.NoError(t, snap.Err())
	task, err := repo.Upload(ctx, c.fs, snap)
	if err != nil {
		repo.Abandon(id)
		require.NoError(t, snap.Release())
		return nil, nil, err
	}
	return &snapshot.Manifest{Job: "test", ID: id, Tasks: []snapshot.Task{task}}, snap, nil
}

// save takes a checkpoint and prunes, as a job does.
func (c *counter) save(t *testing.T, repo *snapshot.Repository, id uint64, keep int) error {
	t.Helper()
	m, snap, err := c.take(t, repo, id)
	if err != nil {
		return err
	}
	if err := repo.Write(ctx, m); err != nil {
		repo.Abandon(id)
		return errors.Join(err, snap.Release())
	}
	require.NoError(t, snap.Complete())
	return repo.Prune(ctx, keep)
}

// whole restores the newest checkpoint of a store and returns it.
func whole(t *testing.T, store snapshot.Store) *snapshot.Manifest {
	t.Helper()
	fs := vfs.NewMem()
	n := 0
	m, err := snapshot.Recover(ctx, store, nil, func(m *snapshot.Manifest) error {
		for _, task := range m.Tasks {
			n++
			if _, err := snapshot.Fetch(ctx, store, task, fs, fmt.Sprint("f", n)); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)
	return m
}

func blobNames(t *testing.T, store snapshot.Store) map[string]bool {
	t.Helper()
	names, err := store.List(ctx, "blobs")
	require.NoError(t, err)
	all := map[string]bool{}
	for _, n := range names {
		all[n] = true
	}
	return all
}

func TestABlobIsUploadedOnce(t *testing.T) {
	fs := vfs.NewMem()
	store := &snapshottest.Faulty{Store: snapshot.NewDir(fs, "store")}
	repo := snapshot.NewRepository(store, snapshot.RepositoryOptions{Exclusive: true})
	c := open(t, fs, "a")
	c.add(0, 5000)
	require.NoError(t, c.save(t, repo, 1, 2))
	before := store.Count("put")
	for id := uint64(2); id < 8; id++ { // nothing changes: only the files that are written to are new
		require.NoError(t, c.save(t, repo, id, 2))
	}
	names := blobNames(t, store)
	tables := 0
	for n := range names {
		if n[len(n)-4:] == ".sst" {
			tables++
		}
	}
	require.Equal(t, 1, tables)
	require.LessOrEqual(t, store.Count("put")-before, 6*3)
}

// TestWhatAnAbandonedCheckpointUploadedGoes: exactly that, while another is still being uploaded.
func TestWhatAnAbandonedCheckpointUploadedGoes(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	repo := snapshot.NewRepository(store, snapshot.RepositoryOptions{})
	c := open(t, fs, "a")
	c.add(0, 100)
	require.NoError(t, c.save(t, repo, 1, 2))
	d := open(t, fs, "b")
	d.add(100, 200)
	under, snapUnder, err := d.take(t, repo, 3) // goes on meanwhile
	require.NoError(t, err)
	c.add(0, 100)
	gone, snapGone, err := c.take(t, repo, 2)
	require.NoError(t, err)
	repo.Abandon(2)
	require.NoError(t, snapGone.Release())
	require.NoError(t, repo.Prune(ctx, 2))
	left := blobNames(t, store)
	for _, f := range under.Tasks[0].Files {
		require.True(t, left[f.Blob])
	}
	for _, f := range gone.Tasks[0].Files {
		if !shared(whole(t, store), f) && !shared(under, f) {
			require.False(t, left[f.Blob], f.Blob)
		}
	}
	require.NoError(t, repo.Write(ctx, under))
	require.NoError(t, snapUnder.Complete())
	require.EqualValues(t, 3, whole(t, store).ID)
}

// TestTwoCheckpointsMayShareABlobWhileOneIsGivenUp: what the other needs stays.
func TestTwoCheckpointsMayShareABlobWhileOneIsGivenUp(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	repo := snapshot.NewRepository(store, snapshot.RepositoryOptions{Exclusive: true, Parallel: 4})
	a, b := open(t, fs, "a"), open(t, fs, "b")
	a.add(0, 100)
	b.add(0, 100) // the same files
	m, snapA, err := a.take(t, repo, 1)
	require.NoError(t, err)
	_, snapB, err := b.take(t, repo, 2)
	require.NoError(t, err)
	repo.Abandon(2)
	require.NoError(t, snapB.Release())
	require.NoError(t, repo.Prune(ctx, 1))
	require.NoError(t, repo.Write(ctx, m))
	require.NoError(t, snapA.Complete())
	require.EqualValues(t, 1, whole(t, store).ID)
	require.NoError(t, repo.Prune(ctx, 1))
	require.EqualValues(t, 1, whole(t, store).ID)
}

// TestEveryFailingRequestLeavesAWholeCheckpoint lets the n-th request fail, before or after it was carried out.
func TestEveryFailingRequestLeavesAWholeCheckpoint(t *testing.T) {
	for _, after := range []bool{false, true} {
		for n := 1; ; n++ {
			fs := vfs.NewMem()
			store := &snapshottest.Faulty{Store: snapshot.NewDir(fs, "store")}
			count := 0
			fault := func(string, string) error {
				if count++; count == n {
					return snapshottest.ErrFault
				}
				return nil
			}
			if after {
				store.After = fault
			} else {
				store.Before = fault
			}
			repo := snapshot.NewRepository(store, snapshot.RepositoryOptions{Exclusive: true})
			c := open(t, fs, "a")
			last := uint64(0)
			for id := uint64(1); id <= 5; id++ {
				c.add(0, 200)
				if err := c.save(t, repo, id, 1); err == nil {
					last = id
				} else {
					require.ErrorIs(t, err, snapshottest.ErrFault)
				}
			}
			m := whole(t, store.Store)
			require.GreaterOrEqual(t, m.ID, uint64(4), "request %d", n)
			used := map[string]bool{}
			for _, f := range m.Tasks[0].Files {
				used[f.Blob] = true
			}
			if m.ID == 5 && last == 5 && count >= n {
				require.Equal(t, used, blobNames(t, store.Store), "request %d: what belongs to nobody is gone, %v", n, after)
			}
			if count < n {
				break
			}
		}
	}
}

// TestAListingThatLagsCostsNoCheckpoint has the store list what was there some changes ago.
func TestAListingThatLagsCostsNoCheckpoint(t *testing.T) {
	lags := []int{5, 1, 30}
	if testing.Short() {
		lags = lags[:1]
	}
	for _, lag := range lags {
		fs := vfs.NewMem()
		store := &snapshottest.Faulty{Store: snapshot.NewDir(fs, "store"), Lag: lag}
		now := int64(0)
		repo := snapshot.NewRepository(store, snapshot.RepositoryOptions{Grace: time.Minute, Now: func() int64 { return now }})
		require.NoError(t, repo.Claim(ctx, "me"))
		c := open(t, fs, "a")
		for id := uint64(1); id <= 80; id++ {
			now += int64(10 * time.Second)
			c.add(0, 30)
			require.NoError(t, c.save(t, repo, id, 3))
		}
		require.EqualValues(t, 80, whole(t, store.Store).ID)
		m, err := repo.Recover(ctx, func(*snapshot.Manifest) error { return nil })
		require.NoError(t, err)
		require.EqualValues(t, 80, m.ID, "the process knows what it wrote, whatever is listed")
		ids, err := snapshot.List(ctx, store.Store)
		require.NoError(t, err)
		require.Equal(t, []uint64{78, 79, 80}, ids)
		for _, id := range ids {
			m, err := snapshot.Read(ctx, store.Store, id)
			require.NoError(t, err)
			require.NoError(t, snapshot.Verify(ctx, store.Store, m, vfs.NewMem(), "v"))
		}
	}
}

// TestOrphansWaitForTheirGrace: what another process has uploaded may be named by a manifest at any moment.
func TestOrphansWaitForTheirGrace(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	other := open(t, fs, "other")
	other.add(0, 50)
	theirs, snap, err := other.take(t, snapshot.NewRepository(store, snapshot.RepositoryOptions{}), 9)
	require.NoError(t, err)
	require.NoError(t, snap.Complete())

	now := int64(0)
	o := snapshot.RepositoryOptions{Grace: time.Minute, Now: func() int64 { return now }}
	repo := snapshot.NewRepository(store, o)
	c := open(t, fs, "a")
	sweeps := func() { // one look for orphans
		for range 64 {
			require.NoError(t, repo.Prune(ctx, 2))
		}
	}
	require.NoError(t, c.save(t, repo, 1, 2))
	now += int64(59 * time.Second)
	sweeps()
	for _, f := range theirs.Tasks[0].Files {
		require.True(t, blobNames(t, store)[f.Blob])
	}
	now += int64(2 * time.Second)
	sweeps()
	for _, f := range theirs.Tasks[0].Files {
		require.False(t, blobNames(t, store)[f.Blob])
	}
	require.EqualValues(t, 1, whole(t, store).ID)
}

func TestTheProcessThatClaimedLastWrites(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	first := snapshot.NewRepository(store, snapshot.RepositoryOptions{})
	require.NoError(t, first.Claim(ctx, "first"))
	a := open(t, fs, "a")
	require.NoError(t, a.save(t, first, 1, 2))
	second := snapshot.NewRepository(store, snapshot.RepositoryOptions{})
	require.NoError(t, second.Claim(ctx, "second"))
	err := a.save(t, first, 2, 2)
	require.ErrorIs(t, err, snapshot.ErrTaken)
	require.ErrorContains(t, err, "second")
	require.ErrorIs(t, first.Prune(ctx, 1), snapshot.ErrTaken)
	b := open(t, fs, "b")
	require.NoError(t, b.save(t, second, 2, 2))
	require.EqualValues(t, 2, whole(t, store).ID)
	owners, err := store.List(ctx, "owners")
	require.NoError(t, err)
	require.Len(t, owners, 1)
}

// TestSavepointsOfAToolAreKept: one that was written beside the running job.
func TestSavepointsOfAToolAreKept(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	repo := snapshot.NewRepository(store, snapshot.RepositoryOptions{Exclusive: true})
	c := open(t, fs, "a")
	c.add(0, 100)
	require.NoError(t, c.save(t, repo, 1, 1))
	m, err := snapshot.Edit(opened(t, store, 1)).Save(ctx, store, 1000)
	require.NoError(t, err)
	for id := uint64(1001); id < 1010; id++ {
		c.add(0, 100)
		require.NoError(t, c.save(t, repo, id, 1))
	}
	ids, err := snapshot.List(ctx, store)
	require.NoError(t, err)
	require.Equal(t, []uint64{1000, 1009}, ids)
	require.NoError(t, snapshot.Verify(ctx, store, m, vfs.NewMem(), "v"))
}
