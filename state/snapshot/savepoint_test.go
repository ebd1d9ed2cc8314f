package snapshot_test

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/state/snapshot"
	"github.com/turgo-io/turgo/state/statetest"
)

type visit struct {
	Page string
	N    int32
}

// shop is a task with a state of every kind.
type shop struct {
	fs     vfs.FS
	b      *state.Backend
	steps  statetest.Steps
	keys   *state.Keys[string]
	n      state.Value[visit]
	seen   state.Map[int16, bool]
	log    state.List[int]
	timers state.Timers
	places state.OperatorList[string]
}

const maxGroups = 16

// openShop opens one subtask, from a checkpoint if there is one.
func openShop(t *testing.T, fs vfs.FS, subtask, parallelism, groups int, from *snapshot.Manifest, store snapshot.Store) *shop {
	t.Helper()
	s := &shop{fs: fs}
	dir := fmt.Sprintf("shop-%d-%d-%d", subtask, parallelism, groups)
	o := state.Options{
		FS: fs, Dir: dir, Executor: &s.steps, DisableCompaction: true, MaxParallelism: groups,
		Groups: state.KeyGroupRange(parallelism, subtask, groups), Subtask: subtask, Parallelism: parallelism,
	}
	if from != nil {
		require.NoError(t, fs.RemoveAll(dir+"-restore"))
		for i, task := range from.Tasks {
			part, err := snapshot.Fetch(ctx, store, task, fs, fmt.Sprintf("%s-restore/%d", dir, i))
			require.NoError(t, err)
			o.Restore = append(o.Restore, part)
		}
	}
	var err error
	s.b, err = state.OpenBackend(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.b.Close()) })
	s.keys, err = state.NewKeys[string](s.b)
	require.NoError(t, err)
	scope := s.keys.Operator("shop")
	s.n = state.NewValue[visit](scope, "n")
	s.seen = state.NewMap[int16, bool](scope, "seen")
	s.log = state.NewList[int](scope, "log")
	s.timers = state.NewTimers(scope)
	s.places = state.NewOperatorList[string](s.b.Operator("source"), "places", state.Split)
	require.NoError(t, s.b.Start())
	return s
}

func shopKey(i int) string { return fmt.Sprintf("key-%d", i) }

// shopCheckpoint fills two subtasks and writes checkpoint 5 of them.
func shopCheckpoint(t *testing.T, fs vfs.FS, store snapshot.Store, keys int) *snapshot.Manifest {
	t.Helper()
	h, err := state.HashOf[string]()
	require.NoError(t, err)
	m := &snapshot.Manifest{
		Job: "shop", ID: 5, Time: 99,
		Operators: []snapshot.Operator{{ID: "source", Parallelism: 2, MaxParallelism: maxGroups}, {ID: "shop", Parallelism: 2, MaxParallelism: maxGroups}},
	}
	repo := snapshot.NewRepository(store, snapshot.RepositoryOptions{})
	for sub := range 2 {
		s := openShop(t, fs, sub, 2, maxGroups, nil, nil)
		for i := range keys {
			if !s.b.Groups().Contains(h.Group(shopKey(i), maxGroups)) {
				continue
			}
			s.keys.Seek(shopKey(i))
			s.n.Set(visit{"home", int32(i)})
			s.seen.Set(int16(i%3), true)
			s.seen.Set(-1, false)
			for e := range i % 70 {
				s.log.Append(e)
			}
			s.timers.Set(state.EventTime, int64(1000+i), 7)
		}
		s.places.Set([]string{fmt.Sprint("place of ", sub)})
		snap, err := s.b.Freeze(5, nil)
		require.NoError(t, err)
		s.steps.Run()
		require.NoError(t, snap.Err())
		task, err := repo.Upload(ctx, fs, snap)
		require.NoError(t, err)
		task.Name, task.Subtask, task.Parallelism = "shop", sub, 2
		m.Tasks = append(m.Tasks, task)
	}
	require.NoError(t, repo.Write(ctx, m))
	return m
}

