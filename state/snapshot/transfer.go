package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/state"
)

// blobName is different for different contents: Pebble gives the same file name to different tables after a restore.
func blobName(file string, size int64, sum uint64) string {
	return path.Join(blobFolder, fmt.Sprintf("%016x-%d-%s", sum, size, file))
}

// parseBlob is the checksum and the size that a blob's name tells; ok is false for other names.
func parseBlob(name string) (sum uint64, size int64, ok bool) {
	rest, ok := strings.CutPrefix(name, blobFolder+"/")
	parts := strings.SplitN(rest, "-", 3)
	if !ok || len(parts) != 3 || len(parts[0]) != 16 || path.Base(name) != rest {
		return 0, 0, false
	}
	sum, err := strconv.ParseUint(parts[0], 16, 64)
	if err != nil {
		return 0, 0, false
	}
	size, err = strconv.ParseInt(parts[1], 10, 64)
	return sum, size, err == nil && size >= 0
}

// Fetch brings the files of a task into a new local directory, verifies every one, and returns what
// state.Options.Restore wants. What is not as it was written is an error that wraps ErrCorrupt.
func Fetch(ctx context.Context, store Store, t Task, fs vfs.FS, dir string) (state.RestorePart, error) {
	p, files, err := planFetch(t, fs, dir)
	if err != nil {
		return p, err
	}
	return p, each(ctx, 1, files, func(ctx context.Context, f fetched) error { return f.get(ctx, store, fs) })
}

// fetched is a file on its way into a local directory.
type fetched struct {
	blob Blob
	path string
}

// planFetch makes the directory for the files of a task.
func planFetch(t Task, fs vfs.FS, dir string) (p state.RestorePart, files []fetched, err error) {
	p = Part(t)
	if len(t.Files) == 0 {
		return p, nil, nil
	}
	p.Dir = dir
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return p, nil, fmt.Errorf("snapshot: fetch: %w", err)
	}
	for _, b := range t.Files {
		files = append(files, fetched{b, fs.PathJoin(dir, b.Name)})
	}
	return p, files, nil
}

// get brings the file. If a copy on the way was bad, the original has its turn.
func (f fetched) get(ctx context.Context, store Store, fs vfs.FS) error {
	err := f.once(ctx, store, fs)
	if c, ok := store.(Forgetter); ok && errors.Is(err, ErrCorrupt) && c.Forget(f.blob.Blob) {
		if err := fs.Remove(f.path); err != nil {
			return fmt.Errorf("snapshot: fetch: %w", err)
		}
		return f.once(ctx, store, fs)
	}
	return err
}

func (f fetched) once(ctx context.Context, store Store, fs vfs.FS) error {
	if err := store.Get(ctx, f.blob.Blob, fs, f.path); err != nil {
		return err
	}
	return verify(fs, f.path, f.blob)
}

// Part is what state.Options.Restore wants of a task, without its files: enough for a task that shares no key groups
// with it but has operator lists in common.
func Part(t Task) state.RestorePart {
	p := state.RestorePart{Groups: t.Groups, States: t.States, Operator: t.Lists}
	for _, b := range t.Files {
		p.Files = append(p.Files, state.File{Name: b.Name, Bytes: b.Bytes, Sum: b.Sum})
	}
	return p
}

// Verify reads every file of a checkpoint and checks it, using dir on fs for a while. It returns all faults.
func Verify(ctx context.Context, store Store, m *Manifest, fs vfs.FS, dir string) error {
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("snapshot: verify: %w", err)
	}
	var faults []error
	seen := map[string]bool{}
	for _, t := range m.Tasks {
		for _, b := range t.Files {
			if seen[b.Blob] {
				continue
			}
			seen[b.Blob] = true
			faults = append(faults, verifyBlob(ctx, store, b, fs, fs.PathJoin(dir, "verified")))
		}
	}
	return errors.Join(append(faults, fs.RemoveAll(dir))...)
}

func verifyBlob(ctx context.Context, store Store, b Blob, fs vfs.FS, local string) error {
	if err := store.Get(ctx, b.Blob, fs, local); err != nil {
		return err
	}
	return errors.Join(verify(fs, local, b), fs.Remove(local))
}

// verify compares a local file with what the manifest says of it.
func verify(fs vfs.FS, file string, b Blob) error {
	f, err := fs.Open(file, vfs.SequentialReadsOption)
	if err != nil {
		return fmt.Errorf("snapshot: verify %s: %w", b.Blob, err)
	}
	sum := xxhash.New()
	n, err := sumFile(sum, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("snapshot: verify %s: %w", b.Blob, err)
	}
	if n != b.Bytes || sum.Sum64() != b.Sum {
		return fmt.Errorf("%w: %s has %d bytes with checksum %016x, the manifest says %d and %016x", ErrCorrupt, b.Blob, n, sum.Sum64(), b.Bytes, b.Sum)
	}
	return nil
}

// sumFile reads a file to its end into a checksum.
func sumFile(sum io.Writer, f io.Reader) (int64, error) {
	return io.CopyBuffer(sum, readerOnly{f}, make([]byte, 256<<10))
}

// readerOnly hides other methods of a file, which io.Copy would rather use.
type readerOnly struct{ io.Reader }
