// Package kernel holds the loops that the operators are made of: plain functions
// over slices, with no tensors, no attributes and no errors.
//
//	var l kernel.Loops
//	l.Init([]int{2, 3}, []int{2, 3}, []int{3}, nil)
//	kernel.Arith(kernel.Add, &l, dst, a, b)
//
// # Concepts
//
// Numpy broadcasting is reduced to nested loops first ([Loops]): neighbouring
// dimensions that all operands walk alike are joined, so that the innermost loop
// is a run over whole slices, with each operand either moving or standing still.
//
//	[64,1,32] + [1,16,32]  ──>  for 64 · for 16 · run of 32: vector + vector
//	[8,16]    + []         ──>  run of 128: vector + number
//
// Matrix products are blocked: the right-hand side is laid out in panels ([Packed]),
// tiles of the result stay in registers over the whole depth, and an [Epilogue] is
// applied while a tile is in the first-level cache.
//
//	a: rows as they lie      panel of b: nr columns       c: tiles, one below another
//	┌───────────────┐        ┌──┬──┬──┐                   ┌──┐ sum
//	│ 14 x k        │   ·    │k │  │  │         =         │14│ + bias, limits (in registers)
//	└───────────────┘        └──┴──┴──┘                   └──┘ activation, residual (in cache)
//
// [Best] chooses the instruction set once per process: AVX-512, AVX2 with FMA, or plain Go.
// Vector loops are written for 8 and for 16 numbers; lengths that do not divide are
// finished by a padded vector or in Go. GODEBUG=cpu.avx512f=off,cpu.avx2=off makes a
// process see less, for tests.
//
// # Invariants
//
//  1. Functions allocate nothing; packed weights are made by constructors.
//  2. Sizes are the caller's promise; too short a slice panics, never writes elsewhere.
//  3. Integer division by zero gives 0; no arithmetic on numbers panics.
//
// # What it does not do
//
// It starts no goroutines.
package kernel
