package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// openTables opens the tables of a task outside a backend. It compacts nothing by itself.
func openTables(fs vfs.FS, dir string, readOnly bool) (*pebble.DB, error) {
	return pebble.Open(dir, tableOptions(fs, readOnly))
}

func tableOptions(fs vfs.FS, readOnly bool) *pebble.Options {
	o := &pebble.Options{
		FS: fs, ReadOnly: readOnly, DisableWAL: true, DisableAutomaticCompactions: true, FormatMajorVersion: pebble.FormatNewest,
		MemTableSize: 64 << 10, L0StopWritesThreshold: 1 << 20, L0CompactionFileThreshold: 1 << 20, Logger: silence{},
	}
	for i := range o.Levels {
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.SnappyCompression }
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].BlockSize = 4 << 10
	}
	o.EnsureDefaults()
	return o
}

// silence is a logger. What is fatal to Pebble is an error of the call here.
type silence struct{}

func (silence) Infof(string, ...any)  {}
func (silence) Errorf(string, ...any) {}

// Fatalf implements pebble.Logger: it must not return.
func (silence) Fatalf(format string, args ...any) { panic(fatal{fmt.Errorf(format, args...)}) }

// fatal is thrown by Fatalf and caught by guard.
type fatal struct{ error }

// guard makes an error of Pebble's Fatalf.
func guard(err *error) {
	switch r := recover().(type) {
	case nil:
	case fatal:
		*err = errors.Join(*err, fmt.Errorf("snapshot: tables: %w", r.error))
	default:
		panic(r)
	}
}

// chunkBytes is how much is sorted in memory before it becomes a table.
const chunkBytes = 16 << 20

// tableWriter makes the files of a task from records in any order.
type tableWriter struct {
	fs    vfs.FS
	dir   string
	db    *pebble.DB
	items []record
	buf   []byte
	seq   int
}

type record struct{ key, val []byte }

func newTableWriter(fs vfs.FS, dir string) (*tableWriter, error) {
	w := &tableWriter{fs: fs, dir: dir}
	err := fs.RemoveAll(dir)
	if err == nil {
		err = fs.MkdirAll(dir, 0o755)
	}
	if err == nil {
		w.db, err = openTables(fs, fs.PathJoin(dir, "db"), false)
	}
	return w, err
}

// add takes a copy of a record. Of two with one key the later counts.
func (w *tableWriter) add(key, val []byte) error {
	if len(w.buf)+len(key)+len(val) > cap(w.buf) {
		if err := w.flush(); err != nil {
			return err
		}
		w.buf = make([]byte, 0, max(chunkBytes, len(key)+len(val)))
	}
	start := len(w.buf)
	w.buf = append(append(w.buf, key...), val...)
	w.items = append(w.items, record{w.buf[start : start+len(key)], w.buf[start+len(key):]})
	return nil
}

// flush writes what is gathered as a table of its own.
func (w *tableWriter) flush() (err error) {
	if len(w.items) == 0 {
		return nil
	}
	defer guard(&err)
	slices.SortStableFunc(w.items, func(a, b record) int { return bytes.Compare(a.key, b.key) })
	w.seq++
	path := w.fs.PathJoin(w.dir, fmt.Sprintf("ingest-%d", w.seq))
	f, err := w.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	table := sstable.NewWriter(objstorageprovider.NewFileWritable(f), tableOptions(w.fs, false).MakeWriterOptions(0, w.db.TableFormat()))
	for i, r := range w.items {
		if i+1 < len(w.items) && bytes.Equal(r.key, w.items[i+1].key) {
			continue
		}
		if err := table.Set(r.key, r.val); err != nil {
			return errors.Join(err, table.Close())
		}
	}
	if err := table.Close(); err != nil {
		return err
	}
	w.items, w.buf = w.items[:0], w.buf[:0]
	return w.db.Ingest(context.Background(), []string{path})
}

// files ends the writing and lists the files, in a directory of their own.
func (w *tableWriter) files() (dir string, files []Blob, err error) {
	defer guard(&err)
	if err := w.flush(); err != nil {
		return "", nil, err
	}
	dir = w.fs.PathJoin(w.dir, "files")
	if err := w.db.Checkpoint(dir); err != nil {
		return "", nil, err
	}
	names, err := w.fs.List(dir)
	if err != nil {
		return "", nil, err
	}
	slices.Sort(names)
	for _, name := range names {
		b, err := describe(w.fs, dir, name)
		if err != nil {
			return "", nil, err
		}
		files = append(files, b)
	}
	return dir, files, nil
}

// close ends it, whatever came before.
func (w *tableWriter) close() error { return errors.Join(w.db.Close(), w.fs.RemoveAll(w.dir)) }

// describe sums a file.
func describe(fs vfs.FS, dir, name string) (Blob, error) {
	f, err := fs.Open(fs.PathJoin(dir, name), vfs.SequentialReadsOption)
	if err != nil {
		return Blob{}, err
	}
	sum := xxhash.New()
	n, err := sumFile(sum, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return Blob{}, err
	}
	return Blob{Name: name, Blob: blobName(name, n, sum.Sum64()), Bytes: n, Sum: sum.Sum64()}, nil
}
