// Package ops is the table of operators: every one the engine has, in one place.
//
//	set := ops.All()
//	def := set.Find("", "Gemm")
//
// # Concepts
//
// An operator is one constructor in one file of a family package; it enters the
// engine by a line in this package's table. Families:
//
//	elementwise  one output element from the inputs' elements at one place
//	layout       elements moved, not changed: reshape, transpose, gather, …
//	reduce       many elements to one: sums, arg-max, top-k, softmax
//	linear       matrix products
//	ml           ai.onnx.ml: trees, linear models, encoders, scalers
//
// # Invariants
//
//  1. There is no registration at init: what is not in the table is not there.
//  2. Each (domain, name) is listed once.
//
// # What it does not do
//
// It holds no kernels.
package ops
