// Package conformance runs the engine over the official ONNX backend cases.
//
//	make conformance                                      # writes the cases into a cache once, and runs them
//	TURGO_ONNX_SUITE=DIR go test ./inference/onnx/conformance
//
// # Concepts
//
// suite.py dumps the cases that the onnx package carries into model folders. The
// test runs them all and compares the outcome with the list in known.txt.
//
//	onnx (PyPI) ── suite.py ──> KIND/NAME/model.onnx, test_data_set_K ── test ──> known.txt
//
// Without TURGO_ONNX_SUITE the models kept in ../testdata are run in their place.
//
// # Invariants
//
//  1. The list fails both ways: a case that fails and is not listed, and one that
//     is listed and passes.
//  2. Every line of the list names a case and its reason.
//
// # What it does not do
//
// It leaves out the official cases that need a download of a model.
package conformance
