package state_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/state"
)

// place is a key of several parts.
type spot struct {
	Country string
	City    string
	Number  int32
}

func TestMapPrefixRangeAndFloorAgreeWithAModel(t *testing.T) {
	b := open(t, state.Options{})
	keys := keysOf[int](t, b)
	words := state.NewMap[string, int](keys.Operator("op"), "words")
	spots := state.NewMap[spot, int](keys.Operator("op"), "spots")
	require.NoError(t, b.Start())
	next := 0
	rapid.Check(t, func(t *rapid.T) {
		next++
		keys.Seek(next)
		text := rapid.StringMatching(`[ab]{0,3}`)
		want := map[string]bool{}
		places := map[spot]bool{}
		for range rapid.IntRange(0, 400).Draw(t, "n") {
			w := text.Draw(t, "word") + fmt.Sprint(rapid.IntRange(-2, 40).Draw(t, "i"))
			words.Set(w, 1)
			want[w] = true
			s := spot{text.Draw(t, "country"), text.Draw(t, "city"), int32(rapid.IntRange(-2, 2).Draw(t, "number"))}
			spots.Set(s, 1)
			places[s] = true
		}
		prefix, to := text.Draw(t, "prefix"), text.Draw(t, "to")
		var begin, between, upTo []string
		for _, w := range slices.Sorted(maps.Keys(want)) {
			if strings.HasPrefix(w, prefix) {
				begin = append(begin, w)
			}
			if prefix <= w && w < to {
				between = append(between, w)
			}
			if w <= prefix {
				upTo = append(upTo, w)
			}
		}
		require.Equal(t, begin, keysIn(words.Prefix(prefix, 1)))
		require.Equal(t, between, keysIn(words.Range(prefix, to)))
		require.Len(t, keysIn(words.Prefix(prefix, 0)), len(want))
		got, _, ok := words.Floor(prefix)
		require.Equal(t, len(upTo) > 0, ok)
		if ok {
			require.Equal(t, upTo[len(upTo)-1], got)
		}
		for parts, like := range map[int]func(spot) bool{
			1: func(s spot) bool { return strings.HasPrefix(s.Country, prefix) },
			2: func(s spot) bool { return s.Country == prefix && strings.HasPrefix(s.City, to) },
			3: func(s spot) bool { return s == spot{prefix, to, 1} },
			9: func(s spot) bool { return s == spot{prefix, to, 1} },
		} {
			n := 0
			for s := range places {
				if like(s) {
					n++
				}
			}
			found := keysIn(spots.Prefix(spot{prefix, to, 1}, parts))
			require.Len(t, found, n)
			for _, s := range found {
				require.True(t, like(s))
			}
		}
	})
}

func keysIn[K, V any](seq func(func(K, V) bool)) (all []K) {
	for k := range seq {
		all = append(all, k)
	}
	return all
}

func TestQueueOrdersByPriorityThenArrival(t *testing.T) {
	b := open(t, state.Options{})
	keys := keysOf[string](t, b)
	q := state.NewQueue[int, string](keys.Operator("op"), "queue")
	require.NoError(t, b.Start())
	keys.Seek("a")
	for i, p := range []int{3, 1, 2, 1, 3, 1} {
		q.Push(p, fmt.Sprint(p, i))
	}
	require.Equal(t, 6, q.Len())
	require.Equal(t, []string{"1=1 1", "1=1 3", "1=1 5", "2=2 2", "3=3 0", "3=3 4"}, pairs(q.All()))
	p, v, ok := q.Peek()
	require.True(t, ok)
	require.Equal(t, "1 1", fmt.Sprint(v))
	require.Equal(t, 1, p)
	_, v, _ = q.Pop()
	require.Equal(t, "1 1", v)
	q.Push(1, "late")
	require.Equal(t, []string{"1=1 3", "1=1 5", "1=late", "2=2 2", "3=3 0", "3=3 4"}, pairs(q.All()))
	q.Clear()
	_, _, ok = q.Pop()
	require.False(t, ok)
}

