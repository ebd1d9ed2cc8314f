package file

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// position is where to go on in a file.
type position struct {
	offset int64 // of the next record, in the text that a compressed file holds
	line   int64 // its number, from 1
	done   bool  // the file was read to its end
	skip   bool  // what comes first belongs to a record that was too long
}

const positionVersion = 1

const (
	flagDone = 1 << iota
	flagSkip
	flagsAll = flagDone | flagSkip
)

// append appends the bytes of a position: version 1, flags, uvarints of offset and line.
func (p position) append(dst []byte) []byte {
	flags := byte(0)
	if p.done {
		flags |= flagDone
	}
	if p.skip {
		flags |= flagSkip
	}
	dst = binary.AppendUvarint(append(dst, positionVersion, flags), uint64(p.offset))
	return binary.AppendUvarint(dst, uint64(p.line))
}

// parsePosition reads a position; nil is the beginning.
func parsePosition(data []byte) (position, error) {
	if data == nil {
		return position{line: 1}, nil
	}
	bad := fmt.Errorf("%w: %x is no position", ErrPosition, data)
	if len(data) < 4 || data[0] != positionVersion || data[1] > flagsAll {
		return position{}, bad
	}
	offset, n := binary.Uvarint(data[2:])
	if n <= 0 || offset > math.MaxInt64 {
		return position{}, bad
	}
	line, m := binary.Uvarint(data[2+n:])
	if m <= 0 || line > math.MaxInt64 || line == 0 || 2+n+m != len(data) {
		return position{}, bad
	}
	return position{int64(offset), int64(line), data[1]&flagDone != 0, data[1]&flagSkip != 0}, nil
}

// input is a file that is being read: its text in pieces, from a position on.
type input struct {
	fs     vfs.FS
	path   string
	file   vfs.File
	text   io.Reader // of the file, decompressed
	close  func()    // of the decompressor
	buf    []byte
	r, w   int   // buf[r:w] is read and not yet taken
	raw    int64 // offset in the file of an uncompressed text's next byte to read
	ended  bool  // text had no more at the last look
	packed bool  // compressed: it is read once, not followed
}

const chunkBytes = 64 << 10

// byteOrderMark may begin a text in UTF-8, and is no part of it.
var byteOrderMark = []byte("\xef\xbb\xbf")

// openInput opens a file at its beginning.
func openInput(fs vfs.FS, path string) (*input, error) {
	in := &input{fs: fs, path: path, close: func() {}, buf: make([]byte, chunkBytes)}
	var err error
	if in.file, err = fs.Open(path); err != nil {
		return nil, fmt.Errorf("file: open: %w", err)
	}
	if err := in.unpack(); err != nil {
		return nil, errors.Join(fmt.Errorf("file: %s: %w", path, err), in.shut())
	}
	return in, nil
}

// unpack chooses the decompressor by the file's name.
func (in *input) unpack() error {
	whole := io.NewSectionReader(in.file, 0, math.MaxInt64)
	switch {
	case strings.HasSuffix(in.path, ".gz"):
		z, err := gzip.NewReader(whole)
		in.text, in.packed = z, true
		return err
	case strings.HasSuffix(in.path, ".zst"):
		z, err := zstd.NewReader(whole, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			return err
		}
		in.text, in.packed, in.close = z, true, z.Close
	default:
		in.text = plainText{in}
	}
	return nil
}

// plainText reads a file that is not compressed, also what is appended to it later.
type plainText struct{ in *input }

func (p plainText) Read(dst []byte) (int, error) {
	n, err := p.in.file.ReadAt(dst, p.in.raw)
	p.in.raw += int64(n)
	return n, err
}

// seek goes to an offset of the text, which has never been read from.
func (in *input) seek(offset int64) error {
	if in.packed {
		n, err := io.CopyN(io.Discard, in.text, offset)
		if err != nil {
			return fmt.Errorf("%w: %s has %d bytes of text, the checkpoint had read %d", ErrPosition, in.path, n, offset)
		}
		return nil
	}
	size, err := in.size()
	if err == nil && size < offset {
		err = fmt.Errorf("%w: %s has %d bytes, the checkpoint had read %d", ErrPosition, in.path, size, offset)
	}
	in.raw = offset
	return err
}

func (in *input) size() (int64, error) {
	info, err := in.fs.Stat(in.path)
	if err != nil {
		return 0, fmt.Errorf("file: %w", err)
	}
	return info.Size(), nil
}

// pending returns what is read and not yet taken.
func (in *input) pending() []byte { return in.buf[in.r:in.w] }

// take takes n bytes of what is pending.
func (in *input) take(n int) { in.r += n }

// fill reads more. When there is nothing more for now, ended is set.
func (in *input) fill() error {
	if in.r > 0 {
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	}
	if in.w == len(in.buf) {
		in.buf = append(in.buf, make([]byte, len(in.buf))...)
	}
	n, err := in.text.Read(in.buf[in.w:])
	in.w += n
	in.ended = errors.Is(err, io.EOF)
	if err != nil && !in.ended {
		return fmt.Errorf("file: read %s: %w", in.path, err)
	}
	return nil
}

// skipMark takes a byte order mark at the beginning of the text, and returns its length.
func (in *input) skipMark() (int, error) {
	for in.w-in.r < len(byteOrderMark) && !in.ended {
		if err := in.fill(); err != nil {
			return 0, err
		}
	}
	if !bytes.HasPrefix(in.pending(), byteOrderMark) {
		return 0, nil
	}
	in.take(len(byteOrderMark))
	return len(byteOrderMark), nil
}

func (in *input) shut() error {
	in.close()
	if err := in.file.Close(); err != nil {
		return fmt.Errorf("file: close %s: %w", in.path, err)
	}
	return nil
}
