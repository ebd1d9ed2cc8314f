package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// snapshotWork writes a frozen generation: state by state and key group by key group, in the order of the store, it
// encodes entries into chunks, sorts each chunk, and merges them into tables; then it ingests the tables, links a
// checkpoint and sums the files. Every step is short, and memory is that of one key group at most.
type snapshotWork struct {
	b       *Backend
	s       *Snapshot
	columns []column
	tables  tables

	stages []stage
	phase  func() (cost int, done bool, err error)
	column int
	group  int
	from   int // in the group's list
	buf    []byte
	copies [][]byte
	merge  merge
	items  [][]item // of spent runs, for reuse
	names  []string
	file   *fileSum
	sumBuf []byte
}

// stepCost bounds a step: about so many entries encoded or written.
const stepCost = 512

// stage is a part of a snapshot that comes before the others.
type stage interface {
	some() (cost int, done bool, err error)
	discard()
}

func newSnapshotWork(b *Backend, s *Snapshot, stages []stage) *snapshotWork {
	w := &snapshotWork{b: b, s: s, stages: stages, tables: tables{s: b.store}}
	for _, t := range b.tables {
		w.columns = append(w.columns, t.columns...)
	}
	slices.SortFunc(w.columns, func(a, c column) int {
		return bytes.Compare(a.state().prefix[:], c.state().prefix[:])
	})
	w.phase = w.stage
	return w
}

// stage does some of the first stage.
func (w *snapshotWork) stage() (cost int, done bool, err error) {
	if len(w.stages) == 0 {
		w.phase = w.encode
		return 0, false, nil
	}
	if cost, done, err = w.stages[0].some(); done && err == nil {
		w.stages = w.stages[1:]
	}
	return cost, false, err
}

func (w *snapshotWork) step() (done bool) {
	for cost := 0; cost < stepCost; {
		c, done, err := w.phase()
		if err == nil && done {
			err = w.s.Err()
		}
		if err != nil {
			w.stop(fmt.Errorf("state: snapshot %d: %w", w.s.ID, err))
			return true
		}
		if done {
			w.s.finish(nil)
			return true
		}
		cost += c
	}
	return false
}

func (w *snapshotWork) stop(err error) {
	w.tables.discard()
	for _, s := range w.stages {
		s.discard()
	}
	_ = w.file.close() // its directory is removed below
	if !w.s.saved {
		w.free()
	}
	if w.s.Dir != "" {
		err = errors.Join(err, w.b.options.FS.RemoveAll(w.s.Dir))
	}
	w.s.finish(err)
}

// free gives chunks back.
func (w *snapshotWork) free() {
	for _, r := range w.merge.runs {
		w.b.chunks.put(r.buf)
	}
	for _, c := range w.copies {
		w.b.chunks.put(c)
	}
	w.merge.runs, w.copies = nil, nil
}

// encode does one chunk, at most, of the current group.
func (w *snapshotWork) encode() (cost int, done bool, err error) {
	if w.column == len(w.columns) {
		w.phase = w.ingest
		return 0, false, nil
	}
	c := w.columns[w.column]
	if w.group == w.b.options.Groups.Len() {
		w.column, w.group = w.column+1, 0
		return 0, false, nil
	}
	if w.from == c.pending(w.group) {
		return w.endGroup(c)
	}
	if w.buf == nil {
		w.buf = w.b.chunks.get()
	}
	before := w.from
	w.buf, w.from, err = c.encode(w.buf, w.group, w.from, stepCost/2)
	if len(w.buf) >= chunkFull {
		w.sort(w.buf)
		w.buf = nil
	}
	return w.from - before, false, err
}

// endGroup sorts what is left of a group whose entries are all encoded, and begins to write it.
func (w *snapshotWork) endGroup(c column) (cost int, done bool, err error) {
	if w.from > 0 {
		w.copies = c.takeCopies(w.group)
	}
	w.group, w.from = w.group+1, 0
	if len(w.buf) > 0 {
		w.sort(w.buf)
		w.buf = nil
	}
	if len(w.copies)+len(w.merge.runs) > 0 {
		w.phase = w.sortCopies
	}
	return 1, false, nil
}

func (w *snapshotWork) sortCopies() (cost int, done bool, err error) {
	if n := len(w.copies); n > 0 {
		w.sort(w.copies[n-1])
		w.copies = w.copies[:n-1]
		return stepCost / 2, false, nil
	}
	w.merge.build()
	w.phase = w.write
	return 0, false, w.b.store.open()
}

