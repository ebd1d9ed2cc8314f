package state

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"
)

// purgeWork removes from the store what is over and nobody asks for: a part of each snapshot, over a bounded number of
// entries, round and round. It comes before all else that the snapshot writes, so that what was changed since lies
// above the removals. What is in memory unchanged is over as well if the store's is.
type purgeWork struct {
	b      *Backend
	now    map[*stateInfo]int64
	states []*stateInfo
	left   int // entries of the state to be looked at
	tables tables

	owner   []byte // whose list is looked at
	alive   bool   // some piece of it is in time
	evicted bool   // keys may be in the log
}

const (
	purgeEntries = 8192 // of one state that a snapshot looks at
	purgeStep    = 256
)

// purge returns the work of one snapshot, nil if no stored state expires. The task calls it.
func (b *Backend) purge() *purgeWork {
	w := &purgeWork{b: b, tables: tables{s: b.store}, now: map[*stateInfo]int64{}, left: purgeEntries, evicted: b.options.Budget.bound()}
	for _, s := range b.states {
		if s.settings.ttl == nil || !s.Kind.keyed() {
			continue
		}
		if now := s.settings.ttl.now(&b.options); now != noTime {
			w.now[s] = now
			w.states = append(w.states, s)
		}
	}
	if len(w.states) == 0 {
		return nil
	}
	return w
}

func (w *purgeWork) discard() { w.tables.discard() }

// some looks at some entries of the first state.
func (w *purgeWork) some() (cost int, done bool, err error) {
	if len(w.states) == 0 || w.b.store.db == nil {
		return 0, true, nil
	}
	s := w.states[0]
	n, end, err := w.scan(s, min(purgeStep, w.left))
	if w.left -= n; err != nil || !end && w.left > 0 {
		return n, false, err
	}
	if err := w.tables.ingest(); err != nil {
		return n, false, err
	}
	w.tables, w.states, w.left = tables{s: w.b.store}, w.states[1:], purgeEntries
	w.owner = nil // a list that goes on behind this is looked at next time
	return n + stepCost, false, nil
}

// scan goes over n entries from where the last one stopped; end says that it came to the end of the state.
func (w *purgeWork) scan(s *stateInfo, n int) (seen int, end bool, err error) {
	from := s.purged
	if from == nil {
		from = s.prefix[:]
	}
	it, err := w.b.store.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: prefixEnd(s.prefix[:])})
	if err != nil {
		return 0, false, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.First(); it.Valid(); it.Next() {
		key := it.Key()
		if seen >= n {
			s.purged = bytes.Clone(key)
			return seen, false, nil
		}
		seen++
		val, err := it.ValueAndErr()
		if err == nil {
			err = w.look(s, key, val)
		}
		if err != nil {
			return seen, false, err
		}
	}
	s.purged = nil
	w.endList(s)
	return seen, true, it.Error()
}

// look removes an entry that is over. The pieces of a list are over together or not at all, and only the task knows
// whether the newest one has been changed since: it gets the key.
func (w *purgeWork) look(s *stateInfo, key, val []byte) error {
	over := w.over(s, val)
	owner := key[prefixLen+groupLen:]
	if s.Kind == KindList {
		owner = owner[:max(0, len(owner)-4)]
		if !bytes.Equal(owner, w.owner) {
			w.endList(s)
			w.owner, w.alive = bytes.Clone(owner), false
		}
		w.alive = w.alive || !over
		return nil
	}
	if !over {
		return nil
	}
	if w.evicted {
		s.over = append(s.over, bytes.Clone(owner))
	}
	return w.tables.add(key, nil, true)
}

func (w *purgeWork) endList(s *stateInfo) {
	if w.owner != nil && !w.alive {
		s.over = append(s.over, w.owner)
	}
	w.owner = nil
}

func (w *purgeWork) over(s *stateInfo, val []byte) bool {
	id, n := binary.Uvarint(val)
	if n <= 0 || id >= uint64(len(s.Values)) {
		return false // whoever reads it says so
	}
	if _, stamped := s.Values[id].Expiring(); !stamped {
		return false
	}
	stamp, _, err := cutStamp(val[n:])
	return err == nil && s.settings.ttl.over(stamp, w.now[s])
}

// overEach is how many keys the task looks at together.
const overEach = 16

// expireStored has the task look at keys that a snapshot has found to be over in the store: lists, and what may be
// evicted.
func (b *Backend) expireStored() {
	left := overEach
	for _, t := range b.tables {
		for _, c := range t.columns {
			s := c.state()
			for ; left > 0 && len(s.over) > 0; left-- {
				key := s.over[len(s.over)-1]
				s.over = s.over[:len(s.over)-1]
				cur := t.cur
				at, _, err := t.keys.addKey(key)
				if err != nil {
					b.fail(err)
					return
				}
				t.cur = at
				c.expireStored(at)
				t.cur = cur
			}
		}
	}
	b.over = left == 0
}
