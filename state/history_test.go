package state_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/state/statetest"
)

var seeds = flag.Int("seeds", 60, "random histories to run")

// account holds a slice, so that a copy on write that shares memory shows.
type account struct {
	N    int64
	Tags []int32
}

// modelKey is all that is remembered of one key, kept the naive way.
type modelKey struct {
	value *account
	items map[int64]string
	list  []int

	valueAt, listAt int64 // from when they live
	itemsAt         map[int64]int64
}

// age forgets what is over.
func (k *modelKey) age(now, life int64) {
	over := func(at int64) bool { return life > 0 && now-at >= life }
	if over(k.valueAt) {
		k.value = nil
	}
	if over(k.listAt) {
		k.list = nil
	}
	for uk, at := range k.itemsAt {
		if over(at) {
			delete(k.items, uk)
			delete(k.itemsAt, uk)
		}
	}
}

type modelTimer struct {
	kind   state.TimeKind
	at, ns int64
	key    string
}

type model struct {
	keys   map[string]*modelKey
	timers map[modelTimer]bool
	list   []int
}

func newModel() *model {
	return &model{keys: map[string]*modelKey{}, timers: map[modelTimer]bool{}}
}

func (m *model) clone() *model {
	out := newModel()
	for k, v := range m.keys {
		c := &modelKey{items: maps.Clone(v.items), list: slices.Clone(v.list), itemsAt: maps.Clone(v.itemsAt), valueAt: v.valueAt, listAt: v.listAt}
		if v.value != nil {
			c.value = &account{v.value.N, slices.Clone(v.value.Tags)}
		}
		out.keys[k] = c
	}
	out.timers, out.list = maps.Clone(m.timers), slices.Clone(m.list)
	return out
}

func (m *model) at(k string) *modelKey {
	if m.keys[k] == nil {
		m.keys[k] = &modelKey{items: map[int64]string{}, itemsAt: map[int64]int64{}}
	}
	return m.keys[k]
}

// member is one subtask with the handles of its operators.
type member struct {
	b      *state.Backend
	keys   *state.Keys[string]
	value  state.Value[account]
	items  state.Map[int64, string]
	list   state.List[int]
	timers state.Timers
	own    state.OperatorList[int]
	snap   *state.Snapshot
}

// history is one random run of a group of subtasks: operations, snapshots, failures, crashes, changes of parallelism.
type history struct {
	t      *testing.T
	rng    *rand.Rand
	fs     *vfs.MemFS
	store  *vfs.MemFS // what a crash leaves
	steps  statetest.Steps
	live   *model
	frozen *model // as the snapshots in flight have it
	saved  *model
	parts  []state.RestorePart // of saved
	has    map[state.File]bool // what was ever uploaded
	tasks  []*member
	life   int
	id     uint64

	budget                                *state.Budget
	now, ttl                              int64 // the clock, and the time to live; 0: none
	onRead                                bool
	options                               []state.Option
	maxParallelism                        int
	snapshots, restores, aborts, rescales int
	evicted, segments                     int64 // keys, and segments of the log that were given up
}

func newHistory(t *testing.T, seed uint64) *history {
	h := &history{t: t, rng: rand.New(rand.NewPCG(seed, 1)), live: newModel(), saved: newModel(), store: vfs.NewMem(), has: map[state.File]bool{}}
	h.steps.Pick = h.rng.IntN
	h.maxParallelism = []int{4, 128, 37}[h.rng.IntN(3)]
	h.budget = state.NewBudget([]int64{0, 1, 10_000, 40_000}[h.rng.IntN(4)])
	t.Cleanup(h.budget.Close)
	h.expire()
	h.start(1 + h.rng.IntN(3))
	return h
}

// expire gives states a time to live in every second history.
func (h *history) expire() {
	if h.rng.IntN(2) == 0 {
		return
	}
	h.ttl = 1 + h.rng.Int64N(20)
	var how state.Expiry
	if h.rng.IntN(2) == 0 {
		h.onRead, how = true, state.OnRead
	}
	if h.rng.IntN(2) == 0 {
		how |= state.ByEventTime
	}
	h.options = []state.Option{state.TTL(time.Duration(h.ttl), how)}
}

// at is what the model has of a key now.
func (h *history) at(k string) *modelKey {
	m := h.live.at(k)
	m.age(h.now, h.ttl)
	return m
}

