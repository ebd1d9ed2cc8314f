package sim

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/window"
)

// timeOperations wait for event time, or for the clock. Their answers do not depend on the order of records, and come on
// lanes of their own: those of one key in the order of time.
var timeOperations = []operation{
	{"tumbling", punctual, (*node).tumbling},
	{"sliding", punctual, (*node).sliding},
	{"session", punctual, (*node).session},
	{"buckets", punctual, (*node).buckets},
	{"tick", nil, (*node).tick},
	{"late-window", nil, (*node).lateWindow},
}

func punctual(o open) bool { return !o.hasty }

// fresh is what is known of the answers of a window.
func (x *node) fresh() open { return open{class: x.Class, idles: x.in.idles, hasty: x.in.idles} }

// total is the accumulator of windows: all of it does not depend on order.
type total struct{ n, sum, most int64 }

func (t *total) add(r Record) {
	t.n++
	t.sum += r.Val
	t.most = max(t.most, r.Val)
}

func aggregate() window.Aggregator[Record, window.Pair[window.Pair[int64, window.SumAcc[int64]], window.Optional[int64]], total] {
	val := func(r Record) int64 { return r.Val }
	counts := window.Combine2(window.Count[Record](), window.Sum(val), func(n, sum int64) total { return total{n: n, sum: sum} })
	return window.Combine2(counts, window.Max(val), func(t total, most int64) total {
		t.most = most
		return t
	})
}

// result is a window's answer. Its event time is the last instant of the window.
func result(id uint64, key, start, end int64, t total) Record {
	r := Record{Key: key, Time: end - 1, Lane: mix(id, uint64(key)), Seq: end}
	return r.with(t.n + 3*t.sum + 5*t.most + (end-start)/second)
}

// windowed adds a window of the engine; eval is it in plain Go.
func (x *node) windowed(a window.Assigner, eval func([]Record) []Record) {
	x.one(func(w *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.KeyBy(keyOf).Parallelism(w.parallelism(x.Class)).Window(a).Aggregate(aggregate(), x.result)
	}, eval, x.fresh())
}

func (x *node) result(k int64, s window.Span, t total) Record {
	return result(x.id, k, s.Start-day, s.End-day, t)
}

// span is a window of a key.
type span struct{ key, start, end int64 }

// inSpans evaluates windows that are known for each record.
func (x *node) inSpans(in []Record, spans func(Record) []span) (out []Record) {
	totals := map[span]*total{}
	for _, r := range in {
		for _, s := range spans(r) {
			if totals[s] == nil {
				totals[s] = &total{}
			}
			totals[s].add(r)
		}
	}
	for s, t := range totals {
		out = append(out, result(x.id, s.key, s.start, s.end, *t))
	}
	return out
}

// floor is the last multiple of step, counted from the beginning of Unix time, at or before a time of a record.
func floor(t, step int64) int64 { return (day+t)/step*step - day }

func (x *node) size() int64 { return int64(3*x.A+1) * second }

func (x *node) tumble(r Record) []span {
	start := floor(r.Time, x.size())
	return []span{{r.Key, start, start + x.size()}}
}

func (x *node) tumbling() {
	x.windowed(window.Tumbling(time.Duration(x.size())), func(in []Record) []Record { return x.inSpans(in, x.tumble) })
}

func (x *node) sliding() {
	size, slide := x.size(), 2*second
	x.windowed(window.Sliding(time.Duration(size), time.Duration(slide)), func(in []Record) []Record {
		return x.inSpans(in, func(r Record) (all []span) {
			for start := floor(r.Time, slide); start+size > r.Time; start -= slide {
				all = append(all, span{r.Key, start, start + size})
			}
			return all
		})
	})
}

func (x *node) session() {
	gap := int64(x.A) * second
	x.windowed(window.Session(time.Duration(gap)), func(in []Record) (out []Record) {
		all := slices.SortedFunc(slices.Values(in), func(a, b Record) int {
			return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Time, b.Time))
		})
		var t total
		var s span
		for i, r := range all {
			if i == 0 || r.Key != s.key || r.Time > s.end {
				if i > 0 {
					out = append(out, result(x.id, s.key, s.start, s.end, t))
				}
				s, t = span{r.Key, r.Time, r.Time}, total{}
			}
			t.add(r)
			s.end = max(s.end, r.Time+gap)
		}
		if len(all) > 0 {
			out = append(out, result(x.id, s.key, s.start, s.end, t))
		}
		return out
	})
}