func opened(t *testing.T, store snapshot.Store, id uint64) *snapshot.Savepoint {
	t.Helper()
	s, err := snapshot.Open(ctx, store, id, snapshot.OpenOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// mapOf collects rows by a key.
func mapOf[R any, K comparable, V any](t *testing.T, rows *snapshot.Rows[R], err error, pair func(R) (K, V)) map[K]V {
	t.Helper()
	require.NoError(t, err)
	all := map[K]V{}
	for r := range rows.All() {
		k, v := pair(r)
		require.NotContains(t, all, k)
		all[k] = v
	}
	require.NoError(t, rows.Err())
	return all
}

func visits(t *testing.T, s *snapshot.Savepoint) map[string]visit {
	rows, err := snapshot.Values[string, visit](s, "shop", "n")
	return mapOf(t, rows, err, func(r snapshot.Row[string, visit]) (string, visit) { return r.Key, r.Value })
}

const shopKeys = 300

func TestOpenReadsEveryKindOfState(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	shopCheckpoint(t, fs, store, shopKeys)
	s := opened(t, store, 0)
	require.EqualValues(t, 5, s.Manifest.ID)
	require.Len(t, s.Manifest.States(), 5)

	all := visits(t, s)
	require.Len(t, all, shopKeys)
	require.Equal(t, visit{"home", 17}, all["key-17"])

	type pair struct {
		key string
		sub int16
	}
	entries, err := snapshot.MapEntries[string, int16, bool](s, "shop", "seen")
	seen := mapOf(t, entries, err, func(r snapshot.MapRow[string, int16, bool]) (pair, bool) { return pair{r.Key, r.MapKey}, r.Value })
	require.Len(t, seen, 2*shopKeys)
	require.True(t, seen[pair{"key-5", 2}])

	lists, err := snapshot.Lists[string, int](s, "shop", "log")
	logs := mapOf(t, lists, err, func(r snapshot.Row[string, []int]) (string, []int) { return r.Key, r.Value })
	require.Len(t, logs["key-69"], 69)
	require.Equal(t, 68, logs["key-69"][68])

	timers, err := snapshot.Timers[string](s, "shop", s.Manifest.States()[3].Name)
	at := mapOf(t, timers, err, func(r snapshot.TimerRow[string]) (string, int64) { return r.Key, r.At })
	require.Len(t, at, shopKeys)
	require.EqualValues(t, 1017, at["key-17"])

	places, err := snapshot.Elements[string](s, "source", "places")
	require.NoError(t, err)
	require.Equal(t, []string{"place of 0", "place of 1"}, places)
}

func TestOpenSaysWhatDoesNotFit(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	shopCheckpoint(t, fs, store, 3)
	s := opened(t, store, 5)
	_, err := snapshot.Values[string, visit](s, "shop", "m")
	require.ErrorIs(t, err, snapshot.ErrNotFound)
	require.ErrorContains(t, err, `["shop/log" "shop/n"`)
	_, err = snapshot.Values[int, visit](s, "shop", "n")
	require.ErrorContains(t, err, "the key was written as string, not as int64")
	_, err = snapshot.Values[string, struct{ Page int }](s, "shop", "n")
	require.ErrorIs(t, err, state.ErrIncompatible)
	require.ErrorContains(t, err, ".Page was written as string and is now int")
	_, err = snapshot.Values[string, bool](s, "shop", "seen")
	require.ErrorContains(t, err, "is no value")
	_, err = snapshot.Elements[string](s, "shop", "n")
	require.ErrorContains(t, err, "is no operator list")
	_, err = snapshot.Open(ctx, store, 77, snapshot.OpenOptions{})
	require.ErrorIs(t, err, snapshot.ErrNotFound)
}

// visitWide has a field that is wider, one that is new, and one less.
type visitWide struct {
	N     int64
	Label string
}

func TestEdit(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	shopCheckpoint(t, fs, store, shopKeys)
	e := snapshot.Edit(opened(t, store, 0))
	require.NoError(t, snapshot.Update(e, "shop", "n", func(k string, v *visitWide) bool {
		v.N *= 2
		v.Label = "was " + k
		return v.N%4 == 0
	}))
	require.NoError(t, snapshot.UpdateMap(e, "shop", "seen", func(_ string, sub int16, v *bool) bool {
		*v = !*v
		return sub >= 0
	}))
	e.Drop("shop", "log")
	require.NoError(t, snapshot.SetElements(e, "source", "places", state.Split, []string{"a", "b", "c"}))
	require.NoError(t, snapshot.SetValues(e, "shop", "fresh", seq(map[string]int{"key-1": 1, "other": 2})))
	m, err := e.Save(ctx, store, 0)
	require.NoError(t, err)
	require.EqualValues(t, 6, m.ID)
	require.True(t, m.Savepoint)
	require.NoError(t, snapshot.Verify(ctx, store, m, vfs.NewMem(), "v"))

	s := opened(t, store, 0)
	require.EqualValues(t, 6, s.Manifest.ID)
	rows, err := snapshot.Values[string, visitWide](s, "shop", "n")
	all := mapOf(t, rows, err, func(r snapshot.Row[string, visitWide]) (string, visitWide) { return r.Key, r.Value })
	require.Len(t, all, shopKeys/2)
	require.Equal(t, visitWide{34 * 2, "was key-34"}, all["key-34"])
	_, err = snapshot.Lists[string, int](s, "shop", "log")
	require.ErrorIs(t, err, snapshot.ErrNotFound)
	places, err := snapshot.Elements[string](s, "source", "places")
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, places)
	fresh, err := snapshot.Values[string, int](s, "shop", "fresh")
	require.Len(t, mapOf(t, fresh, err, func(r snapshot.Row[string, int]) (string, int) { return r.Key, r.Value }), 2)
	require.Len(t, visits(t, opened(t, store, 5)), shopKeys, "the one before is as it was")

	_, err = e.Save(ctx, store, 6)
	require.ErrorIs(t, err, snapshot.ErrExists)
}

func seq[K comparable, V any](m map[K]V) iter.Seq2[K, V] { return maps.All(m) }

// TestEditThatChangesNothingSharesFiles: only the manifest is new.
func TestEditThatChangesNothingSharesFiles(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	was := shopCheckpoint(t, fs, store, 10)
	m, err := snapshot.Edit(opened(t, store, 0)).Save(ctx, store, 0)
	require.NoError(t, err)
	require.Equal(t, was.Tasks, m.Tasks)
	other := snapshot.NewDir(fs, "other")
	e := snapshot.Edit(opened(t, store, 0))
	e.Rename("shop2")
	m, err = e.Save(ctx, other, 0)
	require.NoError(t, err)
	require.Equal(t, "shop2", m.Job)
	require.NoError(t, snapshot.Verify(ctx, other, m, vfs.NewMem(), "v"))
}

// TestSetMaxParallelism restores what was rewritten at several parallelisms and looks at every key.
func TestSetMaxParallelism(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	shopCheckpoint(t, fs, store, shopKeys)
	h, err := state.HashOf[string]()
	require.NoError(t, err)
	for _, groups := range []int{2, 7, 128, state.MaxKeyGroups} {
		e := snapshot.Edit(opened(t, store, 5))
		e.SetMaxParallelism(groups)
		m, err := e.Save(ctx, store, uint64(100+groups))
		require.NoError(t, err)
		require.Equal(t, groups, m.MaxParallelism())
		for _, parallelism := range []int{1, 2, 3} {
			if parallelism > groups {
				continue
			}
			found, places := 0, []string{}
			for sub := range parallelism {
				s := openShop(t, fs, sub, parallelism, groups, m, store)
				places = append(places, s.places.Get()...)
				for i := range shopKeys {
					if !s.b.Groups().Contains(h.Group(shopKey(i), groups)) {
						continue
					}
					found++
					s.keys.Seek(shopKey(i))
					v, ok := s.n.Get()
					require.True(t, ok, "groups %d, key %d", groups, i)
					require.Equal(t, visit{"home", int32(i)}, v)
					require.Equal(t, i%70, s.log.Len())
					x, _ := s.seen.Get(int16(i % 3))
					require.True(t, x)
				}
				require.NoError(t, s.b.Err())
			}
			require.Equal(t, shopKeys, found)
			slices.Sort(places)
			require.Equal(t, []string{"place of 0", "place of 1"}, places)
		}
	}
	e := snapshot.Edit(opened(t, store, 5))
	e.SetMaxParallelism(1)
	_, err = e.Save(ctx, store, 0)
	require.ErrorContains(t, err, "task shop has 2 subtasks; run the job with fewer first")
}

// TestBootstrap gives a backend state that no job has made.
func TestBootstrap(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	e := snapshot.Bootstrap("shop", maxGroups)
	list := make([]int, 100)
	list[99] = 5
	require.NoError(t, snapshot.SetValues(e, "shop", "n", seq(map[string]visit{"a": {"x", 1}, "b": {"y", 2}})))
	require.NoError(t, snapshot.SetMap(e, "shop", "seen", slices.Values([]snapshot.MapRow[string, int16, bool]{{"a", 4, true}})))
	require.NoError(t, snapshot.SetLists(e, "shop", "log", seq(map[string][]int{"a": list})))
	require.NoError(t, snapshot.SetElements(e, "source", "places", state.Split, []string{"here"}))
	m, err := e.Save(ctx, store, 0)
	require.NoError(t, err)
	require.EqualValues(t, 1, m.ID)
	for sub := range 2 {
		s := openShop(t, fs, sub, 2, maxGroups, m, store)
		h, err := state.HashOf[string]()
		require.NoError(t, err)
		if s.b.Groups().Contains(h.Group("a", maxGroups)) {
			s.keys.Seek("a")
			v, _ := s.n.Get()
			require.Equal(t, visit{"x", 1}, v)
			ok, _ := s.seen.Get(4)
			require.True(t, ok)
			require.Equal(t, 100, s.log.Len())
			last, _ := s.log.Get(99)
			require.Equal(t, 5, last)
		}
		require.NoError(t, s.b.Err())
	}
	require.Error(t, snapshot.Update(e, "shop", "n", func(string, *visit) bool { return true }))
	_, err = snapshot.Bootstrap("x", 0).Save(ctx, store, 0)
	require.ErrorContains(t, err, "max parallelism 0")
}

// TestStateWithATimeToLive: values that are stamped are read, edited and moved, and keep their stamps.
func TestStateWithATimeToLive(t *testing.T) {
	fs := vfs.NewMem()
	store := snapshot.NewDir(fs, "store")
	now := int64(1000)
	open := func(dir string, groups int, from *snapshot.Manifest) (*state.Backend, *state.Keys[int], state.Value[int], *statetest.Steps) {
		steps := &statetest.Steps{}
		o := state.Options{FS: fs, Dir: dir, Executor: steps, DisableCompaction: true, MaxParallelism: groups, Now: func() int64 { return now }}
		if from != nil {
			part, err := snapshot.Fetch(ctx, store, from.Tasks[0], fs, dir+"-restore")
			require.NoError(t, err)
			o.Restore = []state.RestorePart{part}
		}
		b, err := state.OpenBackend(o)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, b.Close()) })
		keys, err := state.NewKeys[int](b)
		require.NoError(t, err)
		v := state.NewValue[int](keys.Operator("op"), "v", state.TTL(time.Minute))
		require.NoError(t, b.Start())
		return b, keys, v, steps
	}
	b, keys, v, steps := open("a", 16, nil)
	keys.Seek(1)
	v.Set(10)
	now += int64(50 * time.Second)
	keys.Seek(2)
	v.Set(20)
	snap, err := b.Freeze(1, nil)
	require.NoError(t, err)
	steps.Run()
	require.NoError(t, snap.Err())
	repo := snapshot.NewRepository(store, snapshot.RepositoryOptions{})
	task, err := repo.Upload(ctx, fs, snap)
	require.NoError(t, err)
	task.Name, task.Parallelism = "op", 1
	require.NoError(t, repo.Write(ctx, &snapshot.Manifest{Job: "j", ID: 1, Operators: []snapshot.Operator{{ID: "op", MaxParallelism: 16}}, Tasks: []snapshot.Task{task}}))

	s := opened(t, store, 1)
	rows, err := snapshot.Values[int, int](s, "op", "v")
	require.Equal(t, map[int]int{1: 10, 2: 20}, mapOf(t, rows, err, func(r snapshot.Row[int, int]) (int, int) { return r.Key, r.Value }))
	e := snapshot.Edit(s)
	require.NoError(t, snapshot.Update(e, "op", "v", func(_ int, v *int) bool {
		*v++
		return true
	}))
	e.SetMaxParallelism(128)
	m, err := e.Save(ctx, store, 2)
	require.NoError(t, err)

	now += int64(15 * time.Second) // the first is over its minute, the second is not
	_, keys, v, _ = open("b", 128, m)
	keys.Seek(1)
	_, ok := v.Get()
	require.False(t, ok)
	keys.Seek(2)
	val, ok := v.Get()
	require.True(t, ok)
	require.Equal(t, 21, val)
}
