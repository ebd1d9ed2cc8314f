//go:build turgobugs

package bug

import "sync/atomic"

// Enabled says that bugs can be on.
const Enabled = true

// active is the bug that is on. Only programs built to have bugs have this variable.
var active atomic.Uint32

// Set makes b the bug that is on; None is no bug.
func Set(b ID) { active.Store(uint32(b)) }

// On says whether a bug is on.
func On(b ID) bool { return active.Load() == uint32(b) }
