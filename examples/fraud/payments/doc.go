// Package payments is the data of the fraud example: what a payment is, how it
// is written and read (JSON and CSV), and a seeded simulator that invents a
// world of cards, merchants, habits and crimes.
//
//	sim := payments.NewSimulator(payments.Config{Seed: 1})
//	for p := range sim.All() {
//		line = p.AppendJSON(line[:0])
//	}
//
// # Concepts
//
// A [Payment] holds no pointer, so a batch of them costs the garbage collector
// nothing. Money is in whole cents, so that totals do not depend on the order
// of addition. What the cardholder's bank could not know, the truth about
// fraud, travels in the field Fraud: features never read it, the demo uses it to
// measure precision and recall.
//
//	legit shoppers ──┐                     ┌─ delay up to 4.5 s ─┐
//	sprees, trips  ──┼─> pending, by time ─┤  dirty values       ├─> arrivals
//	crimes         ──┘                     └─ (optional) corrupt ┘
//
// # Invariants
//
//  1. The simulator is a function of its Config alone: same settings, same
//     payments, in the same order.
//  2. Arrival order differs from event time by at most [MaxDelay].
//  3. Decode accepts what encoding/json would, for the fields of a payment, and
//     nothing else; it keeps no reference to its input.
//  4. Decode(AppendJSON(p)) == p.
//
// What it does not do: it computes no features and knows no streams.
package payments
