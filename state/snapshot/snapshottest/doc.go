// Package snapshottest holds an implementation of snapshot.Store to what the interface promises.
//
//	func TestStore(t *testing.T) {
//		snapshottest.TestStore(t, func(t *testing.T) snapshot.Store { return mystore.New(…) })
//	}
//
// Faulty wraps a store for tests of what is above it: operations that fail, uploads that arrive in part, listings that
// lag behind.
//
//	test ── Repository ── Faulty ── store
//	                        └── n-th Put: error before, error after, cut in half
//
// It does not cut the power: for a store on a disk, vfs.NewCrashableMem does.
package snapshottest
