package state_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/state/statetest"
)

// group is the subtasks of one attempt, on one file system.
type group struct {
	t     *testing.T
	fs    *vfs.MemFS
	steps statetest.Steps
	n     int // directories made
	id    uint64

	budget *state.Budget
	now    int64
}

func newGroup(t *testing.T) *group { return &group{t: t, fs: vfs.NewMem()} }

// open opens subtask i of p on parts; declare makes the handles.
func (g *group) open(i, p int, parts []state.RestorePart, declare func(b *state.Backend)) (*state.Backend, error) {
	g.t.Helper()
	g.n++
	b, err := state.OpenBackend(state.Options{
		FS: g.fs, Dir: fmt.Sprint("task-", g.n), Executor: &g.steps, DisableCompaction: true, MaxParallelism: 16,
		Groups: state.KeyGroupRange(p, i, 16), Subtask: i, Parallelism: p, Restore: parts,
		Budget: g.budget, Now: func() int64 { return g.now },
	})
	require.NoError(g.t, err)
	g.t.Cleanup(func() { require.NoError(g.t, b.Close()) })
	declare(b)
	return b, b.Start()
}

func (g *group) mustOpen(i, p int, parts []state.RestorePart, declare func(b *state.Backend)) *state.Backend {
	g.t.Helper()
	b, err := g.open(i, p, parts, declare)
	require.NoError(g.t, err)
	return b
}

func (g *group) snapshot(b *state.Backend) state.RestorePart {
	g.t.Helper()
	g.id++
	s, err := b.Freeze(g.id, nil)
	require.NoError(g.t, err)
	g.steps.Run()
	require.NoError(g.t, s.Err())
	return state.RestorePart{Dir: s.Dir, Files: s.Files, Groups: s.Groups, States: s.States, Operator: s.Operator}
}

type cardV1 struct {
	N    int32
	Tags []string
}

type cardV2 struct {
	Tags  []string
	Extra float64
	N     int64
}

// values has one state of each kind, all of T.
type values[T any] struct {
	keys  *state.Keys[int32]
	value state.Value[T]
	items state.Map[uint8, T]
	list  state.List[T]
	own   state.OperatorList[T]
}

func (v *values[T]) declare(b *state.Backend) {
	v.keys, _ = state.NewKeys[int32](b)
	op := v.keys.Operator("op")
	v.value = state.NewValue[T](op, "value")
	v.items = state.NewMap[uint8, T](op, "items")
	v.list = state.NewList[T](op, "list")
	v.own = state.NewOperatorList[T](b.Operator("op"), "own", state.Split)
}

func (v *values[T]) fill(from, to int32, of func(k int32) T) {
	for k := from; k < to; k++ {
		v.keys.Seek(k)
		v.value.Set(of(k))
		v.items.Set(uint8(k), of(k))
		v.list.Append(of(k))
	}
}

func (v *values[T]) require(t *testing.T, k int32, want T) {
	t.Helper()
	v.keys.Seek(k)
	got, ok := v.value.Get()
	require.True(t, ok, "key %d", k)
	require.Equal(t, want, got)
	got, ok = v.items.Get(uint8(k))
	require.True(t, ok)
	require.Equal(t, want, got)
	got, ok = v.list.Get(0)
	require.True(t, ok)
	require.Equal(t, want, got)
}

func card1(k int32) cardV1 { return cardV1{N: k, Tags: []string{fmt.Sprint(k)}} }
func card2(k int32) cardV2 { return cardV2{N: int64(k), Tags: []string{fmt.Sprint(k)}} }

