package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// BlockCache is memory for blocks that the stores of many backends share.
type BlockCache struct {
	blocks *pebble.Cache
	files  *pebble.FileCache
	once   sync.Once
}

// maxOpenFiles bounds the tables that all stores on one BlockCache keep open.
const maxOpenFiles = 1000

// NewBlockCache makes a cache of so many bytes. Close it after the backends that use it.
func NewBlockCache(size int64) *BlockCache {
	return &BlockCache{blocks: pebble.NewCache(size), files: pebble.NewFileCache(1, maxOpenFiles)}
}

// Close frees the cache.
func (c *BlockCache) Close() {
	c.once.Do(func() {
		c.files.Unref()
		c.blocks.Unref()
	})
}

// store is the backend's Pebble. It is opened when there is something to write or to read, and written by ingesting
// tables only, so its memtable is always empty: what a checkpoint of it has is exactly what was ingested before.
type store struct {
	o     *Options
	fs    localFS
	dir   string
	cache *BlockCache
	own   bool // the cache
	db    *pebble.DB
	seq   int // of temporary tables
	links int // of checkpoints

	ingested int // times since the last compaction, if the store does none by itself

	number int // of the store in its backend

	broken atomic.Pointer[error] // it cannot go on
	ended  atomic.Bool           // Pebble said so, and must not be called any more
}

// compactEvery is how many snapshots a read looks through at most, one above the other.
const compactEvery = 10

// ownCacheBytes is the block cache of a backend that is given none.
const ownCacheBytes = 1 << 20

// newStore makes the n-th store of a backend.
func newStore(o *Options, n int) *store {
	return &store{o: o, fs: newLocalFS(o.FS), dir: o.FS.PathJoin(o.Dir, fmt.Sprintf("db-%d", n)), cache: o.BlockCache, number: n}
}

// open opens Pebble if it is not; the directory may hold the files of a checkpoint.
func (s *store) open() error {
	if s.db != nil {
		return s.failure()
	}
	if s.cache == nil {
		s.cache, s.own = NewBlockCache(ownCacheBytes), true
	}
	err := s.guard(func() (err error) {
		if err = s.fs.MkdirAll(s.dir, 0o755); err == nil {
			s.db, err = pebble.Open(s.dir, s.options())
		}
		return err
	})
	if err != nil { // what is in the directory is of no use
		err = fmt.Errorf("state: store %s: %w", s.dir, err)
		s.broken.CompareAndSwap(nil, &err)
	}
	return err
}

func (s *store) options() *pebble.Options {
	p := &pebble.Options{
		FS:                          s.fs,
		DisableWAL:                  true,
		Cache:                       s.cache.blocks,
		FileCache:                   s.cache.files,
		MemTableSize:                64 << 10, // stays empty
		L0CompactionThreshold:       10,       // hardly anybody reads here; compacting early would only cost the task's core
		L0CompactionFileThreshold:   1 << 20,  // tables of one ingest do not overlap: what counts is sublevels
		L0StopWritesThreshold:       1 << 20,
		LBaseMaxBytes:               64 << 20,
		MaxManifestFileSize:         8 << 10, // it goes into every snapshot, record by record
		FormatMajorVersion:          pebble.FormatNewest,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 1 },
		DisableAutomaticCompactions: s.o.DisableCompaction,
		Logger:                      storeLog{s},
	}
	p.Experimental.CompactionScheduler = newCompactions()
	p.Experimental.ReadSamplingMultiplier = -1 // no compactions set off by reads
	for i := range p.Levels {
		p.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.SnappyCompression }
		p.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		p.Levels[i].BlockSize = 4 << 10
		p.Levels[i].IndexBlockSize = 256 << 10 // one level of index
	}
	p.TargetFileSizes[0] = tableBytes
	p.EnsureDefaults()
	return p
}

// storeLog takes what Pebble says. Its Fatalf must not return: Pebble calls it when it could not write its MANIFEST
// and does not know what is on disk. The store is then broken and its callers get an error.
type storeLog struct{ s *store }

func (storeLog) Infof(string, ...any) {}

func (l storeLog) Errorf(format string, args ...any) {
	l.s.o.Logger.Warn("state: store", slog.String("dir", l.s.dir), slog.String("said", fmt.Sprintf(format, args...)))
}

