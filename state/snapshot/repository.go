package snapshot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/state"
)

// RepositoryOptions of a Repository. The zero value transfers one file at a time and is careful with orphans.
type RepositoryOptions struct {
	// Parallel is how many files are transferred at a time. 0: 1, which is also what makes a run repeatable.
	Parallel int
	// Exclusive says that no other process can write to the store, because a lock sees to it: what no checkpoint names
	// then belongs to nobody and goes at once.
	Exclusive bool
	// Grace is how long something must have belonged to nobody before it goes, if the store is not exclusive: another
	// process may be about to write a manifest that names it. 0: 1 h.
	Grace time.Duration
	// Now is the clock for Grace, in nanoseconds. Nil: it stands still, so that without Exclusive orphans stay.
	Now func() int64
	// Log may be nil.
	Log *slog.Logger
}

// Repository is one job's checkpoints in a store, as the process sees them that writes them. It knows what the store
// has, so that only new blobs are uploaded, and counts how many checkpoints name a blob, so that retention costs a few
// requests and no listing of everything. Save-and-prune is one goroutine's at a time.
type Repository struct {
	store Store
	o     RepositoryOptions

	// removing is held shared by everything that removes blobs, and alone while it is worked out what a snapshot needs: what
	// is needed from then on is not removed under the hands of the upload. It comes before mu.
	removing sync.RWMutex

	mu        sync.Mutex
	have      map[string]bool     // blobs that are there, and whole as far as anybody knows
	refs      map[string]int      // how many manifests name a blob
	manifests map[uint64]*listed  // that are known
	loose     map[uint64][]string // what checkpoints need whose manifests are not written
	abandoned map[string]struct{} // to be removed, unless somebody needs it by then
	orphans   map[string]int64    // seen first at that time
	term      uint64              // 0: not claimed
	prunes    int
}

// listed is what a repository remembers of a manifest.
type listed struct {
	blobs     []string
	savepoint bool
	corrupt   bool
}

// NewRepository returns the repository of a store. It asks the store nothing yet.
func NewRepository(store Store, o RepositoryOptions) *Repository {
	o.Parallel = orElse(o.Parallel, 1)
	o.Grace = orElse(o.Grace, time.Hour)
	if o.Now == nil {
		o.Now = func() int64 { return 0 }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Repository{
		store: store, o: o,
		have: map[string]bool{}, refs: map[string]int{}, manifests: map[uint64]*listed{},
		loose: map[uint64][]string{}, abandoned: map[string]struct{}{}, orphans: map[string]int64{},
	}
}

// Store is where the checkpoints are.
func (r *Repository) Store() Store { return r.store }

// Claim makes this process the one that writes the job's checkpoints: a process that claimed before gets ErrTaken from
// its next Write. owner tells people who it is, and must be another string for every process. A store that a lock
// protects needs no claims.
func (r *Repository) Claim(ctx context.Context, owner string) error {
	for range 100 {
		last, err := r.lastTerm(ctx)
		if err != nil {
			return err
		}
		err = r.store.Create(ctx, termName(last+1), []byte(owner))
		if err == nil {
			r.term = last + 1
			return r.dropTerms(ctx)
		}
		if !errors.Is(err, ErrExists) {
			return err
		}
	}
	return fmt.Errorf("%w: others claim it all the time", ErrTaken)
}

const ownerFolder = "owners"

func termName(n uint64) string { return fmt.Sprintf("%s/%020d", ownerFolder, n) }

func termOf(name string) (uint64, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(name, ownerFolder+"/"), 10, 64)
	return n, err == nil && termName(n) == name
}

func (r *Repository) lastTerm(ctx context.Context) (last uint64, err error) {
	names, err := r.store.List(ctx, ownerFolder)
	for _, name := range names {
		if n, ok := termOf(name); ok {
			last = max(last, n)
		}
	}
	return max(last, r.term), err
}

