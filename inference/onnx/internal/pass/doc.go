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
//	graph ── identity ── fold ── dead ──╮
//	   ╰───────── until still ──────────╯
//
// # Invariants
//
//  1. A pass keeps the graph's inputs and the number and values of its outputs.
//  2. Random operators are never folded, and nothing is folded past a memory limit.
//
// # What it does not do
//
// It relies on no declared shape or type of an inner value.
package pass
