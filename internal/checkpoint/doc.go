// Package checkpoint takes consistent pictures of a running job, as in Carbone et al. 2015
// (arXiv 1506.08603), and brings an attempt to its end.
//
//	          Trigger n            barrier n in-band
//	Coordinator ──────> sources ───────────────────> tasks
//	     ^                                             │ Acknowledged n: state snapshot, sink payloads
//	     └─────────────────────────────────────────────┘
//	     └─> Storage.Save: files, then the manifest, atomically ─> Committed n to every task ─> sinks commit
//
// A checkpoint that waits too long for barriers behind records that do not move overtakes them (Chandy and Lamport,
// 1985): each task takes its snapshot at once, and what its senders had sent before theirs is gathered and stored. A
// restore hands it on before anything else.
//
// The Coordinator is a step function like a task, so that a simulation can drive it. At most one
// checkpoint is under way. A checkpoint that fails (a full disk, a sink that declines) is given up and the
// job goes on; only more failures in a row than are tolerated end the attempt. When every task has ended, or the
// job is cancelled, a last checkpoint is taken, so that sinks commit all that was written.
//
// Invariants:
//  1. Committed n is sent after the manifest of n is durable, and before checkpoint n+1 is triggered.
//  2. The coordinator is done when all tasks are closed and no save is under way: the next attempt
//     cannot be overtaken by a manifest of this one.
package checkpoint
