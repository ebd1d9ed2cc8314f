package sql

import (
	"bytes"
	"hash/maphash"
	"slices"
)

// batch holds encoded rows, in the order in which their keys first came. With keys, a row replaces the one with
// its key. One goroutine uses a batch at a time.
type batch struct {
	layout
	data  []byte
	rows  []span
	index []uint32 // open addressing by the key's hash; 0 is free, else a place in rows plus 1
	seed  maphash.Seed
	dead  int // bytes of data that no row uses
}

// span is where a row is.
type span struct {
	off, len, cap uint32 // in data; cap is the room that the row's place has
	hash          uint64 // of the key
}

func newBatch(l layout) *batch { return &batch{layout: l, seed: maphash.MakeSeed()} }

// size returns about how much memory the rows take.
func (b *batch) size() int { return len(b.data) + 24*len(b.rows) }

func (b *batch) reset() {
	b.data, b.rows, b.dead = b.data[:0], b.rows[:0], 0
	clear(b.index)
}

// row returns the encoding of row i. It is valid until the next put.
func (b *batch) row(i int) []byte {
	s := b.rows[i]
	return b.data[s.off : s.off+s.len]
}

// put adds an encoded row, whose first keyLen bytes are its key.
func (b *batch) put(row []byte, keyLen int) {
	if b.keys == 0 {
		b.add(row, 0)
		return
	}
	hash := maphash.Bytes(b.seed, row[:keyLen])
	if 2*len(b.rows) >= len(b.index) {
		b.grow()
	}
	slot := b.find(hash, row[:keyLen])
	if b.index[slot] == 0 {
		b.add(row, hash)
		b.index[slot] = uint32(len(b.rows))
		return
	}
	b.replace(&b.rows[b.index[slot]-1], row)
}

func (b *batch) add(row []byte, hash uint64) {
	n := uint32(len(row))
	b.rows = append(b.rows, span{uint32(len(b.data)), n, n, hash})
	b.data = append(b.data, row...)
}

// find returns the slot of a key: where it is, or belongs. The index has a free slot always.
func (b *batch) find(hash uint64, key []byte) int {
	mask := len(b.index) - 1
	for slot := int(hash) & mask; ; slot = (slot + 1) & mask {
		at := b.index[slot]
		if at == 0 {
			return slot
		}
		// Encodings say where they end, so a row that begins with the key's bytes has that key.
		if b.rows[at-1].hash == hash && bytes.HasPrefix(b.row(int(at-1)), key) {
			return slot
		}
	}
}

func (b *batch) grow() {
	b.index = make([]uint32, max(64, 2*len(b.index)))
	mask := len(b.index) - 1
	for i := range b.rows {
		slot := int(b.rows[i].hash) & mask
		for b.index[slot] != 0 {
			slot = (slot + 1) & mask
		}
		b.index[slot] = uint32(i + 1)
	}
}

// replace puts a row in the place of another, or at the end if it does not fit there.
func (b *batch) replace(s *span, row []byte) {
	n := uint32(len(row))
	if n > s.cap {
		b.dead += int(s.cap)
		s.off, s.cap = uint32(len(b.data)), n
		b.data = append(b.data, row...)
	}
	s.len = n
	copy(b.data[s.off:], row)
	if b.dead > len(b.data)/2 && b.dead > 1<<20 {
		b.compact()
	}
}

// compact drops what no row uses.
func (b *batch) compact() {
	data := make([]byte, 0, len(b.data))
	for i := range b.rows {
		s := &b.rows[i]
		row := b.row(i)
		s.off, s.cap = uint32(len(data)), s.len
		data = append(data, row...)
	}
	b.data, b.dead = data, 0
}

// arrange brings a row into the order of the layout: order[i] is the place in the record's row of column i.
// It returns dst with the row, and the length of the key.
func (r *Row) arrange(dst []byte, order []int, keys int) (row []byte, keyLen int) {
	for i, from := range order {
		if i == keys {
			keyLen = len(dst)
		}
		dst = append(dst, r.column(from)...)
	}
	if keys == len(order) {
		keyLen = len(dst)
	}
	return dst, keyLen
}

// layoutOf returns the layout of rows with these columns and key, and where each of its columns is in a record's
// row.
func layoutOf(columns, key []string) (l layout, order []int) {
	for _, k := range key {
		order = append(order, slices.Index(columns, k))
	}
	for i, c := range columns {
		if !slices.Contains(key, c) {
			order = append(order, i)
		}
	}
	for _, i := range order {
		l.columns = append(l.columns, columns[i])
	}
	l.keys = len(key)
	return l, order
}
