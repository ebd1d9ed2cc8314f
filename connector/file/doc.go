// Package file reads and writes files of lines, JSON lines and CSV, plain or compressed.
//
//	type Payment struct {
//		Card   string  `csv:"card"`
//		Amount float64 `csv:"amount"`
//	}
//
//	payments := stream.From(job, file.Source[Payment]{Path: "in/*.csv.gz", Format: file.CSV[Payment]()})
//	payments.To(file.Sink[Payment]{Dir: "out", Format: file.JSON[Payment](), Compression: "zstd"})
//
// # Reading
//
// Each file is a split; a subtask reads several in turns, or with InOrder one after the other. The position of a
// split is the offset of the next record in the file's text, after decompression, and its line. Follow waits for more at
// the end of files and for new files.
//
//	file ──> decompress ──> frame: cut into records ──> decode ──> T
//	                            │ too long                 │ malformed
//	                            └──────── BadRecords ──────┘──> fail │ skip and count │ dead letter:
//	                                                             file, byte offset, line, raw bytes, error
//
// # Writing
//
// Each writer writes part files, whose names end in .pending until their last checkpoint is durable:
//
//	records ──> part-000-00000003-000.jsonl.pending ─ Roll ─> ended ─ Prepare(4): sync ─ Commit(4): rename ─>
//	            part-000-00000003-000.jsonl
//
// Without Roll a part ends with each checkpoint. With it a part goes on: the checkpoint holds how many of its bytes
// belong to it, and a restart cuts off the rest. A restart first commits what the checkpoint promised, whichever writer is
// told of it, then removes the parts that were begun after it.
//
// # Invariants
//
//   - What has a name without .pending is complete, and stays as it is: exactly once for whoever reads just these.
//   - A promise is made when the bytes and the names are on the disk: it holds after a power cut.
//   - After a failed write or sync a writer promises nothing more, as nobody knows what the file holds: the job restarts
//     from its last checkpoint.
//   - A compressed file consists of pieces that end at checkpoints, so that its beginning is a whole file.
//   - Which subtask reads a file depends on the file's name alone.
//
// # What it does not do
//
// Files do not change while they are read, but for those that Follow reads, which may grow, be cut or be replaced by
// shorter ones; a replacement that is longer than what was read is not noticed. Reading and writing happen in the
// task's goroutine, syncing in the background. A checkpoint older than the newest durable one does not take back
// parts that were committed since.
package file
