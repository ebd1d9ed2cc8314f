// Package avro is the codec of Apache Avro's binary encoding, for records that are one bare datum each.
//
//	type Payment struct {
//		Card   string  `avro:"card"`
//		Amount float64 `avro:"amount"`
//	}
//	codec := avro.Of[Payment](`{"type":"record","name":"Payment","fields":[
//		{"name":"card","type":"string"},{"name":"amount","type":"double"}]}`)
//	payments := kafka.Source[Payment]{…, Decode: codec}
//
// # Concepts
//
// A datum says nothing of its schema. The program has one, by which values are encoded and, if nothing else is known,
// decoded. Where a registry knows the schema of the writer, package registry asks [Codec.Reader] for a decoder that
// resolves it against the program's: fields in another order, added ones with a default, removed ones, widened numbers.
//
//	bytes ──> writer's schema ──resolved with──> program's schema ──> T
//
// # Invariants
//
//   - A datum is read whole: bytes behind it are an error, since the schema was another one then.
//   - What a decoder allocates is bounded by the size of its input, or by 64 MiB where that says nothing.
//   - Codecs are safe for concurrent use.
//
// # What it does not do
//
// Object container files (.avro) and single-object encoding have frames of their own, and are not read here.
package avro
