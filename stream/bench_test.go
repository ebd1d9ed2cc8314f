package stream_test

import (
	"context"
	"testing"
	"time"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/window"
)

// load is a source of the numbers from 0 to n-1, as fast as they are taken; event time is a microsecond a number. It
// calls ready when warm numbers were taken, and over behind the last.
type load struct {
	n, warm int64
	ready   func()
	over    func()
}

func (s load) Name() string    { return "load" }
func (s load) Validate() error { return nil }
func (s load) Splits(context.Context) ([]operator.Split, error) {
	return []operator.Split{{ID: "0"}}, nil
}

func (s load) Reader(operator.Context) (operator.Reader[int64], error) {
	return &loadReader{load: s, left: s.n}, nil
}

type loadReader struct {
	load
	left, next, value int64
}

func (r *loadReader) Add(operator.Split, int32, []byte) error { return nil }
func (r *loadReader) Positions(func(string, []byte))          {}
func (r *loadReader) Close() error                            { return nil }

func (r *loadReader) Poll(out *operator.Emitter[int64], most int) (operator.Status, int64, error) {
	if r.warm > 0 && r.next >= r.warm {
		r.warm = 0
		r.ready()
	}
	for range min(int64(most), r.left) {
		r.value = r.next
		r.next++
		r.left--
		if err := out.Emit(epoch.UnixNano()+r.value*int64(time.Microsecond), &r.value); err != nil {
			return operator.Done, 0, err
		}
	}
	if r.left == 0 {
		r.over()
		return operator.Done, 0, nil
	}
	return operator.Ready, 0, nil
}

// benchJob runs a job over warm numbers, and then b.N more, and reports millions of records a second. What the job does
// at its end, a checkpoint of all state, is not part of it: in a run of a second it would be half the time.
func benchJob(b *testing.B, warm int64, build func(*stream.Stream[int64]), opts ...stream.Option) {
	b.ReportAllocs()
	job := stream.NewJob("bench", append([]stream.Option{stream.Logger(nil), stream.Parallelism(1)}, opts...)...)
	build(stream.From(job, load{warm + int64(b.N), warm, b.ResetTimer, b.StopTimer}))
	if err := job.Run(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}

// spread makes keys that are not in the order of memory.
func spread(v int64) int64 {
	z := uint64(v) * 0x9E3779B97F4A7C15
	return int64(z^z>>29) & (1<<62 - 1)
}

func BenchmarkChain(b *testing.B) {
	benchJob(b, 0, func(in *stream.Stream[int64]) {
		in.Map(func(v int64) int64 { return v * 3 }).
			Filter(func(v int64) bool { return v&1 == 0 }).
			Map(func(v int64) int64 { return v + 1 }).
			To(drain[int64]{})
	})
}

func BenchmarkHop(b *testing.B) {
	benchJob(b, 0, func(in *stream.Stream[int64]) { in.To(drain[int64]{}) }, stream.NoChaining())
}

type totals struct{ N, Sum, Min, Max int64 }

func withState(in *stream.Stream[int64]) {
	in.KeyBy(func(v int64) int64 { return spread(v) % 1_000_000 }).
		WithState(func(s *totals, v int64) int64 {
			s.N++
			s.Sum += v
			s.Min, s.Max = min(s.Min, v), max(s.Max, v)
			return s.N
		}).To(drain[int64]{})
}

func BenchmarkState(b *testing.B) {
	b.Run("chained", func(b *testing.B) { benchJob(b, 8_000_000, withState) })
	b.Run("hop", func(b *testing.B) { benchJob(b, 8_000_000, withState, stream.NoChaining()) })
}

func BenchmarkTumblingCount(b *testing.B) {
	count := func(in *stream.Stream[int64]) {
		in.EventTime(func(v int64) time.Time { return epoch.Add(time.Duration(v) * time.Microsecond) }).
			KeyBy(func(v int64) int64 { return spread(v) % 10_000 }).
			Window(window.Tumbling(time.Second)).
			Aggregate(window.Count[int64](), func(k int64, _ window.Span, n int64) int64 { return n }).
			To(drain[int64]{})
	}
	b.Run("chained", func(b *testing.B) { benchJob(b, 100_000, count) })
	b.Run("hop", func(b *testing.B) { benchJob(b, 100_000, count, stream.NoChaining()) })
}