// TestSchemaEvolution changes the type, and then its subtasks come together again, some with values of both schemas.
func TestSchemaEvolution(t *testing.T) {
	g := newGroup(t)
	var v1 values[cardV1]
	b := g.mustOpen(0, 1, nil, v1.declare)
	v1.fill(0, 100, card1)
	v1.own.Set([]cardV1{card1(7)})
	old := []state.RestorePart{g.snapshot(b)}

	var parts []state.RestorePart
	for i := range 2 {
		var v2 values[cardV2]
		b := g.mustOpen(i, 2, old, v2.declare)
		for k := range int32(100) {
			if owner(t, k, 2) == i {
				v2.require(t, k, card2(k))
				if int(k)%2 == i { // half of them are written anew
					v2.value.Set(cardV2{N: int64(k), Extra: 1})
				}
			}
		}
		require.NoError(t, b.Err())
		if i == 0 {
			require.Equal(t, []cardV2{card2(7)}, v2.own.Get())
		}
		parts = append(parts, g.snapshot(b))
	}
	var v2 values[cardV2]
	b = g.mustOpen(0, 1, parts, v2.declare)
	for k := range int32(100) {
		v2.keys.Seek(k)
		got, ok := v2.value.Get()
		require.True(t, ok)
		if int(k%2) == owner(t, k, 2) {
			require.Equal(t, cardV2{N: int64(k), Extra: 1}, got)
		} else {
			require.Equal(t, card2(k), got)
		}
	}
	require.NoError(t, b.Err())
}

// TestPartsWithDifferentSchemaHistories joins a subtask that knows two schemas with one that knows only the newer.
func TestPartsWithDifferentSchemaHistories(t *testing.T) {
	g := newGroup(t)
	fill := func(i int, from []state.RestorePart, n int32) state.RestorePart {
		var v2 values[cardV2]
		b := g.mustOpen(i, 2, from, v2.declare)
		for k := range n {
			if owner(t, k, 2) == i {
				v2.fill(k, k+1, card2)
			}
		}
		require.NoError(t, b.Err())
		return g.snapshot(b)
	}
	for _, n := range []int32{20, 5000} { // which part is larger decides whose numbers stay
		var v1 values[cardV1]
		b := g.mustOpen(0, 1, nil, v1.declare)
		for k := range int32(1000) {
			if owner(t, k, 2) == 0 {
				v1.fill(k, k+1, card1)
			}
		}
		old := g.snapshot(b)
		parts := []state.RestorePart{fill(0, []state.RestorePart{old}, 2), fill(1, nil, n)}
		var v2 values[cardV2]
		b = g.mustOpen(0, 1, parts, v2.declare)
		for k := range int32(1000) {
			if owner(t, k, 2) == 0 || k < n {
				v2.require(t, k, card2(k))
			}
		}
		require.NoError(t, b.Err())
	}
}

func TestKeysMayWiden(t *testing.T) {
	g := newGroup(t)
	b := g.mustOpen(0, 1, nil, func(b *state.Backend) {
		keys, _ := state.NewKeys[int16](b)
		v := state.NewValue[int](keys.Operator("op"), "v")
		for k := range int16(50) {
			keys.Seek(k - 25)
			v.Set(int(k))
		}
	})
	parts := []state.RestorePart{g.snapshot(b)}
	var keys *state.Keys[int64]
	var v state.Value[int]
	b = g.mustOpen(0, 1, parts, func(b *state.Backend) {
		keys, _ = state.NewKeys[int64](b)
		v = state.NewValue[int](keys.Operator("op"), "v")
	})
	for k := range int64(50) {
		keys.Seek(k - 25)
		got, ok := v.Get()
		require.True(t, ok)
		require.EqualValues(t, k, got)
	}
	require.NoError(t, b.Err())
}

// TestWhatDoesNotFitIsRefusedBeforeTheFirstRecord lists what Start says.
func TestWhatDoesNotFitIsRefusedBeforeTheFirstRecord(t *testing.T) {
	g := newGroup(t)
	var v1 values[cardV1]
	b := g.mustOpen(0, 1, nil, v1.declare)
	v1.fill(0, 10, card1)
	parts := []state.RestorePart{g.snapshot(b)}
	_, err := g.open(0, 1, parts, func(b *state.Backend) {
		keys, _ := state.NewKeys[string](b)
		numbers, _ := state.NewKeys[int32](b)
		state.NewValue[cardV1](keys.Operator("op"), "value")
		state.NewMap[string, cardV1](numbers.Operator("op"), "items")
		state.NewValue[cardV1](numbers.Operator("op"), "list")
		state.NewOperatorList[struct{ N int16 }](b.Operator("op"), "own", state.Union)
	})
	require.ErrorIs(t, err, state.ErrIncompatible)
	require.ErrorContains(t, err, `value "value" of operator "op": the key was written as int64 and is now string`)
	require.ErrorContains(t, err, `map "items" of operator "op": the map key was written as uint64 and is now string`)
	require.ErrorContains(t, err, `list "list" of operator "op" is now a value`)
	require.ErrorContains(t, err, `"own" of operator "op"`)
	require.ErrorContains(t, err, ".N was written as int32 and is now int16")
}

