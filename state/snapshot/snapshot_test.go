package snapshot_test

import (
	"context"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/state/snapshot"
	"github.com/turgo-io/turgo/state/statetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

// counter is a task with one value per key.
type counter struct {
	b     *state.Backend
	keys  *state.Keys[int]
	n     state.Value[int64]
	steps *statetest.Steps
	fs    vfs.FS
}

func open(t testing.TB, fs vfs.FS, dir string, restore ...state.RestorePart) *counter {
	t.Helper()
	c := &counter{steps: &statetest.Steps{}, fs: fs}
	var err error
	c.b, err = state.OpenBackend(state.Options{FS: fs, Dir: dir, Executor: c.steps, DisableCompaction: true, Restore: restore})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.b.Close()) })
	c.keys, err = state.NewKeys[int](c.b)
	require.NoError(t, err)
	c.n = state.NewValue[int64](c.keys.Operator("count"), "n")
	require.NoError(t, c.b.Start())
	return c
}

func (c *counter) add(from, to int) {
	for k := from; k < to; k++ {
		c.keys.Seek(k)
		*c.n.Ref() += int64(k)
	}
}

func (c *counter) get(k int) int64 {
	c.keys.Seek(k)
	n, _ := c.n.Get()
	return n
}

// checkpoint takes checkpoint id of the one task into store.
func (c *counter) checkpoint(t testing.TB, store snapshot.Store, id uint64) *snapshot.Manifest {
	t.Helper()
	snap, err := c.b.Freeze(id, nil)
	require.NoError(t, err)
	c.steps.Run()
	require.NoError(t, snap.Err())
	repo := snapshot.NewRepository(store, snapshot.RepositoryOptions{})
	task, err := repo.Upload(ctx, c.fs, snap)
	require.NoError(t, err)
	m := &snapshot.Manifest{Job: "test", ID: id, Time: 17, Tasks: []snapshot.Task{task}}
	require.NoError(t, repo.Write(ctx, m))
	require.NoError(t, snap.Complete())
	return m
}

func TestRoundTrip(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	c := open(t, fs, "a")
	c.add(0, 1000)
	c.checkpoint(t, store, 1)
	c.add(0, 10)
	written := c.checkpoint(t, store, 2)

	m, err := snapshot.Latest(ctx, store)
	require.NoError(t, err)
	require.Equal(t, written, m)
	require.Positive(t, m.Bytes())
	require.NoError(t, snapshot.Verify(ctx, store, m, fs, "verify"))
	part, err := snapshot.Fetch(ctx, store, m.Tasks[0], fs, "fetched")
	require.NoError(t, err)
	r := open(t, fs, "b", part)
	require.EqualValues(t, 18, r.get(9))
	require.EqualValues(t, 999, r.get(999))
	require.Zero(t, r.get(1000))
}

func TestOnlyNewTablesAreUploaded(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	c := open(t, fs, "a")
	c.add(0, 20_000)
	first := c.checkpoint(t, store, 1)
	c.add(0, 200)
	snap, err := c.b.Freeze(2, nil)
	require.NoError(t, err)
	c.steps.Run()
	fresh := int64(0)
	for _, f := range snap.Files {
		if f.New {
			fresh += f.Bytes
		}
	}
	require.Less(t, fresh, first.Bytes()/10)
	require.NoError(t, snap.Release())
}

func TestManifestDetectsEveryFlippedBit(t *testing.T) {
	fs := vfs.NewMem()
	c := open(t, fs, "a")
	c.add(0, 10)
	content, err := c.checkpoint(t, snapshot.NewDir(fs, "store"), 3).Encode()
	require.NoError(t, err)
	_, err = snapshot.Decode(content)
	require.NoError(t, err)
	for bit := range len(content) * 8 {
		content[bit/8] ^= 1 << (bit % 8)
		_, err := snapshot.Decode(content)
		require.ErrorIs(t, err, snapshot.ErrCorrupt, "bit %d", bit)
		content[bit/8] ^= 1 << (bit % 8)
	}
	for n := range content {
		_, err := snapshot.Decode(content[:n])
		require.ErrorIs(t, err, snapshot.ErrCorrupt, "%d bytes", n)
	}
}

func shared(m *snapshot.Manifest, blob snapshot.Blob) bool {
	for _, f := range m.Tasks[0].Files {
		if f.Blob == blob.Blob {
			return true
		}
	}
	return false
}

// flip changes a bit of a file that other files are not linked to.
func flip(t *testing.T, fs vfs.FS, name string, at int64, bit byte) {
	f, err := fs.Open(name)
	require.NoError(t, err)
	content, err := io.ReadAll(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	content[at] ^= bit
	require.NoError(t, fs.Remove(name))
	w, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	_, err = w.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
}

func TestAMissingBlobIsNoCheckpoint(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	c := open(t, fs, "a")
	c.add(0, 100)
	m := c.checkpoint(t, store, 1)
	require.NoError(t, store.Delete(ctx, m.Tasks[0].Files[0].Blob))
	_, err := snapshot.Recover(ctx, store, nil, func(m *snapshot.Manifest) error {
		_, err := snapshot.Fetch(ctx, store, m.Tasks[0], fs, "fetched")
		return err
	})
	require.ErrorIs(t, err, snapshot.ErrNotFound)
	require.ErrorContains(t, err, "no checkpoint can be used")
	_, err = snapshot.Latest(ctx, snapshot.NewDir(fs, "empty"))
	require.ErrorIs(t, err, snapshot.ErrNone)
}

func TestRecoverStopsAtErrorsThatMayPass(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	c := open(t, fs, "a")
	c.checkpoint(t, store, 1)
	c.checkpoint(t, store, 2)
	tried := 0
	_, err := snapshot.Recover(ctx, store, nil, func(*snapshot.Manifest) error { tried++; return io.ErrUnexpectedEOF })
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, 1, tried, "falling back would lose what the newest checkpoint has")
}

