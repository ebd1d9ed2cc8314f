package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// spill is the log of the keys of one key scope that were evicted. A record is all that a key has: its entries of every
// state, with what the cells know of them. Records are appended to segments; the index of the key scope says where the
// newest record of a key is, so bringing a key back is one read of some hundred bytes. A record that is read back is
// dead; segments that are mostly dead are given up, their live records appended anew.
//
// The log is a cache like the rest of the local directory: it is never read after a crash, and never synced.
//
//	record:  sum u32 | bytes u32 | hash u64 | key u32 + bytes | { column+1 uvarint, head u8, entries u32, entry … } 0
//	entry:   flags u8 | generation u32 | suffix u32 | value u32 | suffix | value
//
// All numbers are little-endian; sum covers what follows it; records begin at multiples of 16 bytes. Behind the
// state's prefix, the key group and the key, a suffix makes the key of the store.
type spill struct {
	fs    vfs.FS
	dir   string
	shift uint   // a position is the segment's number << shift | offset / spillUnit
	size  int64  // at which a segment ends
	chunk int    // bytes that are written together
	age   uint64 // of the newest segment

	segments []*segment // by number; nil if there is none
	free     []uint32   // numbers without a segment
	tail     *segment   // the one that is appended to; nil before the first record and behind a freeze
	buf      []byte     // the end of the tail, which is not written yet
	guess    int        // of the size of the next record to be read
	live     int64      // bytes of live records
	bytes    int64      // of all segments
	count    int        // of segments
	dropped  int64      // segments given up
	compact  compaction
	read     []byte
}

// segment is a file of the log.
type segment struct {
	number  uint32
	age     uint64 // order of segments in time
	period  uint32 // the generation in which it was written: its entries are not of a later one
	file    vfs.File
	name    string
	bytes   int64 // with what is not written yet
	written int64
	live    int64 // bytes of records that an index refers to
}

const (
	coldBit     = 1 << 31 // in a reference of an index: it is a position in the log
	spillUnit   = 16
	recordStart = 16 // bytes before the length of the key
	entryHead   = 13

	minSegment = 4 << 10
	maxSegment = 16 << 20
	maxChunk   = 128 << 10
	firstGuess = 256
	maxGuess   = 4 << 10
)

var (
	errSpillRecord = fmt.Errorf("%w: a record of evicted state; its file was changed or the disk is bad", ErrCorrupt)
	errSpillFull   = errors.New("state: too much evicted state for one task; raise the parallelism or the memory budget")
)

// newSpill makes a log for a key scope that may take share bytes of memory.
func newSpill(fs vfs.FS, dir string, share int64) *spill {
	s := &spill{fs: fs, dir: dir, guess: firstGuess}
	for s.size = minSegment; s.size < maxSegment && s.size < share/16; s.size *= 2 {
		s.shift++
	}
	s.shift += 8 // minSegment is so many units
	s.chunk = int(min(s.size/4, maxChunk))
	return s
}

// place of a position.
func (s *spill) at(pos uint32) (*segment, int64) {
	return s.segments[pos>>s.shift], int64(pos&(1<<s.shift-1)) * spillUnit
}

// begin makes room for a record in the tail and returns its position; the caller appends to buf what is behind the
// hash, and calls end with the length of buf that begin left.
func (s *spill) begin(period uint32, hash uint64) (pos uint32, err error) {
	if s.tail != nil && (s.tail.bytes >= s.size || s.tail.period != period) {
		if err := s.seal(); err != nil {
			return 0, err
		}
	}
	if s.tail == nil {
		if err := s.extend(period); err != nil {
			return 0, err
		}
	}
	pos = s.tail.number<<s.shift | uint32(s.tail.bytes/spillUnit)
	s.buf = append(s.buf, 0, 0, 0, 0, 0, 0, 0, 0)
	s.buf = binary.LittleEndian.AppendUint64(s.buf, hash)
	return pos, nil
}