// wasRead is what the model does about a state that was read.
func (h *history) wasRead(at *int64) {
	if h.onRead {
		*at = h.now
	}
}

// start opens subtasks on what is saved.
func (h *history) start(parallelism int) {
	h.life++
	h.fs = vfs.NewMem()
	h.tasks = nil
	for i := range parallelism {
		h.tasks = append(h.tasks, h.open(i, parallelism))
	}
	h.live, h.frozen = h.saved.clone(), nil
}

func (h *history) open(subtask, parallelism int) *member {
	o := state.Options{
		FS: h.fs, Dir: fmt.Sprintf("task-%d", subtask), Executor: &h.steps, DisableCompaction: h.rng.IntN(2) == 0,
		MaxParallelism: h.maxParallelism, Groups: state.KeyGroupRange(parallelism, subtask, h.maxParallelism),
		Subtask: subtask, Parallelism: parallelism, Budget: h.budget,
		Now: func() int64 { return h.now }, EventTime: func() int64 { return h.now },
	}
	for i, p := range h.parts {
		dir := fmt.Sprintf("restore-%d-%d", subtask, i)
		copyDir(h.t, h.store, p.Dir, h.fs, dir)
		p.Dir = dir
		o.Restore = append(o.Restore, p)
	}
	b, err := state.OpenBackend(o)
	require.NoError(h.t, err)
	m := &member{b: b, keys: keysOf[string](h.t, b)}
	op := m.keys.Operator("op")
	m.value = state.NewValue[account](op, "value", h.options...)
	m.items = state.NewMap[int64, string](op, "items", h.options...)
	m.list = state.NewList[int](m.keys.Operator("other"), "list", h.options...)
	m.timers = state.NewTimers(op)
	m.own = state.NewOperatorList[int](b.Operator("source"), "own", state.Split)
	require.NoError(h.t, b.Start())
	return m
}

func copyDir(t testing.TB, from vfs.FS, src string, to vfs.FS, dst string) {
	if src == "" {
		return
	}
	require.NoError(t, to.MkdirAll(dst, 0o755))
	names, err := from.List(src)
	require.NoError(t, err)
	for _, name := range names {
		require.NoError(t, vfs.CopyAcrossFS(from, from.PathJoin(src, name), to, to.PathJoin(dst, name)))
	}
}

func (h *history) task(key string) *member {
	hasher, err := state.HashOf[string]()
	require.NoError(h.t, err)
	return h.tasks[state.SubtaskOf(hasher.Group(key, h.maxParallelism), len(h.tasks), h.maxParallelism)]
}

func (h *history) key() string {
	if h.rng.IntN(4) == 0 {
		return fmt.Sprintf("rare\x00%d", h.rng.IntN(1000))
	}
	return fmt.Sprint(h.rng.IntN(40))
}

func (h *history) step() {
	if h.rng.IntN(3) == 0 {
		h.now += h.rng.Int64N(5)
	}
	switch p := h.rng.IntN(100); {
	case p < 60:
		h.batch()
	case p < 70:
		h.freeze()
	case p < 90:
		for range h.rng.IntN(30) {
			h.steps.Step()
		}
		h.collect()
	case p < 92:
		h.abort()
	case p < 94:
		h.compareAll()
	case p < 96:
		h.crash(len(h.tasks))
	case p < 97:
		h.rescales++
		h.crash(1 + h.rng.IntN(4))
	default:
		h.popTimers()
	}
}

func (h *history) batch() {
	byTask := map[*member][]string{}
	for range 1 + h.rng.IntN(20) {
		k := h.key()
		byTask[h.task(k)] = append(byTask[h.task(k)], k)
	}
	for _, m := range h.tasks {
		keys := byTask[m]
		if h.rng.IntN(2) == 0 {
			for _, k := range keys {
				m.keys.Seek(k)
				h.update(m, k)
			}
			continue
		}
		m.keys.Prepare(keys)
		for i, k := range keys {
			m.keys.Select(i)
			h.update(m, k)
		}
	}
}

