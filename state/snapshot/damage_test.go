package snapshot_test

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state/snapshot"
)

var flips = flag.Int("flips", 1500, "single bits to flip in TestEverySingleBitFlipIsDetected; 10000 is the long form")

// TestEverySingleBitFlipIsDetected flips bits of the newest checkpoint's manifest and files, one at a time, anywhere in
// them, and restores: each is detected, and the checkpoint before is used. A file that both checkpoints have is damage to
// both: then nothing is restored, with an error that says so.
func TestEverySingleBitFlipIsDetected(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	repo := snapshot.NewRepository(store, snapshot.RepositoryOptions{Exclusive: true})
	c := open(t, fs, "a")
	c.add(0, 3000)
	require.NoError(t, c.save(t, repo, 1, 2))
	c.add(0, 1500)
	require.NoError(t, c.save(t, repo, 2, 2))
	first, err := snapshot.Read(ctx, store, 1)
	require.NoError(t, err)
	newest := whole(t, store)
	require.EqualValues(t, 2, newest.ID)

	names := []string{"checkpoints/00000000000000000002.manifest"}
	both := map[string]bool{}
	for _, f := range newest.Tasks[0].Files {
		if f.Bytes > 0 {
			names, both[f.Blob] = append(names, f.Blob), shared(first, f)
		}
	}
	rng := rand.New(rand.NewPCG(7, 11))
	fellBack, lost := 0, 0
	count := *flips
	if testing.Short() {
		count /= 5
	}
	for i := range count {
		name := names[i%len(names)]
		info, err := fs.Stat("store/" + name)
		require.NoError(t, err)
		at, bit := rng.Int64N(info.Size()), byte(1)<<rng.IntN(8)
		flip(t, fs, "store/"+name, at, bit)
		local := vfs.NewMem()
		used, err := snapshot.Recover(ctx, store, nil, func(m *snapshot.Manifest) error {
			_, err := snapshot.Fetch(ctx, store, m.Tasks[0], local, fmt.Sprint("fetched-", m.ID))
			return err
		})
		if both[name] {
			lost++
			require.ErrorIs(t, err, snapshot.ErrCorrupt, "%s byte %d", name, at)
		} else {
			fellBack++
			require.NoError(t, err, "%s byte %d", name, at)
			require.EqualValues(t, 1, used.ID, "%s byte %d", name, at)
		}
		flip(t, fs, "store/"+name, at, bit)
	}
	require.Positive(t, fellBack)
	t.Logf("%d flips: %d times the checkpoint before was used, %d times both were damaged and it was said", count, fellBack, lost)
}

// FuzzFile changes a file of a checkpoint at will: it is used only if it is what was written.
func FuzzFile(f *testing.F) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	c := open(f, fs, "a")
	c.add(0, 50)
	m := c.checkpoint(f, store, 1)
	contents := map[string][]byte{}
	for i, b := range m.Tasks[0].Files {
		file, err := fs.Open("store/" + b.Blob)
		require.NoError(f, err)
		contents[b.Blob], err = io.ReadAll(file)
		require.NoError(f, err)
		require.NoError(f, file.Close())
		f.Add(uint8(i), contents[b.Blob])
	}
	f.Add(uint8(0), []byte{})
	f.Fuzz(func(t *testing.T, which uint8, content []byte) {
		b := m.Tasks[0].Files[int(which)%len(m.Tasks[0].Files)]
		own := vfs.NewMem()
		damaged := snapshot.NewDir(own, "store")
		for name, original := range contents {
			if name == b.Blob {
				original = content
			}
			require.NoError(t, damaged.PutAtomic(ctx, name, original))
		}
		_, err := snapshot.Fetch(ctx, damaged, m.Tasks[0], own, "fetched")
		if string(content) == string(contents[b.Blob]) {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, snapshot.ErrCorrupt)
		}
	})
}

// FuzzNames gives manifests whose files and blobs have any names: none leads out of the store or of a task's directory.
func FuzzNames(f *testing.F) {
	f.Add("000001.sst", "blobs/0000000000000007-3-000001.sst")
	f.Add("../../etc/passwd", "blobs/../../x")
	f.Add("..", "blobs/0000000000000007-3-..")
	f.Add("a", "blobs/0000000000000007-3-../../x")
	f.Fuzz(func(t *testing.T, name, blob string) {
		m := &snapshot.Manifest{Job: "j", ID: 1, Tasks: []snapshot.Task{{Files: []snapshot.Blob{{Name: name, Blob: blob, Bytes: 3, Sum: 7}}}}}
		content, err := m.Encode()
		require.NoError(t, err)
		got, err := snapshot.Decode(content)
		if err != nil {
			require.ErrorIs(t, err, snapshot.ErrCorrupt)
			return
		}
		require.NotContains(t, got.Tasks[0].Files[0].Name, "/")
		require.NotContains(t, got.Tasks[0].Files[0].Blob[len("blobs/"):], "/")
		require.NotContains(t, got.Tasks[0].Files[0].Blob[len("blobs/"):], "\\")
	})
}
