package state

import "github.com/cockroachdb/pebble/v2/vfs"

// noSync is a file system without fsync. The local directory of a backend is a cache: after a crash it is never
// read, so waiting for the disk there would buy nothing. What is durable is what the checkpoint store has.
type noSync struct{ vfs.FS }

type noSyncFile struct{ vfs.File }

func (noSyncFile) Sync() error                { return nil }
func (noSyncFile) SyncData() error            { return nil }
func (noSyncFile) SyncTo(int64) (bool, error) { return false, nil }

func hideSync(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return noSyncFile{f}, nil
}

func (fs noSync) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return hideSync(fs.FS.Create(name, c))
}

func (fs noSync) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return hideSync(fs.FS.OpenReadWrite(name, c, o...))
}

func (fs noSync) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return hideSync(fs.FS.ReuseForWrite(from, to, c))
}

func (fs noSync) OpenDir(name string) (vfs.File, error) { return hideSync(fs.FS.OpenDir(name)) }

// Unwrap returns the file system below; Pebble looks for features there.
func (fs noSync) Unwrap() vfs.FS { return fs.FS }