func (h *history) update(m *member, k string) {
	want := h.at(k)
	switch h.rng.IntN(12) {
	case 0:
		m.value.Clear()
		want.value = nil
	case 1:
		v := account{N: h.rng.Int64N(100)}
		m.value.Set(v)
		want.value, want.valueAt = &v, h.now
	case 2, 3, 4:
		h.change(m, want)
	case 5:
		uk := h.rng.Int64N(6) - 3
		m.items.Set(uk, k)
		want.items[uk], want.itemsAt[uk] = k, h.now
	case 6:
		uk := h.rng.Int64N(6) - 3
		m.items.Delete(uk)
		delete(want.items, uk)
		delete(want.itemsAt, uk)
	case 7:
		if h.rng.IntN(4) == 0 {
			m.items.Clear()
			clear(want.items)
			clear(want.itemsAt)
		}
	case 8:
		for range h.rng.IntN(50) {
			m.list.Append(len(want.list))
			want.list, want.listAt = append(want.list, len(want.list)), h.now
		}
	case 9:
		n := h.rng.IntN(len(want.list) + 1)
		m.list.Truncate(n)
		if h.onRead || n < len(want.list) {
			want.listAt = h.now
		}
		want.list = want.list[:n]
	case 10:
		h.setTimer(m, k)
	default:
		h.compare(m, k)
	}
}

func (h *history) change(m *member, want *modelKey) {
	got := m.value.Ref()
	if want.value == nil {
		want.value = &account{}
	}
	want.valueAt = h.now
	require.Equal(h.t, *want.value, account{got.N, slices.Clone(got.Tags)})
	got.N++
	want.value.N++
	if n := len(got.Tags); n > 0 && h.rng.IntN(2) == 0 {
		got.Tags[n-1]++ // in place
		want.value.Tags[n-1]++
		return
	}
	got.Tags = append(got.Tags, 7)
	want.value.Tags = append(want.value.Tags, 7)
}

func (h *history) setTimer(m *member, k string) {
	t := modelTimer{state.TimeKind(h.rng.IntN(2)), h.rng.Int64N(6) - 3, 0, k}
	if h.rng.IntN(3) == 0 {
		m.timers.Delete(t.kind, t.at, t.ns)
		delete(h.live.timers, t)
		return
	}
	m.timers.Set(t.kind, t.at, t.ns)
	h.live.timers[t] = true
}

func (h *history) popTimers() {
	upTo := h.rng.Int64N(6) - 3
	for _, m := range h.tasks {
		for {
			at, ns, ok := m.timers.PopDue(state.EventTime, upTo)
			if !ok {
				break
			}
			k, _ := m.keys.Current()
			t := modelTimer{state.EventTime, at, ns, k}
			require.True(h.t, h.live.timers[t], "%+v fired but is not set", t)
			delete(h.live.timers, t)
			if h.rng.IntN(3) == 0 {
				h.change(m, h.at(k))
			}
		}
	}
	for t := range h.live.timers {
		require.False(h.t, t.kind == state.EventTime && t.at <= upTo, "%+v did not fire", t)
	}
}

func (h *history) compare(m *member, k string) {
	want := h.at(k)
	got, ok := m.value.Get()
	h.wasRead(&want.valueAt)
	require.Equal(h.t, want.value != nil, ok, "key %q", k)
	if ok {
		require.Equal(h.t, *want.value, account{got.N, slices.Clone(got.Tags)}, "key %q", k)
	}
	require.Equal(h.t, len(want.list), m.list.Len(), "key %q", k)
	h.wasRead(&want.listAt)
	for i, v := range m.list.All() {
		require.Equal(h.t, want.list[i], v)
	}
	if uk := h.rng.Int64N(6) - 3; h.rng.IntN(2) == 0 {
		got, ok := m.items.Get(uk)
		item, has := want.items[uk]
		if at := want.itemsAt[uk]; has {
			h.wasRead(&at)
			want.itemsAt[uk] = at
		}
		require.Equal(h.t, has, ok, "key %q item %d", k, uk)
		require.Equal(h.t, item, got)
		return
	}
	require.Equal(h.t, len(want.items), m.items.Len(), "key %q", k)
	require.Equal(h.t, slices.Sorted(maps.Keys(want.items)), sortedKeys(m.items))
	for uk, at := range want.itemsAt {
		h.wasRead(&at)
		want.itemsAt[uk] = at
	}
}

func sortedKeys(m state.Map[int64, string]) []int64 {
	var out []int64
	for k := range m.All() {
		out = append(out, k)
	}
	return out
}

