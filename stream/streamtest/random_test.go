package streamtest_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/stream/streamtest"
	"github.com/turgo-io/turgo/window"
)

// rec is what flows through random jobs. T is its event time in seconds of the day.
type rec struct{ K, V, T int }

func (r rec) time() time.Time { return streamtest.Day.Add(time.Duration(r.T) * time.Second) }

func secondsOf(t time.Time) int { return int(t.Sub(streamtest.Day) / time.Second) }

// step is a part of a random job: how Turgo runs it, and what it makes of a multiset of records. A step may not
// depend on the order of records, since nothing orders those of different splits.
type step struct {
	name string
	run  func(*stream.Stream[rec]) *stream.Stream[rec]
	eval func([]rec) []rec
}

func perRecord(fn func(rec) []rec) func([]rec) []rec {
	return func(in []rec) (out []rec) {
		for _, r := range in {
			out = append(out, fn(r)...)
		}
		return out
	}
}

func byKey(r rec) int { return r.K }

// steps draw a step each, with its parameters.
var steps = []func(*rapid.T) step{mapped, filtered, flattened, divided, tried, doubled, moved, broadcast, deduplicated, windowedBy, timedBy, rekeyed}

func small(t *rapid.T, name string) int { return rapid.IntRange(1, 4).Draw(t, name) }

func mapped(t *rapid.T) step {
	n := small(t, "add")
	fn := func(r rec) rec { return rec{r.K, (r.V + n) % 1000, r.T} }
	return step{
		fmt.Sprint("map +", n),
		func(s *stream.Stream[rec]) *stream.Stream[rec] { return s.Map(fn) },
		perRecord(func(r rec) []rec { return []rec{fn(r)} }),
	}
}

func filtered(t *rapid.T) step {
	n := small(t, "drop") + 1
	keep := func(r rec) bool { return r.V%n != 0 }
	return step{
		fmt.Sprint("filter %", n),
		func(s *stream.Stream[rec]) *stream.Stream[rec] { return s.Filter(keep) },
		perRecord(func(r rec) []rec {
			if keep(r) {
				return []rec{r}
			}
			return nil
		}),
	}
}

func flattened(t *rapid.T) step {
	n := small(t, "copies")
	fn := func(r rec) []rec { return slices.Repeat([]rec{{r.K + r.V%2, r.V, r.T}}, r.V%n) }
	return step{
		fmt.Sprint("flatmap ", n),
		func(s *stream.Stream[rec]) *stream.Stream[rec] {
			return s.FlatMap(func(r rec) iter.Seq[rec] { return slices.Values(fn(r)) })
		},
		perRecord(fn),
	}
}

func divided(t *rapid.T) step {
	n := small(t, "part") + 1
	first := func(r rec) bool { return r.V%n == 0 }
	change := func(r rec) rec { return rec{r.K + 1, r.V, r.T} }
	return step{
		fmt.Sprint("split ", n),
		func(s *stream.Stream[rec]) *stream.Stream[rec] {
			yes, no := s.Split(first)
			return no.Merge(yes.Map(change))
		},
		perRecord(func(r rec) []rec {
			if first(r) {
				r = change(r)
			}
			return []rec{r}
		}),
	}
}

func tried(t *rapid.T) step {
	n := small(t, "fails") + 1
	side := operator.NewSide[operator.Failure[rec]]("failed")
	fn := func(r rec) (rec, error) {
		if r.V%n == 0 {
			return rec{}, errors.New("no")
		}
		return r, nil
	}
	return step{
		fmt.Sprint("try ", n),
		func(s *stream.Stream[rec]) *stream.Stream[rec] {
			good := s.Try(fn, side)
			return good.Side(side).Map(func(f operator.Failure[rec]) rec { return rec{f.Value.K, 1, f.Value.T} }).Merge(good)
		},
		perRecord(func(r rec) []rec {
			if r.V%n == 0 {
				r.V = 1
			}
			return []rec{r}
		}),
	}
}

func doubled(*rapid.T) step {
	return step{
		"merge with itself, and with its keyed self",
		func(s *stream.Stream[rec]) *stream.Stream[rec] {
			return s.Merge(s, s.KeyBy(byKey).Filter(func(r rec) bool { return r.V%2 == 0 }).Stream)
		},
		perRecord(func(r rec) []rec { return slices.Repeat([]rec{r}, 3-r.V%2) }),
	}
}

