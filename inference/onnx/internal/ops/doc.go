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
//	nn           convolutions, pooling, norms, recurrent cells, resize
//	attention    scaled dot-product, linear and flexible attention, rotations
//	quant        integers with scales
//	signal       Fourier transforms, windows, mel filters
//	vision       sampling by coordinates, regions, boxes, encoded pictures
//	sequence     sequences, optionals
//	text         strings, tokens
//	random       draws, from the generator the reference uses
//	control      If, Loop, Scan, with their subgraphs
//	training     steps of optimizers
//
// # Invariants
//
//  1. There is no registration at init: what is not in the table is not there.
//  2. Each (domain, name) is listed once.
//  3. A node lacks no input that its operator cannot do without: [Check].
//
// # What it does not do
//
// It holds no kernels.
package ops
