package state

import (
	"encoding/binary"
	"math"
)

// compaction appends what is live in a segment anew, bit by bit, so that the segment can be given up.
type compaction struct {
	seg *segment
	off int64
	buf []byte
}

const (
	compactFactor = 3 // bytes looked at for each byte evicted: at least what the log grows by is given up
	compactRead   = 64 << 10
	slackSegments = 4 // that the log may have beyond twice what is live
)

// compactLog does as much as the log has grown since the last call.
func (t *table) compactLog() error {
	s := t.ev.log
	work := compactFactor * t.ev.moved
	t.ev.moved = 0
	for work > 0 {
		if s.compact.seg != nil && t.frozenSegment(s.compact.seg) {
			s.compact.seg = nil // a snapshot reads it
		}
		if s.compact.seg == nil {
			if s.compact.seg, s.compact.off = t.victim(), 0; s.compact.seg == nil {
				return nil
			}
		}
		done, err := t.compactSome()
		if err != nil {
			return err
		}
		work -= done
	}
	return nil
}

// frozenSegment says whether the snapshot in flight may read the segment.
func (t *table) frozenSegment(seg *segment) bool {
	return t.b.snap != nil && seg.period < t.b.gen && seg.period > t.b.savedGen
}

// victim is the segment with the least live bytes, if the log is larger than it should be.
func (t *table) victim() (best *segment) {
	s := t.ev.log
	if s.bytes <= 2*s.live+slackSegments*s.size && int64(s.count) <= 2*(s.live/s.size)+2*slackSegments {
		return nil
	}
	least := int64(math.MaxInt64)
	for _, seg := range s.segments {
		if seg != nil && seg != s.tail && seg.live < least && !t.frozenSegment(seg) {
			best, least = seg, seg.live
		}
	}
	return best
}

// compactSome handles the records of one piece of the segment; it returns how many bytes they were.
func (t *table) compactSome() (int64, error) {
	s := t.ev.log
	c := &s.compact
	if c.seg.live == 0 || c.off >= c.seg.bytes {
		seg := c.seg
		c.seg = nil
		return compactRead, s.drop(seg)
	}
	n, err := s.window(c.seg, c.off, &c.buf)
	if err != nil {
		return 0, err
	}
	done := int64(0)
	for done < int64(n) {
		rec, err := parseSpill(c.buf[done:n])
		if err != nil && done > 0 {
			break // the next piece has all of it
		}
		if err != nil {
			return 0, err
		}
		if err := t.moveRecord(c.seg.number<<s.shift|uint32((c.off+done)/spillUnit), rec, c.buf[done:]); err != nil {
			return 0, err
		}
		done += padded(rec.size)
	}
	c.off += done
	return done, nil
}

// window reads a piece of a sealed segment, at least one record, and returns its length.
func (s *spill) window(seg *segment, off int64, buf *[]byte) (int, error) {
	if cap(*buf) < compactRead {
		*buf = make([]byte, compactRead)
	}
	n := min(int64(cap(*buf)), seg.written-off)
	if err := readAt(seg.file, (*buf)[:n], off); err != nil {
		return 0, err
	}
	size := int64(binary.LittleEndian.Uint32((*buf)[4:n]))
	if off+size > seg.written {
		return 0, errSpillRecord
	}
	if size > n {
		*buf = make([]byte, padded(int(size)))
		n = min(int64(len(*buf)), seg.written-off)
		if err := readAt(seg.file, (*buf)[:n], off); err != nil {
			return 0, err
		}
	}
	return int(n), nil
}

// moveRecord appends a record anew if it is live.
func (t *table) moveRecord(pos uint32, rec spillRecord, raw []byte) error {
	s := t.ev.log
	group := KeyGroup(rec.hash, t.b.options.MaxParallelism) - t.first
	if group < 0 || group >= len(t.groups) {
		return errSpillRecord
	}
	idx, tag := &t.groups[group].idx, tagOf(rec.hash)
	if !idx.has(tag, coldBit|pos) {
		return nil
	}
	to, err := s.begin(t.b.gen, rec.hash)
	if err != nil {
		return err
	}
	from := len(s.buf) - recordStart
	s.buf = append(s.buf, raw[recordStart:rec.size]...)
	s.kill(pos, rec.size)
	idx.replace(tag, coldBit|pos, coldBit|to)
	return s.end(from)
}
