package snapshottest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state/snapshot"
)

// TestStore runs the suite. open returns an empty store each time; it cleans up by t.
func TestStore(t *testing.T, open func(t *testing.T) snapshot.Store) {
	for name, test := range map[string]func(*testing.T, snapshot.Store){
		"files": testFiles, "objects": testObjects, "create": testCreate, "list": testList, "cancelled": testCancelled,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// write makes a local file.
func write(t *testing.T, fs vfs.FS, name string, content []byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	_, err = f.Write(bytes.Clone(content))
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// read returns a local file.
func read(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	require.NoError(t, err)
	var b bytes.Buffer
	_, err = b.ReadFrom(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return b.Bytes()
}

func testFiles(t *testing.T, s snapshot.Store) {
	ctx := t.Context()
	fs := vfs.NewMem()
	for _, size := range []int{0, 1, 100_000, 6 << 20} { // the last one is more than one part
		content := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		write(t, fs, "in", content)
		name := fmt.Sprintf("blobs/%016x-%d-f.sst", size, size)
		require.NoError(t, s.Put(ctx, name, fs, "in"))
		require.NoError(t, s.Get(ctx, name, fs, "out"))
		require.True(t, bytes.Equal(content, read(t, fs, "out")), "%d bytes", size)
		require.NoError(t, fs.Remove("out"))
	}
	name := "blobs/0000000000000001-1-f.sst"
	write(t, fs, "in", []byte("again"))
	require.NoError(t, s.Put(ctx, name, fs, "in"), "a damaged blob is written again")
	require.NoError(t, s.Get(ctx, name, fs, "out"))
	require.Equal(t, "again", string(read(t, fs, "out")))
	require.NoError(t, fs.Remove("out"))
	require.ErrorIs(t, s.Get(ctx, "blobs/none", fs, "out"), snapshot.ErrNotFound)
	require.Error(t, s.Put(ctx, "blobs/0-0-none", fs, "no file"))
	_, err := s.Read(ctx, "blobs/0-0-none")
	require.ErrorIs(t, err, snapshot.ErrNotFound)
}

func testObjects(t *testing.T, s snapshot.Store) {
	ctx := t.Context()
	_, err := s.Read(ctx, "checkpoints/a")
	require.ErrorIs(t, err, snapshot.ErrNotFound)
	for _, content := range []string{"one", "", "three, and longer"} {
		require.NoError(t, s.PutAtomic(ctx, "checkpoints/a", []byte(content)))
		got, err := s.Read(ctx, "checkpoints/a")
		require.NoError(t, err)
		require.Equal(t, content, string(got))
	}
	require.NoError(t, s.Delete(ctx, "checkpoints/a"))
	require.NoError(t, s.Delete(ctx, "checkpoints/a"), "what is not there can be deleted")
	_, err = s.Read(ctx, "checkpoints/a")
	require.ErrorIs(t, err, snapshot.ErrNotFound)
}

func testCreate(t *testing.T, s snapshot.Store) {
	ctx := t.Context()
	const n = 8
	var wins sync.Map
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			wins.Store(i, s.Create(ctx, "owners/1", fmt.Appendf(nil, "process %d", i)))
		})
	}
	all.Wait()
	won := -1
	for i := range n {
		if err, _ := wins.Load(i); err == nil {
			require.Equal(t, -1, won, "of many one creates it")
			won = i
		} else {
			require.ErrorIs(t, err.(error), snapshot.ErrExists)
		}
	}
	got, err := s.Read(ctx, "owners/1")
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("process %d", won), string(got))
}

func testList(t *testing.T, s snapshot.Store) {
	ctx := t.Context()
	none, err := s.List(ctx, "blobs")
	require.NoError(t, err)
	require.Empty(t, none)
	const n = 30
	var want []string
	for i := range n {
		name := fmt.Sprintf("blobs/%016x-0-f", i)
		want = append(want, name)
		require.NoError(t, s.PutAtomic(ctx, name, nil))
	}
	require.NoError(t, s.PutAtomic(ctx, "blobs2/other", nil))
	got, err := s.List(ctx, "blobs")
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func testCancelled(t *testing.T, s snapshot.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fs := vfs.NewMem()
	write(t, fs, "in", []byte("x"))
	require.ErrorIs(t, s.Put(ctx, "blobs/a", fs, "in"), context.Canceled)
	require.ErrorIs(t, s.PutAtomic(ctx, "blobs/a", nil), context.Canceled)
	require.ErrorIs(t, s.Get(ctx, "blobs/a", fs, "out"), context.Canceled)
	_, err := s.List(ctx, "blobs")
	require.ErrorIs(t, err, context.Canceled)
	names, err := s.List(t.Context(), "blobs")
	require.NoError(t, err)
	require.Empty(t, names)
}
