package stream_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/window"
)

// piece is a use of the API that gives the same answer however it is run.
type piece struct {
	build func(in *stream.Stream[int], to func(*stream.Stream[string]))
	want  func(n int) []string // from the numbers 0 … n-1, in any order
}

const pieceSize = 60

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func second(v int) time.Time { return epoch.Add(time.Duration(v) * time.Second) }

// each gives the texts of fn for the numbers below n.
func each(fn func(v int) []string) func(n int) []string {
	return func(n int) (all []string) {
		for v := range n {
			all = append(all, fn(v)...)
		}
		return all
	}
}

func text(v int) string { return fmt.Sprint(v) }

// counting is a Function with a life of its own.
type counting struct{ log func(string) }

func (c *counting) Open(x operator.Context) error { return nil }
func (c *counting) Close() error                  { return nil }
func (c *counting) Process(x operator.RecordContext, v int, out *operator.Collector[string]) error {
	for range v % 3 {
		out.Emit(text(v))
	}
	return nil
}

// timers sets both kinds of timers for each key, and takes one back.
type timers struct {
	n     state.Value[int]
	fired operator.Side[string]
	side  *operator.Collector[string]
}

func (f *timers) Open(c operator.Context) (err error) {
	f.n = state.NewValue[int](c, "n")
	f.side, err = f.fired.Output(c)
	return err
}

func (f *timers) Process(c operator.KeyedContext[int], v int, out *operator.Collector[string]) error {
	*f.n.Ref()++
	c.SetTimer(second(1000 + c.Key()))
	c.SetTimer(second(1000 + c.Key())) // again: nothing changes
	c.SetTimer(second(2000))
	c.DeleteTimer(second(2000))
	c.SetProcessingTimer(c.Now().Add(-time.Second))
	c.SetProcessingTimer(c.Now().Add(time.Hour))
	c.DeleteProcessingTimer(c.Now().Add(time.Hour))
	return nil
}

func (f *timers) OnTimer(c operator.KeyedContext[int], at time.Time, out *operator.Collector[string]) error {
	if c.Time().IsZero() { // of processing time
		return nil
	}
	n, _ := f.n.Get()
	out.Emit(fmt.Sprint(c.Key(), " at ", at.Sub(epoch).Seconds(), " after ", n))
	f.side.Emit(fmt.Sprint("side ", c.Key()))
	return nil
}

var (
	failed = operator.NewSide[operator.Failure[int]]("failed")
	late   = operator.NewSide[int]("late")
	fired  = operator.NewSide[string]("fired")
)

func mod3(v int) int { return v % 3 }

