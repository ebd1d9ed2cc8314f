package state_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state"
)

// primitives has one state of every kind.
type primitives struct {
	keys    *state.Keys[string]
	value   state.Value[account]
	fading  state.Value[int]
	items   state.Map[string, int]
	list    state.List[string]
	sum     state.Reducing[int]
	mean    state.Aggregating[float64, meanAcc, float64]
	queue   state.Queue[int, string]
	price   state.Versioned[float64]
	timers  state.Timers
	agenda  state.Agenda
	rules   state.Broadcast[string, int]
	split   state.OperatorList[int]
	union   state.OperatorList[int]
	backend *state.Backend
}

const fadeAfter = 100

func (e *primitives) declare(b *state.Backend) {
	e.backend = b
	e.keys, _ = state.NewKeys[string](b)
	op, other := e.keys.Operator("op"), e.keys.Operator("other")
	e.value = state.NewValue[account](op, "value")
	e.fading = state.NewValue[int](op, "fading", state.TTL(fadeAfter))
	e.items = state.NewMap[string, int](op, "items")
	e.list = state.NewList[string](op, "list")
	e.sum = state.NewReducing(op, "sum", func(a, b int) int { return a + b })
	e.mean = state.NewAggregating(other, "mean", meanOf)
	e.queue = state.NewQueue[int, string](other, "queue")
	e.price = state.NewVersioned[float64](other, "price")
	e.timers = state.NewTimers(op)
	e.agenda = state.NewAgenda(other, "agenda")
	e.rules = state.NewBroadcast[string, int](b.Operator("rules"), "rules")
	e.split = state.NewOperatorList[int](b.Operator("rules"), "split", state.Split)
	e.union = state.NewOperatorList[int](b.Operator("rules"), "union", state.Union)
}

func (e *primitives) fill(k int) {
	e.keys.Seek(keyName(k))
	e.value.Set(account{N: int64(k), Tags: []int32{int32(k), 7}})
	e.fading.Set(k)
	for i := range k % 5 {
		e.items.Set(fmt.Sprint(i, "\x00"), k+i)
	}
	for i := range k % 70 {
		e.list.Append(fmt.Sprint(k, i))
	}
	for i := range 3 {
		e.sum.Add(k)
		e.mean.Add(float64(k + i))
		e.queue.Push(i%2, fmt.Sprint(i))
		e.price.Set(int64(10*i), float64(k+i))
	}
	e.timers.Set(state.EventTime, int64(k), 5)
	e.timers.Set(state.ProcessingTime, int64(-k), 6)
	e.agenda.Add(int64(k % 7))
}

func keyName(k int) string { return fmt.Sprintf("key-%d", k) }

// require checks what hangs on a key; the fading state may be over.
func (e *primitives) require(t *testing.T, k int, faded bool) {
	t.Helper()
	e.keys.Seek(keyName(k))
	v, ok := e.value.Get()
	require.True(t, ok, "key %d", k)
	require.Equal(t, account{N: int64(k), Tags: []int32{int32(k), 7}}, v)
	f, ok := e.fading.Get()
	require.Equal(t, !faded, ok)
	if ok {
		require.Equal(t, k, f)
	}
	require.Equal(t, k%5, e.items.Len())
	for i := range k % 5 {
		got, _ := e.items.Get(fmt.Sprint(i, "\x00"))
		require.Equal(t, k+i, got)
	}
	require.Equal(t, k%70, e.list.Len())
	for i, s := range e.list.All() {
		require.Equal(t, fmt.Sprint(k, i), s)
	}
	sum, _ := e.sum.Get()
	require.Equal(t, 3*k, sum)
	mean, _ := e.mean.Get()
	require.InDelta(t, float64(k+1), mean, 1e-9)
	require.Equal(t, []string{"0=0", "0=2", "1=1"}, pairs(e.queue.All()))
	p, _, _ := e.price.AsOf(15)
	require.InDelta(t, float64(k+1), p, 1e-9)
}

// fire takes all timers out and returns the keys they were of, a line for each.
func (e *primitives) fire(t *testing.T) (lines []string) {
	for _, kind := range []state.TimeKind{state.EventTime, state.ProcessingTime} {
		last := int64(-1 << 40)
		for {
			at, ns, ok := e.timers.PopDue(kind, 1<<40)
			if !ok {
				break
			}
			require.GreaterOrEqual(t, at, last)
			last = at
			k, _ := e.keys.Current()
			lines = append(lines, fmt.Sprint(k, " ", kind, " ", at, " ", ns))
		}
	}
	for {
		at, ok := e.agenda.PopDue(1 << 40)
		if !ok {
			return lines
		}
		k, _ := e.keys.Current()
		lines = append(lines, fmt.Sprint(k, " agenda ", at))
	}
}

const rescaleKeys = 50

// TestEveryPrimitiveOverEveryPairOfParallelisms goes from p to q subtasks for all p and q up to 8 with one state of every
// kind, in memory and with a budget so small that most of it is evicted all the time.
func TestEveryPrimitiveOverEveryPairOfParallelisms(t *testing.T) {
	budgets := []int64{1, 0}
	if testing.Short() {
		budgets = budgets[:1]
	}
	for _, bytes := range budgets {
		for p := 1; p <= 8; p++ {
			g := newGroup(t)
			g.budget = state.NewBudget(bytes)
			t.Cleanup(g.budget.Close)
			var parts []state.RestorePart
			for i := range p {
				var e primitives
				b := g.mustOpen(i, p, nil, e.declare)
				for k := range rescaleKeys {
					if ownerOf(t, k, p) == i {
						e.fill(k)
					}
				}
				e.rules.Set("limit", 10)
				e.rules.Set("gone", 1)
				e.rules.Delete("gone")
				e.split.Set([]int{i, i + 100})
				e.union.Set([]int{i})
				require.NoError(t, b.Err())
				parts = append(parts, g.snapshot(b))
			}
			for q := 1; q <= 8; q++ {
				requireEverything(t, g, parts, q)
			}
		}
	}
}

func ownerOf(t *testing.T, k, parallelism int) int {
	h, err := state.HashOf[string]()
	require.NoError(t, err)
	return state.SubtaskOf(h.Group(keyName(k), 16), parallelism, 16)
}

func requireEverything(t *testing.T, g *group, parts []state.RestorePart, q int) {
	t.Helper()
	var fired []string
	var split []int
	for i := range q {
		var e primitives
		b := g.mustOpen(i, q, parts, e.declare)
		for _, faded := range []bool{false, true} {
			if g.now = 0; faded {
				g.now = fadeAfter
			}
			for k := range rescaleKeys {
				if ownerOf(t, k, q) == i {
					e.require(t, k, faded)
				}
			}
		}
		g.now = 0
		fired = append(fired, e.fire(t)...)
		require.Equal(t, []string{"limit=10"}, pairs(e.rules.All()))
		split = append(split, e.split.Get()...)
		require.Len(t, e.union.Get(), len(parts))
		require.NoError(t, b.Err())
		require.NoError(t, b.Close())
	}
	slices.Sort(split)
	require.Len(t, slices.Compact(split), 2*len(parts))
	slices.Sort(fired)
	require.Len(t, slices.Compact(fired), 3*rescaleKeys)
	require.Len(t, fired, 3*rescaleKeys)
}
