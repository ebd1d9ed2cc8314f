// Package state keeps what operators remember: values, maps, lists and timers per key, and lists per operator.
//
//	backend, err := state.OpenBackend(state.Options{})
//	keys, err := state.NewKeys[string](backend)
//	seen := state.NewValue[int](keys.Operator("count"), "seen")
//	err = backend.Start()
//	keys.Seek("a")
//	*seen.Ref()++
//
// # Concepts
//
// A Backend is all state of one task. A key scope (Keys) knows the keys that one KeyBy brings to it and gives each a
// slot; the states of all operators behind that KeyBy are columns over these slots. So a record costs one look-up
// of its key, and then each handle is an access to an array.
//
//	               Prepare(keys)                Value "seen"    Value "sum"    Map "items"   timers
//	record ──> hash ──> index of its key group ──> slot ─┬──────────┬──────────────┬────────────┐
//	                                                     v          v              v            v
//	                                               cell{mark,val} cell          sorted keys   heap by time
//
// With a Budget, keys that were not used for a while are evicted, each as a whole, to a log of segments; the index then
// holds where the record is, and using the key again is one read. Timers that are far lie in the store alone. The next
// snapshot brings into the store what the log has and no snapshot has saved.
//
//	slots ──clock──> evict ──> log (tail, segments) ──index──> readmit ──> slots
//	                             └── unsaved entries ──> next snapshot ──> store
//
// A slot lives as long as something of it exists, so keys that go away leave nothing behind.
//
// # Invariants
//
//  1. One goroutine, the task, calls the backend, the key scopes and the handles.
//  2. A slot never changes its key group, nor does a reference to an entry of a map or a list.
package state