// jsonCodec is a user's codec.
type jsonCodec[T any] struct{ version string }

func (c jsonCodec[T]) Schema() state.Schema { return state.Schema("custom(json " + c.version + ")") }

func (c jsonCodec[T]) Append(dst []byte, v *T) ([]byte, error) {
	b, err := json.Marshal(v)
	return append(dst, b...), err
}
func (c jsonCodec[T]) Decode(src []byte, v *T) error { return json.Unmarshal(src, v) }

// laterCodec reads what jsonCodec of version 1 wrote.
type laterCodec[T any] struct{ jsonCodec[T] }

func (c laterCodec[T]) ReaderOf(w state.Schema) (func([]byte, *T) error, error) {
	if w != "custom(json 1)" {
		return nil, state.ErrIncompatible
	}
	return c.Decode, nil
}

func TestCodecsOfUsers(t *testing.T) {
	g := newGroup(t)
	var keys *state.Keys[int]
	var v state.Value[any]
	var l state.List[any]
	with := func(codec state.Codec[any]) func(*state.Backend) {
		return func(b *state.Backend) {
			keys, _ = state.NewKeys[int](b)
			v = state.NewValue[any](keys.Operator("op"), "v", state.WithCodec(codec))
			l = state.NewList[any](keys.Operator("op"), "l", state.WithCodec(codec))
		}
	}
	b := g.mustOpen(0, 1, nil, with(jsonCodec[any]{"1"}))
	keys.Seek(1)
	v.Set(map[string]any{"a": "b"})
	for i := range 40 {
		l.Append(float64(i))
	}
	parts := []state.RestorePart{g.snapshot(b)}
	b = g.mustOpen(0, 1, parts, with(laterCodec[any]{jsonCodec[any]{"2"}}))
	keys.Seek(1)
	got, _ := v.Get()
	require.Equal(t, map[string]any{"a": "b"}, got)
	require.Equal(t, 40, l.Len())
	last, _ := l.Get(39)
	require.Equal(t, 39.0, last)
	require.NoError(t, b.Err())

	_, err := g.open(0, 1, parts, with(jsonCodec[any]{"2"}))
	require.ErrorIs(t, err, state.ErrIncompatible)
	require.ErrorContains(t, err, "SchemaReader")
	_, err = g.open(0, 1, nil, func(b *state.Backend) {
		keys, _ = state.NewKeys[int](b)
		state.NewValue[int](keys.Operator("op"), "v", state.WithCodec(state.Codec[any](jsonCodec[any]{"1"})))
	})
	require.ErrorIs(t, err, state.ErrUnsupported)
}

