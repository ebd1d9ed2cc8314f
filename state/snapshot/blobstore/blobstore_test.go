package blobstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"github.com/turgo-io/turgo/state/snapshot"
	"github.com/turgo-io/turgo/state/snapshot/blobstore"
	"github.com/turgo-io/turgo/state/snapshot/snapshottest"
)

func TestMemory(t *testing.T) {
	snapshottest.TestStore(t, func(t *testing.T) snapshot.Store {
		s := blobstore.New(memblob.OpenBucket(nil), blobstore.Options{})
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		return s
	})
}

func TestAPrefixIsAStoreOfItsOwn(t *testing.T) {
	bucket := memblob.OpenBucket(nil)
	a := blobstore.New(blob.PrefixedBucket(bucket, "a/"), blobstore.Options{})
	require.NoError(t, a.PutAtomic(t.Context(), "checkpoints/1", []byte("x")))
	keys, _, err := bucket.ListPage(t.Context(), blob.FirstPageToken, 10, nil)
	require.Error(t, err, "PrefixedBucket has taken the bucket over")
	require.Empty(t, keys)
	names, err := a.List(t.Context(), "checkpoints")
	require.NoError(t, err)
	require.Equal(t, []string{"checkpoints/1"}, names)
	require.NoError(t, a.Close())
}

func TestURLsThatAreWrong(t *testing.T) {
	for url, want := range map[string]string{
		"mem://":        "is not of the form mem://bucket/prefix",
		"gs://bucket":   "is not of the form mem://bucket/prefix",
		"mem://b\x00/x": "want mem://bucket/prefix",
	} {
		_, err := blobstore.Open(t.Context(), "mem", url, blobstore.Options{})
		require.ErrorContains(t, err, want)
	}
}

// TestAFileThatCannotBeReadLeavesNoObject takes the file away in the middle of its upload.
func TestAFileThatCannotBeReadLeavesNoObject(t *testing.T) {
	s := blobstore.New(memblob.OpenBucket(nil), blobstore.Options{Retry: snapshot.RetryOptions{Tries: 1}})
	fs := vfs.NewMem()
	f, err := fs.Create("in", vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	_, err = f.Write(make([]byte, 1<<20))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.ErrorIs(t, s.Put(t.Context(), "blobs/a", half{fs}, "in"), snapshottest.ErrFault)
	names, err := s.List(t.Context(), "blobs")
	require.NoError(t, err)
	require.Empty(t, names)
	require.NoError(t, s.Close())
}

// half is a file system whose files break off.
type half struct{ vfs.FS }

func (h half) Open(name string, o ...vfs.OpenOption) (vfs.File, error) {
	f, err := h.FS.Open(name, o...)
	return &halfFile{File: f}, err
}

type halfFile struct {
	vfs.File
	n int
}

func (f *halfFile) Read(p []byte) (int, error) {
	if f.n > 1<<19 {
		return 0, snapshottest.ErrFault
	}
	n, err := f.File.Read(p)
	f.n += n
	return n, err
}

func TestClosedStoresSaySo(t *testing.T) {
	waits := 0
	s := blobstore.New(memblob.OpenBucket(nil), blobstore.Options{Retry: snapshot.RetryOptions{
		Tries: 3, Sleep: func(context.Context, time.Duration) error { waits++; return nil },
	}})
	require.NoError(t, s.Close())
	_, err := s.Read(t.Context(), "checkpoints/1")
	require.ErrorContains(t, err, "checkpoints/1")
	require.LessOrEqual(t, waits, 2)
}
