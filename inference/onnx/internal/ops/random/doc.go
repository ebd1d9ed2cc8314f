// Package random holds the operators that draw numbers, and the generator they
// draw from.
//
//	g := random.New(42)
//	g.Float64() // 0.3745401188473625, as numpy.random.RandomState(42) gives it
//
// # Concepts
//
// The generator is the Mersenne Twister (Matsumoto and Nishimura, 1998), drawn
// from the way numpy's RandomState does, so that a model with a seed gives the
// numbers that the reference implementation of ONNX gives.
//
//	seed attribute ──> generator, new in each run ──> uniform, normal, …
//	no seed ─────────> generator of the run's context ───╯
//
// # Invariants
//
//  1. A node with a seed gives the same numbers in each run.
//  2. A node without one gives other numbers in each run of a context; the first
//     run of every context gives the same ones, since the engine has no source of
//     chance of its own. Give the node a seed, or the model an input, for other ones.
//
// # What it does not do
//
// It is no source of secrets.
package random
