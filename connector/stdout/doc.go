// Package stdout has a sink that prints records, a line each, to standard output or another writer.
//
//	words.To(stdout.Print[stream.KV[string, int64]]())  // {to 2}
//
//	alerts.To(&stdout.Sink[Alert]{
//		Out: os.Stderr,
//		Format: func(dst []byte, a *Alert) []byte { return fmt.Appendf(dst, "%s %.2f", a.Card, a.Score) },
//	})
//
// # How
//
// Each subtask gathers lines and writes them in one call when its input pauses, at a barrier, at the end, or when
// enough have come; calls of all subtasks of a sink take turns, so that lines are never mixed.
//
//	subtask 0 ── lines ──┐
//	                     ├─ one Write at a time ──> Out
//	subtask 1 ── lines ──┘
//
// # Invariants
//
//   - A line reaches the writer whole, and before the checkpoint that it belongs to is durable: at least once.
//   - A writer that blocks, such as a pipe that nobody reads, blocks the task: that is its backpressure.
//
// # What it does not do
//
// It does not order the lines of several subtasks, and does not close the writer.
package stdout
