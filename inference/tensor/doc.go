// Package tensor holds the values that models take and give: dense typed
// tensors, and the sequences, maps and optionals built from them.
//
//	x, err := tensor.Of([]int{2, 3}, []float32{1, 2, 3, 4, 5, 6}) // no copy
//	row, err := tensor.Data[float32](x)                            // the same memory
//	fmt.Println(x, row[4])                                         // float32[2,3] 5
//
// # Concepts
//
// A [Tensor] is an element type, a shape and row-major data. A shape of no
// dimensions is a scalar (one element); a dimension of zero makes the tensor
// empty. Numeric data is one contiguous block that can be seen as a typed slice
// ([Data]) or as raw bytes in native order ([Tensor.Bytes]); strings are a
// []string.
//
//	Tensor ── elem  float32
//	       ── shape [2,3]
//	       ── data  | 1 2 3 | 4 5 6 |      row-major, last dimension fastest
//
// The zero Tensor is ready for use as an output: [Tensor.Resize] gives it a type
// and shape and grows its memory only when the old block is too small, so that a
// tensor written again and again stops allocating.
//
// Types narrower than a byte (int4, uint4, int2, uint2, float4) are kept one
// element a byte, so that every kernel may index them; readers unpack them.
//
// # Invariants
//
//  1. Len() equals the product of Shape() and never overflows an int.
//  2. A bool element is stored as 0 or 1.
//  3. Numeric memory is aligned for its element type.
//
// # What it does not do
//
// No arithmetic, no strides and no locking: a tensor being written must not be
// read by another goroutine.
package tensor
