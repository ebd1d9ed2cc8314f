// Package sequence holds the operators on sequences and optionals.
//
//	for _, d := range sequence.Table() {
//		fmt.Println(d.Name) // ConcatFromSequence, SequenceAt, …
//	}
//
// # Concepts
//
// A sequence is a list of tensors outside the run's arena. Operators that change
// one make a new list over the same tensors, which nobody writes.
//
//	SequenceInsert: [a b] + x at 1 ──> [a x b]
//
// # Invariants
//
//  1. A tensor enters a sequence as a copy, so that the arena may take its memory
//     back.
//
// # What it does not do
//
// These operators allocate: models that use them do not run without garbage.
package sequence