// dropTerms removes claims before this one.
func (r *Repository) dropTerms(ctx context.Context) error {
	names, err := r.store.List(ctx, ownerFolder)
	if err != nil {
		return err
	}
	for _, name := range names {
		if n, ok := termOf(name); ok && n < r.term {
			if err := r.store.Delete(ctx, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// owned fails if somebody else has claimed the repository since.
func (r *Repository) owned(ctx context.Context) error {
	if r.term == 0 {
		return nil
	}
	last, err := r.lastTerm(ctx)
	if err != nil || last == r.term {
		return err
	}
	by, err := r.store.Read(ctx, termName(last))
	return errors.Join(fmt.Errorf("%w: %.200s", ErrTaken, by), err)
}

// Upload puts the files of a snapshot that the store does not have into it, and describes the task for the manifest;
// the caller fills in Name, Subtask, Parallelism and Payloads. fs is where the snapshot's files are. After the manifest
// is written call snap.Complete, or, if that did not come about, snap.Release and Abandon.
func (r *Repository) Upload(ctx context.Context, fs vfs.FS, snap *state.Snapshot) (Task, error) {
	t := Task{Groups: snap.Groups, States: snap.States, Lists: snap.Operator}
	for _, f := range snap.Files {
		t.Files = append(t.Files, Blob{Name: f.Name, Blob: blobName(f.Name, f.Bytes, f.Sum), Bytes: f.Bytes, Sum: f.Sum})
	}
	err := each(ctx, r.o.Parallel, r.lacking(t.Files, snap.ID), func(ctx context.Context, b Blob) error {
		err := r.store.Put(ctx, b.Blob, fs, fs.PathJoin(snap.Dir, b.Name))
		if err == nil {
			r.mu.Lock()
			r.have[b.Blob] = true
			r.mu.Unlock()
		}
		return err
	})
	if err != nil {
		return t, fmt.Errorf("snapshot %d: %w", snap.ID, err)
	}
	return t, nil
}

// lacking are the files that must be uploaded; all of them are needed from now on.
func (r *Repository) lacking(files []Blob, id uint64) (fresh []Blob) {
	r.removing.Lock()
	defer r.removing.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range files {
		r.loose[id] = append(r.loose[id], b.Blob)
		if !r.have[b.Blob] {
			fresh = append(fresh, b)
		}
	}
	return fresh
}

// Abandon gives up what was uploaded for a checkpoint whose manifest was not written. The next Prune removes it, unless
// another checkpoint needs it by then.
func (r *Repository) Abandon(id uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, blob := range r.loose[id] {
		r.abandoned[blob] = struct{}{}
	}
	delete(r.loose, id)
}

// Write makes a checkpoint exist, whose blobs must have been uploaded. When it returns without an error, the checkpoint
// survives a crash; after an error it may exist or not. ErrTaken: another process has claimed the repository.
func (r *Repository) Write(ctx context.Context, m *Manifest) error {
	if err := r.owned(ctx); err != nil {
		return err
	}
	if err := Write(ctx, r.store, m); err != nil {
		return r.withdraw(ctx, m, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgetManifest(m.ID)
	r.note(m)
	return nil
}

// withdraw removes a manifest whose writing has failed: a request may take effect although its answer is lost.
func (r *Repository) withdraw(ctx context.Context, m *Manifest, cause error) error {
	if errors.Is(cause, ErrUncertain) {
		return cause
	}
	if err := r.store.Delete(ctx, manifestName(m.ID)); err != nil {
		return fmt.Errorf("%w: %w; taking it back: %w", ErrUncertain, cause, err)
	}
	return cause
}

// Settle makes sure that the manifests which the store shows stay there, if it is a store that needs that.
func (r *Repository) Settle(ctx context.Context) error {
	if s, ok := r.store.(interface{ Settle(context.Context) error }); ok {
		return s.Settle(ctx)
	}
	return nil
}

// note counts what a manifest names. The lock is held.
func (r *Repository) note(m *Manifest) {
	l := &listed{savepoint: m.Savepoint, blobs: m.blobs()}
	r.manifests[m.ID] = l
	for _, b := range l.blobs {
		r.refs[b]++
	}
	delete(r.loose, m.ID)
}

// forgetManifest gives back what a manifest names, and returns the blobs that nobody names any more. The lock is held.
func (r *Repository) forgetManifest(id uint64) (free []string) {
	l := r.manifests[id]
	if l == nil {
		return nil
	}
	delete(r.manifests, id)
	for _, b := range l.blobs {
		if r.refs[b]--; r.refs[b] <= 0 {
			delete(r.refs, b)
			free = append(free, b)
		}
	}
	return free
}

// blobs are the names of all blobs of a checkpoint, each once, sorted.
func (m *Manifest) blobs() (names []string) {
	for _, t := range m.Tasks {
		for _, f := range t.Files {
			names = append(names, f.Blob)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Recover is the function Recover, and remembers what the checkpoint that was accepted has: its blobs are there, and
// whole, if use has looked. It also tries the last checkpoint that this process wrote if the store does not list it yet.
func (r *Repository) Recover(ctx context.Context, use func(*Manifest) error) (*Manifest, error) {
	ids, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	m, err := recoverOf(ctx, r.store, ids, r.o.Log, use)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.have)
	for _, b := range m.blobs() {
		r.have[b] = true
	}
	return m, nil
}

// List returns the ids of all checkpoints, oldest first: those that the store lists, and those that this process knows
// of, since a listing may lag behind.
func (r *Repository) List(ctx context.Context) ([]uint64, error) {
	ids, err := List(ctx, r.store)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range r.manifests {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// Fetch brings the files of all tasks of a checkpoint into new local directories, dir says which, and verifies every
// one; see the function Fetch.
func (r *Repository) Fetch(ctx context.Context, m *Manifest, fs vfs.FS, dir func(task int) string) ([]state.RestorePart, error) {
	parts := make([]state.RestorePart, len(m.Tasks))
	var files []fetched
	for i, t := range m.Tasks {
		part, all, err := planFetch(t, fs, dir(i))
		if err != nil {
			return nil, err
		}
		parts[i], files = part, append(files, all...)
	}
	err := each(ctx, r.o.Parallel, files, func(ctx context.Context, f fetched) error { return f.get(ctx, r.store, fs) })
	return parts, err
}
