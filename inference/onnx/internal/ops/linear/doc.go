// Package linear holds the operators that multiply matrices.
//
//	for _, d := range linear.Table() {
//		fmt.Println(d.Name) // Gemm, MatMul, …
//	}
//
// # Concepts
//
// A constant right-hand side is packed for the inner loops once, when the model
// is loaded; others are packed in each run.
//
//	weights ── Pack (load) ──╮
//	inputs ─────────────────> Mul ──> output (prefilled with the bias)
//
// # Invariants
//
//  1. float32 goes through kernel.Packed; other types through a plain loop.
//
// # What it does not do
//
// Convolutions and recurrent cells are in package nn.
package linear
