package state

import (
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// localFS is the file system of a backend's own directory.
//
// It has no fsync: the directory is a cache, never read after a crash, so waiting for the disk there would buy nothing.
// What is durable is what the checkpoint store has.
//
// And it forgives errors in Pebble's MANIFEST, after which Pebble would end the process: it goes on with the files that
// it knows in memory, and fault says that the store must be given up, which its owner does in an orderly way.
type localFS struct {
	vfs.FS
	fault *atomic.Pointer[error]
}

func newLocalFS(fs vfs.FS) localFS { return localFS{fs, new(atomic.Pointer[error])} }

// vital says whether Pebble ends the process if it cannot write a file: the MANIFEST, and the marker that names it.
func (fs localFS) vital(name string) bool {
	base := fs.PathBase(name)
	return strings.HasPrefix(base, "MANIFEST-") || strings.HasPrefix(base, "marker.")
}

func (fs localFS) forgive(err error) error {
	if err != nil {
		fs.fault.CompareAndSwap(nil, &err)
	}
	return nil
}

func (fs localFS) wrap(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return localFile{f}, nil
}

func (fs localFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, c)
	if !fs.vital(name) {
		return fs.wrap(f, err)
	}
	if err != nil {
		_ = fs.forgive(err)
		f, err = vfs.NewMem().Create("lost", c)
	}
	return vitalFile{localFile{f}, fs}, err
}

func (fs localFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return fs.wrap(fs.FS.OpenReadWrite(name, c, o...))
}

func (fs localFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return fs.wrap(fs.FS.ReuseForWrite(from, to, c))
}

func (fs localFS) OpenDir(name string) (vfs.File, error) { return fs.wrap(fs.FS.OpenDir(name)) }

// Unwrap returns the file system below; Pebble looks for features there.
func (fs localFS) Unwrap() vfs.FS { return fs.FS }

// localFile is a file without fsync.
type localFile struct{ vfs.File }

func (localFile) Sync() error                { return nil }
func (localFile) SyncData() error            { return nil }
func (localFile) SyncTo(int64) (bool, error) { return false, nil }

// vitalFile is a file whose errors are kept for later.
type vitalFile struct {
	localFile
	fs localFS
}

func (f vitalFile) Write(p []byte) (int, error) {
	_, err := f.File.Write(p)
	return len(p), f.fs.forgive(err)
}

func (f vitalFile) Close() error { return f.fs.forgive(f.File.Close()) }