func (h *history) compareAll() {
	for _, k := range slices.Sorted(maps.Keys(h.live.keys)) {
		m := h.task(k)
		m.keys.Seek(k)
		h.compare(m, k)
	}
	timers, own := 0, 0
	for _, m := range h.tasks {
		require.NoError(h.t, m.b.Err())
		timers += m.timers.Len()
		own += len(m.own.Get())
	}
	if h.budget.Bytes() == 0 {
		require.Equal(h.t, len(h.live.timers), timers)
	}
	require.Equal(h.t, len(h.live.list), own)
}

func (h *history) freeze() {
	if h.frozen != nil {
		for _, m := range h.tasks {
			select {
			case <-m.snap.Done():
			default:
				_, err := m.b.Freeze(h.id, nil)
				require.ErrorIs(h.t, err, state.ErrSnapshotInFlight)
			}
		}
		return
	}
	h.id++
	h.live.list = append(h.live.list, int(h.id))
	first := h.tasks[0]
	first.own.Set(append(slices.Clone(first.own.Get()), int(h.id)))
	for _, m := range h.tasks {
		snap, err := m.b.Freeze(h.id, nil)
		require.NoError(h.t, err)
		m.snap = snap
	}
	h.frozen = h.live.clone()
}

// collect uploads the snapshots once all are done.
func (h *history) collect() {
	if h.frozen == nil {
		return
	}
	for _, m := range h.tasks {
		select {
		case <-m.snap.Done():
		default:
			return
		}
	}
	ok := true
	for _, m := range h.tasks {
		if m.snap.Err() != nil {
			require.ErrorIs(h.t, m.snap.Err(), state.ErrAborted)
			ok = false
		}
	}
	if ok {
		h.save()
	}
	for _, m := range h.tasks {
		require.NoError(h.t, m.snap.Release())
	}
	h.frozen = nil
}

func (h *history) save() {
	h.snapshots++
	old := h.parts
	h.parts = nil
	for i, m := range h.tasks {
		s := m.snap
		p := state.RestorePart{Groups: s.Groups, States: s.States, Operator: s.Operator, Files: s.Files}
		if s.Dir != "" {
			p.Dir = fmt.Sprintf("saved-%d-%d-%d", h.life, s.ID, i)
			copyDir(h.t, h.fs, s.Dir, h.store, p.Dir)
		}
		for _, f := range s.Files {
			fresh := f.New
			f.New = false
			require.True(h.t, fresh || h.has[f], "%s was never uploaded", f.Name)
			h.has[f] = true
		}
		h.parts = append(h.parts, p)
		require.NoError(h.t, s.Complete())
	}
	for _, p := range old {
		if p.Dir != "" {
			require.NoError(h.t, h.store.RemoveAll(p.Dir))
		}
	}
	h.saved = h.frozen
}

func (h *history) abort() {
	if h.frozen != nil {
		h.aborts++
		h.tasks[h.rng.IntN(len(h.tasks))].snap.Abort()
	}
}

func (h *history) close() {
	for _, m := range h.tasks {
		evicted, _, dropped := state.EvictedOf(m.b)
		h.evicted, h.segments = h.evicted+evicted, h.segments+dropped
		require.NoError(h.t, m.b.Close())
	}
	h.steps.Run()
}

func (h *history) crash(parallelism int) {
	h.restores++
	h.close()
	h.start(parallelism)
	if h.rng.IntN(2) == 0 {
		h.compareAll()
	}
}

func TestRandomHistories(t *testing.T) {
	var snapshots, restores, aborts, rescales int
	var evicted, segments int64
	for seed := range *seeds {
		h := newHistory(t, uint64(seed))
		ok := t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h.t = t
			for range 60 + h.rng.IntN(200) {
				h.step()
			}
			h.compareAll()
			h.crash(1 + h.rng.IntN(4))
			h.compareAll()
			h.close()
		})
		if !ok {
			t.FailNow()
		}
		snapshots, restores, aborts, rescales = snapshots+h.snapshots, restores+h.restores, aborts+h.aborts, rescales+h.rescales
		evicted, segments = evicted+h.evicted, segments+h.segments
	}
	t.Logf("%d snapshots, %d restores, %d aborts, %d rescales, %d keys evicted, %d segments given up", snapshots, restores, aborts, rescales, evicted, segments)
	require.Positive(t, evicted)
	require.Positive(t, segments)
}
