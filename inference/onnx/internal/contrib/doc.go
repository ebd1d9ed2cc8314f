// Package contrib rewrites operators of the domain com.microsoft, which exporters and
// ONNX Runtime's optimizer write into files, as operators of the standard.
//
//	err := contrib.Expand(model.Graph)
//
// # Concepts
//
// A rule takes one node apart: it reads the node's attributes, writes standard nodes
// (at the newest version of the operator set), and says which of their values stand
// for the node's outputs. The passes after it see nothing but standard operators, so
// that everything they know, folding weights included, works on what came in fused.
//
//	SkipLayerNormalization(x, skip, γ, β, bias)
//	   └──> Add ── Add ──┬── LayerNormalization ──> output 0
//	                     └──────────────────────> output 3
//
// Weights in blocks of few bits (MatMulNBits, GatherBlockQuantized) become float32
// when the model is loaded.
//
// # Invariants
//
//  1. A node that no rule knows is left as it is: the engine lists it as unsupported.
//  2. A variant that a rule does not cover is an error that names it; no attribute and
//     no input is ignored silently.
//
// # What it does not do
//
// It does not pick ranks out of thin air: where an input may have several, the
// declared one counts, and the usual one where none is declared. Operators that
// generate text (BeamSearch and its kin) are not there.
package contrib