func (l storeLog) Fatalf(format string, args ...any) {
	err := fmt.Errorf("state: store %s: %s", l.s.dir, fmt.Sprintf(format, args...))
	l.s.broken.CompareAndSwap(nil, &err)
	l.s.ended.Store(true)
	l.s.o.Logger.Error("state: store is broken", slog.Any("error", err))
	if bytes.Contains(debug.Stack(), []byte("state.(*store).guard")) {
		panic(brokenStore{err})
	}
	runtime.Goexit() // one of Pebble's own goroutines; it gives up its locks as it goes
}

// brokenStore is thrown by Fatalf and caught by guard.
type brokenStore struct{ err error }

// guard calls Pebble and makes an error of its Fatalf.
func (s *store) guard(f func() error) (err error) {
	if err := s.failure(); err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			b, ok := r.(brokenStore)
			if !ok {
				panic(r)
			}
			err = b.err
		}
	}()
	return errors.Join(f(), s.failure())
}

// failure is why the store can take no more, or nil.
func (s *store) failure() error {
	if err := s.broken.Load(); err != nil {
		return *err
	}
	if err := s.fs.fault.Load(); err != nil {
		return fmt.Errorf("state: store %s: %w", s.dir, *err)
	}
	return nil
}

// close closes Pebble. One that ended itself is left as it is: it may hold its own locks.
func (s *store) close() (err error) {
	if s.ended.Load() {
		return nil
	}
	if s.db != nil {
		err = s.db.Close()
		s.db = nil
	}
	if s.own {
		s.cache.Close()
		s.own = false
	}
	return err
}

// get calls f with the value of key, which f must not keep; found is false if there is none.
func (s *store) get(key []byte, f func(val []byte) error) (found bool, err error) {
	val, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("state: store %s: %w", s.dir, err)
	}
	return true, errors.Join(f(val), closer.Close())
}

// scan calls f with every key that begins with prefix and its value, in order; f must keep neither.
func (s *store) scan(prefix []byte, f func(key, val []byte) error) error {
	return scan(s.db, prefix, prefixEnd(prefix), f)
}

func scan(db *pebble.DB, from, to []byte, f func(key, val []byte) error) (err error) {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.First(); it.Valid(); it.Next() {
		val, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := f(it.Key(), val); err != nil {
			return err
		}
	}
	return it.Error()
}

// prefixEnd is the first key behind all keys with that prefix.
func prefixEnd(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return lastKey
}

// lastKey is behind every key of a store.
var lastKey = bytes.Repeat([]byte{0xff}, 64)

// tableBytes is the size at which a table is closed and the next begun.
const tableBytes = 16 << 20

// tables writes records, given in order, into tables and ingests them all at once.
type tables struct {
	s     *store
	w     *sstable.Writer
	size  int
	paths []string
	bytes int64
	last  []byte // the last key written
}

// add writes a record. A second record of the same key is left out.
func (t *tables) add(key, val []byte, gone bool) error {
	if bytes.Equal(key, t.last) {
		return nil
	}
	t.last = append(t.last[:0], key...)
	if t.w == nil {
		if err := t.begin(); err != nil {
			return err
		}
	}
	t.size += len(key) + len(val)
	var err error
	if gone {
		err = t.w.Delete(key)
	} else {
		err = t.w.Set(key, val)
	}
	if err == nil && t.size >= tableBytes {
		err = t.end()
	}
	return err
}

func (t *tables) begin() error {
	t.s.seq++
	path := t.s.fs.PathJoin(t.s.o.Dir, fmt.Sprintf("ingest-%d", t.s.seq))
	f, err := t.s.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	t.paths = append(t.paths, path)
	t.w = sstable.NewWriter(objstorageprovider.NewFileWritable(f), t.s.options().MakeWriterOptions(0, t.s.db.TableFormat()))
	return nil
}

func (t *tables) end() error {
	if t.w == nil {
		return nil
	}
	w := t.w
	t.w, t.size = nil, 0
	if err := w.Close(); err != nil {
		return err
	}
	meta, err := w.Metadata()
	if err == nil {
		t.bytes += int64(meta.Size)
	}
	return err
}

// ingest makes the tables part of the store: all of them or none.
func (t *tables) ingest() error {
	if err := t.end(); err != nil || len(t.paths) == 0 {
		return err
	}
	return t.s.guard(func() error { return t.s.db.Ingest(context.Background(), t.paths) })
}

// discard removes tables that were not ingested.
func (t *tables) discard() {
	if t.w != nil {
		_ = t.w.Close() // it was not complete
		t.w = nil
	}
	for _, path := range t.paths {
		_ = t.s.fs.Remove(path) // the directory goes with the backend at the latest
	}
}
