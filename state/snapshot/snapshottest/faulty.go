package snapshottest

import (
	"context"
	"errors"
	"path"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/state/snapshot"
)

// ErrFault is what Faulty returns.
var ErrFault = errors.New("snapshottest: a fault that was asked for")

// Faulty is a store that fails as it is told. It may be used by many goroutines.
type Faulty struct {
	snapshot.Store
	// Before is asked before each operation: "put", "get", "atomic", "create", "read", "list", "delete". An error is
	// returned and nothing done. Nil: no faults.
	Before func(operation, name string) error
	// After is asked once the operation has succeeded: an error says that the answer was lost.
	After func(operation, name string) error
	// Lag is how many changes List is behind.
	Lag int

	mu     sync.Mutex
	hidden []change // not listed yet, the oldest first
	counts map[string]int
	bytes  int64
}

type change struct {
	name string
	gone bool
}

// Count is how many operations of a kind were asked for.
func (f *Faulty) Count(operation string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[operation]
}

// Uploaded is how many bytes Put was given.
func (f *Faulty) Uploaded() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.bytes
}

func (f *Faulty) do(operation, name string, op func() error) error {
	f.mu.Lock()
	if f.counts == nil {
		f.counts = map[string]int{}
	}
	f.counts[operation]++
	f.mu.Unlock()
	if f.Before != nil {
		if err := f.Before(operation, name); err != nil {
			return err
		}
	}
	if err := op(); err != nil {
		return err
	}
	if f.After != nil {
		return f.After(operation, name)
	}
	return nil
}

func (f *Faulty) changed(name string, gone bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hidden = append(f.hidden, change{name, gone})
	f.hidden = f.hidden[max(0, len(f.hidden)-f.Lag):]
}

// Put implements snapshot.Store.
func (f *Faulty) Put(ctx context.Context, name string, fs vfs.FS, path string) error {
	return f.do("put", name, func() error {
		info, err := fs.Stat(path)
		if err != nil {
			return err
		}
		f.mu.Lock()
		f.bytes += info.Size()
		f.mu.Unlock()
		f.changed(name, false)
		return f.Store.Put(ctx, name, fs, path)
	})
}

// Get implements snapshot.Store.
func (f *Faulty) Get(ctx context.Context, name string, fs vfs.FS, path string) error {
	return f.do("get", name, func() error { return f.Store.Get(ctx, name, fs, path) })
}

// PutAtomic implements snapshot.Store.
func (f *Faulty) PutAtomic(ctx context.Context, name string, content []byte) error {
	return f.do("atomic", name, func() error {
		f.changed(name, false)
		return f.Store.PutAtomic(ctx, name, content)
	})
}

// Create implements snapshot.Store.
func (f *Faulty) Create(ctx context.Context, name string, content []byte) error {
	return f.do("create", name, func() error {
		f.changed(name, false)
		return f.Store.Create(ctx, name, content)
	})
}

// Read implements snapshot.Store.
func (f *Faulty) Read(ctx context.Context, name string) (content []byte, err error) {
	err = f.do("read", name, func() (err error) {
		content, err = f.Store.Read(ctx, name)
		return err
	})
	return content, err
}

// List implements snapshot.Store. Objects that were made lately are missing, and those deleted lately are still there.
func (f *Faulty) List(ctx context.Context, folder string) (names []string, err error) {
	err = f.do("list", folder, func() error {
		names, err = f.Store.List(ctx, folder)
		f.mu.Lock()
		defer f.mu.Unlock()
		for i := len(f.hidden) - 1; i >= 0; i-- { // undo, the last change first
			c := f.hidden[i]
			at, there := slices.BinarySearch(names, c.name)
			switch {
			case path.Dir(c.name) != folder:
			case c.gone && !there:
				names = slices.Insert(names, at, c.name)
			case !c.gone && there:
				names = slices.Delete(names, at, at+1)
			}
		}
		return err
	})
	return names, err
}

// Delete implements snapshot.Store.
func (f *Faulty) Delete(ctx context.Context, name string) error {
	return f.do("delete", name, func() error {
		f.changed(name, true)
		return f.Store.Delete(ctx, name)
	})
}
