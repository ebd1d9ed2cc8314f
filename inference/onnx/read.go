package onnx

import (
	"errors"
	"io"
	"io/fs"
)

// readAll reads at most limit bytes. Where r knows its size, as files do, the memory
// is asked for once: growing it step by step moves a large model several times.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	r = io.LimitReader(r, limit)
	f, ok := r.(*io.LimitedReader).R.(fs.File)
	if !ok {
		return io.ReadAll(r)
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() <= 0 || info.Size() >= limit {
		return io.ReadAll(r)
	}
	data := make([]byte, info.Size())
	n, err := io.ReadFull(r, data)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return data[:n], nil // it has become shorter
	}
	if err != nil {
		return nil, err
	}
	rest, err := io.ReadAll(r) // it may have grown
	return append(data, rest...), err
}
