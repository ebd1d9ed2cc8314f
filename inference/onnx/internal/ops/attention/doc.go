// Package attention holds the operators that transformers are exported with as
// one piece.
//
//	for _, d := range attention.Table() {
//		fmt.Println(d.Name) // Attention, RotaryEmbedding, …
//	}
//
// # Concepts
//
// Inputs come as [batch, heads, steps, width] or as [batch, steps, heads·width]; both
// are read where they lie, by their strides ([heads]).
//
//	scores [q, kv] = scale · Q Kᵀ ── cap ── + mask ── softmax ── · V ──> [q, width]
//
// # Invariants
//
//  1. A query that may look at nothing gives zeros, never NaN.
//
// # What it does not do
//
// Attention written out as matrix products and softmax is not gathered here.
package attention
