// Package protobuf is the codec of Protocol Buffers messages, for generated types.
//
//	payments := kafka.Source[*pb.Payment]{…, Decode: protobuf.Of[pb.Payment]()}
//
// # Concepts
//
// Records are pointers, as generated messages must not be copied: each decoded record is a message of its own, which
// no later record overwrites. Fields that the program does not know are kept and written again.
//
//	bytes ──proto.Unmarshal──> *pb.Payment ──> … ──> *pb.Alert ──proto.Marshal──> bytes
//
// # Invariants
//
//   - Encoding is deterministic within one build of the program: equal messages have equal bytes.
//   - A nil message is written as null; a null payload is format.ErrSkip.
//
// # What it does not do
//
// It reads no .proto text and has no dynamic messages. Framing with a length, as in files, is the connector's.
package protobuf
