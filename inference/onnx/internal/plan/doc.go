// Package plan turns a graph into a program: a straight list of steps over
// numbered slots, with the point noted at which each value is needed no more.
//
//	p, err := plan.Compile(graph, ops.All())
//	f := p.NewFrame(&op.Arena{})
//	err = f.Run(inputs, outputs)
//
// # Concepts
//
// A [Program] is immutable. A [Frame] is the private memory of one run at a time:
// the slots, and a context over an arena. Frames are kept and used again, which
// is what makes runs free of allocations.
//
//	slots:  [in x] [const w] [h] [y -> caller's tensor]
//	steps:  MatMul x w -> h      (x, w stay)
//	        Relu   h   -> y      (h is given back)
//
// # Invariants
//
//  1. After Run returns, with or without error, and Reset, no slot but those of
//     constants holds a value, and the arena has every block back.
//  2. Constants and the caller's inputs are never written.
//
// # What it does not do
//
// It does not change the graph (see package pass), and it runs on the caller's
// goroutine only.
package plan
