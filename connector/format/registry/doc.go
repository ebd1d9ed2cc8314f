// Package registry reads and writes records in the frame of Confluent's schema registry, which other registries speak
// as well: each payload names the schema that it was written under.
//
//	codec := registry.Of(registry.Client{URLs: []string{"http://registry:8081"}, Subject: "payments-value"},
//		avro.Of[Payment](schema))
//	payments := kafka.Source[Payment]{…, Decode: codec}
//
// # Concepts
//
// A frame is a zero byte, the schema's id in 4 bytes, for Protobuf the place of the message in its file, then the payload:
//
//	┌───┬──────────────┬───────────────────────┬─────────┐
//	│ 0 │ id, 4 bytes  │ [message index]       │ payload │
//	└───┴──────────────┴───────────────────────┴─────────┘
//	        │                                       │
//	        └──> registry, once an id ──> Schema.Reader(writer's) ──> T
//
// A [Schema] is the payload's format: avro.Of, protobuf.Of, or [JSON]. The schema of an id never changes, so each is asked for
// once. The program's own schema gets its id with the first record written: it is registered under the Subject if
// Register is set, else looked up.
//
// # Invariants
//
//   - A registry that does not answer is no fault of a record: the error is format.ErrUnavailable, on which connectors
//     end the attempt and do not skip records. It is asked again for Client.Timeout before.
//   - An id that the registry does not know is that record's error.
//   - Credentials are in no error and no text form.
//
// # What it does not do
//
// Schemas that refer to others (references) are not put together. Checks of compatibility are the registry's.
package registry
