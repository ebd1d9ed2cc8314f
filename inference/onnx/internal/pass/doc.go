// Package pass makes graphs smaller and faster, one small named step at a time.
//
//	err := pass.Apply(graph, pass.Standard(), env)
//
// # Concepts
//
// A [Pass] looks at one graph and changes it; [Apply] runs a list of them on the
// main graph and on every subgraph, outer graphs first, until none changes
// anything.
//
//	graph ── simplify ── fuse ── layout ── epilogues ── program
//	   ╰─────────────── until still ───────────────╯
//
// Four kinds of passes, in this order:
//
//   - simplify: identity, shapes, fold, branch, common and dead compute, choose and
//     remove what is known at load.
//   - fuse: convpad, convnorm, layernorm, rmsnorm, gelu, silu, attention, leaves and
//     forest find one kernel's work spread over several nodes.
//   - layout: product and channels-last turn products and convolutions with constant
//     weights into those of package op's internal domain, the latter with the
//     channels of a place side by side.
//   - epilogue lets these do what follows them: bias, activation, residual.
//
// # Invariants
//
//  1. A pass keeps the graph's inputs and the number and values of its outputs, up
//     to rounding.
//  2. Random operators are never folded or shared, and nothing is folded past a
//     memory limit.
//  3. A node that a fused one replaces has no other user, and is no output.
//  4. Internal operators compute float32 only: a constant operand says that the
//     numbers are float32, or the pass leaves the nodes alone.
//
// # What it does not do
//
// It relies on no declared shape or type of an inner value. The declared shapes of
// the main graph's inputs are checked before each run, and used.
package pass
