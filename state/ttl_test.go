package state_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/state"
)

// fading has a state of each kind that can have a time to live.
type fading struct {
	keys  *state.Keys[int]
	value state.Value[int]
	items state.Map[int, string]
	list  state.List[int]
}

func (f *fading) declare(opts ...state.Option) func(b *state.Backend) {
	return func(b *state.Backend) {
		f.keys, _ = state.NewKeys[int](b)
		op := f.keys.Operator("op")
		f.value = state.NewValue[int](op, "value", opts...)
		f.items = state.NewMap[int, string](op, "items", opts...)
		f.list = state.NewList[int](op, "list", opts...)
	}
}

func (f *fading) fill(k int) {
	f.keys.Seek(k)
	f.value.Set(k)
	f.items.Set(k, "x")
	f.items.Set(k+1, "y")
	for i := range 40 {
		f.list.Append(i)
	}
}

// TestExpiredStateLeavesMemoryAndStore holds that what nobody asks for goes as well: in a task that wrote it, in one that
// restored it, and with a budget that has evicted it.
func TestExpiredStateLeavesMemoryAndStore(t *testing.T) {
	const n = 300
	for _, bytes := range []int64{0, 1} {
		for _, restore := range []bool{false, true} {
			t.Run(fmt.Sprintf("budget=%d/restore=%v", bytes, restore), func(t *testing.T) {
				g := newGroup(t)
				g.budget = state.NewBudget(bytes)
				t.Cleanup(g.budget.Close)
				var f fading
				b := g.mustOpen(0, 1, nil, f.declare(state.TTL(time.Minute)))
				for k := range n {
					f.fill(k)
				}
				part := g.snapshot(b)
				require.GreaterOrEqual(t, state.StoredOf(b), 5*n)
				if restore {
					b = g.mustOpen(0, 1, []state.RestorePart{part}, f.declare(state.TTL(time.Minute)))
				}
				g.now = int64(time.Hour)
				for range 12 {
					for i := range n / 5 {
						f.keys.Prepare([]int{n + 5*i, n + 5*i + 1, n + 5*i + 2})
						f.keys.Select(1)
						f.value.Get()
					}
					part = g.snapshot(b)
				}
				require.Zero(t, state.StoredOf(b))
				require.Less(t, f.keys.Len(), n, "keys that only looked, at most")
				require.NoError(t, b.Err())
				again := g.mustOpen(0, 1, []state.RestorePart{part}, f.declare(state.TTL(time.Minute)))
				f.keys.Seek(1)
				_, ok := f.value.Get()
				require.False(t, ok)
				require.NoError(t, again.Err())
			})
		}
	}
}

// TestTTLComesAndGoes lets a state get a time to live, and lose it again, between versions of a program.
func TestTTLComesAndGoes(t *testing.T) {
	g := newGroup(t)
	var f fading
	b := g.mustOpen(0, 1, nil, f.declare())
	f.fill(1)
	parts := []state.RestorePart{g.snapshot(b)}
	g.now = int64(time.Hour)
	b = g.mustOpen(0, 1, parts, f.declare(state.TTL(time.Minute)))
	requireFading(t, &f, true) // from now on it ages
	g.now += int64(time.Minute) - 1
	requireFading(t, &f, true)
	f.fill(1)
	parts = []state.RestorePart{g.snapshot(b)}
	g.now += int64(time.Hour)
	g.mustOpen(0, 1, parts, f.declare())
	f.keys.Seek(1)
	got, ok := f.value.Get()
	require.True(t, ok, "without a time to live, nothing is over")
	require.Equal(t, 1, got)
	b = g.mustOpen(0, 1, parts, f.declare(state.TTL(time.Minute)))
	requireFading(t, &f, false)
	require.NoError(t, b.Err())
}

func requireFading(t *testing.T, f *fading, there bool) {
	t.Helper()
	f.keys.Seek(1)
	_, ok := f.value.Get()
	require.Equal(t, there, ok)
	_, ok = f.items.Get(1)
	require.Equal(t, there, ok)
	require.Equal(t, there, f.list.Len() > 0)
	require.Equal(t, there, f.items.Len() > 0)
	_, _, ok = f.items.Floor(100)
	require.Equal(t, there, ok)
}

// TestTTLByEventTime holds that nothing ages before the first watermark.
func TestTTLByEventTime(t *testing.T) {
	watermark := int64(math.MinInt64)
	b, err := state.OpenBackend(state.Options{EventTime: func() int64 { return watermark }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	var f fading
	f.declare(state.TTL(time.Minute, state.ByEventTime, state.OnRead))(b)
	require.NoError(t, b.Start())
	f.fill(1)
	requireFading(t, &f, true)
	watermark = int64(100 * time.Hour)
	requireFading(t, &f, true)
	watermark += int64(time.Minute) - 1
	requireFading(t, &f, true)
	watermark += int64(time.Minute) - 1 // it was read
	requireFading(t, &f, true)
	watermark += int64(time.Minute)
	requireFading(t, &f, false)
	f.fill(1)
	requireFading(t, &f, true)
	require.NoError(t, b.Err())
}
