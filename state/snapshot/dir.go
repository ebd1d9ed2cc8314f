package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/internal/bug"
)

// Dir is a Store in a directory of a file system: a disk, or memory (vfs.NewMem).
type Dir struct {
	fs   vfs.FS
	root string
	temp atomic.Uint64 // numbers unfinished files

	mu       sync.Mutex
	made     map[string]bool // folders that are known to be there
	unsynced map[string]bool // folders with entries that a crash could lose
}

// NewDir returns a store in directory root, which need not exist.
func NewDir(fs vfs.FS, root string) *Dir {
	return &Dir{fs: fs, root: root, made: map[string]bool{}, unsynced: map[string]bool{}}
}

// tempSuffix ends the name of a file that is being written; what a crash leaves of them Prune removes.
const tempSuffix = ".tmp"

func (d *Dir) path(name string) string {
	return d.fs.PathJoin(d.root, d.fs.PathJoin(strings.Split(name, "/")...))
}

func (d *Dir) fault(verb, name string, err error) error {
	switch {
	case isNotExist(err):
		return fmt.Errorf("%w: %s %s: %w", ErrNotFound, verb, name, err)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: %s %s: %w", ErrExists, verb, name, err)
	}
	return fmt.Errorf("snapshot: %s %s: %w", verb, name, err)
}

// Put implements Store. On the same file system the file is linked, not copied.
func (d *Dir) Put(ctx context.Context, name string, fs vfs.FS, file string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.folder(path.Dir(name)); err != nil {
		return d.fault("put", name, err)
	}
	temp := d.tempName(name)
	if err := d.place(temp, name, func() error { return transfer(fs, file, d.fs, temp) }, d.fs.Rename); err != nil {
		return d.fault("put", name, err)
	}
	return nil
}

func (d *Dir) tempName(name string) string {
	return fmt.Sprintf("%s-%d%s", d.path(name), d.temp.Add(1), tempSuffix)
}

// place makes a file under a temporary name, brings it to the disk, and gives it its name.
func (d *Dir) place(temp, name string, fill func() error, give func(temp, full string) error) error {
	err := fill()
	if err == nil && !(bug.Enabled && bug.On(bug.SyncSkipped)) {
		err = syncFile(d.fs, temp)
	}
	if err == nil {
		err = give(temp, d.path(name))
	}
	if err != nil {
		_ = d.fs.Remove(temp) // it may not be there; Prune removes what stays
		return err
	}
	d.mu.Lock()
	d.unsynced[d.fs.PathDir(d.path(name))] = true
	d.mu.Unlock()
	return nil
}

// Get implements Store.
func (d *Dir) Get(ctx context.Context, name string, fs vfs.FS, file string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := transfer(d.fs, d.path(name), fs, file); err != nil {
		return d.fault("get", name, err)
	}
	return nil
}

// PutAtomic implements Store.
func (d *Dir) PutAtomic(ctx context.Context, name string, content []byte) error {
	return d.publish(ctx, name, content, d.fs.Rename)
}

// Create implements Store: of several links to one name the file system lets one succeed.
func (d *Dir) Create(ctx context.Context, name string, content []byte) error {
	return d.publish(ctx, name, content, func(temp, full string) error {
		err := d.fs.Link(temp, full)
		_ = d.fs.Remove(temp) // Prune removes what stays
		return err
	})
}

// publish writes an object under a temporary name and then gives it its own, after all that it may refer to.
func (d *Dir) publish(ctx context.Context, name string, content []byte, give func(temp, full string) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.folder(path.Dir(name)); err != nil {
		return d.fault("put", name, err)
	}
	if err := d.syncFolders(); err != nil {
		return d.fault("put", name, err)
	}
	temp := d.tempName(name)
	if err := d.place(temp, name, func() error { return writeFile(d.fs, temp, content) }, give); err != nil {
		return d.fault("put", name, err)
	}
	if err := d.syncFolders(); err != nil {
		return d.takeBack(name, d.fault("put", name, err))
	}
	return nil
}

