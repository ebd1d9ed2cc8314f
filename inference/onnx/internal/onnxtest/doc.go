// Package onnxtest reads the layout that the official ONNX tests use and compares
// results with it. Only tests import it.
//
//	sets, err := onnxtest.Sets(os.DirFS("testdata"), "mlp")
//	err = onnxtest.Run(session, sets[0], onnxtest.Tolerance{Rel: 1e-3, Abs: 1e-5})
//
// # Concepts
//
//	NAME/model.onnx
//	NAME/test_data_set_K/input_I.pb     TensorProto, SequenceProto or OptionalProto
//	NAME/test_data_set_K/output_J.pb    … or output_J.json: a list of maps
//
// # Invariants
//
// A file that cannot be read, and an output that the set does not have, is an error.
//
// # What it does not do
//
// It does not run anything but what it is given.
package onnxtest
