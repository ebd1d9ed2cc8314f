package state

// pile is records of one state by key group, in the order of time: on their way from an eviction into the store,
// beside what is dirty in memory.
type pile struct {
	groups [][]byte
	bytes  int
}

func newPile(groups int) *pile { return &pile{groups: make([][]byte, groups)} }

// reset empties the pile and keeps its memory.
func (p *pile) reset() {
	for g := range p.groups {
		p.groups[g] = p.groups[g][:0]
	}
	p.bytes = 0
}

// writeGroup sorts the records of a group and writes the newest of each key.
func (p *pile) writeGroup(to *tables, group int, items []item) (cost int, _ []item, err error) {
	buf := p.groups[group]
	if len(buf) == 0 {
		return 0, items, nil
	}
	if err := to.s.open(); err != nil {
		return 0, items, err
	}
	r := newestRun(buf, items, prefixLen+groupLen)
	for _, it := range r.items {
		key, val, gone, _ := readRecord(buf[it.off:])
		if err := to.add(key, val, gone); err != nil {
			return 0, r.items, err
		}
	}
	return len(r.items), r.items, nil
}
