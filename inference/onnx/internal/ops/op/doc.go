// Package op is the contract between the engine and the operators: how an
// operator is described and built ([Def], [Build]), and what it sees while it
// runs ([Ctx]).
//
//	// relu is a whole operator: built once per node, run any number of times.
//	func relu(b *op.Build) (op.Kernel, error) {
//		return op.Func(func(c *op.Ctx) error {
//			x := c.In(0)
//			y, err := c.Out(0, x.Elem(), x.Shape())
//			if err != nil {
//				return err
//			}
//			…
//		}), nil
//	}
//
// # Concepts
//
// A [Kernel] is immutable and shared by all concurrent runs; what a run needs
// lies in its [Ctx]: inputs, outputs, scratch memory, all of it from the run's
// [Arena]. Outputs are asked for with their shape once it is known, so nothing
// depends on declared shapes; a block is given back when the last node that reads
// it has run, and the next run finds the same blocks again.
//
//	Build ──once──> Kernel ──every run──> Ctx.In / Ctx.Out ──> Arena (blocks by size class)
//
// # Invariants
//
//  1. A kernel writes every element of each output it asked for: memory is not zeroed.
//  2. A kernel keeps nothing of a Ctx after Run returns.
//  3. An attribute that a builder did not ask about makes the build fail, so that
//     no attribute is silently ignored.
//  4. In steady state, with shapes seen before, Ctx allocates nothing.
//
// # What it does not do
//
// It does not know the operators (see package ops) nor the order in which nodes
// run (see package plan).
package op
