package state

// Slots are handed out in slabs, so that nothing ever moves and a growing state copies nothing.
const (
	slabBits = 9
	slabLen  = 1 << slabBits
	slabMask = slabLen - 1
)

// noSlot is never given to a key: handles that are used while no key is current meet it.
const noSlot = 0

// place is where a key lives: its slot, and its key group counted from the first one of the backend's range.
type place struct{ slot, group uint32 }

// slotMeta is what the table knows of a slot besides its key.
type slotMeta struct {
	// refs counts what keeps the slot: values that exist, timers, and removals that no snapshot has recorded yet.
	// In a free slot it is the next free slot of the same group.
	refs  uint32
	group uint16
	used  bool
	kept  bool // in the prepared batch; set only while slots are being freed
}

// keyGroup is the part of the table that belongs to one key group.
type keyGroup struct {
	idx  index
	free uint32 // first free slot; a slot never changes its group, so that lists of slots per group stay right
}

// column is a state of one operator, seen from the table of its keys.
type column interface {
	// extend tells that slots below slabs*slabLen exist.
	extend(slabs int)
	// forget makes the column's part of a slot as if it had never been used; nothing of it exists any more.
	forget(at place)
	// touch brings the column's parts of a batch near: into memory, and into the processor's caches.
	touch(batch []place)

	// state is what the column keeps.
	state() *stateInfo
	// freeze ends the generation; what is changed from now on belongs to generation gen.
	freeze(gen uint32)
	// encode appends records of frozen entries of a key group to dst, beginning with the from-th, until dst is
	// full or limit are done, and returns where it stopped; pending is how many there are. takeCopies returns
	// the records that the task wrote, once all are done. Only jobs call these.
	encode(dst []byte, group, from, limit int) ([]byte, int, error)
	pending(group int) int
	takeCopies(group int) [][]byte
	// thaw ends a snapshot, in the task. If it failed, what was frozen is dirty again.
	thaw(ok bool)
	// redoAll makes everything dirty, for a store that has nothing.
	redoAll()
	// evict appends what the column has of a slot to a record of the log, as the numbered column, if that is anything,
	// and forgets it; readmit takes it back.
	evict(dst []byte, number int, at place) ([]byte, error)
	readmit(at place, c spillColumn, src []byte) (rest []byte, err error)
	// expireSome frees what is over of the next n entries, round and round; expireSlot that of a slot.
	expireSome(n int)
	expireSlot(at place)
	// expireStored is expireSlot of the current key for what is not in memory, too.
	expireStored(at place)
	// cutSlots forgets all slots from bound on, the beginning of a slab; nothing of them exists.
	cutSlots(bound uint32)
	// memory is what the column takes for each slot, and besides that; sample measures one of its values.
	memory() (slot, extra int64)
	sample()
	// forgetRecorded gives up to n removals up that a completed snapshot has; it returns how many it looked at.
	forgetRecorded(n int) int
}

// table is what all key scopes have in common, whatever the type of their keys.
type table struct {
	b       *Backend
	cur     place
	first   int // first key group of the range
	groups  []keyGroup
	metas   []*[slabLen]slotMeta
	slots   uint32 // handed out so far, noSlot included
	columns []column
	batch   []place  // of the last Prepare
	loose   []uint32 // slots whose refs were 0 at some time since the last tidying
	keys    keyStore
	ev      *eviction // nil without a budget
	ttl     bool      // some column has a time to live
}

// keyStore is the typed half of a key scope.
type keyStore interface {
	appendKey(dst []byte, slot uint32) []byte
	appendFrozen(dst []byte, slot uint32) []byte
	nearFrozen(slots []uint32)
	freeze()
	addKey(src []byte) (place, []byte, error)
	removeKey(at place)
	clearKey(slot uint32)
	hashOf(slot uint32) uint64
	keyBytes() int64
	sample(n uint32)
	timerKeys() timerKeys
	cutSlots(bound uint32)
	keySchema() string
}

