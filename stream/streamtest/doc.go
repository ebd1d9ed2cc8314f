// Package streamtest runs a job in virtual time, with scripted sources, faults, and an exact answer.
//
//	func TestFraud(t *testing.T) {
//		h := streamtest.New(t, streamtest.Seed(7))
//		in := streamtest.Source[Payment](h)
//		out := streamtest.Collect(h, Pipeline(in.Stream()))
//		in.At("10:00:00", pay("c1", 10)).At("10:00:02", pay("c1", 9000)).Watermark("11:00:00")
//		h.CrashAtBarrier(2)
//		h.Run()
//		out.Exactly(t, Alert{Card: "c1"})
//	}
//
// One goroutine steps all tasks of the job; the seed alone decides their order, and how long each step takes
// on the virtual clock. So a failure is replayed by its seed, and a thousand seeds are a thousand
// different interleavings of the same job.
//
//	script ──> source ──> the job under test ──> collecting sink (exactly once)
//	                          │      ^
//	              checkpoints v      │ restart from the last one
//	              crashable file system: a crash loses what was not synced
//
// A crash stops everything between two steps: nothing is closed or flushed. What the file system has
// not synced is lost in part, as the seed says; then the job starts again.
//
// More than crashes can go wrong: a Plan, one line of text, says what and when (disks that fail, are full or slow, clocks
// that jump, tasks that stand still, sources and sinks that fail or are slow). Explore draws a plan for each of many seeds,
// shrinks the one that makes a test fail, and prints the command that runs it again. Lives of the process may run different
// programs: Harness.Rebuild. docs/guide/testing.md is the guide.
//
// Invariants: equal seeds give equal traces (Harness.Trace) and equal results; a run ends, or fails the test, within a
// bounded number of steps.
//
// What it does not do: code of the job that starts goroutines, or reads the machine's clock, is outside of
// the simulation. Give it the clock and the executor of operator.Context instead.
package streamtest
