// Package cep finds patterns in the events of each key: stages that follow each other, repeated, optional, forbidden, in
// groups, within a time.
//
//	small := cep.Begin[Payment]("small").Where(func(p Payment) bool { return p.Amount < 1 }).OneOrMore().Consecutive().
//		Next("large").Where(func(p Payment) bool { return p.Amount > 500 }).
//		Within(time.Minute).AfterMatch(cep.SkipPastLast())
//	alerts := payments.KeyBy(Payment.Card).Detect(small, func(card string, m cep.Match[Payment]) Alert { … })
//
// # Concepts
//
// A stage takes events for which its conditions are true. Contiguity says what may lie between two stages, and between
// the events of a repeated one: nothing (Next, Consecutive), events that do not fit (FollowedBy), any (FollowedByAny,
// AllowCombinations). A pattern is compiled into an automaton; each partial match is a run in it, and an event may take a
// run along several ways, each of which is a run then. Within ends runs; AfterMatch drops those that a match makes
// uninteresting.
//
//	events ──> wait for the watermark ──> in the order of time ──> runs of the key ──┬──> matches
//	              (or in arrival order)                              │  ^            └──> timed out
//	                                                                 v  │
//	                                                      forest of taken events, shared
//
// # Invariants
//
//  1. What comes out depends on the events of the key in the order of their event times, and of one time in the order
//     in which they came; on nothing else.
//  2. An event is kept as long as a partial match has it, once, however many do.
//  3. With a skip strategy, matches come out in the order of their first events: one waits for partial matches that
//     began before it.
//  4. A watermark is handed on behind all that it completes or ends.
//
// # What it does not do
//
// It bounds no state by itself: a repeated stage without Within or Until keeps events for ever. Order between keys, and
// conditions that change what they look at, are outside of it.
package cep
