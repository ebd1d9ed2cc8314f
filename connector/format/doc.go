// Package format turns the bytes of a record into a Go value and back. Connectors move bytes; a codec
// says what they mean, so each codec serves every connector.
//
//	codec := format.JSON[Payment]()
//	var p Payment
//	err := codec.Decode([]byte(`{"card":"c1","amount":12.5}`), &p)
//
// # Concepts
//
// A [Decoder] fills a value from a payload. A [MetaDecoder] is also told where the payload came from:
// topic, partition, offset, timestamp, key and headers are in its [Meta]. An [Encoder] appends the
// payload of a value. A [Codec] is both. [DecodeFunc], [MetaFunc] and [EncodeFunc] make them of plain
// functions; [Func] makes a codec of two. One codec is shared by all subtasks, so it must be safe for
// concurrent use; all codecs of this package are.
//
//	bytes ──> Decoder.Decode ──> T ──> … ──> T ──> Encoder.Encode ──> bytes
//	              │ error
//	              └──> BadRecords: Fail | Skip | DeadLetter
//
// # Invariants
//
//   - A decoder gets a zeroed value: a field that the payload does not have is zero, whatever came before.
//   - The payload belongs to the connector, often as a small part of a buffer of a megabyte. A decoder
//     copies what it keeps of it; all of this package do.
//   - Encode appends to dst and never touches what dst held.
//   - No panic of a user's codec gets through [Input] and [Output]: it is that record's error.
//
// # What it does not do
//
// It frames nothing (how a file is cut into records is the file connector's) and compresses nothing.
// Avro, Protobuf and schema registries are codecs of the packages below, so that a program links only what it uses.
package format