var pieces = map[string]piece{
	"map filter flatmap": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			to(in.Map(func(v int) int { return v + 1 }).Filter(func(v int) bool { return v%2 == 0 }).
				FlatMap(func(v int) iter.Seq[string] { return slices.Values([]string{text(v), text(-v)}) }))
		},
		each(func(v int) []string {
			if v%2 == 0 {
				return nil
			}
			return []string{text(v + 1), text(-v - 1)}
		}),
	},
	"try, its side taken twice": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			good := in.Try(func(v int) (string, error) {
				if v%5 == 0 {
					return "", errors.New("by five")
				}
				return text(v), nil
			}, failed)
			bad := func(f operator.Failure[int]) string { return fmt.Sprint("bad ", f.Value, f.Err) }
			to(good)
			to(good.Side(failed).Map(bad))
			to(good.Side(failed).Filter(func(f operator.Failure[int]) bool { return f.Value == 10 }).Map(bad))
		},
		each(func(v int) []string {
			switch {
			case v == 10:
				return []string{"bad 10by five", "bad 10by five"}
			case v%5 == 0:
				return []string{fmt.Sprint("bad ", v, "by five")}
			}
			return []string{text(v)}
		}),
	},
	"a side that nobody takes": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			to(in.Try(func(v int) (string, error) { return text(v), map[bool]error{true: errBroken}[v%2 == 0] }, failed))
			yes, _ := in.Split(func(v int) bool { return v > 30 })
			to(yes.Map(text))
		},
		each(func(v int) (all []string) {
			if v%2 == 1 {
				all = append(all, text(v))
			}
			if v > 30 {
				all = append(all, text(v))
			}
			return all
		}),
	},
	"only the side is taken": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			_, no := in.Split(func(v int) bool { return v > 10 })
			to(no.Map(text))
		},
		each(func(v int) []string { return []string{text(v)}[:map[bool]int{true: 1}[v <= 10]] }),
	},
	"via, do, apply": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			to(in.Via(operator.NewUpdate(func(v *int) { *v *= 2 })).
				Apply(func(s *stream.Stream[int]) *stream.Stream[int] { return s.Map(func(v int) int { return v / 2 }) }).
				Do(func() operator.Function[int, string] { return &counting{} }))
		},
		each(func(v int) []string { return slices.Repeat([]string{text(v)}, v%3) }),
	},
	"a user changes what another sees": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			double := operator.NewUpdate(func(v *int) { *v *= 2 })
			to(in.Via(double).Map(text))
			to(in.Map(text))
			to(in.Via(double).Map(text))
		},
		each(func(v int) []string { return []string{text(v), text(2 * v), text(2 * v)} }),
	},
	"merge of three, and with itself": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			one := in.Map(text)
			to(one.Merge(in.Map(func(v int) string { return "b" + text(v) }), one, in.KeyBy(mod3).MapValues(func(v int) string { return "k" + text(v) }).Stream))
		},
		each(func(v int) []string { return []string{text(v), text(v), "b" + text(v), "k" + text(v)} }),
	},
	"merge with nobody": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) { to(in.Map(text).Merge()) },
		each(func(v int) []string { return []string{text(v)} }),
	},
	"rebalance, global, partition": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			to(in.Rebalance().Map(text).Parallelism(2))
			to(in.Global().Map(text))
			to(in.Partition(func(v, n int) int { return v - 2*v }).Map(text).Parallelism(3))
			to(in.Map(text).Parallelism(1).Map(func(s string) string { return s }).Parallelism(3).Map(func(s string) string { return s }).Parallelism(2))
		},
		each(func(v int) []string { return slices.Repeat([]string{text(v)}, 4) }),
	},
	"broadcast": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			to(in.Broadcast().Do(func() operator.Function[int, string] { return &counting{} }).Parallelism(3))
		},
		each(func(v int) []string { return slices.Repeat([]string{text(v)}, 3*(v%3)) }),
	},
	"reduce count mapvalues": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			to(in.KeyBy(mod3).Filter(func(v int) bool { return v != 7 }).MapValues(func(v int) int { return 1 }).
				Reduce(func(a, b int) int { return a + b }).Map(text))
			to(in.KeyBy(mod3).Count().Map(func(kv stream.KV[int, int64]) string { return fmt.Sprint(kv) }))
		},
		func(n int) (all []string) {
			var sums [3]int
			for v := range n {
				if v != 7 {
					sums[v%3]++
					all = append(all, text(sums[v%3]))
				}
				all = append(all, fmt.Sprintf("{%d %d}", v%3, v/3+1))
			}
			return all
		},
	},
	"keys within keys": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			type wide struct {
				Name string
				At   [2]int8
			}
			to(in.KeyBy(mod3).Count().
				KeyBy(func(kv stream.KV[int, int64]) wide { return wide{text(int(kv.Value % 2)), [2]int8{1, 2}} }).
				WithState(func(s *map[string]int, kv stream.KV[int, int64]) int {
					if *s == nil {
						*s = map[string]int{}
					}
					(*s)["n"]++
					return (*s)["n"]
				}).Map(text))
		},
		func(n int) (all []string) {
			var seen [2]int
			for v := range n {
				i := (v/3 + 1) % 2
				seen[i]++
				all = append(all, text(seen[i]))
			}
			return all
		},
	},
	"windows": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			timed := in.EventTime(second, stream.OutOfOrder(time.Hour))
			label := func(k int, s window.Span, n int64) string {
				return fmt.Sprint(k, " ", s.StartTime().Sub(epoch), " ", n)
			}
			to(timed.KeyBy(mod3).Window(window.Tumbling(10*time.Second)).Aggregate(window.Count[int](), label))
			to(timed.KeyBy(mod3).Window(window.Sliding(20*time.Second, 10*time.Second)).Aggregate(window.Count[int](), label))
			to(timed.KeyBy(mod3).Window(window.Session(4*time.Second)).Aggregate(window.Count[int](), label))
		},
		func(n int) (all []string) {
			for k := range 3 {
				for start := -10; start < n; start += 10 {
					var ten, twenty int
					for v := max(0, start); v < min(n, start+20); v++ {
						if v%3 == k {
							twenty++
							if v < start+10 {
								ten++
							}
						}
					}
					for _, c := range []int{ten, twenty} {
						if c > 0 {
							all = append(all, fmt.Sprint(k, " ", time.Duration(start)*time.Second, " ", c))
						}
					}
				}
				all = append(all, fmt.Sprint(k, " ", time.Duration(k)*time.Second, " ", n/3))
			}
			return all
		},
	},
	"late records": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			at := func(v int) time.Time { // each tenth is from long ago
				if v%10 == 9 {
					return epoch
				}
				return second(v * 100)
			}
			counts := in.Global().EventTime(at).KeyBy(func(int) bool { return true }).Window(window.Tumbling(time.Second)).
				LateTo(late).Aggregate(window.Count[int](), func(_ bool, s window.Span, n int64) string { return text(int(s.StartTime().Sub(epoch).Seconds())) })
			to(counts)
			to(counts.Side(late).Map(func(v int) string { return "late " + text(v) }))
		},
		each(func(v int) []string {
			if v%10 == 9 {
				return []string{"late " + text(v)}
			}
			return []string{text(v * 100)}
		}),
	},
	"over": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			to(in.EventTime(second, stream.OutOfOrder(time.Hour)).KeyBy(mod3).
				Over(window.Range(3*time.Second, time.Minute), func(v int) float64 { return float64(v) }, func(v int, w *window.Rolling) string {
					return fmt.Sprint(v, " ", w.Stats(1).Count, " ", w.Stats(1).Max)
				}).Stream)
		},
		each(func(v int) []string { return []string{fmt.Sprint(v, " ", min(v/3+1, 20), " ", v)} }),
	},
	"process with timers": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			s := in.EventTime(second, stream.OutOfOrder(time.Hour)).KeyBy(mod3).
				Process(func() operator.Keyed[int, int, string] { return &timers{fired: fired} })
			to(s.Stream)
			to(s.Side(fired))
		},
		func(n int) (all []string) {
			for k := range 3 {
				all = append(all, fmt.Sprint(k, " at ", 1000+k, " after ", n/3), fmt.Sprint("side ", k))
			}
			return all
		},
	},
	"names and ids": {
		func(in *stream.Stream[int], to func(*stream.Stream[string])) {
			k := in.Name("numbers").ID("in").KeyBy(mod3).Name("by three").ID("three").Parallelism(2)
			to(k.Count().Name("counted").ID("counted").Map(func(kv stream.KV[int, int64]) string { return text(int(kv.Value)) }))
		},
		each(func(v int) []string { return []string{text(v/3 + 1)} }),
	},
}

