// Package exchange moves typed batches of records between tasks.
//
//	task A ── Route ──> Sender ──┐ ring of batches ┌──> Input ── gate ──> head of task B
//	              └──> Sender ──┼─────────────────┼──> …
//	                            └ one ring a pair ┘
//
// A Sender fills a batch and publishes it into the ring of its sender-receiver pair; control elements
// (operator.Mark) stand inside the batch at their place among the records. A full ring never blocks:
// the sender spills what one step of its task makes, and the task is blocked until the spill is
// gone. That is the backpressure.
//
// Invariants:
//  1. A ring has one sender and one receiver. Only the sender writes tail, only the receiver head.
//  2. A batch in a slot belongs to the receiver from the push to the release, then to the sender.
//  3. Records and marks of a pair leave in the order in which they entered.
//  4. Nothing is allocated in steady state: batches circulate between the sender and the slots.
//
// What it does not do: it knows no goroutine and no time; package runtime drives it.
package exchange
