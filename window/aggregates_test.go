package window_test

import (
	"bytes"
	"cmp"
	"encoding/gob"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/window"
)

type sale struct {
	Shop  string
	Price float64
	Items int
}

func (s sale) price() float64 { return s.Price }
func (s sale) items() int     { return s.Items }
func (s sale) shop() string   { return s.Shop }

var sales = rapid.SliceOf(rapid.Custom(func(t *rapid.T) sale {
	return sale{
		Shop:  rapid.SampledFrom([]string{"", "a", "b", "cc", "a long name of a shop"}).Draw(t, "shop"),
		Price: math.Round(rapid.Float64Range(-1e6, 1e6).Draw(t, "price")*100) / 100,
		Items: rapid.IntRange(-5, 5).Draw(t, "items"),
	}
}))

// fold feeds records in slices that are merged, with a trip through bytes now
// and then, and takes the extra records out again where that is possible.
func fold[A, R any](t *rapid.T, agg window.Aggregator[sale, A, R], records, extra []sale) R {
	require.NoError(t, window.Validate(agg))
	var whole A
	retract, ok := window.AsRetractor(agg)
	if ok {
		for i := range extra {
			agg.Add(&whole, &extra[i])
		}
	}
	for rest := records; len(rest) > 0; {
		n := rapid.IntRange(1, len(rest)).Draw(t, "slice")
		var part A
		for i := range rest[:n] {
			agg.Add(&part, &rest[i])
		}
		if rapid.IntRange(0, 3).Draw(t, "store") == 0 {
			part, whole = stored(t, part), stored(t, whole)
		}
		agg.Merge(&whole, &part)
		rest = rest[n:]
	}
	if ok {
		for i := range extra {
			retract.Retract(&whole, &extra[i])
		}
	}
	first := agg.Result(&whole)
	require.Equal(t, first, agg.Result(&whole), "reading changes nothing")
	return first
}

func stored[A any](t require.TestingT, acc A) A {
	var b bytes.Buffer
	require.NoError(t, gob.NewEncoder(&b).Encode(&acc))
	var out A
	require.NoError(t, gob.NewDecoder(&b).Decode(&out))
	return out
}

func close(t *rapid.T, want, got, scale float64, what string) {
	require.InDelta(t, want, got, 1e-9*max(1, scale), what)
}

func TestAggregatesEqualNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, extra := sales.Draw(t, "in"), sales.Draw(t, "extra")
		n := float64(len(in))
		sum, items, squares := 0.0, 0, 0.0
		for _, s := range in {
			sum += s.Price
			items += s.Items
		}
		for _, s := range in {
			squares += (s.Price - sum/n) * (s.Price - sum/n)
		}
		require.Equal(t, int64(len(in)), fold(t, window.Count[sale](), in, extra))
		require.Equal(t, items, fold(t, window.Sum(sale.items), in, extra))
		close(t, sum, fold(t, window.Sum(sale.price), in, extra), 1e6*n, "sum")
		mean := fold(t, window.Mean(sale.price), in, extra)
		variance := fold(t, window.Variance(sale.price), in, extra)
		deviation := fold(t, window.StdDev(sale.price), in, extra)
		close(t, variance, deviation*deviation, 1e13, "deviation")
		switch {
		case n == 0:
			require.Zero(t, mean)
			require.Zero(t, variance)
		case n == 1:
			require.Zero(t, variance, "of one")
		default:
			close(t, sum/n, mean, 1e6, "mean")
			close(t, squares/(n-1), variance, 1e13, "variance")
		}
	})
}

func TestPicksEqualNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := sales.Draw(t, "in")
		var first, last, least, most sale
		var low, high float64
		shops := []string(nil)
		for i, s := range in {
			if i == 0 {
				first, least, most, low, high = s, s, s, s.Price, s.Price
			}
			last = s
			low, high = min(low, s.Price), max(high, s.Price)
			if s.Items < least.Items {
				least = s
			}
			if s.Items > most.Items {
				most = s
			}
			shops = append(shops, s.Shop)
		}
		slices.Sort(shops)
		shops = slices.Compact(shops)
		top := slices.Clone(in)
		slices.SortStableFunc(top, func(a, b sale) int { return cmp.Compare(b.Items, a.Items) })

		require.Equal(t, low, fold(t, window.Min(sale.price), in, nil))
		require.Equal(t, high, fold(t, window.Max(sale.price), in, nil))
		require.Equal(t, first, fold(t, window.First[sale](), in, nil))
		require.Equal(t, last, fold(t, window.Last[sale](), in, nil))
		require.Equal(t, least, fold(t, window.MinBy(sale.items), in, nil))
		require.Equal(t, most, fold(t, window.MaxBy(sale.items), in, nil))
		require.Equal(t, append([]sale(nil), in...), append([]sale(nil), fold(t, window.Collect[sale](), in, nil)...))
		require.Equal(t, shops, fold(t, window.Set(sale.shop), in, nil))
		require.Equal(t, top[:min(3, len(top))], append([]sale{}, fold(t, window.TopN(3, sale.items), in, nil)...))
		require.Equal(t, int64(len(shops)), fold(t, window.Distinct(sale.shop), in, nil))
		joined := fold(t, window.Reduce(func(a, b sale) sale { a.Shop += b.Shop; return a }), in, nil)
		require.Len(t, joined.Shop, func() (n int) {
			for _, s := range in {
				n += len(s.Shop)
			}
			return n
		}())
	})
}

func TestQuantilesEqualNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := sales.Draw(t, "in")
		for i := range in {
			in[i].Price = math.Copysign(math.Pow(math.Abs(in[i].Price), rapid.Float64Range(0.1, 1.5).Draw(t, "power")), in[i].Price)
		}
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		got := fold(t, window.Quantile(sale.price, q), in, nil)
		both := fold(t, window.Quantiles(sale.price, 0, q, 1), in, nil)
		require.Equal(t, got, both[1])
		if len(in) == 0 {
			require.Zero(t, got)
			return
		}
		slices.SortFunc(in, func(a, b sale) int { return cmp.Compare(a.Price, b.Price) })
		want := in[int(q*float64(len(in)-1))].Price
		require.InDelta(t, want, got, window.Accuracy*math.Abs(want)*1.0001+1e-290)
		require.Equal(t, in[0].Price, both[0])
		require.Equal(t, in[len(in)-1].Price, both[2])
	})
}

func TestQuantileIsBounded(t *testing.T) {
	var up, down, merged window.QuantileAcc
	for i := range 2000 {
		up.Add(math.Pow(10, float64(i-1000)*0.3))
		down.Add(math.Pow(10, float64(999-i)*0.3))
	}
	require.Equal(t, up, down, "the order does not matter")
	require.LessOrEqual(t, len(up.Positive.Counts), 2048)
	require.InEpsilon(t, math.Pow(10, 988*0.3), up.Quantile(0.9949), 0.02, "high quantiles keep their accuracy")
	merged.Merge(&down)
	merged.Merge(&up)
	require.Equal(t, int64(4000), merged.Count)
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		before := merged.Count
		merged.Add(v)
		require.Equal(t, before, merged.Count)
	}
}

func TestDistinctOfMany(t *testing.T) {
	byNumber := window.Distinct(func(v uint32) uint32 { return v })
	byName := window.Distinct(func(v uint32) string { return string(rune('a'+v%7)) + "-customer-" + string(rune(v)) })
	small := window.Distinct(func(v uint32) uint8 { return uint8(v) })
	two := window.Distinct(func(v uint32) int16 { return int16(v) })
	wide := window.Distinct(func(v uint32) float64 { return float64(v) })
	var a, b, c, d, e window.DistinctAcc
	const n = 60_000
	for v := range uint32(n) {
		byNumber.Add(&a, &v)
		byNumber.Add(&a, &v)
		byName.Add(&b, &v)
		small.Add(&c, &v)
		two.Add(&d, &v)
		wide.Add(&e, &v)
	}
	require.InEpsilon(t, n, byNumber.Result(&a), 0.03)
	require.InEpsilon(t, n-2048, byName.Result(&b), 0.03, "surrogates are one replacement character")
	require.Equal(t, int64(256), small.Result(&c))
	require.InEpsilon(t, n, two.Result(&d), 0.03)
	require.InEpsilon(t, n, wide.Result(&e), 0.03)
	before := a.Estimate()
	restored := stored(t, a)
	require.Equal(t, before, restored.Estimate())
	byNumber.Merge(&restored, &a)
	require.Equal(t, before, restored.Estimate(), "a union with itself")
	bytes, err := restored.MarshalBinary()
	require.NoError(t, err)
	require.Less(t, len(bytes), 17<<10)
}

