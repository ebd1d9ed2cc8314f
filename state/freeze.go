package state

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// File is a file of a snapshot.
type File struct {
	Name  string
	Bytes int64
	Sum   uint64 // xxhash64 of the content
	New   bool   // not in the last completed snapshot: the checkpoint store does not have it
}

// Snapshot is the state of one task at one moment, on its way to files. The fields may be read once it is done.
type Snapshot struct {
	ID       uint64
	Groups   Range
	States   []StateSchema
	Operator []OperatorChunk
	Dir      string // where Files are, on Options.FS; empty if there are none
	Files    []File
	Entries  int   // that were written for this snapshot
	Bytes    int64 // of the tables written for this snapshot

	b        *Backend
	notify   func(*Snapshot)
	done     chan struct{}
	finished atomic.Bool
	saved    bool // everything is in the store, whatever became of the files
	mu       sync.Mutex
	err      error
	released bool
}

// Done is closed when the snapshot is complete or has failed.
func (s *Snapshot) Done() <-chan struct{} { return s.done }

// Err says why the snapshot failed. It may be called once the snapshot is done.
func (s *Snapshot) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Abort gives the snapshot up; it ends soon, with ErrAborted, unless it is done already. Nothing is lost: what it
// would have held is in the next one. It may be called by any goroutine.
func (s *Snapshot) Abort() { s.fail(ErrAborted) }

// Complete says that the checkpoint store has all files. The next snapshot tells which files are new to the store by
// it. The local files go. It may be called by any goroutine, once, after the snapshot is done.
func (s *Snapshot) Complete() error {
	s.b.known.add(s.Files)
	return s.Release()
}

// Release removes the local files of a snapshot that the checkpoint store will not take. It may be called by any
// goroutine, after the snapshot is done.
func (s *Snapshot) Release() error {
	s.mu.Lock()
	again := s.released || s.Dir == ""
	s.released = true
	s.mu.Unlock()
	if again {
		return nil
	}
	if err := s.b.options.FS.RemoveAll(s.Dir); err != nil {
		return fmt.Errorf("state: snapshot %d: %w", s.ID, err)
	}
	return nil
}

func (s *Snapshot) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && !s.finished.Load() {
		s.err = err
	}
}

// finish ends the snapshot and tells its owner.
func (s *Snapshot) finish(err error) {
	s.mu.Lock()
	if s.err == nil {
		s.err = err
	}
	s.finished.Store(true)
	s.mu.Unlock()
	close(s.done)
	if s.notify != nil {
		s.notify(s)
	}
}

// known is what the checkpoint store has of this backend's files, by name.
type known struct {
	mu    sync.Mutex
	files map[string]File
}

// add replaces what is known: files that the newest snapshot does not have will never come back.
func (k *known) add(files []File) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.files = make(map[string]File, len(files))
	for _, f := range files {
		k.files[f.Name] = f
	}
}

func (k *known) get(name string) (File, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f, ok := k.files[name]
	return f, ok
}

// Freeze begins a snapshot: what the task did so far is in it, what it does next is not. It switches the generation
// of every state and encodes nothing but operator lists, so it takes microseconds. The rest is background work; at
// its end done (which may be nil) is called, by a job of the executor or by Close. Only one snapshot can be in flight.
func (b *Backend) Freeze(id uint64, done func(*Snapshot)) (*Snapshot, error) {
	switch {
	case b.closed:
		return nil, ErrClosed
	case !b.started:
		return nil, ErrNotStarted
	case b.err != nil:
		return nil, b.err
	}
	if b.settle(); b.snap != nil {
		return nil, ErrSnapshotInFlight
	}
	s := &Snapshot{ID: id, Groups: b.options.Groups, b: b, notify: done, done: make(chan struct{})}
	for _, l := range b.lists {
		c, err := l.chunk()
		if err != nil {
			return nil, err
		}
		s.Operator = append(s.Operator, c)
	}
	stages, err := b.stages()
	if err != nil {
		b.fail(err)
		return nil, err
	}
	b.gen++
	b.snap = s
	for _, t := range b.tables {
		t.keys.freeze()
		for _, c := range t.columns {
			c.freeze(b.gen)
		}
	}
	s.States = b.schemas()
	b.worker.add("state: snapshot", newSnapshotWork(b, s, stages))
	return s, nil
}

// stages are what a snapshot brings into the store before what is dirty in memory.
func (b *Backend) stages() (all []stage, err error) {
	if purge := b.purge(); purge != nil {
		all = append(all, purge)
	}
	if !b.options.Budget.bound() {
		return all, nil
	}
	evicted, err := b.evicted()
	all = append(all, evicted)
	for _, f := range b.far {
		all = append(all, &timersWork{b: b, tables: tables{s: b.store}, batches: f.close()})
	}
	return all, err
}

func (b *Backend) schemas() []StateSchema {
	all := make([]StateSchema, 0, len(b.states))
	for _, s := range b.states {
		all = append(all, s.StateSchema)
	}
	return all
}

// forgetStep is how many recorded removals are given up between two batches.
const forgetStep = 256

// settle does what the task owes to a snapshot that is done, and some of what earlier ones left.
func (b *Backend) settle() {
	if b.snap != nil && b.snap.finished.Load() {
		b.thaw()
	}
	if b.recorded {
		b.forgetRecorded()
	}
	if b.over && b.snap == nil {
		b.expireStored()
	}
}

func (b *Backend) thaw() {
	if b.snap.saved {
		b.savedGen = b.gen - 1
	}
	for _, t := range b.tables {
		for _, c := range t.columns {
			c.thaw(b.snap.saved)
		}
	}
	b.snap, b.recorded, b.over = nil, true, true
	b.revive()
}

func (b *Backend) forgetRecorded() {
	left := forgetStep
	for _, t := range b.tables {
		for _, c := range t.columns {
			if left > 0 {
				left -= c.forgetRecorded(left)
			}
		}
	}
	b.recorded = left == 0
}
