package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/state"
)

// Upload puts the files of a snapshot that the store does not have into it, and describes the task for the manifest;
// the caller fills in Name, Subtask, Parallelism and Payloads. fs is where the snapshot's files are. After the manifest
// is written call snap.Complete, or, if that did not come about, snap.Release.
func Upload(ctx context.Context, store Store, fs vfs.FS, snap *state.Snapshot) (Task, error) {
	t := Task{Groups: snap.Groups, States: snap.States, Lists: snap.Operator}
	for _, f := range snap.Files {
		b := Blob{Name: f.Name, Blob: blobName(f), Bytes: f.Bytes, Sum: f.Sum}
		if f.New {
			if err := store.Put(ctx, b.Blob, fs, fs.PathJoin(snap.Dir, f.Name)); err != nil {
				return t, fmt.Errorf("snapshot %d: %w", snap.ID, err)
			}
		}
		t.Files = append(t.Files, b)
	}
	return t, nil
}

// blobName is different for different contents: Pebble gives the same file name to different tables after a restore.
func blobName(f state.File) string {
	return path.Join(blobFolder, fmt.Sprintf("%016x-%d-%s", f.Sum, f.Bytes, f.Name))
}

// Fetch brings the files of a task into a new local directory, verifies every one, and returns what
// state.Options.Restore wants. What is not as it was written is an error that wraps ErrCorrupt.
func Fetch(ctx context.Context, store Store, t Task, fs vfs.FS, dir string) (state.RestorePart, error) {
	p := Part(t)
	if len(t.Files) == 0 {
		return p, nil
	}
	p.Dir = dir
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return p, fmt.Errorf("snapshot: fetch: %w", err)
	}
	for _, b := range t.Files {
		if path.Base(b.Name) != b.Name {
			return p, fmt.Errorf("%w: a file is named %q", ErrCorrupt, b.Name)
		}
		local := fs.PathJoin(dir, b.Name)
		if err := store.Get(ctx, b.Blob, fs, local); err != nil {
			return p, err
		}
		if err := verify(fs, local, b); err != nil {
			return p, err
		}
	}
	return p, nil
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
	n, err := io.CopyBuffer(sum, readerOnly{f}, make([]byte, 256<<10))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("snapshot: verify %s: %w", b.Blob, err)
	}
	if n != b.Bytes || sum.Sum64() != b.Sum {
		return fmt.Errorf("%w: %s has %d bytes with checksum %016x, the manifest says %d and %016x", ErrCorrupt, b.Blob, n, sum.Sum64(), b.Bytes, b.Sum)
	}
	return nil
}

// readerOnly hides other methods of a file, which io.Copy would rather use.
type readerOnly struct{ io.Reader }
