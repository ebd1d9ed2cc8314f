package state_test

import (
	"fmt"
	"iter"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/turgo-io/turgo/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type totals struct {
	N   int64
	Sum float64
}

func open(t testing.TB, o state.Options) *state.Backend {
	t.Helper()
	b, err := state.OpenBackend(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func keysOf[K comparable](t testing.TB, b *state.Backend) *state.Keys[K] {
	t.Helper()
	keys, err := state.NewKeys[K](b)
	require.NoError(t, err)
	return keys
}

func pairs[K, V any](seq iter.Seq2[K, V]) []string {
	var out []string
	for k, v := range seq {
		out = append(out, fmt.Sprint(k, "=", v))
	}
	return out
}

func TestHandlesFollowTheCurrentKey(t *testing.T) {
	b := open(t, state.Options{})
	keys := keysOf[string](t, b)
	op := keys.Operator("op")
	sum := state.NewValue[totals](op, "sum")
	items := state.NewMap[int, string](op, "items")
	list := state.NewList[int](op, "list")
	require.NoError(t, b.Start())

	keys.Prepare([]string{"a", "b", "a"})
	for i := range 3 {
		keys.Select(i)
		sum.Ref().N++
		items.Set(3-i, "x")
		list.Append(i)
	}
	keys.Seek("a")
	got, ok := sum.Get()
	require.True(t, ok)
	require.Equal(t, totals{N: 2}, got)
	require.Equal(t, []string{"1=x", "3=x"}, pairs(items.All()))
	require.Equal(t, []string{"3=x"}, pairs(items.From(2)))
	require.Equal(t, []string{"0=0", "1=2"}, pairs(list.All()))
	require.Equal(t, 2, keys.Len())

	sum.Clear()
	items.Clear()
	list.Clear()
	_, ok = sum.Get()
	require.False(t, ok)
	require.Zero(t, items.Len()+list.Len())
	keys.Prepare(nil)
	require.Equal(t, 1, keys.Len(), "a key of which nothing is left is forgotten")
	require.NoError(t, b.Err())
}

func TestKeysThatOnlyLookedAreForgotten(t *testing.T) {
	b := open(t, state.Options{})
	keys := keysOf[int](t, b)
	seen := state.NewValue[bool](keys.Operator("op"), "seen")
	require.NoError(t, b.Start())
	for i := range 10_000 {
		keys.Seek(i)
		_, ok := seen.Get()
		require.False(t, ok)
	}
	require.Less(t, keys.Len(), 300)
}

func TestNaNIsOneKeyAndZeroHasNoSign(t *testing.T) {
	b := open(t, state.Options{})
	keys := keysOf[float64](t, b)
	n := state.NewValue[int](keys.Operator("op"), "n")
	require.NoError(t, b.Start())
	for _, k := range []float64{math.NaN(), 0, -math.NaN(), math.Copysign(0, -1)} {
		keys.Seek(k)
		*n.Ref()++
	}
	require.Equal(t, 2, keys.Len())
	keys.Seek(math.NaN())
	got, _ := n.Get()
	require.Equal(t, 2, got)
}

func TestMapMayChangeInsideItsLoop(t *testing.T) {
	b := open(t, state.Options{})
	keys := keysOf[int](t, b)
	m := state.NewMap[int, int](keys.Operator("op"), "m")
	require.NoError(t, b.Start())
	keys.Seek(1)
	for i := range 2000 {
		m.Set(i, i)
	}
	visited := 0
	for k := range m.All() {
		visited++
		m.Delete(k)
		m.Delete(k + 1)
		if k == 1998 {
			m.Set(5000, 1)
		}
	}
	require.Equal(t, 1001, visited)
	require.Equal(t, 0, m.Len())
}

func TestTimers(t *testing.T) {
	b := open(t, state.Options{})
	keys := keysOf[string](t, b)
	timers := state.NewTimers(keys.Operator("op"))
	require.NoError(t, b.Start())
	set := func(key string, at, ns int64) {
		keys.Seek(key)
		timers.Set(state.EventTime, at, ns)
	}
	set("b", 5, 0)
	set("a", 5, 0)
	set("a", 5, 0) // the same timer
	set("a", 5, 1)
	set("a", 3, 0)
	set("c", 9, 0)
	timers.Set(state.ProcessingTime, 1, 0)
	set("a", 4, 0)
	timers.Delete(state.EventTime, 4, 0)
	require.Equal(t, 6, timers.Len())

	at, ok := timers.Next(state.EventTime)
	require.True(t, ok)
	require.EqualValues(t, 3, at)
	var fired []string
	for {
		at, ns, ok := timers.PopDue(state.EventTime, 5)
		if !ok {
			break
		}
		k, _ := keys.Current()
		fired = append(fired, fmt.Sprint(k, at, ns))
	}
	require.Equal(t, []string{"a3 0", "b5 0", "a5 0", "a5 1"}, normal(fired))
	keys.Prepare(nil)
	require.Equal(t, 1, keys.Len(), "only c has timers left")
}

func normal(fired []string) []string {
	out := make([]string, len(fired))
	for i, f := range fired {
		var k string
		var at, ns int64
		fmt.Sscanf(f, "%1s%d %d", &k, &at, &ns)
		out[i] = fmt.Sprintf("%s%d %d", k, at, ns)
	}
	return out
}

func TestManyRemovedTimersLeaveTheHeap(t *testing.T) {
	b := open(t, state.Options{})
	keys := keysOf[int](t, b)
	timers := state.NewTimers(keys.Operator("op"))
	require.NoError(t, b.Start())
	keys.Seek(1)
	for i := range int64(100_000) {
		timers.Set(state.EventTime, 1000+i, 0)
		timers.Delete(state.EventTime, 1000+i, 0)
	}
	timers.Set(state.EventTime, 7, 0)
	require.Equal(t, 1, timers.Len())
	at, _, ok := timers.PopDue(state.EventTime, math.MaxInt64)
	require.True(t, ok)
	require.EqualValues(t, 7, at)
	_, ok = timers.Next(state.EventTime)
	require.False(t, ok)
}

func TestStartReportsAllFaults(t *testing.T) {
	b := open(t, state.Options{})
	keys := keysOf[int](t, b)
	op := keys.Operator("op")
	state.NewValue[int](op, "a")
	state.NewValue[int](op, "a")
	state.NewMap[*int, int](op, "m")
	v := state.NewValue[int](b.Operator("source"), "v")
	err := b.Start()
	require.ErrorContains(t, err, `declares the name "a" twice`)
	require.ErrorContains(t, err, "*int, which cannot be a key")
	require.ErrorContains(t, err, "no keys")
	v.Set(1)
	_, ok := v.Get()
	require.False(t, ok)
	require.ErrorIs(t, b.Err(), state.ErrNoKey)
}

func TestForeignKeyFailsTheTask(t *testing.T) {
	b := open(t, state.Options{Groups: state.Range{First: 0, End: 1}})
	keys := keysOf[int](t, b)
	v := state.NewValue[int](keys.Operator("op"), "v")
	require.NoError(t, b.Start())
	for i := range 100 {
		keys.Seek(i)
		v.Set(i)
	}
	require.ErrorIs(t, b.Err(), state.ErrForeignKey)
}

func TestOperatorList(t *testing.T) {
	b := open(t, state.Options{})
	l := state.NewOperatorList[int](b.Operator("source"), "positions", state.Split)
	require.NoError(t, b.Start())
	require.Empty(t, l.Get())
	l.Set([]int{1, 2})
	require.Equal(t, []int{1, 2}, l.Get())
}