func FuzzDistinctAcc(f *testing.F) {
	var acc window.DistinctAcc
	agg := window.Distinct(func(v int) int { return v })
	for i := range 3 {
		agg.Add(&acc, &i)
	}
	seed, err := acc.MarshalBinary()
	require.NoError(f, err)
	f.Add(seed)
	f.Add([]byte{2, 14, 0, 0})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var a, b window.DistinctAcc
		if a.UnmarshalBinary(data) != nil {
			return
		}
		require.NoError(t, b.UnmarshalBinary(seed))
		v := 1000
		agg.Add(&a, &v)
		agg.Merge(&b, &a)
		require.GreaterOrEqual(t, b.Estimate(), int64(0))
		out, err := a.MarshalBinary()
		require.NoError(t, err)
		require.NoError(t, b.UnmarshalBinary(out))
		require.Equal(t, a.Estimate(), b.Estimate())
	})
}

func TestDistinctRefusesOtherPrecision(t *testing.T) {
	var a window.DistinctAcc
	require.ErrorContains(t, a.UnmarshalBinary([]byte{2, 16, 0, 1, 0, 0, 0, 0}), "precision")
	require.Error(t, a.UnmarshalBinary([]byte{2}))
}

type visit struct {
	N     int64
	Total float64
	Top   float64
	Shops int64
}

func TestCombine(t *testing.T) {
	agg := window.Combine4(window.Count[sale](), window.Sum(sale.price), window.Max(sale.price), window.Distinct(sale.shop),
		func(n int64, sum, top float64, shops int64) visit { return visit{n, sum, top, shops} })
	three := window.Combine3(window.Count[sale](), window.Sum(sale.price), window.Mean(sale.price),
		func(n int64, sum, mean float64) visit { return visit{n, sum, mean, 0} })
	rapid.Check(t, func(t *rapid.T) {
		in := []sale{{"a", 2, 0}, {"b", 7, 0}, {"a", 3, 0}}
		require.Equal(t, visit{3, 12, 7, 2}, fold(t, agg, in, []sale{{"z", 9, 9}}))
		require.Equal(t, visit{3, 12, 4, 0}, fold(t, three, in, []sale{{"z", 9, 9}}))
	})
	_, ok := window.AsRetractor(agg)
	require.False(t, ok, "a maximum cannot be taken back")
	_, ok = window.AsRetractor(three)
	require.True(t, ok)
	bad := window.Combine2(window.TopN(0, sale.price), window.Quantile(sale.price, 99), func([]sale, float64) int { return 0 })
	err := window.Validate(bad)
	require.ErrorIs(t, err, window.ErrInvalid)
	require.ErrorContains(t, err, "top-n")
	require.ErrorContains(t, err, "quantile")
	require.NoError(t, window.Validate(agg))
}

func TestSumOfInfinity(t *testing.T) {
	agg := window.Sum(func(v float64) float64 { return v })
	var acc window.SumAcc[float64]
	for _, v := range []float64{1, math.Inf(1), 2} {
		agg.Add(&acc, &v)
	}
	require.Equal(t, math.Inf(1), agg.Result(&acc))
}

func TestSumIsCompensated(t *testing.T) {
	var acc window.SumAcc[float64]
	for range 10 {
		acc.Add(0.1)
	}
	require.Equal(t, 1.0, acc.Value())
	acc.Add(1e17)
	acc.Add(-1e17)
	require.Equal(t, 1.0, acc.Value())
}

func BenchmarkAggregate(b *testing.B) {
	type T = sale
	bench := func(name string, add func(*T)) {
		b.Run(name, func(b *testing.B) {
			records := make([]sale, 1024)
			for i := range records {
				records[i] = sale{Shop: "shop", Price: float64(i*7919%1000 + 1), Items: i % 10}
				add(&records[i])
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				add(&records[i&1023])
			}
		})
	}
	bench("count", adder(window.Count[T]()))
	bench("sum", adder(window.Sum(T.price)))
	bench("mean", adder(window.Mean(T.price)))
	bench("max", adder(window.Max(T.price)))
	bench("variance", adder(window.Variance(T.price)))
	bench("top10", adder(window.TopN(10, T.price)))
	bench("quantile", adder(window.Quantile(T.price, 0.99)))
	bench("distinct", adder(window.Distinct(T.items)))
	bench("combine3", adder(window.Combine3(window.Count[T](), window.Sum(T.price), window.Max(T.price),
		func(int64, float64, float64) int { return 0 })))
}

func adder[A, R any](agg window.Aggregator[sale, A, R]) func(*sale) {
	acc := new(A)
	return func(v *sale) { agg.Add(acc, v) }
}
