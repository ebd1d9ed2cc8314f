package snapshot

import (
	"context"
	"errors"
	"fmt"
)

// Prune keeps the newest keep checkpoints (at least one) and all savepoints, and removes older ones with every blob that
// no remaining manifest names: those of removed checkpoints and those that an interrupted upload has left. Only readable
// manifests count; unreadable ones older than the kept go too. It must not run while files are uploaded to the store.
func Prune(ctx context.Context, store Store, keep int) error {
	ids, err := List(ctx, store)
	if err != nil {
		return err
	}
	keep = max(keep, 1)
	named := map[string]bool{}
	var old []uint64
	for i := len(ids) - 1; i >= 0; i-- {
		m, err := Read(ctx, store, ids[i])
		switch {
		case errors.Is(err, ErrCorrupt):
			if keep <= 0 {
				old = append(old, ids[i])
			}
		case err != nil:
			return fmt.Errorf("snapshot: prune: %w", err) // without it nobody knows which blobs are in use
		case keep > 0 || m.Savepoint:
			m.nameBlobs(named)
			keep--
		default:
			old = append(old, ids[i])
		}
	}
	for _, id := range old {
		if err := store.Delete(ctx, manifestName(id)); err != nil {
			return err
		}
	}
	return sweep(ctx, store, named)
}

func (m *Manifest) nameBlobs(named map[string]bool) {
	for _, t := range m.Tasks {
		for _, f := range t.Files {
			named[f.Blob] = true
		}
	}
}

// sweep removes blobs that are not named and files that were never finished.
func sweep(ctx context.Context, store Store, named map[string]bool) error {
	blobs, err := store.List(ctx, blobFolder)
	if err != nil {
		return err
	}
	manifests, err := store.List(ctx, checkpointFolder)
	if err != nil {
		return err
	}
	for _, name := range manifests {
		if _, ok := manifestID(name); ok {
			named[name] = true
		}
	}
	for _, name := range append(blobs, manifests...) {
		if named[name] {
			continue
		}
		if err := store.Delete(ctx, name); err != nil {
			return err
		}
	}
	return nil
}