// TestOperatorsMayMoveBetweenTasks splits a chain of two operators in two tasks and joins it again: what each left
// behind in the other's files must not come back.
func TestOperatorsMayMoveBetweenTasks(t *testing.T) {
	g := newGroup(t)
	declare := func(into map[string]state.Value[int], keys **state.Keys[int], ops ...string) func(*state.Backend) {
		return func(b *state.Backend) {
			*keys, _ = state.NewKeys[int](b)
			for _, op := range ops {
				into[op] = state.NewValue[int]((*keys).Operator(op), "v")
			}
		}
	}
	set := func(keys *state.Keys[int], v state.Value[int], x int) {
		for k := range 20 {
			keys.Seek(k)
			v.Set(x)
		}
	}
	var keys *state.Keys[int]
	v := map[string]state.Value[int]{}
	b := g.mustOpen(0, 1, nil, declare(v, &keys, "a", "b"))
	set(keys, v["a"], 1)
	set(keys, v["b"], 1)
	chain := g.snapshot(b)

	var parts []state.RestorePart
	for _, op := range []string{"a", "b"} {
		b := g.mustOpen(0, 1, []state.RestorePart{chain}, declare(v, &keys, op))
		set(keys, v[op], 2)
		require.NoError(t, b.Err())
		parts = append(parts, g.snapshot(b))
	}
	for _, order := range [][]int{{0, 1}, {1, 0}} {
		b := g.mustOpen(0, 1, []state.RestorePart{parts[order[0]], parts[order[1]]}, declare(v, &keys, "a", "b"))
		for k := range 20 {
			keys.Seek(k)
			for _, op := range []string{"a", "b"} {
				got, ok := v[op].Get()
				require.True(t, ok)
				require.Equal(t, 2, got, "operator %s", op)
			}
		}
		require.NoError(t, b.Err())
	}
}

// TestEveryPairOfParallelisms goes from p to q subtasks for all p and q up to 8, with every kind of state.
func TestEveryPairOfParallelisms(t *testing.T) {
	for p := 1; p <= 8; p++ {
		g := newGroup(t)
		var parts []state.RestorePart
		for i := range p {
			var v values[cardV1]
			var timers state.Timers
			b := g.mustOpen(i, p, nil, func(b *state.Backend) {
				v.declare(b)
				timers = state.NewTimers(v.keys.Operator("op"))
			})
			for k := range int32(200) {
				if owner(t, k, p) == i {
					v.fill(k, k+1, card1)
					timers.Set(state.EventTime, int64(k), int64(k))
				}
			}
			v.own.Set([]cardV1{card1(int32(i)), card1(int32(i) + 100)})
			require.NoError(t, b.Err())
			parts = append(parts, g.snapshot(b))
		}
		for q := 1; q <= 8; q++ {
			requireRescaled(t, g, parts, p, q)
		}
	}
}

func owner(t *testing.T, k int32, parallelism int) int {
	h, err := state.HashOf[int32]()
	require.NoError(t, err)
	return state.SubtaskOf(h.Group(k, 16), parallelism, 16)
}

func requireRescaled(t *testing.T, g *group, parts []state.RestorePart, p, q int) {
	var own []int32
	fired := 0
	for i := range q {
		var v values[cardV1]
		var timers state.Timers
		b := g.mustOpen(i, q, parts, func(b *state.Backend) {
			v.declare(b)
			timers = state.NewTimers(v.keys.Operator("op"))
		})
		for k := range int32(200) {
			if owner(t, k, q) == i {
				v.require(t, k, card1(k))
			}
		}
		for last := int64(-1); ; fired++ {
			at, ns, ok := timers.PopDue(state.EventTime, 1000)
			if !ok {
				break
			}
			k, _ := v.keys.Current()
			require.Equal(t, []int64{int64(k), int64(k)}, []int64{at, ns})
			require.Greater(t, at, last)
			last = at
		}
		for _, c := range v.own.Get() {
			own = append(own, c.N)
		}
		require.NoError(t, b.Err())
		require.NoError(t, b.Close())
	}
	require.Equal(t, 200, fired, "%d to %d", p, q)
	slices.Sort(own)
	require.Len(t, own, 2*p)
	require.Len(t, slices.Compact(own), 2*p, "%d to %d: an element came twice", p, q)
}

func TestUnionListsGoToEverySubtask(t *testing.T) {
	g := newGroup(t)
	var l state.OperatorList[string]
	declare := func(b *state.Backend) { l = state.NewOperatorList[string](b.Operator("s"), "l", state.Union) }
	var parts []state.RestorePart
	for i := range 3 {
		b := g.mustOpen(i, 3, nil, declare)
		l.Set([]string{fmt.Sprint(i)})
		parts = append(parts, g.snapshot(b))
	}
	for i := range 2 {
		g.mustOpen(i, 2, parts, declare)
		require.Equal(t, []string{"0", "1", "2"}, l.Get())
	}
}