// end completes the record that starts at from in buf.
func (s *spill) end(from int) error {
	size := len(s.buf) - from
	for len(s.buf)%spillUnit != 0 {
		s.buf = append(s.buf, 0)
	}
	rec := s.buf[from : from+size]
	binary.LittleEndian.PutUint32(rec[4:], uint32(size))
	binary.LittleEndian.PutUint32(rec, uint32(xxhash.Sum64(rec[4:])))
	s.account(s.tail, int64(len(s.buf)-from))
	s.tail.bytes += int64(len(s.buf) - from)
	s.bytes += int64(len(s.buf) - from)
	if len(s.buf) >= s.chunk {
		return s.flush()
	}
	return nil
}

// account adds to the live bytes of a segment.
func (s *spill) account(seg *segment, bytes int64) {
	seg.live += bytes
	s.live += bytes
}

// extend begins a segment.
func (s *spill) extend(period uint32) error {
	number := uint32(len(s.segments))
	if n := len(s.free); n > 0 {
		number, s.free = s.free[n-1], s.free[:n-1]
	} else if number >= coldBit>>s.shift {
		return errSpillFull
	} else {
		s.segments = append(s.segments, nil)
	}
	s.age++
	name := s.fs.PathJoin(s.dir, fmt.Sprintf("evicted-%d", s.age))
	f, err := s.fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		s.free = append(s.free, number)
		return err
	}
	s.tail = &segment{number: number, age: s.age, period: period, file: f, name: name}
	s.segments[number] = s.tail
	s.count++
	return nil
}

// flush writes the buffer.
func (s *spill) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	if _, err := s.tail.file.Write(s.buf); err != nil {
		return fmt.Errorf("state: writing evicted state: %w", err)
	}
	s.tail.written += int64(len(s.buf))
	s.buf = s.buf[:0]
	return nil
}

// seal ends the tail: what comes next goes into a new segment.
func (s *spill) seal() error {
	err := s.flush()
	if err == nil {
		s.tail = nil
	}
	return err
}

// load returns the record at pos. It is good until the next load.
func (s *spill) load(pos uint32) (spillRecord, error) {
	seg, off := s.at(pos)
	if off >= seg.written {
		return parseSpill(s.buf[off-seg.written:])
	}
	if cap(s.read) < s.guess {
		s.read = make([]byte, s.guess)
	}
	buf := s.read[:min(int64(s.guess), seg.written-off)]
	if err := readAt(seg.file, buf, off); err != nil {
		return spillRecord{}, err
	}
	size := int(binary.LittleEndian.Uint32(buf[4:]))
	if off+int64(size) > seg.written {
		return spillRecord{}, errSpillRecord
	}
	s.guess = min(maxGuess, max(firstGuess, s.guess-s.guess/64, size))
	if size > len(buf) {
		more := make([]byte, size)
		copy(more, buf)
		if err := readAt(seg.file, more[len(buf):], off+int64(len(buf))); err != nil {
			return spillRecord{}, err
		}
		s.read, buf = more, more
	}
	return parseSpill(buf)
}

func readAt(f vfs.File, buf []byte, off int64) error {
	n, err := f.ReadAt(buf, off)
	if n == len(buf) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("state: reading evicted state: %w", err)
}

// kill takes a record out of the live ones.
func (s *spill) kill(pos uint32, size int) {
	seg, _ := s.at(pos)
	s.account(seg, -padded(size))
}

func padded(size int) int64 { return (int64(size) + spillUnit - 1) / spillUnit * spillUnit }

// drop gives a segment and its file up.
func (s *spill) drop(seg *segment) error {
	if s.tail == seg {
		s.tail, s.buf = nil, s.buf[:0]
	}
	s.segments[seg.number] = nil
	s.free = append(s.free, seg.number)
	s.bytes -= seg.bytes
	s.count--
	s.dropped++
	return errors.Join(seg.file.Close(), s.fs.Remove(seg.name))
}

// close gives all segments up.
func (s *spill) close() (err error) {
	for _, seg := range s.segments {
		if seg != nil {
			err = errors.Join(err, s.drop(seg))
		}
	}
	return err
}

// memory is what the log takes of it.
func (s *spill) memory() int64 { return int64(cap(s.buf) + cap(s.read) + cap(s.compact.buf)) }