func moved(t *rapid.T) step {
	how := rapid.SampledFrom([]string{"rebalance", "global", "partition", "forward"}).Draw(t, "how")
	p := rapid.IntRange(1, 3).Draw(t, "parallelism")
	return step{
		fmt.Sprint(how, " to ", p),
		func(s *stream.Stream[rec]) *stream.Stream[rec] {
			switch how {
			case "rebalance":
				s = s.Rebalance()
			case "global":
				s = s.Global()
			case "partition":
				s = s.Partition(func(r rec, n int) int { return r.V - 500 })
			}
			return s.Map(func(r rec) rec { return r }).Parallelism(p)
		},
		func(in []rec) []rec { return in },
	}
}

func broadcast(t *rapid.T) step {
	p := rapid.IntRange(1, 3).Draw(t, "parallelism")
	return step{
		fmt.Sprint("broadcast to ", p),
		func(s *stream.Stream[rec]) *stream.Stream[rec] {
			return s.Broadcast().Map(func(r rec) rec { return r }).Parallelism(p)
		},
		perRecord(func(r rec) []rec { return slices.Repeat([]rec{r}, p) }),
	}
}

func deduplicated(*rapid.T) step {
	return step{
		"deduplicate",
		func(s *stream.Stream[rec]) *stream.Stream[rec] {
			type seen struct {
				N   int
				Rec rec
			}
			return s.KeyBy(func(r rec) rec { return r }).
				WithState(func(s *seen, r rec) seen { s.N++; s.Rec = r; return *s }).
				Filter(func(s seen) bool { return s.N == 1 }).
				MapValues(func(s seen) rec { return s.Rec }).Stream
		},
		func(in []rec) []rec { return slices.Compact(slices.SortedFunc(slices.Values(in), compare)) },
	}
}

func compare(a, b rec) int {
	return cmp.Or(cmp.Compare(a.K, b.K), cmp.Compare(a.T, b.T), cmp.Compare(a.V, b.V))
}

// bucketSums adds V up by key and bucket of time.
func bucketSums(in []rec, size int, at func(start int) int) (out []rec) {
	sums := map[[2]int]int{}
	for _, r := range in {
		sums[[2]int{r.K, r.T / size * size}] += r.V
	}
	for k, v := range sums {
		out = append(out, rec{k[0], v % 1000, at(k[1])})
	}
	return out
}

func windowedBy(t *rapid.T) step {
	size := 5 * small(t, "size")
	return step{
		fmt.Sprint("window ", size),
		func(s *stream.Stream[rec]) *stream.Stream[rec] {
			return s.KeyBy(byKey).Window(window.Tumbling(time.Duration(size)*time.Second)).
				Aggregate(window.Sum(func(r rec) int { return r.V }), func(k int, span window.Span, v int) rec {
					return rec{k, v % 1000, secondsOf(span.EndTime()) - 1}
				})
		},
		func(in []rec) []rec { return bucketSums(in, size, func(start int) int { return start + size - 1 }) },
	}
}

// buckets sums by hand: a map of sums, and a timer for each.
type buckets struct {
	size int
	sums state.Map[int, int]
	n    state.Value[int]
}

func (b *buckets) Open(c operator.Context) error {
	b.sums, b.n = state.NewMap[int, int](c, "sums"), state.NewValue[int](c, "n")
	return nil
}

func (b *buckets) Process(c operator.KeyedContext[int], r rec, _ *operator.Collector[rec]) error {
	start := r.T / b.size * b.size
	*b.sums.Ref(start) += r.V
	*b.n.Ref()++
	c.SetTimer(rec{T: start + b.size - 1}.time())
	return nil
}

func (b *buckets) OnTimer(c operator.KeyedContext[int], at time.Time, out *operator.Collector[rec]) error {
	end := secondsOf(at)
	start := end - b.size + 1
	sum, ok := b.sums.Get(start)
	if !ok {
		return fmt.Errorf("key %d has no sum at %d", c.Key(), start)
	}
	b.sums.Delete(start)
	out.Emit(rec{c.Key(), sum % 1000, end})
	return nil
}

func timedBy(t *rapid.T) step {
	size := 7 * small(t, "size")
	return step{
		fmt.Sprint("timers ", size),
		func(s *stream.Stream[rec]) *stream.Stream[rec] {
			return s.KeyBy(byKey).Process(func() operator.Keyed[int, rec, rec] { return &buckets{size: size} }).Stream
		},
		func(in []rec) []rec { return bucketSums(in, size, func(start int) int { return start + size - 1 }) },
	}
}

