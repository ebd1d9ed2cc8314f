// Package ir is the typed graph that the engine works on: names resolved to
// values, attributes to Go types, model-local functions inlined, each node with
// the version of its operator.
//
//	m, err := ir.Build(decoded, ir.Config{})
//	for _, n := range m.Graph.Nodes {
//		fmt.Println(n) // Gemm-13(x, w, b) -> (y)
//	}
//
// # Concepts
//
// A [Value] is defined once: by the graph's input, by a constant, or by a node.
// A [Graph] inside an attribute (If, Loop, Scan) sees the values of the graphs
// around it; each such use becomes a [Capture], so that the node which holds the
// subgraph has all it depends on in plain sight.
//
//	 inputs ─┐
//	         ├─> Node ──> Value ──> Node{If} ──> outputs
//	consts ──┘              ╰─ capture ─> ╰ Graph ╯
//
// # Invariants
//
//  1. Nodes are in an order in which each value is defined before its use.
//  2. Every Value has exactly one definition; a Value with Const set needs no run.
//  3. Declared types of inner values and of outputs are hints, never trusted.
//
// # What it does not do
//
// It knows no operator: whether one exists, and what its attributes mean, is for
// the operator packages to say.
package ir
