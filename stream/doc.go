// Package stream is Turgo's API: typed streams of records, joined into a job that runs in this process.
//
//	job := stream.NewJob("wordcount")
//	stream.From(job, memory.Lines("to be or not", "to be")).
//		FlatMap(strings.FieldsSeq).
//		KeyBy(strings.ToLower).
//		Count().
//		To(stdout.Print[stream.KV[string, int64]]())
//	err := job.Run(context.Background())
//
// A Stream is a description; Run turns the description into tasks:
//
//	From ──> Map ──> Filter ──> KeyBy ══> WithState ──> To
//	└──── one task, direct calls ────┘    └─ one task a subtask, its own state ─┘
//	                            ══ an exchange: bounded batches, backpressure
//
// # Concepts
//
// Event time is when a record's event happened; EventTime takes it from the record. A watermark says that no
// record of an earlier event time is expected any more: it closes windows and fires timers.
//
// State hangs on a key: KeyBy gives each record one, and WithState, Process, windows and the other
// operators of a Keyed stream keep what they must remember for each key. A checkpoint is a consistent
// picture of all state and of the positions of the sources. After a failure, or a new start with the same
// StateDir, the job goes on from the last one as if nothing had happened; sinks say what that means for what they
// wrote (operator.Guarantee).
//
// # Invariants
//
//   - All faults of a job are reported before anything starts, each with the line of the user's call.
//   - Records of one split and one key stay in order.
//   - A panic in user code ends the attempt with an error that has the operator's name and the stack; it never
//     ends the process.
//
// # What it does not do
//
// It knows no connector and no model: they enter by From, To and Via, so a program links only what it uses.
package stream
