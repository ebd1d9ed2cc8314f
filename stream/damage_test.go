package stream_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/state/snapshot"
	"github.com/turgo-io/turgo/stream"
)

// counted is a job that counts numbers by key; it gives those below limit and waits, or all and ends.
func counted(t *testing.T, dir string, limit int, log *journal) (counts map[int]int64, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	in := count{n: limit, splits: 2}
	if limit < resumeSize {
		in.idle = cancel
	}
	out := memory.Collect[stream.KV[int, int64]]()
	job := stream.NewJob("counted", log.option(), stream.StateDir(dir), stream.Parallelism(1), stream.RetainCheckpoints(2))
	stream.From(job, in).KeyBy(func(v int) int { return v % 20 }).Count().To(out)
	err = soon(t, ctx, job)
	counts = map[int]int64{}
	for _, kv := range out.Values() {
		counts[kv.Key] = max(counts[kv.Key], kv.Value)
	}
	return counts, err
}

// twoCheckpoints leaves a directory with two checkpoints.
func twoCheckpoints(t *testing.T) (dir string) {
	dir = t.TempDir()
	for _, limit := range []int{1000, 2000} {
		_, err := counted(t, dir, limit, &journal{})
		require.NoError(t, err)
	}
	return dir
}

func files(t *testing.T, dir string) (all []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			all = append(all, p)
		}
		return err
	}))
	return all
}

// newest are the files of the newest checkpoint that the one before does not have: names below dir.
func newest(t *testing.T, dir string) (all []string) {
	t.Helper()
	store := snapshot.NewDir(vfs.Default, dir)
	ids, err := snapshot.List(t.Context(), store)
	require.NoError(t, err)
	require.Len(t, ids, 2)
	blobs := map[string]bool{}
	for i, id := range ids {
		m, err := snapshot.Read(t.Context(), store, id)
		require.NoError(t, err)
		for _, task := range m.Tasks {
			for _, f := range task.Files {
				if i == 1 && !blobs[f.Blob] {
					all = append(all, f.Blob)
				}
				blobs[f.Blob] = true
			}
		}
	}
	return append(all, fmt.Sprintf("checkpoints/%020d.manifest", ids[1]))
}

// goesOn runs the rest of the job over a damaged copy of a directory: the answer is exact, and the log says what was
// passed over.
func goesOn(t *testing.T, dir string, damage func(copied string)) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "state")
	require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
	damage(copied)
	log := &journal{}
	counts, err := counted(t, copied, resumeSize, log)
	require.NoError(t, err)
	for k := range 20 {
		require.Equal(t, int64(resumeSize/20), counts[k], "key %d", k)
	}
	counts, err = counted(t, copied, resumeSize, log) // and what it wrote is whole
	require.NoError(t, err)
	require.Empty(t, counts)
	return log.String()
}

// One flipped bit anywhere in the newest checkpoint has the one before it used.
func TestFlippedBit(t *testing.T) {
	dir := twoCheckpoints(t)
	damaged := newest(t, dir)
	require.NotEmpty(t, damaged)
	for _, name := range damaged {
		content, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		offsets := []int{0, 1, len(content) / 3, len(content) / 2, len(content) - 9, len(content) - 1}
		for i := 7; i < len(content); i += 1 + len(content)/5 {
			offsets = append(offsets, i)
		}
		for _, at := range offsets {
			if at < 0 || at >= len(content) {
				continue
			}
			log := goesOn(t, dir, func(copied string) {
				flipped := slices.Clone(content)
				flipped[at] ^= 1 << (at % 8)
				require.NoError(t, os.WriteFile(filepath.Join(copied, name), flipped, 0o644))
			})
			require.Contains(t, log, "cannot be used; trying the one before", "%s at %d", name, at)
			require.Contains(t, log, "corrupt")
		}
	}
}

func TestOtherDamage(t *testing.T) {
	dir := twoCheckpoints(t)
	for _, name := range newest(t, dir) {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		t.Run("deleted "+name, func(t *testing.T) {
			goesOn(t, dir, func(copied string) { require.NoError(t, os.Remove(filepath.Join(copied, name))) })
		})
		if info.Size() == 0 {
			continue // nothing can be cut off
		}
		t.Run("truncated "+name, func(t *testing.T) {
			require.Contains(t, goesOn(t, dir, func(copied string) {
				require.NoError(t, os.Truncate(filepath.Join(copied, name), info.Size()-1))
			}), "corrupt")
		})
		t.Run("emptied "+name, func(t *testing.T) {
			require.Contains(t, goesOn(t, dir, func(copied string) {
				require.NoError(t, os.Truncate(filepath.Join(copied, name), 0))
			}), "corrupt")
		})
	}
	t.Run("garbage beside", func(t *testing.T) {
		log := goesOn(t, dir, func(copied string) {
			for _, f := range []string{"checkpoints/zzz", "checkpoints/1.manifest", "checkpoints/00000000000000000009.manifest.tmp", "blobs/x", "blobs/y.sst-3.tmp", "readme.txt"} {
				require.NoError(t, os.WriteFile(filepath.Join(copied, f), []byte("garbage"), 0o644))
			}
			require.NoError(t, os.MkdirAll(filepath.Join(copied, "local", "attempt-0", "task-0"), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(copied, "local", "attempt-0", "task-0", "CURRENT"), []byte("garbage"), 0o644))
		})
		require.NotContains(t, log, "corrupt")
	})
	t.Run("a newer manifest of garbage", func(t *testing.T) {
		require.Contains(t, goesOn(t, dir, func(copied string) {
			require.NoError(t, os.WriteFile(filepath.Join(copied, "checkpoints/00000000000000000777.manifest"), []byte("garbage"), 0o644))
		}), "corrupt")
	})
}

// With no checkpoint left that is whole, the job says so, and does not begin anew behind the user's back.
func TestAllDamaged(t *testing.T) {
	dir := twoCheckpoints(t)
	for _, f := range files(t, dir) {
		if strings.HasSuffix(f, ".manifest") {
			require.NoError(t, os.Truncate(f, 20))
		}
	}
	began := time.Now()
	counts, err := counted(t, dir, resumeSize, &journal{})
	require.ErrorContains(t, err, "no checkpoint can be used")
	require.ErrorContains(t, err, "corrupt")
	require.Empty(t, counts)
	require.Less(t, time.Since(began), 10*time.Second)
}
