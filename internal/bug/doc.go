// Package bug seeds mistakes into the engine on purpose, to see that its tests find them.
//
//	if bug.Enabled && bug.On(bug.SkipAlignment) {
//		return t.barrier(n) // wrong
//	}
//
//	go test -tags turgobugs ./internal/sim -run TestSeededBugs
//
// With the build tag turgobugs one bug at a time is on, by Set. Without it Enabled is the constant false: the compiler drops
// the condition and what depends on it before it even counts a function's size for inlining, and there is no Set.
//
//	state, window, operator, engine ── hooks ──> bug <── Set ── internal/sim
//
// Invariants: every hook stands behind Enabled; every bug has a hook, and a description that says what a reader of the hook
// would call it.
//
// What it does not do: it is no way to inject failures of the world, such as those of disks; package streamtest does that.
package bug
