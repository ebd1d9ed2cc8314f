// Package sim runs random jobs under random faults and wants the exact answer of each.
//
//	go test ./internal/sim -run TestSim -seeds 10000      // 0 lost, duplicated or out of order, or a line that shows it
//	go test ./internal/sim -run TestSim -replay '{"seed":…}'  // that line again
//
// A seed draws a Job: sources with splits out of order, idle, slow and empty ones among them; up to six
// nodes, stateless, keyed and timed, that split, merge, deal out and broadcast streams; settings; and a plan of
// what goes wrong. The job runs twice:
//
//	        ┌─ on the engine, in virtual time, through all faults (stream/streamtest) ─> what sinks have committed
//	seed ─> Job                                                                             │ equal? in order?
//	        └─ in plain Go, all records at once, knowing nothing of engines ──────────> the answer
//
// Lanes: each record carries the path that it took, as a number, and its place in it. What the engine promises to keep in
// order has one lane; where a job gives that promise up (records dealt out in turn), records leave their lane. So both
// sides compute order as they compute values, and the comparison finds every loss, duplicate and change of order.
//
// What depends on the order of records is keyed by lane, what depends on lateness stands behind sources that
// have one split and known watermarks; all else has one answer whatever the order. A node that would have no exact answer
// where it stands does nothing.
//
// A failure is shrunk (Job.Shrink) and printed as one line of JSON. Equal jobs give equal traces.
//
// The package also holds the other long tests of the engine: a crash after each operation of the file system, one job in
// all settings, bugs seeded on purpose (package internal/bug, build tag turgobugs), a thousand starts and stops.
// docs/reliability.md says how to run each, and what it has shown.
//
// What it does not do: real goroutines, real disks and real brokers are tested elsewhere.
package sim
