package state

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"sync"
)

// A record of a chunk is what becomes one entry of the store: u32 length of the key, u32 length of the value or
// removed, key, value; little-endian.
const (
	recordHeader = 8
	removed      = ^uint32(0)
)

// beginRecord leaves room for the header; the caller appends the key, calls endKey, appends the value, calls endRecord.
func beginRecord(dst []byte) []byte { return append(dst, make([]byte, recordHeader)...) }

func endKey(dst []byte, at int) {
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-recordHeader))
	binary.LittleEndian.PutUint32(dst[at+4:], removed)
}

func endRecord(dst []byte, at int) {
	key := int(binary.LittleEndian.Uint32(dst[at:]))
	binary.LittleEndian.PutUint32(dst[at+4:], uint32(len(dst)-at-recordHeader-key))
}

// readRecord takes the first record of src apart; gone says that it is a removal.
func readRecord(src []byte) (key, val []byte, gone bool, size int) {
	k := int(binary.LittleEndian.Uint32(src))
	v := binary.LittleEndian.Uint32(src[4:])
	key = src[recordHeader : recordHeader+k]
	if v == removed {
		return key, nil, true, recordHeader + k
	}
	end := recordHeader + k + int(v)
	return key, src[recordHeader+k : end], false, end
}

// chunkSize is how much is encoded and sorted in one go: a job's length and a merge's granularity follow from it.
const (
	chunkSize = 64 << 10
	chunkFull = chunkSize - chunkSize/8 // so that a record of usual size still fits
)

// chunks are buffers for records; a bounded number of them is kept for reuse.
type chunks struct {
	mu   sync.Mutex
	free [][]byte
}

// maxFreeChunks bounds what a backend holds between snapshots.
const maxFreeChunks = 512

func (c *chunks) get() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.free); n > 0 {
		b := c.free[n-1]
		c.free = c.free[:n-1]
		return b
	}
	return make([]byte, 0, chunkSize)
}

func (c *chunks) put(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cap(b) <= 2*chunkSize && len(c.free) < maxFreeChunks {
		c.free = append(c.free, b[:0])
	}
}

// run is a chunk of records in the order of their keys.
type run struct {
	buf   []byte
	items []item
	next  int
}

// item is a record to be sorted: where it is, and eight bytes of its key behind what all keys of a run share.
type item struct {
	prefix uint64
	off    uint32
}

// newRun sorts the records of buf. All keys have the first shared bytes in common.
func newRun(buf []byte, items []item, shared int) run {
	items = itemsOf(buf, items, shared)
	slices.SortFunc(items, func(a, b item) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return compareRecords(buf[a.off:], buf[b.off:])
	})
	return run{buf: buf, items: items}
}

// newestRun is newRun for records in the order of time: of those of one key the last comes first.
func newestRun(buf []byte, items []item, shared int) run {
	items = itemsOf(buf, items, shared)
	slices.SortFunc(items, func(a, b item) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		ka, _, _, _ := readRecord(buf[a.off:])
		kb, _, _, _ := readRecord(buf[b.off:])
		if c := bytes.Compare(ka, kb); c != 0 {
			return c
		}
		return cmp.Compare(b.off, a.off)
	})
	return run{buf: buf, items: items}
}

func itemsOf(buf []byte, items []item, shared int) []item {
	items = items[:0]
	for off := 0; off < len(buf); {
		key, _, _, size := readRecord(buf[off:])
		var head [8]byte
		copy(head[:], key[shared:])
		items = append(items, item{binary.BigEndian.Uint64(head[:]), uint32(off)})
		off += size
	}
	return items
}

func (r *run) record() []byte { return r.buf[r.items[r.next].off:] }

// before orders runs by their next record.
func (r *run) before(o *run) bool {
	if a, b := r.items[r.next].prefix, o.items[o.next].prefix; a != b {
		return a < b
	}
	return compareRecords(r.record(), o.record()) < 0
}

// compareRecords orders records by key. Of two records of one key a value comes before a removal: what was removed
// and then set again is there.
func compareRecords(a, b []byte) int {
	ka, _, goneA, _ := readRecord(a)
	kb, _, goneB, _ := readRecord(b)
	if c := bytes.Compare(ka, kb); c != 0 {
		return c
	}
	return cmp.Compare(boolByte(goneA), boolByte(goneB))
}

// merge is a heap of runs; its records come out in order.
type merge struct{ runs []run }

func (m *merge) add(r run) {
	if len(r.items) > 0 {
		m.runs = append(m.runs, r)
	}
}

func (m *merge) build() {
	for i := len(m.runs) / 2; i >= 0; i-- {
		m.down(i)
	}
}

// advance takes the first record off; it returns the run that was its last one's, if so.
func (m *merge) advance() (spent run, ok bool) {
	m.runs[0].next++
	if m.runs[0].next == len(m.runs[0].items) {
		last := len(m.runs) - 1
		spent, ok = m.runs[0], true
		m.runs[0] = m.runs[last]
		m.runs = m.runs[:last]
	}
	m.down(0)
	return spent, ok
}

func (m *merge) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(m.runs) {
			return
		}
		if child+1 < len(m.runs) && m.runs[child+1].before(&m.runs[child]) {
			child++
		}
		if !m.runs[child].before(&m.runs[i]) {
			return
		}
		m.runs[i], m.runs[child] = m.runs[child], m.runs[i]
		i = child
	}
}
