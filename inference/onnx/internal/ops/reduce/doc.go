// Package reduce holds the operators that look along dimensions: sums and other
// reductions, arg-max, top-k, softmax, cumulative sums.
//
//	for _, d := range reduce.Table() {
//		fmt.Println(d.Name) // ArgMax, ReduceSum, …
//	}
//
// # Concepts
//
// A reduction is the broadcast loop turned round: the input takes the place of the
// output, and the accumulator that of an operand which stands still along the
// reduced dimensions. Floats accumulate in float64.
//
//	input [2,3,4], axes {1}:  accumulator [2,1,4]
//	loops: for 2 · for 3 · run of 4: acc[0:4] += in[…]
//
// # Invariants
//
//  1. A reduction of nothing gives the operation's neutral element.
//
// # What it does not do
//
// Pooling and normalization layers are in package nn.
package reduce
