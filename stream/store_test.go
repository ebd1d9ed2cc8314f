package stream_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/state/snapshot"
	"github.com/turgo-io/turgo/state/snapshot/snapshottest"
	"github.com/turgo-io/turgo/stream"
)

// onStore runs a job that counts numbers by key with its checkpoints in store and its local files on fs.
func onStore(t *testing.T, store snapshot.Store, fs vfs.FS, limit int) map[int]int64 {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	in := count{n: limit, splits: 2}
	if limit < resumeSize {
		in.idle = cancel
	}
	out := memory.Collect[stream.KV[int, int64]]()
	job := stream.NewJob("counted", stream.Logger(nil), stream.CheckpointStore(store), stream.FileSystem(fs), stream.Parallelism(2))
	stream.From(job, in).KeyBy(func(v int) int { return v % 20 }).Count().To(out)
	require.NoError(t, soon(t, ctx, job))
	counts := map[int]int64{}
	for _, kv := range out.Values() {
		counts[kv.Key] = max(counts[kv.Key], kv.Value)
	}
	return counts
}

// TestAJobGoesOnFromAStore moves from machine to machine: what is local is lost, or is there again.
func TestAJobGoesOnFromAStore(t *testing.T) {
	store := &snapshottest.Faulty{Store: snapshot.NewDir(vfs.NewMem(), "bucket")}
	first := vfs.NewMem()
	onStore(t, store, first, 1000)
	gets := store.Count("get")
	require.Zero(t, gets)
	require.Positive(t, store.Uploaded())

	onStore(t, store, first, 2000)
	require.Equal(t, gets, store.Count("get"), "the files are still on the local disk")

	counts := onStore(t, store, vfs.NewMem(), resumeSize)
	require.Greater(t, store.Count("get"), gets, "another machine must fetch them")
	for key, n := range counts {
		require.EqualValues(t, resumeSize/20, n, "key %d", key)
	}
	owners, err := store.List(t.Context(), "owners")
	require.NoError(t, err)
	require.Len(t, owners, 1)
	require.True(t, strings.HasSuffix(owners[0], "3"), "the third run has claimed it: %s", owners[0])
}

// TestADamagedLocalCopyIsFetchedAgain flips a bit in every copy.
func TestADamagedLocalCopyIsFetchedAgain(t *testing.T) {
	store := &snapshottest.Faulty{Store: snapshot.NewDir(vfs.NewMem(), "bucket")}
	local := vfs.NewMem()
	onStore(t, store, local, 1000)
	names, err := local.List("state/copies")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		damage(t, local, local.PathJoin("state/copies", name))
	}
	counts := onStore(t, store, local, resumeSize)
	require.Equal(t, len(names), store.Count("get"))
	for key, n := range counts {
		require.EqualValues(t, resumeSize/20, n, "key %d", key)
	}
}

// damage flips a bit in the middle of a file; others that are linked to it are spared.
func damage(t *testing.T, fs vfs.FS, name string) {
	t.Helper()
	info, err := fs.Stat(name)
	require.NoError(t, err)
	content := make([]byte, info.Size())
	f, err := fs.Open(name)
	require.NoError(t, err)
	_, err = io.ReadFull(f, content)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	if len(content) == 0 {
		content = []byte{0} // it grows instead
	}
	content[len(content)/2] ^= 4
	require.NoError(t, fs.Remove(name))
	w, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	_, err = w.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
}