// Each piece gives its answer at every parallelism, chained or not, with small batches and few of them.
func TestPieces(t *testing.T) {
	ways := map[string][]stream.Option{
		"one":         {stream.Parallelism(1)},
		"one apart":   {stream.Parallelism(1), stream.NoChaining(), stream.BatchSize(1), stream.ExchangeSlots(1)},
		"two":         {stream.Parallelism(2), stream.BatchSize(7)},
		"two apart":   {stream.Parallelism(2), stream.NoChaining(), stream.BatchSize(7), stream.ExchangeSlots(2)},
		"three":       {stream.Parallelism(3), stream.ExchangeSlots(1), stream.CheckpointEvery(time.Millisecond)},
		"three apart": {stream.Parallelism(3), stream.NoChaining(), stream.BatchSize(1), stream.ExchangeSlots(1), stream.CheckpointEvery(time.Millisecond)},
	}
	for name, p := range pieces {
		want := p.want(pieceSize)
		for way, opts := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				out := memory.Committed[string]()
				job := stream.NewJob("pieces", append(opts, stream.Logger(nil))...)
				// One split, read in order, dealt to all subtasks.
				in := stream.From(job, memory.Slice(upTo(pieceSize))).Parallelism(1)
				p.build(in, func(s *stream.Stream[string]) { s.To(out) })
				require.NoError(t, soon(t, context.Background(), job))
				require.ElementsMatch(t, want, out.Values())
			})
		}
	}
}

// An operator of one's own behind KeyBy finds the key, however the job is cut.
func TestKeyedVia(t *testing.T) {
	for _, opts := range [][]stream.Option{nil, {stream.NoChaining()}, {stream.NoChaining(), stream.Parallelism(3)}} {
		got := memory.Collect[stream.KV[int, int64]]()
		job := stream.NewJob("via", append(opts, stream.Logger(nil))...)
		stream.From(job, memory.Of(1, 2, 3, 4, 5, 7)).KeyBy(mod3).
			Via(operator.NewCount[int, int](func(k int, n int64) stream.KV[int, int64] { return stream.KV[int, int64]{Key: k, Value: n} })).
			To(got)
		require.NoError(t, job.Run(t.Context()))
		require.ElementsMatch(t, []stream.KV[int, int64]{{1, 1}, {2, 1}, {0, 1}, {1, 2}, {2, 2}, {1, 3}}, got.Values())
	}
}
