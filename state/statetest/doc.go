// Package statetest helps to test what stands on package state: background work that runs when the test says so.
//
//	var steps statetest.Steps
//	b, err := state.OpenBackend(state.Options{Executor: &steps, DisableCompaction: true})
//	…
//	snap, err := b.Freeze(1, nil)
//	for steps.Step() {
//	}
//	<-snap.Done()
//
//	task ── Freeze ──> Steps (a queue) <── Step ── test
//
// Invariants: a job runs only inside Step or Run, on the goroutine that called it; jobs run in the order in which they
// were posted unless Pick chooses another.
//
// It has no fakes of the state itself: a backend without a directory is fast enough for every test.
package statetest
