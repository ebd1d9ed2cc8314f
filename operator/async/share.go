package async

// sharing remembers answers, and who is asked about what right now, for queries that can be compared.
type sharing[Q, A any] interface {
	// cached returns a remembered answer; err is ErrNotFound if it is remembered that there is none.
	cached(q Q, now int64) (a A, ok bool, err error)
	remember(q Q, a A, err error, now int64)
	// asked returns the slot of a record that is asked about with an equal query.
	asked(q Q) (slot int32, ok bool)
	ask(q Q, slot int32)
	answered(q Q)
}

// unshared is the sharing of queries of which each is asked by itself.
type unshared[Q, A any] struct{}

func (unshared[Q, A]) cached(Q, int64) (a A, ok bool, err error) { return a, false, nil }
func (unshared[Q, A]) remember(Q, A, error, int64)               {}
func (unshared[Q, A]) asked(Q) (int32, bool)                     { return 0, false }
func (unshared[Q, A]) ask(Q, int32)                              {}
func (unshared[Q, A]) answered(Q)                                {}

// shared is the sharing of comparable queries. The cache is a list from the newest used answer to the oldest.
type shared[Q comparable, A any] struct {
	Cache
	leaders map[Q]int32
	index   map[Q]int32
	entries []cacheEntry[Q, A] // 0 is the ring's anchor
}

type cacheEntry[Q comparable, A any] struct {
	query        Q
	answer       A
	missing      bool
	until        int64 // 0: for good
	newer, elder int32
}

func newShared[Q comparable, A any](c Cache) *shared[Q, A] {
	return &shared[Q, A]{Cache: c, leaders: map[Q]int32{}, index: map[Q]int32{}, entries: make([]cacheEntry[Q, A], 1)}
}

func (s *shared[Q, A]) asked(q Q) (slot int32, ok bool) {
	slot, ok = s.leaders[q]
	return slot, ok
}

func (s *shared[Q, A]) ask(q Q, slot int32) { s.leaders[q] = slot }
func (s *shared[Q, A]) answered(q Q)        { delete(s.leaders, q) }

func (s *shared[Q, A]) cached(q Q, now int64) (a A, ok bool, err error) {
	i, ok := s.index[q]
	if !ok {
		return a, false, nil
	}
	e := &s.entries[i]
	if e.until != 0 && now >= e.until {
		return a, false, nil
	}
	s.unlink(i)
	s.link(i)
	if e.missing {
		return a, true, ErrNotFound
	}
	return e.answer, true, nil
}

// remember keeps an answer, or that there is none, in place of the oldest if there is no room.
func (s *shared[Q, A]) remember(q Q, a A, err error, now int64) {
	keep := s.For
	if err != nil {
		if keep = s.Missing; keep == 0 {
			return
		}
	}
	if s.Size == 0 {
		return
	}
	i := s.place(q)
	e := &s.entries[i]
	e.query, e.answer, e.missing, e.until = q, a, err != nil, 0
	if keep > 0 {
		e.until = now + int64(keep)
	}
	s.link(i)
}

// place returns the entry for a query, out of the list.
func (s *shared[Q, A]) place(q Q) int32 {
	if i, ok := s.index[q]; ok {
		s.unlink(i)
		return i
	}
	i := int32(len(s.entries))
	if len(s.entries) > s.Size {
		i = s.entries[0].newer // the anchor's newer is the oldest
		s.unlink(i)
		delete(s.index, s.entries[i].query)
	} else {
		s.entries = append(s.entries, cacheEntry[Q, A]{})
	}
	s.index[q] = i
	return i
}

func (s *shared[Q, A]) unlink(i int32) {
	e := &s.entries[i]
	s.entries[e.newer].elder, s.entries[e.elder].newer = e.elder, e.newer
}

// link puts an entry in as the newest.
func (s *shared[Q, A]) link(i int32) {
	newest := s.entries[0].elder
	s.entries[i].newer, s.entries[i].elder = 0, newest
	s.entries[newest].newer, s.entries[0].elder = i, i
}
