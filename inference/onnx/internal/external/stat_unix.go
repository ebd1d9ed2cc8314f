//go:build unix

package external

import (
	"io/fs"
	"syscall"
)

// stat says whether a file has more names than one, and how many bytes of it the
// file system has stored, -1 where it does not say.
func stat(info fs.FileInfo) (linked bool, stored int64) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false, -1
	}
	return s.Nlink > 1, s.Blocks * 512
}
