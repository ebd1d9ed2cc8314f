package snapshot

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Cached is a Store in front of a distant one that keeps the blobs it has put or got on a local disk, so that a job
// that starts again on the same machine fetches only what it lacks. The local files are links where that is possible:
// as long as the task's own files are the same, they take no room.
//
// What is local is believed only as far as its checksum says: Fetch looks, and asks for the distant copy if it is wrong.
type Cached struct {
	Store
	fs  vfs.FS
	dir string
}

// NewCached returns a store that keeps local copies of blobs in a directory, which need not exist.
func NewCached(store Store, fs vfs.FS, dir string) (*Cached, error) {
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("snapshot: local copies in %s: %w", dir, err)
	}
	return &Cached{store, fs, dir}, nil
}

// local is where the copy of a blob lies; ok is false for what is not kept.
func (c *Cached) local(name string) (path string, ok bool) {
	if _, _, ok := parseBlob(name); !ok {
		return "", false
	}
	return c.fs.PathJoin(c.dir, c.fs.PathBase(name)), true
}

// Put implements Store. A copy that cannot be made is done without.
func (c *Cached) Put(ctx context.Context, name string, fs vfs.FS, path string) error {
	if err := c.Store.Put(ctx, name, fs, path); err != nil {
		return err
	}
	c.keep(name, fs, path)
	return nil
}

func (c *Cached) keep(name string, fs vfs.FS, path string) {
	to, ok := c.local(name)
	if !ok {
		return
	}
	_ = c.fs.Remove(to) // mostly it is not there
	if transfer(fs, path, c.fs, to) != nil {
		_ = c.fs.Remove(to)
	}
}

// Get implements Store: from the local copy if there is one.
func (c *Cached) Get(ctx context.Context, name string, fs vfs.FS, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if from, ok := c.local(name); ok && c.has(name) && transfer(c.fs, from, fs, path) == nil {
		return nil
	}
	if err := fs.Remove(path); err != nil && !isNotExist(err) { // a part of it may be there
		return fmt.Errorf("snapshot: get %s: %w", name, err)
	}
	if err := c.Store.Get(ctx, name, fs, path); err != nil {
		return err
	}
	c.keep(name, fs, path)
	return nil
}

// has says whether there is a copy of the right size: one that was cut short need not be summed.
func (c *Cached) has(name string) bool {
	at, _ := c.local(name)
	info, err := c.fs.Stat(at)
	_, size, _ := parseBlob(name)
	return err == nil && info.Size() == size
}

// Forget implements Forgetter.
func (c *Cached) Forget(name string) bool {
	at, ok := c.local(name)
	return ok && c.fs.Remove(at) == nil
}

// Delete implements Store.
func (c *Cached) Delete(ctx context.Context, name string) error {
	if at, ok := c.local(name); ok {
		if err := c.fs.Remove(at); err != nil && !isNotExist(err) {
			return fmt.Errorf("snapshot: delete the local copy of %s: %w", name, err)
		}
	}
	return c.Store.Delete(ctx, name)
}

// Trim implements Trimmer.
func (c *Cached) Trim(needed func(name string) bool) error {
	names, err := c.fs.List(c.dir)
	if err != nil {
		return fmt.Errorf("snapshot: local copies in %s: %w", c.dir, err)
	}
	var faults []error
	for _, name := range names {
		if !needed(blobFolder + "/" + name) {
			faults = append(faults, c.fs.Remove(c.fs.PathJoin(c.dir, name)))
		}
	}
	return errors.Join(faults...)
}

// Forgetter is a Store with copies that may be worse than the originals. Fetch calls Forget if what Get brought is not
// what was written; true says that there was a copy, that it is gone, and that Get is worth another call.
type Forgetter interface{ Forget(name string) bool }

// Trimmer is a Store with copies. A repository calls Trim when it looks for orphans.
type Trimmer interface {
	Trim(needed func(name string) bool) error
}