// lateWindow is a window of records of which some are late: those come out at the side. A record is late when the
// watermark before it has passed its window.
func (x *node) lateWindow() {
	if !x.in.strict || x.in.marked && (x.Class == 1 || x.rescales) {
		return // of watermarks that a source gives, only the input of an exchange is kept in checkpoints
	}
	size := int64(x.A) * second
	on := func(r Record) span {
		start := floor(r.Time, size)
		return span{r.Key, start, start + size}
	}
	side := func(r Record) Record { return ontoKey(r).onto(x.id, 5) }
	late := x.moved(x.Class)
	late.hasty = true
	x.add(func(w *wiring, s *stream.Stream[Record]) []*stream.Stream[Record] {
		tag := operator.NewSide[Record]("late")
		all := s.KeyBy(keyOf).Parallelism(w.parallelism(x.Class)).Window(window.Tumbling(time.Duration(size))).LateTo(tag).Aggregate(aggregate(), x.result)
		return []*stream.Stream[Record]{all, all.Side(tag).Map(side)}
	}, func(in []Record) [][]Record {
		var good, bad []Record
		for _, r := range in {
			if on(r).end-1 <= r.Passed {
				bad = append(bad, side(r))
			} else {
				good = append(good, r)
			}
		}
		return [][]Record{x.inSpans(good, func(r Record) []span { return []span{on(r)} }), bad}
	}, x.fresh(), late)
}

// timers sums by hand what falls into buckets of time: a map of sums, a timer for each, and one that is taken back.
type timers struct {
	x    *node
	sums state.Map[int64, total3]
}

// total3 is total as state keeps it: exported fields only.
type total3 struct{ N, Sum, Most int64 }

func (f *timers) Open(c operator.Context) error {
	f.sums = state.NewMap[int64, total3](c, "sums")
	return nil
}

func (f *timers) Process(c operator.KeyedContext[int64], r Record, _ *operator.Collector[Record]) error {
	s := f.x.tumble(r)[0]
	t := f.sums.Ref(s.start)
	sum := total{t.N, t.Sum, t.Most}
	sum.add(r)
	*t = total3{sum.n, sum.sum, sum.most}
	never := time.Unix(0, day+s.end+second/2)
	c.SetTimer(never)
	c.SetTimer(time.Unix(0, day+s.end-1))
	c.DeleteTimer(never)
	return nil
}

func (f *timers) OnTimer(c operator.KeyedContext[int64], at time.Time, out *operator.Collector[Record]) error {
	end := sinceDay(at) + 1
	start := end - f.x.size()
	t, ok := f.sums.Get(start)
	if !ok {
		return fmt.Errorf("sim: key %d has a timer at %v and nothing in its bucket", c.Key(), at)
	}
	f.sums.Delete(start)
	out.Emit(result(f.x.id, c.Key(), start, end, total{t.N, t.Sum, t.Most}))
	return nil
}

func (x *node) buckets() {
	x.one(func(w *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.KeyBy(keyOf).Parallelism(w.parallelism(x.Class)).
			Process(func() operator.Keyed[int64, Record, Record] { return &timers{x: x} }).Stream
	}, func(in []Record) []Record { return x.inSpans(in, x.tumble) }, x.fresh())
}

// ticker puts out one record for each key, at a moment of processing time, or, if the input ends before, at the end of
// event time: whichever timer comes first takes the other back.
type ticker struct {
	id   uint64
	wait time.Duration
	due  state.Value[int64] // when the processing timer is, 0 once the record is out
}

func (f *ticker) Open(c operator.Context) error {
	f.due = state.NewValue[int64](c, "due")
	return nil
}

var atEnd = time.Unix(0, day+farTime).UTC()

func (f *ticker) Process(c operator.KeyedContext[int64], _ Record, _ *operator.Collector[Record]) error {
	if _, known := f.due.Get(); known {
		return nil
	}
	due := c.Env().Clock.Now() + int64(f.wait)
	f.due.Set(due)
	c.SetProcessingTimer(time.Unix(0, due))
	c.SetTimer(atEnd)
	return nil
}

func (f *ticker) OnTimer(c operator.KeyedContext[int64], at time.Time, out *operator.Collector[Record]) error {
	due, _ := f.due.Get()
	if due == 0 {
		return fmt.Errorf("sim: key %d: a second timer, at %v", c.Key(), at)
	}
	f.due.Set(0)
	c.DeleteProcessingTimer(time.Unix(0, due))
	c.DeleteTimer(atEnd)
	out.EmitAt(atEnd, f.record(c.Key()))
	return nil
}

func (f *ticker) record(key int64) Record {
	return Record{Key: key, Val: 7, Time: farTime, Lane: mix(f.id, uint64(key))}
}

func (x *node) tick() {
	f := ticker{id: x.id, wait: time.Duration(x.A*x.A*50) * time.Microsecond}
	x.one(func(w *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.KeyBy(keyOf).Parallelism(w.parallelism(x.Class)).Process(func() operator.Keyed[int64, Record, Record] {
			f := f
			return &f
		}).Stream
	}, func(in []Record) (out []Record) {
		seen := map[int64]bool{}
		for _, r := range in {
			if !seen[r.Key] {
				seen[r.Key] = true
				out = append(out, f.record(r.Key))
			}
		}
		return out
	}, x.fresh())
}
