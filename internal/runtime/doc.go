// Package runtime runs a plan: it builds the tasks of one attempt, and each task is a step function.
//
//	               mail: trigger n, committed n, stop
//	                 │
//	inputs ──────> Task ── head ─ operator ─ operator ──> senders
//	(gates: min      │            └ state.Backend (one a task)
//	 watermark,      └ events: acknowledged, ended, failed ──> checkpoint.Coordinator
//	 alignment)
//
// One step reads one batch of one input, or polls the source once, or handles mail, and lets timers fire.
// Operators of a task call each other directly; the typed wiring is made once, when the attempt is built
// (Out, Consumer, Builder), and nothing is boxed per record.
//
// Invariants:
//  1. Step, and all that it calls, runs on one goroutine at a time: operators need no lock.
//  2. A task whose outputs are full does no work that could emit: its step returns Blocked.
//  3. State is frozen for checkpoint n after the last operator has handed on barrier n and before the
//     next record is read.
//     A checkpoint that overtakes freezes at once, and gathers what comes before the barrier (task_overtake.go).
//  4. After End a task answers checkpoints until the coordinator stops it: the last checkpoint holds all.
//  5. An error or a panic in a step ends the attempt, never the process.
package runtime