func (w *snapshotWork) sort(chunk []byte) {
	var items []item
	if n := len(w.items); n > 0 {
		items, w.items = w.items[n-1], w.items[:n-1]
	}
	if len(chunk) == 0 {
		w.b.chunks.put(chunk)
		return
	}
	w.merge.add(newRun(chunk, items, prefixLen+groupLen))
}

func (w *snapshotWork) write() (cost int, done bool, err error) {
	for cost < stepCost/2 && len(w.merge.runs) > 0 {
		key, val, gone, _ := readRecord(w.merge.runs[0].record())
		if err := w.tables.add(key, val, gone); err != nil {
			return cost, false, err
		}
		w.s.Entries++
		cost++
		if r, spent := w.merge.advance(); spent {
			w.b.chunks.put(r.buf)
			w.items = append(w.items, r.items)
		}
	}
	if len(w.merge.runs) == 0 {
		w.phase = w.encode
	}
	return cost, false, nil
}

// ingest makes the generation part of the store. From here on nothing of it can be lost by a failure.
func (w *snapshotWork) ingest() (cost int, done bool, err error) {
	if err := w.tables.ingest(); err != nil {
		return 0, false, err
	}
	w.s.Bytes = w.tables.bytes
	w.tables.paths = nil
	w.s.saved = true
	w.phase = w.compact
	return stepCost, false, nil
}

// compact does, now and then, what the store's own goroutines are not let do.
func (w *snapshotWork) compact() (cost int, done bool, err error) {
	w.phase = w.checkpoint
	s := w.b.store
	if !w.b.options.DisableCompaction || s.db == nil {
		return 0, false, nil
	}
	if s.ingested++; s.ingested < compactEvery {
		return 0, false, nil
	}
	s.ingested = 0
	return stepCost, false, s.guard(func() error { return s.db.Compact(context.Background(), []byte{0}, lastKey, false) })
}

// checkpoint links the store's files. A backend that never stored anything has none.
func (w *snapshotWork) checkpoint() (cost int, done bool, err error) {
	if err := w.s.Err(); err != nil || w.b.store.db == nil {
		return 0, true, err
	}
	fs := w.b.store.fs
	w.b.store.links++
	dir := fs.PathJoin(w.b.options.Dir, fmt.Sprintf("snapshot-%d", w.b.store.links))
	if err := w.b.store.guard(func() error { return w.b.store.db.Checkpoint(dir) }); err != nil {
		return 0, false, err
	}
	w.s.Dir = dir
	w.names, err = fs.List(dir)
	slices.Sort(w.names)
	w.phase = w.sum
	return stepCost, false, err
}

// sum reads the files that the checkpoint store does not have and takes their checksums.
func (w *snapshotWork) sum() (cost int, done bool, err error) {
	if w.file != nil {
		return w.sumMore()
	}
	if err := w.s.Err(); err != nil || len(w.names) == 0 {
		return 0, true, err
	}
	name := w.names[0]
	w.names = w.names[1:]
	if f, ok := w.b.known.get(name); ok && strings.HasSuffix(name, ".sst") {
		f.New = false
		w.s.Files = append(w.s.Files, f)
		return 1, false, nil
	}
	if w.sumBuf == nil {
		w.sumBuf = make([]byte, sumBytes)
	}
	w.file, err = openSum(w.b.options.FS, w.s.Dir, name, w.sumBuf)
	return 1, false, err
}

func (w *snapshotWork) sumMore() (cost int, done bool, err error) {
	end, err := w.file.more()
	if err == nil && end {
		w.s.Files = append(w.s.Files, File{Name: w.file.name, Bytes: w.file.bytes, Sum: w.file.sum.Sum64(), New: true})
		err = w.file.close()
		w.file = nil
	}
	return stepCost / 2, false, err
}

// fileSum reads a file in pieces.
type fileSum struct {
	name  string
	f     vfs.File
	sum   xxhash.Digest
	bytes int64
	buf   []byte
}

const sumBytes = 64 << 10

func openSum(fs vfs.FS, dir, name string, buf []byte) (*fileSum, error) {
	f, err := fs.Open(fs.PathJoin(dir, name), vfs.SequentialReadsOption)
	if err != nil {
		return nil, err
	}
	s := &fileSum{name: name, f: f, buf: buf}
	s.sum.Reset()
	return s, nil
}

func (s *fileSum) more() (end bool, err error) {
	n, err := s.f.Read(s.buf)
	s.bytes += int64(n)
	_, _ = s.sum.Write(s.buf[:n]) // it never fails
	if errors.Is(err, io.EOF) {
		return true, nil
	}
	return false, err
}

func (s *fileSum) close() error {
	if s == nil {
		return nil
	}
	return s.f.Close()
}
