package state

import (
	"bytes"
	"slices"
)

// evictedWork brings what the log of evicted keys has and no snapshot has saved into the store: the first part of a
// snapshot. It reads the log in the order of time and ingests it in parts of bounded size, so that newer records come
// to lie above older ones, and below what is dirty in memory, which is ingested last.
type evictedWork struct {
	b       *Backend
	sources []evictedSource
	tables  tables
	items   []item
	saved   uint32 // generation up to which the store has everything

	next  func() (cost int, done bool, err error)
	off   int64
	buf   []byte
	piles []*pile // by column of the first source
	order []int   // of the columns in the store
	at    int     // of order
	group int
}

// evictedSource is what one key scope has in its log.
type evictedSource struct {
	t        *table
	segments []*segment
}

// pileBytes is how much is sorted and ingested together.
const pileBytes = 8 << 20

// evicted lists what a snapshot must read of the logs; Freeze calls it.
func (b *Backend) evicted() (*evictedWork, error) {
	w := &evictedWork{b: b, tables: tables{s: b.store}, saved: b.savedGen}
	for _, t := range b.tables {
		segs, err := t.pendingSegments()
		if err != nil {
			return nil, err
		}
		if len(segs) > 0 {
			w.sources = append(w.sources, evictedSource{t, segs})
		}
	}
	w.next = w.begin
	return w, nil
}

func (w *evictedWork) some() (cost int, done bool, err error) { return w.next() }

func (w *evictedWork) discard() { w.tables.discard() }

// begin starts with the next key scope.
func (w *evictedWork) begin() (cost int, done bool, err error) {
	if len(w.sources) == 0 {
		return 0, true, nil
	}
	t := w.sources[0].t
	w.piles, w.order = nil, nil
	for i := range t.columns {
		w.piles = append(w.piles, newPile(len(t.groups)))
		w.order = append(w.order, i)
	}
	slices.SortFunc(w.order, func(a, b int) int {
		return bytes.Compare(t.columns[a].state().prefix[:], t.columns[b].state().prefix[:])
	})
	w.next = w.scan
	return 0, false, nil
}

// scan reads a piece of a segment.
func (w *evictedWork) scan() (cost int, done bool, err error) {
	src := &w.sources[0]
	if len(src.segments) == 0 {
		w.next, w.at, w.group = w.write, 0, 0
		return 0, false, nil
	}
	seg := src.segments[0]
	if w.off >= seg.written {
		src.segments, w.off = src.segments[1:], 0
		return 0, false, nil
	}
	n, err := src.t.ev.log.window(seg, w.off, &w.buf)
	if err != nil {
		return 0, false, err
	}
	cost, used, err := w.sort(w.buf[:n])
	w.off += used
	bytes := 0
	for _, p := range w.piles {
		bytes += p.bytes
	}
	if bytes >= w.limit() {
		w.next, w.at, w.group = w.write, 0, 0
	}
	return cost, false, err
}

// limit keeps the piles small if the budget is.
func (w *evictedWork) limit() int {
	return int(min(pileBytes, max(chunkSize, w.b.options.Budget.share()/32)))
}

// sort deals the records of a piece out to the piles.
func (w *evictedWork) sort(buf []byte) (records int, used int64, err error) {
	for used < int64(len(buf)) {
		rec, err := parseSpill(buf[used:])
		if err != nil && used > 0 {
			return records, used, nil // the next piece has all of it
		}
		if err != nil {
			return records, used, err
		}
		if err := w.deal(rec); err != nil {
			return records, used, err
		}
		records++
		used += padded(rec.size)
	}
	return records, used, nil
}

func (w *evictedWork) deal(rec spillRecord) error {
	t := w.sources[0].t
	group := KeyGroup(rec.hash, w.b.options.MaxParallelism) - t.first
	src := rec.body
	for {
		c, rest, ok, err := nextColumn(src)
		if err != nil || !ok {
			return err
		}
		if c.column >= len(w.piles) || group < 0 || group >= len(t.groups) {
			return errSpillRecord
		}
		for range c.entries {
			var e spillEntry
			if e, rest, err = nextEntry(rest); err != nil {
				return err
			}
			if e.gen > w.saved && e.flags&(flagPresent|flagStored) != 0 {
				w.put(c.column, group, rec.key, &e)
			}
		}
		src = rest
	}
}

// put makes a record of the store.
func (w *evictedWork) put(column, group int, key []byte, e *spillEntry) {
	t, p := w.sources[0].t, w.piles[column]
	dst := p.groups[group]
	from := len(dst)
	dst = appendGroup(beginRecord(dst), &t.columns[column].state().prefix, t.first+group)
	dst = append(append(dst, key...), e.suffix...)
	endKey(dst, from)
	if e.flags&flagPresent != 0 {
		dst = append(dst, e.value...)
		endRecord(dst, from)
	}
	p.groups[group] = dst
	p.bytes += len(dst) - from
}

// write puts one group of one column into tables.
func (w *evictedWork) write() (cost int, done bool, err error) {
	if w.at == len(w.order) {
		w.next = w.ingest
		return 0, false, nil
	}
	p := w.piles[w.order[w.at]]
	if p.bytes == 0 || w.group == len(p.groups) {
		w.at, w.group = w.at+1, 0
		return 0, false, nil
	}
	cost, w.items, err = p.writeGroup(&w.tables, w.group, w.items)
	w.group++
	return cost, false, err
}

// ingest hands the tables to the store. Should the snapshot fail later, that does no harm: it is what the next one
// brings as well.
func (w *evictedWork) ingest() (cost int, done bool, err error) {
	if err := w.tables.ingest(); err != nil {
		return 0, false, err
	}
	w.tables = tables{s: w.b.store, bytes: w.tables.bytes}
	for _, p := range w.piles {
		p.reset()
	}
	w.next = w.scan
	if len(w.sources[0].segments) == 0 {
		w.sources = w.sources[1:]
		w.next = w.begin
	}
	return stepCost, false, nil
}
