// Package async asks about the records of a stream outside of the job, many at a time: services, databases, models of
// other processes. What asks is a plain Go function that may block.
//
//	scored := payments.Async(func(ctx context.Context, p Payment) (Scored, error) {
//		return client.Score(ctx, p)
//	}, async.Capacity(1000), async.Timeout(2*time.Second), async.Retries(async.Retry{Attempts: 3}))
//
// # Concepts
//
// New asks about each record, NewBatched about several at once, NewLookup about a key of each, with answers kept and
// shared. Each call of the function is a goroutine; the task goes on meanwhile:
//
//	Push ──> record inside ──┬──> answer kept? asked already? ──> call ~~~> function
//	             ^           │                                    ~
//	   tries left, after a wait                     timeout ~~~>  │ answer, error
//	             └───────────┴────────────────────────────────────┘
//	                         └──> waits for its turn: Ordered, Unordered, PerKey ──> next operator
//
// Capacity bounds how many records are inside. With that many, the task reads nothing more: the stream before it slows
// down to what the function can do. A failed try is made again as Retry says; when none is left, the record goes to
// Fallback, or to a side output (FailedTo), or ends the attempt of the job.
//
// # Invariants
//
//  1. Every record that comes in leaves once, as a result or as a failure, whatever crashes between; the function may
//     be asked about it several times.
//  2. A checkpoint has all records inside, with the number of tries that have failed and the time of the next. It does
//     not wait for answers. A restored job asks about them again.
//  3. No result passes a watermark, in either direction, in any order. The end of the input waits for the last answer.
//  4. The keys of a keyed stream are current where the results go, and records inside move with their keys when the
//     parallelism changes.
//  5. Time, chance and goroutines are those of the job: a simulation repeats itself.
//
// # What it does not do
//
// It makes no call exactly once: what the function changes outside should bear being done twice. It keeps no cache in
// checkpoints, and cannot stop a function that does not heed its context: what that returns is dropped.
package async
