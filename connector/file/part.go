package file

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"path"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// part is a promise of a checkpoint: the first bytes of a file are committed with it.
type part struct {
	name  string
	bytes int64
}

const payloadVersion = 1

// encodePayload returns the bytes of a promise: version 1, then for each part the length of its name, the name, and
// its bytes; numbers are uvarints.
func encodePayload(parts []part) []byte {
	out := []byte{payloadVersion}
	for _, p := range parts {
		out = binary.AppendUvarint(out, uint64(len(p.name)))
		out = append(out, p.name...)
		out = binary.AppendUvarint(out, uint64(p.bytes))
	}
	return out
}

func decodePayload(data []byte) (parts []part, err error) {
	if len(data) == 0 || data[0] != payloadVersion {
		return nil, fmt.Errorf("%w: the payload is not of version %d; it may be of a newer program", ErrParts, payloadVersion)
	}
	for data = data[1:]; len(data) > 0; {
		n, size := binary.Uvarint(data)
		if size <= 0 || n > uint64(len(data)-size) {
			return nil, fmt.Errorf("%w: the payload is damaged", ErrParts)
		}
		p := part{name: string(data[size : size+int(n)])}
		data = data[size+int(n):]
		bytes, size := binary.Uvarint(data)
		if size <= 0 || bytes > math.MaxInt64 || p.name == "" || path.Base(p.name) != p.name {
			return nil, fmt.Errorf("%w: the payload is damaged", ErrParts)
		}
		p.bytes = int64(bytes)
		parts, data = append(parts, p), data[size:]
	}
	return parts, nil
}

// output is a part that is being written. Text goes through a buffer and a compressor, which ends what it has at
// each checkpoint: both formats let compressed pieces follow each other in a file.
type output struct {
	name    string
	file    vfs.File
	begun   int64 // time of the clock
	bytes   int64 // in the file
	text    []byte
	open    bool // the compressor is within a piece
	packer  packer
	records int64
}

// packer is a compressor that can be used again.
type packer interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// newPacker returns the compressor for a writer's parts, nil for none.
func newPacker(compression string) (packer, error) {
	switch compression {
	case "gzip":
		return gzip.NewWriter(io.Discard), nil
	case "zstd":
		z, err := zstd.NewWriter(io.Discard, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("file: zstd: %w", err)
		}
		return z, nil
	}
	return nil, nil
}

// textBytes is how much text is gathered before it is compressed or written.
const textBytes = 64 << 10

// counted is the file behind the compressor.
type counted struct{ o *output }

func (c counted) Write(p []byte) (int, error) {
	n, err := c.o.file.Write(p)
	c.o.bytes += int64(n)
	return n, err
}

// write hands the text so far to the file.
func (o *output) write() error {
	if len(o.text) == 0 {
		return nil
	}
	var w io.Writer = counted{o}
	if o.packer != nil {
		if !o.open {
			o.packer.Reset(w)
			o.open = true
		}
		w = o.packer
	}
	_, err := w.Write(o.text)
	o.text = o.text[:0]
	if err != nil {
		return fmt.Errorf("file: write %s: %w", o.name, err)
	}
	return nil
}

// settle gets everything into the file: what it has then can be read.
func (o *output) settle() error {
	err := o.write()
	if o.open {
		o.open = false
		if e := o.packer.Close(); e != nil {
			err = errors.Join(err, fmt.Errorf("file: write %s: %w", o.name, e))
		}
	}
	return err
}
