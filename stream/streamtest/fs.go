package streamtest

import (
	"math/rand/v2"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// swapFS is a file system that can crash: what was not synced is lost, and who has files open from before
// writes to a copy that nobody reads.
type swapFS struct {
	vfs.FS
	next    vfs.FS // what the process finds when it starts again
	crashed bool
}

// crash takes the picture that survives. Calls of the crashed process still go to the old files.
func (s *swapFS) crash(losePercent int, r *rand.Rand) {
	s.next = s.FS.(*vfs.MemFS).CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100 - losePercent, RNG: r})
	s.crashed = true
}

// restart makes the picture the file system.
func (s *swapFS) restart() {
	s.FS, s.next, s.crashed = s.next, nil, false
}

// Unwrap gives the file system below, for pebble's own checks.
func (s *swapFS) Unwrap() vfs.FS { return s.FS }
