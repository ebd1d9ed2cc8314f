// Package elementwise holds the operators in which an output element depends on
// the input elements at one place: arithmetic, comparison, logic, activations,
// casts.
//
//	for _, d := range elementwise.Table() {
//		fmt.Println(d.Name) // Add, Sub, …
//	}
//
// # Concepts
//
// Operands are broadcast by numpy's rules; each constructor fixes the operation,
// and the kernel switches on the element type when it runs, so declared types play
// no part. Operators marked Wide never see 16-bit floats.
//
//	shapes ──> kernel.Loops ──> one loop for each element type
//
// # Invariants
//
//  1. Where shapes allow, the output takes an input's memory over (Ctx.OutOver);
//     every loop therefore reads an element before it writes the same place.
//
// # What it does not do
//
// Reductions and softmax are in package reduce.
package elementwise