// rekeyed changes the key inside a keyed chain.
func rekeyed(*rapid.T) step {
	fn := func(r rec) rec { return rec{r.V % 3, r.V, r.T} }
	return step{
		"key by value",
		func(s *stream.Stream[rec]) *stream.Stream[rec] {
			return s.KeyBy(byKey).MapValues(fn).KeyBy(func(r rec) string { return fmt.Sprint(r.K) }).Filter(func(rec) bool { return true }).Stream
		},
		perRecord(func(r rec) []rec { return []rec{fn(r)} }),
	}
}

// randomJob is a job, and how it is run.
type randomJob struct {
	splits [][]rec
	steps  []step
	opts   []stream.Option
	seed   uint64
	lose   int
	crash  []int // before these steps
	fail   []int // in the source's map, at these records
}

func drawJob(t *rapid.T) (j randomJob) {
	n := rapid.IntRange(1, 5).Draw(t, "splits")
	j.splits = make([][]rec, n)
	for i := range rapid.IntRange(0, 150).Draw(t, "records") {
		at := i/2 + rapid.IntRange(0, 10).Draw(t, "delay")
		s := rapid.IntRange(0, n-1).Draw(t, "split")
		j.splits[s] = append(j.splits[s], rec{rapid.IntRange(0, 6).Draw(t, "key"), rapid.IntRange(0, 20).Draw(t, "value"), at})
	}
	for range rapid.IntRange(1, 6).Draw(t, "steps") {
		s := rapid.SampledFrom(steps).Draw(t, "step")(t)
		j.steps = append(j.steps, s)
	}
	j.opts = []stream.Option{
		stream.Parallelism(rapid.IntRange(1, 3).Draw(t, "parallelism")),
		stream.BatchSize(rapid.SampledFrom([]int{1, 7, 256}).Draw(t, "batch")),
		stream.ExchangeSlots(rapid.SampledFrom([]int{1, 2, 8}).Draw(t, "slots")),
		stream.MaxParallelism(rapid.SampledFrom([]int{3, 8, 128}).Draw(t, "groups")),
		stream.CheckpointEvery(rapid.SampledFrom([]time.Duration{0, 50 * time.Microsecond, 300 * time.Microsecond, time.Millisecond}).Draw(t, "every")),
		stream.Restart(stream.FixedDelay(100, time.Millisecond)),
	}
	if rapid.Bool().Draw(t, "apart") {
		j.opts = append(j.opts, stream.NoChaining())
	}
	j.seed = rapid.Uint64().Draw(t, "seed")
	j.lose = rapid.SampledFrom([]int{0, 50, 100}).Draw(t, "lose")
	j.crash = rapid.SliceOfN(rapid.IntRange(1, 1500), 0, 3).Draw(t, "crash")
	j.fail = rapid.SliceOfNDistinct(rapid.IntRange(1, 200), 0, 2, func(n int) int { return n }).Draw(t, "fail")
	return j
}

// want is the answer of plain Go.
func (j *randomJob) want() []rec {
	all := slices.Concat(j.splits...)
	for _, s := range j.steps {
		all = s.eval(all)
	}
	return slices.SortedFunc(slices.Values(all), compare)
}

func (j *randomJob) run(t *testing.T) ([]rec, error) {
	h := streamtest.New(t, streamtest.Seed(j.seed), streamtest.LoseUnsynced(j.lose), streamtest.With(j.opts...))
	in := streamtest.Source[rec](h)
	for i, s := range j.splits {
		in.Split(i).Add(s...)
	}
	seen := 0
	s := in.Stream().EventTime(rec.time, stream.OutOfOrder(10*time.Second)).Map(func(r rec) rec {
		if seen++; slices.Contains(j.fail, seen) {
			panic(fmt.Sprint("at record ", seen))
		}
		return r
	})
	for _, st := range j.steps {
		s = st.run(s)
	}
	out := streamtest.Collect(h, s)
	for _, n := range j.crash {
		h.CrashAtStep(n)
	}
	err := h.RunErr(context.Background())
	return slices.SortedFunc(slices.Values(out.Values()), compare), err
}

// The records of a random job are bounded: doubling steps can be many.
const mostRecords = 5000

// TestRandomJobs: whatever the job, and however it is run and disturbed, its answer is that of plain Go.
func TestRandomJobs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		j := drawJob(rt)
		want := j.want()
		if len(want) > mostRecords {
			return
		}
		names := make([]string, len(j.steps))
		for i, s := range j.steps {
			names[i] = s.name
		}
		got, err := j.run(t)
		if err != nil {
			rt.Fatalf("%s: %v", strings.Join(names, ", "), err)
		}
		if !slices.Equal(want, got) {
			rt.Fatalf("%s: want %v, got %v", strings.Join(names, ", "), want, got)
		}
	})
}
