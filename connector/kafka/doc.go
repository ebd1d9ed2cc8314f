// Package kafka reads and writes Apache Kafka topics.
//
//	payments := stream.From(job, kafka.Source[Payment]{
//		Brokers: []string{"localhost:9092"}, Topics: []string{"payments"}, Decode: format.JSON[Payment](),
//	})
//	alerts.To(kafka.Sink[Alert]{Brokers: []string{"localhost:9092"}, Topic: "alerts", Encode: format.JSON[Alert]()})
//
// # Concepts
//
// A split of a [Source] is a partition; its position is an offset in the job's checkpoint, so a restart
// neither loses nor repeats a record. Consumer groups have no part in it: with Source.Group positions are
// committed after each checkpoint for others to see. A [Bound] says where to start, where to stop (a
// bounded read, for a backfill), and where to go on if an offset is gone.
//
// A [Sink] gathers records in a batch for each partition, and keeps up to five batches of a partition
// under way. A checkpoint waits until all that was written before it is acknowledged. With [ExactlyOnce] each
// checkpoint is a transaction, which is committed when the checkpoint is durable.
//
// The package stands on the single requests of IBM/sarama (Broker.Fetch, Broker.AsyncProduce, …) and not on
// its consumer and producer: batching, offsets, order and retries are here.
//
//	broker ──Fetch──> fetcher ──chunks──> inbox ──> Reader.Poll ──> decoder ──> Emitter     (task's goroutine)
//	          (one goroutine and connection each,    router: finds leaders and offsets,
//	           one response ahead of the task)       takes feeds back when something breaks)
//
//	Writer.Write ──> encoder ──> open batch ──> sender ──> lane of each partition ──Produce──> broker
//	(task's goroutine)                          (one goroutine a writer)     <──ack──
//
// # Invariants
//
//   - A partition's records are emitted in the order of their offsets, each once, whatever happens to
//     leaders and connections. The position is that of what was emitted, not of what was fetched.
//   - What a reader holds is bounded: two responses a partition.
//   - A partition's records are written in order. A retry repeats a batch under its sequence number, so
//     the broker stores it once.
//   - Close returns at once, and leaves no goroutine and no connection behind; a sink's waits for commits that
//     a durable checkpoint has asked for.
//   - The rules of transactions are at type transactions.
//
// # What it does not do
//
// Source and Sink create no topics ([CreateTopic] does). It joins no consumer group, and reads no message format older than Kafka 0.11.
// A source's offsets are in no transaction of a sink: they are in the job's checkpoint.
package kafka
