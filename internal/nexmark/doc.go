// Package nexmark runs the NEXMark auction queries on Turgo's public API: to check results against other engines, which
// read the same events, and to measure.
//
//	var total nexmark.Total
//	job := stream.NewJob("q5", stream.Parallelism(2))
//	q, err := nexmark.Find("q5")
//	q.Build(job, nexmark.Input{Events: 1_000_000, Splits: 2}, &total)
//	err = job.Run(ctx)
//	fmt.Println(total.Get()) // 56 rows, checksum 5066210670ebb137
//
// # Concepts
//
// A Generator makes event n from n alone: a person, three auctions and 46 bids in turn, 10,000 a second of event time,
// up to 100 ms out of order. An Input is a source of them, cut into splits: split i has the i-th of every Splits runs of
// 1,000 events. A query is a function of streams, written as a user would; it ends in a checksum, which adds up a hash
// of each row, so that the order of rows does not matter. Plain answers each query without an engine.
//
//	Input ── persons, auctions, bids ──> query (streams) ──> Total
//	  │  one split a subtask                                  │ equal, row by row
//	  └────────────── the same events ──> Plain ──────────────┘
//
// # Invariants
//
//  1. Rows and checksum of a query depend on the number of events only: not on splits, parallelism, backend or crashes.
//  2. No record is late: the watermark stays as far behind as events are out of order.
//  3. A Total counts what is in a durable checkpoint, exactly once.
//
// # What it does not do
//
// It reads and writes nothing outside the process, so it measures the engine, not connectors. Of q12, which depends
// on processing time, only what does not differ from run to run is summed up: the bids that its windows count.
package nexmark
