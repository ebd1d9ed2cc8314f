package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// sweepEvery is how many prunings one look for orphans has to serve: it lists everything that is in the store.
const sweepEvery = 64

// Prune keeps the newest keep checkpoints (at least one) and all savepoints, and removes older ones with every blob that
// no remaining one names. Only readable manifests count; unreadable ones older than the kept go too. The first call, and
// then one in a while, also looks for what crashed processes have left.
//
// It may run while blobs of other checkpoints are uploaded: those are not touched before they are abandoned.
func (r *Repository) Prune(ctx context.Context, keep int) error {
	if err := r.owned(ctx); err != nil {
		return err
	}
	if err := r.read(ctx); err != nil {
		return fmt.Errorf("snapshot: prune: %w", err) // without it nobody knows which blobs are in use
	}
	for _, id := range r.outdated(max(keep, 1)) {
		if err := r.store.Delete(ctx, manifestName(id)); err != nil {
			return err
		}
		r.mu.Lock()
		for _, blob := range r.forgetManifest(id) {
			r.abandoned[blob] = struct{}{}
		}
		r.mu.Unlock()
	}
	if err := r.dropAbandoned(ctx); err != nil {
		return err
	}
	r.prunes++
	if r.prunes%sweepEvery != 1 {
		return nil
	}
	return r.sweep(ctx)
}

// read gets to know the manifests that this process has not written: of those before it, and savepoints that a tool made.
func (r *Repository) read(ctx context.Context) error {
	ids, err := List(ctx, r.store)
	if err != nil {
		return err
	}
	for _, id := range ids {
		r.mu.Lock()
		_, known := r.manifests[id]
		r.mu.Unlock()
		if known {
			continue
		}
		m, err := Read(ctx, r.store, id)
		if err != nil && !IsLost(err) {
			return err
		}
		r.mu.Lock()
		switch {
		case err == nil:
			r.note(m)
		case errors.Is(err, ErrCorrupt):
			r.manifests[id] = &listed{corrupt: true}
		}
		r.mu.Unlock()
	}
	return nil
}

// outdated are the checkpoints that retention removes.
func (r *Repository) outdated(keep int) (old []uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := make([]uint64, 0, len(r.manifests))
	for id := range r.manifests {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	for _, id := range ids {
		switch l := r.manifests[id]; {
		case l.corrupt:
			if keep <= 0 {
				old = append(old, id)
			}
		case keep > 0 || l.savepoint:
			keep--
		default:
			old = append(old, id)
		}
	}
	return old
}

// dropAbandoned removes blobs that no checkpoint needs. One that fails has its turn again at the next pruning.
func (r *Repository) dropAbandoned(ctx context.Context) error {
	r.mu.Lock()
	names := make([]string, 0, len(r.abandoned))
	for name := range r.abandoned {
		names = append(names, name)
	}
	r.mu.Unlock()
	slices.Sort(names)
	return each(ctx, r.o.Parallel, names, r.remove)
}

// remove deletes what is not needed. What somebody needs after all stays.
func (r *Repository) remove(ctx context.Context, name string) error {
	r.removing.RLock()
	defer r.removing.RUnlock()
	if !r.needed(name) {
		r.mu.Lock()
		delete(r.have, name)
		r.mu.Unlock()
		if err := r.store.Delete(ctx, name); err != nil {
			return err
		}
	}
	r.mu.Lock()
	delete(r.abandoned, name)
	r.mu.Unlock()
	return nil
}

// sweep removes what belongs to nobody: blobs that no manifest names, and files that were never finished.
func (r *Repository) sweep(ctx context.Context) error {
	var names []string
	for _, folder := range []string{blobFolder, checkpointFolder} {
		all, err := r.store.List(ctx, folder)
		if err != nil {
			return err
		}
		names = append(names, all...)
	}
	var gone []string
	seen := map[string]int64{}
	now := r.o.Now()
	for _, name := range names {
		if r.needed(name) {
			continue
		}
		since, ok := r.orphans[name]
		if !ok {
			since = now
		}
		if r.o.Exclusive || now-since > int64(r.o.Grace) {
			gone = append(gone, name)
		} else {
			seen[name] = since
		}
	}
	r.orphans = seen
	if t, ok := r.store.(Trimmer); ok {
		if err := t.Trim(r.needed); err != nil {
			return err
		}
	}
	return each(ctx, r.o.Parallel, gone, r.remove)
}

// needed says whether a name in the store, or a copy of it, is in use.
func (r *Repository) needed(name string) bool {
	if _, ok := manifestID(name); ok {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, blobs := range r.loose {
		if slices.Contains(blobs, name) {
			return true
		}
	}
	return r.refs[name] > 0
}
