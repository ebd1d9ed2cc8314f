//go:build unix

package external

import (
	"io/fs"
	"syscall"
)

// stat is the number of a file's names and the bytes that the file system has
// stored of it, -1 where it does not say.
func stat(info fs.FileInfo) (links uint64, stored int64) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 1, -1
	}
	return uint64(s.Nlink), int64(s.Blocks) * 512
}