func TestPrune(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	c := open(t, fs, "a")
	var kept *snapshot.Manifest
	for id := uint64(1); id <= 6; id++ {
		c.add(int(id)*100, int(id)*100+100)
		m := c.checkpoint(t, store, id)
		if id == 2 {
			m.Savepoint = true
			require.NoError(t, snapshot.Write(ctx, store, m))
			kept = m
		}
	}
	require.NoError(t, store.PutAtomic(ctx, "blobs/orphan", nil))
	require.NoError(t, store.PutAtomic(ctx, "checkpoints/00000000000000000006.manifest-9.tmp", nil))
	require.NoError(t, store.PutAtomic(ctx, "checkpoints/00000000000000000003.manifest", []byte("no manifest")))
	require.NoError(t, snapshot.NewRepository(store, snapshot.RepositoryOptions{Exclusive: true}).Prune(ctx, 2))
	ids, err := snapshot.List(ctx, store)
	require.NoError(t, err)
	require.Equal(t, []uint64{2, 5, 6}, ids)
	names, err := store.List(ctx, "checkpoints")
	require.NoError(t, err)
	require.Len(t, names, 3)
	used := map[string]bool{}
	for _, id := range ids {
		m, err := snapshot.Read(ctx, store, id)
		require.NoError(t, err)
		require.NoError(t, snapshot.Verify(ctx, store, m, fs, "verify"))
		for _, f := range m.Tasks[0].Files {
			used[f.Blob] = true
		}
	}
	require.True(t, used[kept.Tasks[0].Files[0].Blob])
	blobs, err := store.List(ctx, "blobs")
	require.NoError(t, err)
	require.Len(t, blobs, len(used))
}

// TestWhatWriteReturnedSurvivesEveryCrash cuts the power with nothing, a part or all of what is unsynced written.
func TestWhatWriteReturnedSurvivesEveryCrash(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 12
	}
	for seed := range seeds {
		fs := vfs.NewCrashableMem()
		store := snapshot.NewDir(fs, "deep/er/store")
		local := vfs.NewMem()
		if seed%2 == 0 {
			local = fs // linked
		}
		c := open(t, local, "a")
		for id := uint64(1); id < 4; id++ {
			c.add(0, 100)
			c.checkpoint(t, store, id)
			crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: int(seed % 3 * 50), RNG: rand.New(rand.NewPCG(seed, id))})
			m, err := snapshot.Latest(ctx, snapshot.NewDir(crashed, "deep/er/store"))
			require.NoError(t, err, "seed %d", seed)
			require.Equal(t, id, m.ID)
			part, err := snapshot.Fetch(ctx, snapshot.NewDir(crashed, "deep/er/store"), m.Tasks[0], crashed, "fetched")
			require.NoError(t, err, "seed %d", seed)
			r := open(t, crashed, "restored", part)
			require.EqualValues(t, 50*int(id), r.get(50))
		}
	}
}

func TestDirListsNothingOfAFolderThatIsNotThere(t *testing.T) {
	store := snapshot.NewDir(vfs.NewMem(), "s")
	names, err := store.List(ctx, "blobs")
	require.NoError(t, err)
	require.Empty(t, names)
	_, err = store.Read(ctx, "x/y")
	require.ErrorIs(t, err, snapshot.ErrNotFound)
	require.NoError(t, store.Delete(ctx, "x/y"))
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, store.PutAtomic(cancelled, "x/y", nil), context.Canceled)
}

// FuzzDecode gives manifests with a right checksum, which a fuzzer would not find, and any bytes.
func FuzzDecode(f *testing.F) {
	m := &snapshot.Manifest{Job: "j", ID: 1, Tasks: []snapshot.Task{{Name: "t", Files: []snapshot.Blob{{Name: "f", Blob: "blobs/0000000000000007-3-f", Bytes: 3, Sum: 7}}}}}
	content, err := m.Encode()
	require.NoError(f, err)
	schema, value, err := snapshot.OpenManifest(content)
	require.NoError(f, err)
	f.Add(string(schema), value)
	f.Add("{ID uint8;Tasks []{Files []{Blob bytes}};Old map[string]*@0}", []byte{1, 2, 2, 3, 'a', 'b', 0})
	f.Fuzz(func(t *testing.T, schema string, value []byte) {
		_, err := snapshot.Decode(value)
		require.Error(t, err)
		m, err := snapshot.Decode(snapshot.Seal(schema, value))
		if err != nil {
			return
		}
		again, err := m.Encode()
		require.NoError(t, err)
		_, err = snapshot.Decode(again)
		require.NoError(t, err)
	})
}

func TestAnOlderManifestCanBeRead(t *testing.T) {
	m, err := snapshot.Decode(snapshot.Seal("{ID uint8;Tasks []{Name string};Dropped []string}", []byte{7, 2, 3, 'a', 'b', 2, 2, 'x'}))
	require.NoError(t, err)
	require.EqualValues(t, 7, m.ID)
	require.Equal(t, "ab", m.Tasks[0].Name)
}
