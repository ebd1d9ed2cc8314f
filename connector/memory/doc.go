// Package memory has sources and sinks that live in the process: for tests, examples, and programs that
// feed a job from Go values.
//
//	out := memory.Collect[string]()
//	stream.From(job, memory.Lines("to be", "or not")).FlatMap(strings.FieldsSeq).To(out)
//	err := job.Run(ctx)
//	fmt.Println(out.Values()) // [to be or not]
//
// # Concepts
//
// Of, Lines, Slice, Seq and Generate make sources that can be replayed: the position of a split is how many of
// its values were emitted, so a restored job goes on behind the last one that its checkpoint knows. Spread
// deals the values to several splits, which several subtasks read.
//
//	values ─ Spread(3) ─┬─ split 0: v0 v3 v6 … ── subtask 0
//	                    ├─ split 1: v1 v4 v7 … ── subtask 1
//	                    └─ split 2: v2 v5 …    ── subtask 0 again, if there are two
//
// Channel makes a source of a Go channel. What was taken from a channel cannot be taken again, so a restart
// loses what was read since the last checkpoint: at most once.
//
// Collect makes a sink that keeps values. Committed makes one that shows them when the checkpoint that they
// belong to is durable: exactly once over the restarts of a job in one process, and an oracle for tests.
//
// # Invariants
//
//   - A source emits copies: an operator that changes a record in place changes nothing of what was given.
//   - A split gives its values in order. Between splits there is no order.
//   - A sequence must give the same values each time it is ranged over, as sources are replayed.
//
// # What it does not do
//
// Nothing here outlives the process. Sequences are read by the task's goroutine: one that waits for something
// stalls the task; use Channel for that.
package memory
