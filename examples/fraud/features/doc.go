// Package features turns payments into what the fraud model sees. Training and
// serving run the very same code: [Clean], then [CardState.Update], then the
// fields of [Features] in the order of their tags.
//
//	var state features.CardState // one per card
//	var f features.Features
//	features.Clean(&payment)
//	state.Update(&payment, &f)
//	verdict := features.Decide(&f, score, threshold)
//
// # Concepts
//
//	payment ─> Clean ─> Update ─> Features ─> model ─> score ─> Decide ─> verdict
//	                      ^│
//	                   CardState (keyed by card)
//
// A [CardState] remembers one card in bounded memory: the amounts of the last
// day (at most [MaxEntries]), a few merchants, devices and countries, running
// means. It is a plain struct, made for keyed state.
//
// # Invariants
//
//  1. Features depend on the payments of the card up to now, in the order of
//     their arrival, and on nothing else; never on the field Fraud.
//  2. Every feature is a finite number.
//  3. Update allocates nothing once the card's list of amounts has grown, and
//     keeps at most about 8 KB per card, under 1 KB for most.
//
// # Late payments
//
// A payment that arrives after a later one of the same card counts in every
// rolling range that still covers its time, and these ranges end at the latest
// time seen, not at its own. Gap, distance and speed are taken between it and
// the latest payment, with the absolute difference in time; it does not replace
// that one as the last. One more than a day late is scored, but not remembered
// in the ranges.
package features
