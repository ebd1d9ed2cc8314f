// Command fraud finds fraudulent card payments in a stream, as they are made.
//
//	GOTOOLCHAIN=auto go run ./examples/fraud
//
// Payments come through Kafka, are cleaned, turned into features of each card, scored by gradient-boosted trees in
// ONNX, and judged by a threshold and rules; alerts go to Kafka, SQLite and the terminal, totals of each card to
// SQLite. README.md tells what the flags do.
//
//	payments ──> clean ──> by card ──> features ──> score ──┬──> alerts ──> Kafka, SQLite, terminal
//	   └──> dead letters                                    └──> totals per card ──> SQLite
//
// Pipeline is the job between source and sinks: a plain function of streams. sim_test.go runs it in virtual time, with
// crashes, against plain Go.
//
// Invariants: every payment counts once in the database, however often the process dies; a record that is no
// payment is reported with its place and does not stop the job.
package main