func (t *table) init(b *Backend, keys keyStore) {
	t.b, t.keys = b, keys
	t.first = b.options.Groups.First
	t.groups = make([]keyGroup, b.options.Groups.Len())
	t.metas = []*[slabLen]slotMeta{new([slabLen]slotMeta)}
	t.slots = noSlot + 1
}

func (t *table) meta(slot uint32) *slotMeta { return &t.metas[slot>>slabBits][slot&slabMask] }

func (t *table) placeOf(slot uint32) place { return place{slot, uint32(t.meta(slot).group)} }

func (t *table) appendKey(dst []byte, slot uint32, frozen bool) []byte {
	if frozen {
		return t.keys.appendFrozen(dst, slot)
	}
	return t.keys.appendKey(dst, slot)
}

// take returns a slot for a new key of the group. Until something is kept in it, it is loose.
func (t *table) take(group uint32) uint32 {
	g := &t.groups[group]
	slot := g.free
	for slot != noSlot {
		g.free = t.meta(slot).refs
		if t.ev == nil || t.ev.shrinking.bound == 0 || slot < t.ev.shrinking.bound {
			break
		}
		slot = g.free // that one is to go
	}
	if slot == noSlot {
		slot = t.extend()
	}
	*t.meta(slot) = slotMeta{group: uint16(group), used: true}
	t.loose = append(t.loose, slot)
	if t.ev != nil {
		t.ev.live++
	}
	return slot
}

func (t *table) extend() uint32 {
	slot := t.slots
	t.slots++
	if slot&slabMask == 0 {
		t.metas = append(t.metas, new([slabLen]slotMeta))
		for _, c := range t.columns {
			c.extend(len(t.metas))
		}
	}
	return slot
}

// hold keeps a slot for one more reason; drop gives the reason up.
func (t *table) hold(slot uint32) { t.meta(slot).refs++ }

func (t *table) drop(slot uint32) {
	m := t.meta(slot)
	if m.refs--; m.refs == 0 {
		t.loose = append(t.loose, slot)
	}
}

// looseLimit is how many slots may wait to be freed while no batch is prepared.
const looseLimit = 256

// tidy frees loose slots if there are many. The current batch and the current key stay.
func (t *table) tidy() {
	if len(t.loose) < looseLimit {
		return
	}
	t.b.settle()
	t.keepBatch(true)
	kept := t.loose[:0]
	for _, slot := range t.loose {
		switch m := t.meta(slot); {
		case !m.used || m.refs > 0:
		case m.kept || slot == t.cur.slot:
			kept = append(kept, slot)
		default:
			t.free(slot)
		}
	}
	t.loose = kept
	t.keepBatch(false)
}

func (t *table) keepBatch(kept bool) {
	for _, at := range t.batch {
		t.meta(at.slot).kept = kept
	}
}

// tidyAll frees every loose slot: no key is current any more, and no batch is prepared.
func (t *table) tidyAll() {
	t.cur = place{}
	t.b.settle()
	for _, slot := range t.loose {
		if m := t.meta(slot); m.used && m.refs == 0 {
			t.free(slot)
		}
	}
	t.loose = t.loose[:0]
}

func (t *table) free(slot uint32) {
	at := t.placeOf(slot)
	for _, c := range t.columns {
		c.forget(at)
	}
	t.keys.removeKey(at)
	t.unuse(at)
}

// unuse makes a slot free for another key.
func (t *table) unuse(at place) {
	g := &t.groups[at.group]
	*t.meta(at.slot) = slotMeta{group: uint16(at.group), refs: g.free}
	g.free = at.slot
	if t.ev != nil {
		t.ev.live--
	}
}

// release is drop for a slot that is about to be evicted: it is not loose.
func (t *table) release(slot uint32) { t.meta(slot).refs-- }

// attach adds a column; it learns of the slots that exist.
func (t *table) attach(c column) {
	t.columns = append(t.columns, c)
	c.extend(len(t.metas))
}
