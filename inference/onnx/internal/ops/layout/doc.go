// Package layout holds the operators that move elements and do not change them:
// reshape, transpose, slice, gather, pad and the like, and those that make tensors
// from shapes and constants.
//
//	for _, d := range layout.Table() {
//		fmt.Println(d.Name) // Concat, Constant, …
//	}
//
// # Concepts
//
// Elements are moved as opaque words or strings, in runs as long as the geometry
// allows. What keeps the order of elements is a view and moves nothing. Slice, Pad
// and Tile are one loop: for each dimension, a list says which input index an
// output index is taken from.
//
//	maps: dim 0 [2 1 0]      output (i, j)  <──  input (map0[i], map1[j])
//	      dim 1 [0 0 1 -1]                       -1: the fill value
//
// # Invariants
//
//  1. Indices from tensors are checked against the dimension before any use.
//
// # What it does not do
//
// It looks at no element but indices and shapes.
package layout
