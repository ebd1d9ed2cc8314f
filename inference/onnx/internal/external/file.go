package external

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/tensor"
)

// maxName bounds a file's name.
const maxName = 1 << 10

// checkName accepts plain relative names with slashes: a file of the root or of a
// folder in it.
func checkName(name string) (string, error) {
	clean := strings.TrimPrefix(name, "./") // some exporters write it
	if clean == "" || len(clean) > maxName || clean == "." || !fs.ValidPath(clean) || strings.ContainsAny(clean, "\\:\x00") {
		return "", fmt.Errorf("%w: %.80q is not the name of a file beside the model", ir.ErrExternal, name)
	}
	return clean, nil
}

// plain looks at every part of a path without following anything: folders, and a
// plain file at the end.
func plain(root *os.Root, name string) (fs.FileInfo, error) {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		info, err := root.Lstat(dir)
		if err != nil {
			return nil, failed(name, err)
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("%w: %.80q is reached through %s, which is no plain folder", ir.ErrExternal, name, dir)
		}
	}
	info, err := root.Lstat(name)
	if err != nil {
		return nil, failed(name, err)
	}
	return info, checkInfo(name, info)
}

// checkInfo accepts a plain file that has one name and holds what its size says.
func checkInfo(name string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %.80q is no plain file (%v)", ir.ErrExternal, name, info.Mode().Type())
	}
	linked, stored := stat(info)
	if linked {
		return fmt.Errorf("%w: %.80q has a second name; copy it", ir.ErrExternal, name)
	}
	// Half is room for file systems that compress.
	if stored >= 0 && info.Size() > 1<<16 && stored < info.Size()/2 {
		return fmt.Errorf("%w: %.80q of %d bytes is mostly holes: %d bytes are stored", ir.ErrExternal, name, info.Size(), stored)
	}
	return nil
}

func failed(name string, err error) error {
	return fmt.Errorf("%w: %.80q: %w", ir.ErrExternal, name, err)
}

// read is the whole file, which must be the same one before, while and after.
func read(root *os.Root, name string, budget int64) (data []byte, err error) {
	before, err := plain(root, name)
	if err != nil {
		return nil, err
	}
	if before.Size() > budget || before.Size() != int64(int(before.Size())) {
		return nil, fmt.Errorf("%w: %.80q takes %d bytes, %d are left of the limit", pb.ErrLimit, name, before.Size(), budget)
	}
	// Without waiting: what has become a pipe since must not hold the load up.
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, failed(name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := same(name, f, before); err != nil {
		return nil, err
	}
	data = tensor.Block(int(before.Size()))
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, failed(name, err)
	}
	return data, same(name, f, before)
}

// same reports a file that is another one than was looked at, or was written to.
func same(name string, f *os.File, before fs.FileInfo) error {
	now, err := f.Stat()
	if err != nil {
		return failed(name, err)
	}
	if !os.SameFile(before, now) || now.Size() != before.Size() || !now.ModTime().Equal(before.ModTime()) {
		return fmt.Errorf("%w: %.80q changed while it was read", ir.ErrExternal, name)
	}
	return checkInfo(name, now)
}
