package state

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// spillRecord is a record of the log of evicted keys, taken apart.
type spillRecord struct {
	size int // in bytes, without padding
	hash uint64
	key  []byte
	body []byte // the columns
}

// parseSpill takes the first record of src apart and checks it.
func parseSpill(src []byte) (r spillRecord, err error) {
	if len(src) < recordStart+4 {
		return r, errSpillRecord
	}
	r.size = int(binary.LittleEndian.Uint32(src[4:]))
	if r.size < recordStart+4 || r.size > len(src) || uint32(xxhash.Sum64(src[4:r.size])) != binary.LittleEndian.Uint32(src) {
		return r, errSpillRecord
	}
	r.hash = binary.LittleEndian.Uint64(src[8:])
	n := int(binary.LittleEndian.Uint32(src[recordStart:]))
	rest := src[recordStart+4 : r.size]
	if n > len(rest) {
		return r, errSpillRecord
	}
	r.key, r.body = rest[:n], rest[n:]
	return r, nil
}

// spillColumn is what a record has of one column.
type spillColumn struct {
	column  int
	head    uint8
	entries int
}

// spillWhole in the head of a column says that every stored entry of the key is in the record, or known to be gone.
const spillWhole = 1

// nextColumn reads the beginning of a column; ok is false behind the last.
func nextColumn(src []byte) (c spillColumn, rest []byte, ok bool, err error) {
	n, size := binary.Uvarint(src)
	if size <= 0 {
		return c, nil, false, errSpillRecord
	}
	if n == 0 {
		return c, nil, false, nil
	}
	if src = src[size:]; len(src) < 5 {
		return c, nil, false, errSpillRecord
	}
	return spillColumn{int(n - 1), src[0], int(binary.LittleEndian.Uint32(src[1:]))}, src[5:], true, nil
}

// beginColumn appends the beginning of a column; countColumn says afterwards how many entries there are.
func beginColumn(dst []byte, column int, head uint8) (_ []byte, count int) {
	dst = append(binary.AppendUvarint(dst, uint64(column)+1), head)
	return append(dst, 0, 0, 0, 0), len(dst)
}

func countColumn(dst []byte, at, entries int) {
	binary.LittleEndian.PutUint32(dst[at:], uint32(entries))
}

// spillEntry is one entry of a column.
type spillEntry struct {
	flags  uint8
	gen    uint32
	suffix []byte
	value  []byte // if the flags say that there is one
}

func nextEntry(src []byte) (e spillEntry, rest []byte, err error) {
	if len(src) < entryHead {
		return e, nil, errSpillRecord
	}
	suffix, value := uint64(binary.LittleEndian.Uint32(src[5:])), uint64(binary.LittleEndian.Uint32(src[9:]))
	if entryHead+suffix+value > uint64(len(src)) {
		return e, nil, errSpillRecord
	}
	e = spillEntry{
		flags: src[0], gen: binary.LittleEndian.Uint32(src[1:]),
		suffix: src[entryHead : entryHead+suffix], value: src[entryHead+suffix : entryHead+suffix+value],
	}
	return e, src[entryHead+suffix+value:], nil
}

// beginEntry appends the head of an entry; the caller appends the suffix, calls endSuffix, appends the value, calls
// endEntry.
func beginEntry(dst []byte, flags uint8, gen uint32) []byte {
	dst = binary.LittleEndian.AppendUint32(append(dst, flags), gen)
	return append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
}

func endSuffix(dst []byte, at int) {
	binary.LittleEndian.PutUint32(dst[at+5:], uint32(len(dst)-at-entryHead))
}

func endEntry(dst []byte, at int) {
	suffix := int(binary.LittleEndian.Uint32(dst[at+5:]))
	binary.LittleEndian.PutUint32(dst[at+9:], uint32(len(dst)-at-entryHead-suffix))
}