// takeBack removes an object that is there, but that the next power cut may take away. If that cannot be made to last
// either, the outcome is open.
func (d *Dir) takeBack(name string, cause error) error {
	err := d.fs.Remove(d.path(name))
	if err == nil {
		err = d.syncFolders()
	}
	if err != nil {
		return fmt.Errorf("%w: %w; taking it back: %w", ErrUncertain, cause, err)
	}
	return cause
}

// Settle makes what List shows outlast a power cut: a process that was killed may have left a manifest that it does
// not. Whoever acts on a manifest of another process calls it first.
func (d *Dir) Settle(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.folder(checkpointFolder); err != nil {
		return d.fault("settle", checkpointFolder, err)
	}
	d.mu.Lock()
	d.unsynced[d.path(checkpointFolder)] = true
	d.mu.Unlock()
	if err := d.syncFolders(); err != nil {
		return d.fault("settle", checkpointFolder, err)
	}
	return nil
}

// Read implements Store.
func (d *Dir) Read(ctx context.Context, name string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := d.fs.Open(d.path(name))
	if err != nil {
		return nil, d.fault("read", name, err)
	}
	content, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, d.fault("read", name, err)
	}
	return content, nil
}

// List implements Store.
func (d *Dir) List(ctx context.Context, folder string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	names, err := d.fs.List(d.path(folder))
	if isNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, d.fault("list", folder, err)
	}
	for i := range names {
		names[i] = path.Join(folder, names[i])
	}
	slices.Sort(names)
	return names, nil
}

// Delete implements Store.
func (d *Dir) Delete(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.fs.Remove(d.path(name)); err != nil && !isNotExist(err) {
		return d.fault("delete", name, err)
	}
	return nil
}

// folder makes a folder; its own entry, and those of its parents, are brought to the disk with the next object.
func (d *Dir) folder(folder string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.made[folder] {
		return nil
	}
	full := d.path(folder)
	if err := d.fs.MkdirAll(full, 0o755); err != nil {
		return err
	}
	d.made[folder] = true
	for at := full; ; at = d.fs.PathDir(at) {
		parent := d.fs.PathDir(at)
		if parent == at || at == "." || at == "" {
			return nil
		}
		d.unsynced[parent] = true
	}
}

// syncFolders makes the entries of all folders durable that have new ones.
func (d *Dir) syncFolders() error {
	if bug.Enabled && bug.On(bug.SyncSkipped) {
		return nil
	}
	d.mu.Lock()
	folders := make([]string, 0, len(d.unsynced))
	for f := range d.unsynced {
		folders = append(folders, f)
	}
	d.mu.Unlock()
	slices.Sort(folders)
	for _, f := range folders {
		if err := syncFolder(d.fs, f); err != nil {
			return err
		}
	}
	d.mu.Lock()
	for _, f := range folders {
		delete(d.unsynced, f)
	}
	d.mu.Unlock()
	return nil
}

func syncFolder(fs vfs.FS, folder string) error {
	f, err := fs.OpenDir(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncFile brings a file to the disk that somebody else may have written.
func syncFile(fs vfs.FS, file string) error {
	f, err := fs.Open(file)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func writeFile(fs vfs.FS, file string, content []byte) error {
	f, err := fs.Create(file, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(bytes.Clone(content)) // some files, such as those in memory under the race detector, spoil what they are given
	return errors.Join(err, f.Close())
}

// transfer links a file if source and destination are the same file system, and copies it otherwise.
func transfer(from vfs.FS, src string, to vfs.FS, dst string) error {
	if sameFS(from, to) && from.Link(src, dst) == nil {
		return nil
	}
	return vfs.CopyAcrossFS(from, src, to, dst)
}

func sameFS(a, b vfs.FS) bool {
	return reflect.TypeOf(a).Comparable() && a == b
}

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
