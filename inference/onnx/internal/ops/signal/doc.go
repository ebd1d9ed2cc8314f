// Package signal holds the operators on sampled signals: Fourier transforms,
// windows, and mel filters.
//
//	for _, d := range signal.Table() {
//		fmt.Println(d.Name) // DFT, STFT, HannWindow, …
//	}
//
// # Concepts
//
// A transform of any length is a product of short ones: lengths of small primes
// step by step, others by a convolution of a length that is a power of two
// (Bluestein). What depends on the length alone, a plan, is kept from run to run.
//
//	signal ── gather ──> complex128 line ── plan ──> spectrum ── scatter ──> output
//
// # Invariants
//
//  1. All transforms are computed in double precision.
//  2. A plan is used by one run at a time.
//
// # What it does not do
//
// It does not invert STFT: the standard has no such operator.
package signal
