// Package control holds the operators that run subgraphs: If, Loop, Scan and
// SequenceMap.
//
//	for _, d := range control.Table() {
//		fmt.Println(d.Name) // If, Loop, …
//	}
//
// # Concepts
//
// A subgraph is compiled with the node that holds it; the values of surrounding
// graphs that it uses are among the node's own inputs. It runs in a frame that the
// run keeps for it, in the same arena.
//
//	Loop ── iteration, condition, state ──> body ──╮
//	          ╰────────── copied ────────────<─────╯ ──> scan outputs, gathered
//
// # Invariants
//
//  1. What a subgraph returns is copied before it runs again.
//  2. A loop whose trip count is not bounded ends by its condition; the caller's
//     memory limit bounds what it gathers.
//
// # What it does not do
//
// It decides nothing at load: an If whose condition is constant stays an If.
package control
