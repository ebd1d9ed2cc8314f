// Package snapshot makes checkpoints durable: it puts the files of state.Snapshot into a store, writes the manifest that
// makes them a checkpoint, and brings them back, verified.
//
//	store := snapshot.NewDir(vfs.Default, "checkpoints")
//	repo := snapshot.NewRepository(store, snapshot.RepositoryOptions{Exclusive: true})
//	task, err := repo.Upload(ctx, fs, snap)            // for every subtask
//	m := &snapshot.Manifest{Job: "fraud", ID: 7, Tasks: []snapshot.Task{task}}
//	err = repo.Write(ctx, m)                           // from here on the checkpoint exists
//	err = snap.Complete()
//	err = repo.Prune(ctx, 2)
//
// and after a restart
//
//	m, err := repo.Recover(ctx, func(m *snapshot.Manifest) error {
//		part, err := snapshot.Fetch(ctx, store, m.Tasks[0], fs, "restore")
//		…
//	})
//
// A checkpoint can be read without its job, by type, and changed:
//
//	s, err := snapshot.Open(ctx, store, 0, snapshot.OpenOptions{})
//	rows, err := snapshot.Values[string, Account](s, "accounts", "state")
//	for row := range rows.All() { … }
//	e := snapshot.Edit(s)
//	err = snapshot.Update(e, "accounts", "state", func(id string, a *Account) (keep bool) { … })
//	m, err := e.Save(ctx, other, 0)
//
// # Concepts
//
// A blob is a file of a snapshot. Its name holds its checksum and size, so equal files are stored once, and a name never
// stands for two contents. A manifest lists everything of one checkpoint; a checkpoint exists if its manifest does.
//
//	state.Snapshot ── Upload ──> blobs/9e3779b97f4a7c15-1048576-000012.sst  <──┐ names, sizes, checksums
//	      (files)                blobs/…                                       │
//	coordinator ──── Write ────> checkpoints/00000000000000000007.manifest ────┘   written last, atomically
//
// # Invariants
//
//  1. A manifest is durable only after every blob it names is.
//  2. Every byte of a manifest and of a blob is covered by a checksum that is looked at before the byte is used.
//  3. Prune removes manifests before blobs, and only blobs that no manifest names: a crash leaves orphans, never gaps.
//     Orphans go when nobody can be about to name them.
//  4. One process at a time writes to a store: a lock sees to it, or Repository.Claim.
//
// It does not decide when to take a checkpoint, nor which tasks belong to it; internal/checkpoint does. The bytes are
// drawn in docs/formats/checkpoint.md.
package snapshot
