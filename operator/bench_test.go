package operator_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/window"
)

// perSecond reports records a second; one operation is one record.
func perSecond(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}

// open opens an operator into what takes its records.
func open[In, Out any](b *testing.B, env *operator.Env, f operator.Factory[In, Out], out operator.Receiver[Out]) operator.Operator[In, Out] {
	o := f.New()
	require.NoError(b, o.Open(operator.NewContext(env), out))
	return o
}

// A chain of map, filter and map in one task.
func BenchmarkCoreChain(b *testing.B) {
	backend, env := backendFor(b)
	out := &sink[int64]{}
	third := open(b, env, operator.NewMap(func(n int64) int64 { return n + 1 }), operator.Receiver[int64](out))
	second := open(b, env, operator.NewFilter(func(n int64) bool { return n%3 != 0 }), operator.Receiver[int64](third))
	first := open(b, env, operator.NewMap(func(n int64) int64 { return 3*n + n&1 }), operator.Receiver[int64](second))
	require.NoError(b, backend.Start())
	recs := make([]operator.Record[int64], 256)
	for i := range recs {
		recs[i].Value = int64(i)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += len(recs) {
		for i := range recs {
			if err := first.Push(recs[i].Time, &recs[i].Value); err != nil {
				b.Fatal(err)
			}
		}
	}
	perSecond(b)
	require.NotZero(b, out.n)
	require.NoError(b, backend.Close())
}

type event struct {
	Key    uint64
	Amount int64
}

type totals struct{ Count, Sum, Max, Last int64 }

// random steps a generator of keys.
func random(x *uint64) uint64 {
	*x += 0x9E3779B97F4A7C15
	z := (*x ^ (*x >> 30)) * 0xBF58476D1CE4E5B9
	return z ^ z>>31
}

// events returns batches of records with keys below n, all keys in the first n records.
func events(n int) [][]operator.Record[event] {
	x := uint64(1)
	all := make([][]operator.Record[event], 2*n/256)
	for i := range all {
		all[i] = make([]operator.Record[event], 256)
		for j := range all[i] {
			key := uint64(i*256 + j)
			if key >= uint64(n) {
				key = random(&x) % uint64(n)
			}
			all[i][j] = operator.Record[event]{Time: int64(i), Value: event{key, int64(j)}}
		}
	}
	return all
}

// A struct of 32 bytes for each of a million keys, changed in place.
func BenchmarkCoreState(b *testing.B) {
	const keys = 1 << 20
	h := newHarness(b, func(e event) uint64 { return e.Key }, operator.NewWithState(func(s *totals, e event) int64 {
		s.Count++
		s.Sum += e.Amount
		s.Max = max(s.Max, e.Amount)
		s.Last = e.Amount
		return s.Sum
	}), 0)
	all := events(keys)
	for _, batch := range all { // make all keys known
		require.NoError(b, h.key.PushBatch(batch))
	}
	random := all[len(all)/2:]
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += 256 {
		if err := h.key.PushBatch(random[n>>8&(len(random)-1)]); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b)
	require.NoError(b, h.close())
}

// A count for each of 10,000 keys and second of event time; each window has about 100,000 records.
func BenchmarkCoreWindow(b *testing.B) {
	const keys, perWindow = 10_000, 100_000
	h := newHarness(b, func(e event) uint64 { return e.Key }, operator.NewWindow(operator.WindowSpec[uint64, event, int64, int64, event]{
		Assigner: window.Tumbling(time.Second), Aggregator: window.Count[event](), Late: operator.NewSide[event]("late"),
		Result: func(key uint64, _ window.Span, n int64) event { return event{key, n} },
	}), 0)
	batch := make([]operator.Record[event], 256)
	x, at := uint64(1), int64(0)
	feed := func(batches int) {
		for range batches {
			before := at / int64(time.Second)
			for i := range batch {
				at += int64(time.Second) / perWindow
				batch[i] = operator.Record[event]{Time: at, Value: event{Key: random(&x) % keys}}
			}
			if err := h.key.PushBatch(batch); err != nil {
				b.Fatal(err)
			}
			if at/int64(time.Second) > before {
				if err := h.watermark(at - at%int64(time.Second) - 1); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	feed(4 * perWindow / 256)
	b.ReportAllocs()
	b.ResetTimer()
	feed((b.N + 255) / 256)
	perSecond(b)
	require.NotZero(b, h.out.n)
	require.NoError(b, h.close())
}
