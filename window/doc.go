// Package window is the arithmetic of time windows and the aggregates that
// fill them. It is pure: no clock, no goroutine, no I/O, and it imports nothing
// else of Turgo, so an engine, a test and an offline tool share one definition.
//
//	minutes := window.Tumbling(time.Minute)
//	span := minutes.SpanOf(t)                  // [10:00, 10:01)
//
//	mean := window.Mean(Payment.Amount)        // an Aggregator
//	var acc window.MeanAcc                     // its zero value is "nothing seen"
//	mean.Add(&acc, &payment)
//	fmt.Println(span, mean.Result(&acc))
//
// # Concepts
//
// A [Span] is a half-open interval of event time, [Start, End), in nanoseconds
// since the Unix epoch. An [Assigner] maps a record's time to the spans it
// belongs to: [Tumbling], [Sliding], [Cumulate], [Session], [Global].
//
// Overlapping windows are not filled one by one. Every [Sliced] assigner cuts
// time into slices such that each window is a run of whole slices: a record
// enters one slice, and a window is the merge of its slices when it fires.
//
//	time    0    1    2    3    4    5    6
//	slices  |----|----|----|----|----|----|     width gcd(size, slide)
//	windows |--------------|                    size 3, slide 1
//	             |--------------|
//	                  |--------------|
//
// An [Aggregator] folds records into an accumulator. Accumulators are plain
// structs with exported fields whose zero value is empty, so that a state codec
// can store them without knowing them.
//
// [Rolling] answers per record rather than per window: count, sum, mean, min
// and max of one value over several time spans that end at the newest record,
// over one shared list of entries. [Buckets] is its bounded approximation.
//
// # Invariants
//
//  1. Times before 1970 floor towards the past, as later ones do.
//  2. Arithmetic at the ends of the int64 range saturates; it never wraps.
//  3. Merge(dst, src) is called with dst older than src; aggregates that keep
//     order (First, Last, Collect) rely on it.
//  4. Add, Merge of fixed-size accumulators and Result of scalars allocate
//     nothing; accumulators that hold lists allocate only while they grow.
//  5. What a Rolling answers depends on its fields only: stored and restored at
//     any point, it gives the same answers, bit for bit.
//
// What it does not do: it keeps no windows and fires none (the engine does),
// and it knows no keys and no watermarks.
package window