func TestVersionedIsAsOfATime(t *testing.T) {
	b := open(t, state.Options{})
	keys := keysOf[string](t, b)
	price := state.NewVersioned[float64](keys.Operator("op"), "price")
	require.NoError(t, b.Start())
	keys.Seek("x")
	_, _, ok := price.Latest()
	require.False(t, ok)
	price.Set(10, 1)
	price.Set(30, 3)
	price.Set(20, 2)
	for at, want := range map[int64]float64{10: 1, 19: 1, 20: 2, 29: 2, 30: 3, 1000: 3} {
		got, since, ok := price.AsOf(at)
		require.True(t, ok)
		require.Equal(t, want, got, at)
		require.LessOrEqual(t, since, at)
	}
	_, _, ok = price.AsOf(9)
	require.False(t, ok)
	price.Prune(25)
	require.Equal(t, []string{"20=2", "30=3"}, pairs(price.All()))
	price.Prune(5)
	price.Delete(30)
	got, since, ok := price.Latest()
	require.True(t, ok)
	require.EqualValues(t, 2, got)
	require.EqualValues(t, 20, since)
	require.Equal(t, 1, price.Len())
}

func TestReducingAndAggregating(t *testing.T) {
	b := open(t, state.Options{})
	keys := keysOf[string](t, b)
	op := keys.Operator("op")
	most := state.NewReducing(op, "most", func(a, b int) int { return max(a, b) })
	mean := state.NewAggregating(op, "mean", meanOf)
	require.NoError(t, b.Start())
	keys.Seek("a")
	_, ok := most.Get()
	require.False(t, ok)
	_, ok = mean.Get()
	require.False(t, ok)
	for _, v := range []int{-3, -1, -2} {
		most.Add(v)
		mean.Add(float64(v))
	}
	m, _ := most.Get()
	require.Equal(t, -1, m)
	avg, _ := mean.Get()
	require.InDelta(t, -2, avg, 1e-9)
	most.Clear()
	mean.Clear()
	_, ok = mean.Get()
	require.False(t, ok)
}

type meanAcc struct {
	N   int64
	Sum float64
}

var meanOf = state.Aggregate[float64, meanAcc, float64]{
	Add:    func(a *meanAcc, v float64) { a.N++; a.Sum += v },
	Result: func(a *meanAcc) float64 { return a.Sum / float64(a.N) },
}

func TestAnAggregateNeedsItsFunctions(t *testing.T) {
	b := open(t, state.Options{})
	keys := keysOf[string](t, b)
	state.NewAggregating(keys.Operator("op"), "mean", state.Aggregate[int, int, int]{})
	require.ErrorContains(t, b.Start(), "needs both Add and Result")
}

func TestBroadcastIsAnOrderedMapWithoutKeys(t *testing.T) {
	b := open(t, state.Options{})
	rules := state.NewBroadcast[string, int](b.Operator("op"), "rules")
	require.NoError(t, b.Start())
	for i := range 600 {
		rules.Set(fmt.Sprintf("%03d", i), i)
	}
	for i := range 600 {
		if i%3 > 0 {
			rules.Delete(fmt.Sprintf("%03d", i))
		}
	}
	rules.Delete("no")
	rules.Set("003", 33)
	got, ok := rules.Get("003")
	require.True(t, ok)
	require.Equal(t, 33, got)
	require.Equal(t, 200, rules.Len())
	for k := range rules.All() {
		rules.Delete(k)
		rules.Set("x"+k[1:], 0)
		if rules.Len() > 300 {
			break
		}
		if k[0] == 'x' {
			break
		}
	}
	require.True(t, slices.IsSorted(keysIn(rules.All())))
	_, ok = rules.Get("000")
	require.False(t, ok)
}

func TestTTLIsRefusedWhereItCannotBe(t *testing.T) {
	b := open(t, state.Options{})
	keys := keysOf[string](t, b)
	state.NewValue[int](keys.Operator("op"), "never", state.TTL(0))
	state.NewOperatorList[int](b.Operator("src"), "list", state.Split, state.TTL(time.Hour))
	err := b.Start()
	require.ErrorContains(t, err, "give it a positive one")
	require.ErrorContains(t, err, "only keyed values, maps and lists")
}
