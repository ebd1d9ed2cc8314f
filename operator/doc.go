// Package operator holds the contracts under a stream, and the operators that come with Turgo. What is built in
// here and what others write are equal: both are an Operator, a Source or a Sink.
//
// An operator of one's own, without a key:
//
//	// everyOther hands on every other record. (What it counts is not kept over a restart: that would be state.)
//	type everyOther[T any] struct {
//		operator.Base[T]
//		skip bool
//	}
//
//	func (o *everyOther[T]) Push(time int64, v *T) error {
//		if o.skip = !o.skip; o.skip {
//			return o.Out.Push(time, v)
//		}
//		return nil
//	}
//
//	numbers.Via(operator.NewFactory("every-other", func() operator.Operator[int, int] { return &everyOther[int]{} }))
//	// 1 2 3 4 5 → 1 3 5
//
// Most user code needs no more than a Function, or with keys a Keyed: state handles made in Open, timers, side
// outputs; NewFunction and NewKeyed make operators of them. Package operatortest tests all of them.
//
// # Concepts
//
// Records and control elements (marks) come to an operator in the order of the stream, by direct calls in one
// goroutine. The first operator of a task hangs on a source or on the inputs of an exchange, the last on an
// exchange or a sink:
//
//	source, exchange             one task, one goroutine                 exchange, sink
//	      │      Push(time, *v)            Push                 Push           ^
//	      └────> Receiver ── Operator ───> Receiver ── Operator ───> Receiver ─┘
//	             Mark(watermark)           Mark                 Mark
//	                            └─ Open: Context ─┬─ state, timers (package state)
//	                                              ├─ side outputs (Side)
//	                                              └─ clock, counters, log
//
// A watermark says that no record of that event time or an earlier one follows, but late ones. A barrier says that
// everything before it belongs to a checkpoint. Idle says that nothing is to be expected for now, End that nothing
// follows. Optional interfaces say what else an operator wants: Starter (restored state before the first record),
// Timed (to act at a processing time), Acker and Committer (to take part in checkpoints with more than state).
//
// The operators, one a file: Map, Update, Filter, FlatMap, Try, Split, Pass, Function without a key; EventTime, which
// makes watermarks; KeyBy, and behind it WithState, Reduce, Count, Keyed, Window and Over.
//
// # Invariants
//
//  1. All calls of an operator come from one goroutine; nothing in it needs a lock.
//  2. *v is the receiver's during Push only: who keeps a value copies it, and who pushed it counts on nothing in it
//     afterwards.
//  3. A mark is handed on before Mark returns, behind all that belongs before it. When a barrier has passed, nothing is
//     in flight inside the operator that is not in its state.
//  4. An error of Push or Mark is returned at once, and nothing is pushed after it. It ends the attempt; Close follows.
//  5. The end of time, as a watermark, stands before End: windows and event-time timers fire before the stream ends.
//     Checkpoints are answered after End as well.
//  6. No record is boxed and nothing is allocated per record in steady state.
//
// # What it does not do
//
// It starts no goroutine and knows no exchange, no checkpoint store and no graph: the runtime does, and fills the Env.
// It knows no system outside: connectors do.
package operator