func TestMaxParallelismCannotChange(t *testing.T) {
	_, err := state.OpenBackend(state.Options{MaxParallelism: 8, Restore: []state.RestorePart{{Groups: state.AllGroups(16)}}})
	require.ErrorIs(t, err, state.ErrIncompatible)
}

func TestOptionsAreValidatedAllAtOnce(t *testing.T) {
	_, err := state.OpenBackend(state.Options{MaxParallelism: 1 << 20, Groups: state.Range{First: 5, End: 3}, Subtask: 4})
	for _, s := range []string{"max parallelism", "key groups [5,3)", "subtask 4 of 1"} {
		require.ErrorContains(t, err, s)
	}
}

func TestLifeOfABackend(t *testing.T) {
	b := open(t, state.Options{})
	_, err := b.Freeze(1, nil)
	require.ErrorIs(t, err, state.ErrNotStarted)
	keys := keysOf[int](t, b)
	require.NoError(t, b.Start())
	require.NoError(t, b.Start())
	state.NewValue[int](keys.Operator("op"), "late")
	require.ErrorIs(t, b.Err(), state.ErrStarted)
	require.NoError(t, b.Close())
	require.NoError(t, b.Close())
	_, err = b.Freeze(1, nil)
	require.ErrorIs(t, err, state.ErrClosed)
}

func TestCloseEndsASnapshot(t *testing.T) {
	var steps statetest.Steps
	b := open(t, state.Options{Executor: &steps})
	keys := keysOf[int](t, b)
	v := state.NewValue[int](keys.Operator("op"), "v")
	require.NoError(t, b.Start())
	for k := range 5000 {
		keys.Seek(k)
		v.Set(k)
	}
	var told error
	s, err := b.Freeze(1, func(s *state.Snapshot) { told = s.Err() })
	require.NoError(t, err)
	require.True(t, steps.Step())
	require.NoError(t, b.Close())
	require.ErrorIs(t, s.Err(), state.ErrClosed)
	require.ErrorIs(t, told, state.ErrClosed)
	steps.Run()
}

func TestATaskWithoutStateOpensNoFile(t *testing.T) {
	fs := vfs.NewMem()
	var steps statetest.Steps
	b := open(t, state.Options{FS: fs, Dir: "d", Executor: &steps})
	l := state.NewOperatorList[int](b.Operator("source"), "positions", state.Split)
	keys := keysOf[int](t, b)
	v := state.NewValue[int](keys.Operator("op"), "v")
	require.NoError(t, b.Start())
	l.Set([]int{1})
	keys.Seek(1)
	v.Set(1)
	v.Clear()
	s, err := b.Freeze(1, nil)
	require.NoError(t, err)
	steps.Run()
	require.NoError(t, s.Err())
	require.Empty(t, s.Files)
	require.Len(t, s.Operator[0].Items, 1)
	_, err = fs.Stat("d")
	require.True(t, err != nil)
}

func TestATimerRemovedAndSetAgainIsThere(t *testing.T) {
	g := newGroup(t)
	var keys *state.Keys[int]
	var timers state.Timers
	declare := func(b *state.Backend) {
		keys, _ = state.NewKeys[int](b)
		timers = state.NewTimers(keys.Operator("op"))
	}
	b := g.mustOpen(0, 1, nil, declare)
	for k := range 10 {
		keys.Seek(k)
		timers.Set(state.EventTime, 1, 0)
		timers.Set(state.EventTime, 2, 0)
	}
	g.snapshot(b)
	for k := range 10 {
		keys.Seek(k)
		timers.Delete(state.EventTime, 1, 0)
		timers.Delete(state.EventTime, 2, 0)
		timers.Set(state.EventTime, 1, 0)
	}
	require.Equal(t, 10, timers.Len())
	parts := []state.RestorePart{g.snapshot(b)}
	b = g.mustOpen(0, 1, parts, declare)
	require.Equal(t, 10, timers.Len())
	require.NoError(t, b.Err())
}
