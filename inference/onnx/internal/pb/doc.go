// Package pb decodes the ONNX protobuf format into plain Go structs, within a
// budget.
//
//	m, err := pb.Decode(data, pb.Limits{})   // zero limits mean the defaults
//	fmt.Println(m.Producer, len(m.Graph.Nodes))
//
// # Concepts
//
// The structs mirror the messages of onnx.proto one to one, with shorter names;
// nothing is resolved or checked against the ONNX specification here. Tensor
// payloads in raw form stay slices of the input: decoding copies only what is
// packed as varints.
//
//	bytes ── fields ── Model ── Graph ── Node ── Attribute ── Tensor | Graph | …
//	           │
//	           └── budget: bytes, depth, nodes, elements, names
//
// # Invariants
//
//  1. No input makes Decode panic.
//  2. Memory taken is at most a small multiple of the input's length: nothing is
//     allocated by a length that the input merely states.
//  3. A message deeper than Limits.Depth, or with more nodes or elements than
//     allowed, ends in an error that wraps [ErrLimit].
//
// # What it does not do
//
// It reads no file and follows no reference to external data; it only reports
// that a tensor has one.
package pb
