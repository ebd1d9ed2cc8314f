// Package operatortest runs an operator in every way that a job would run it, and asks that the same comes out.
//
//	func TestDouble(t *testing.T) {
//		operatortest.Run(t, operator.NewMap(func(n int) int { return 2 * n }),
//			operatortest.Of[int]().At("10:00:00", 1, 2).Watermark("10:00:01").Untimed(3),
//			operatortest.Of[int]().At("10:00:00", 2, 4).Untimed(6))
//	}
//
// A test that fails says in which mode, what is missing, what is too much, and what came out step by step:
//
//	operatortest: with-state: restored (a checkpoint and a restore after each record): the output for key ann,
//	compared with the item-wise run, is not what was wanted (- missing, + too much):
//	      10:00:00  1
//	    - 10:00:01  2
//	    + 10:00:01  1
//
// # Concepts
//
// A Script is what goes in: records with event times, watermarks, barriers, processing time, splits of a source.
// What is wanted is a Script too. Each mode runs the whole script with a new instance of the operator:
//
//	             ItemWise ── one task, each record alone ───────────────> compared with what is wanted
//	             Batched ─── 2, 3, 256 records a push (keys together) ─┐
//	Script ────> Restored ── checkpoint and restore after each record ─┼─> compared with ItemWise
//	             Rescaled ── 1 → 3 → 2 subtasks, by key group ─────────┘
//	             Stopped ─── the output fails, at one call after the other ─> the error comes back at once
//
// Run is for an operator that needs no key, RunKeyed puts a KeyBy before it. Trace and TraceKeyed return what
// came out at each step, for golden files.
//
// # Invariants that every run checks
//
//   - Records of one key, on one output, come in the same order in every mode. Across keys only what comes counts: a
//     watermark fires the timers of several subtasks in no common order.
//   - Every mark that goes in comes out, once, before Mark returns; nothing comes after End, but barriers pass.
//   - No record comes behind a watermark that covers it, unless the record that it was made of was late itself.
//   - After the output has returned an error nothing comes, and Push or Mark returns that error.
//   - A record belongs to the operator during the call only: its memory is overwritten afterwards, in both directions.
//   - What Deadline asked for is over after Tick.
//
// # What it does not do
//
// It starts no goroutine: background work runs between steps, and the clock stands still but for Script.Clock. An
// operator without keys is not rescaled: which records a subtask would see is the choice of the stream before it.
// Sources and sinks have a suite of their own, connectortest.
package operatortest
