// Package connectortest is the suite that every connector passes: a Source that replays from its positions, a
// Sink that keeps the guarantee it declares.
//
//	func TestSource(t *testing.T) {
//		connectortest.Source(t, connectortest.SourceCase[string]{
//			New:  func() operator.Source[string] { return memory.Lines("a", "b", "c").Spread(2) },
//			Want: []string{"a", "b", "c"},
//		})
//	}
//
// # What a source must do
//
// Read to its end it gives Want, split by split in one order. Stopped after any record and opened again at the
// positions that it gave there, with the same or another number of subtasks, it gives exactly the rest. It
// passes on the error of what comes after it, and records that are changed downstream change nothing in it.
//
// # What a sink must do
//
// A random script, the same for the same seed, writes the values over several subtasks and attempts:
//
//	write … barrier ── prepared ──┬── checkpoint fails: goes on, the next one covers it
//	                              ├── crash: the last durable checkpoint is restored
//	                              └── durable ──┬── crash before Commit: payloads come back
//	                                            └── Commit
//
// An attempt may have another parallelism than the one before; payloads are then handed to other writers. At the
// end the target holds each value once (ExactlyOnce), once for each key (Idempotent), or at least once.
//
// # How
//
// The suite stands in for one task of the runtime: it fills operator.Env by hand and calls what a task calls, from
// one goroutine. Background work of a writer runs in goroutines, or, as in a simulation, one job at a time
// between two calls: a writer that waits for its own background job fails here instead of hanging there.
//
// # What it does not do
//
// It knows nothing of the outside system: tests that cut connections or fill disks belong to the connector.
package connectortest
