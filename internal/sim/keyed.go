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

// keyedOperations keep state for each key. Those that depend on the order of records take the lane into the key: the
// records of one lane and key come in one order only.
var keyedOperations = []operation{
	{"with-state", ordered, (*node).withState},
	{"reduce", ordered, (*node).reduce},
	{"over", ordered, (*node).over},
	{"count", ordered, (*node).count},
	{"process", ordered, (*node).process},
	{"primitives", ordered, (*node).primitives},
	{"once", nil, (*node).once},
}

func ordered(o open) bool { return !o.loose }

// laneKey is the key of what depends on order.
type laneKey struct {
	Lane uint64
	Key  int64
}

func keyOf(r Record) int64       { return r.Key }
func laneKeyOf(r Record) laneKey { return laneKey{r.Lane, r.Key} }

// ontoKey is the lane of records behind a keyed exchange: those of other keys go elsewhere.
func ontoKey(r Record) Record { return r.onto(uint64(r.Key)) }

func (x *node) keyedMap() {
	fn := func(r Record) Record { return ontoKey(r).with(r.Val + 1) }
	x.one(func(w *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.KeyBy(keyOf).Parallelism(w.parallelism(x.Class)).MapValues(fn).Stream
	}, mapped(fn), x.moved(x.Class))
}

// rekey changes the key inside a keyed chain, to one of another type.
func (x *node) rekey() {
	other := func(r Record) string { return fmt.Sprint("key ", r.Val%3) }
	fn := func(r Record) Record { return ontoKey(r).onto(uint64(r.Val % 3)) }
	x.one(func(w *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		p := w.parallelism(x.Class)
		return s.KeyBy(keyOf).Parallelism(p).Filter(func(Record) bool { return true }).KeyBy(other).Parallelism(p).MapValues(fn).Stream
	}, mapped(fn), x.moved(x.Class))
}

// inLanes evaluates what depends on the order of a key's records: start makes the state of one key.
func inLanes(start func(laneKey) func(Record) []Record) func([]Record) []Record {
	return func(in []Record) (out []Record) {
		all := slices.SortedFunc(slices.Values(in), func(a, b Record) int {
			return cmp.Or(cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Seq, b.Seq))
		})
		var step func(Record) []Record
		for i, r := range all {
			if i == 0 || laneKeyOf(all[i-1]) != laneKeyOf(r) {
				step = start(laneKeyOf(r))
			}
			out = append(out, step(r)...)
		}
		return out
	}
}

// account is a state struct with memory of its own.
type account struct {
	N, Sum int64
	Last   []int64
}

func (a *account) take(r Record) Record {
	a.N++
	a.Sum += r.Val
	if len(a.Last) == 3 {
		a.Last = slices.Delete(a.Last, 0, 1)
	}
	a.Last = append(a.Last, r.Val)
	return ontoKey(r).with(a.Sum + 7*a.N + 3*a.Last[0])
}

func (x *node) withState() {
	x.one(func(w *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.KeyBy(laneKeyOf).Parallelism(w.parallelism(x.Class)).WithState((*account).take).Stream
	}, inLanes(func(laneKey) func(Record) []Record {
		var a account
		return func(r Record) []Record { return []Record{a.take(r)} }
	}), x.moved(x.Class))
}

func (x *node) reduce() {
	add := func(sum, next Record) Record { return next.with(sum.Val + 2*next.Val) }
	x.one(func(w *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.KeyBy(laneKeyOf).Parallelism(w.parallelism(x.Class)).Reduce(add).MapValues(ontoKey).Stream
	}, inLanes(func(laneKey) func(Record) []Record {
		var sum *Record
		return func(r Record) []Record {
			if sum != nil {
				r = add(*sum, r)
			}
			sum = &r
			return []Record{ontoKey(r)}
		}
	}), x.moved(x.Class))
}

// over puts out rolling counts and sums of two ranges.
func (x *node) over() {
	spans := []time.Duration{3 * time.Second, time.Duration(4+3*x.A) * time.Second}
	result := func(r Record, n1, s1, n2, s2 int64) Record { return ontoKey(r).with(n1 + 3*s1 + 5*n2 + 7*s2) }
	x.one(func(w *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.KeyBy(laneKeyOf).Parallelism(w.parallelism(x.Class)).Over(window.Range(spans...),
			func(r Record) float64 { return float64(r.Val) },
			func(r Record, w *window.Rolling) Record {
				a, b := w.Stats(0), w.Stats(1)
				return result(r, a.Count, int64(a.Sum), b.Count, int64(b.Sum))
			}).Stream
	}, inLanes(func(laneKey) func(Record) []Record {
		var seen []Record
		newest := int64(noMark)
		return func(r Record) []Record {
			seen, newest = append(seen, r), max(newest, r.Time)
			n1, s1 := within(seen, newest-int64(spans[0]))
			n2, s2 := within(seen, newest-int64(spans[1]))
			return []Record{result(r, n1, s1, n2, s2)}
		}
	}), x.moved(x.Class))
}

func within(seen []Record, after int64) (n, sum int64) {
	for _, r := range seen {
		if r.Time > after {
			n++
			sum += r.Val
		}
	}
	return n, sum
}

// counted makes records of counts: their event time travels beside them.
type counted struct{ id uint64 }

func (f counted) Process(c operator.RecordContext, v stream.KV[laneKey, int64], out *operator.Collector[Record]) error {
	out.Emit(f.record(v.Key, v.Value, sinceDay(c.Time())))
	return nil
}

func (f counted) record(k laneKey, n, time int64) Record {
	return Record{Key: k.Key, Val: n, Time: time, Lane: mix(f.id, k.Lane, uint64(k.Key)), Seq: n}
}

func (x *node) count() {
	f := counted{x.id}
	x.one(func(w *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.KeyBy(laneKeyOf).Parallelism(w.parallelism(x.Class)).Count().
			Do(func() operator.Function[stream.KV[laneKey, int64], Record] { return f })
	}, inLanes(func(k laneKey) func(Record) []Record {
		n := int64(0)
		return func(r Record) []Record {
			n++
			return []Record{f.record(k, n, r.Time)}
		}
	}), x.moved(x.Class))
}

// history is user code with every kind of state: what it puts out for a record depends on all before it.
type history struct {
	n     state.Value[int64]
	kinds state.Map[int64, int64]
	vals  state.List[int64]
}

func (f *history) Open(c operator.Context) error {
	f.n = state.NewValue[int64](c, "n")
	f.kinds = state.NewMap[int64, int64](c, "kinds")
	f.vals = state.NewList[int64](c, "vals")
	return nil
}

func (f *history) Process(_ operator.KeyedContext[laneKey], r Record, out *operator.Collector[Record]) error {
	*f.n.Ref()++
	n, _ := f.n.Get()
	*f.kinds.Ref(r.Val % 5)++
	kind, _ := f.kinds.Get(r.Val % 5)
	if kind == 3 {
		f.kinds.Delete(r.Val % 5)
	}
	f.vals.Append(r.Val)
	first, _ := f.vals.Get(0)
	v := n + 11*kind + 13*first + 17*int64(f.vals.Len()) + 19*int64(f.kinds.Len())
	if n%5 == 0 {
		f.vals.Clear()
	}
	if n%11 == 0 {
		f.n.Clear()
	}
	out.Emit(ontoKey(r).with(v))
	return nil
}

func (x *node) process() {
	x.one(func(w *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.KeyBy(laneKeyOf).Parallelism(w.parallelism(x.Class)).
			Process(func() operator.Keyed[laneKey, Record, Record] { return &history{} }).Stream
	}, inLanes(func(laneKey) func(Record) []Record { return plainHistory() }), x.moved(x.Class))
}

// plainHistory is history in plain Go.
func plainHistory() func(Record) []Record {
	n, kinds, vals := int64(0), map[int64]int64{}, []int64(nil)
	return func(r Record) []Record {
		n++
		kinds[r.Val%5]++
		kind := kinds[r.Val%5]
		if kind == 3 {
			delete(kinds, r.Val%5)
		}
		vals = append(vals, r.Val)
		v := n + 11*kind + 13*vals[0] + 17*int64(len(vals)) + 19*int64(len(kinds))
		if n%5 == 0 {
			vals = nil
		}
		if n%11 == 0 {
			n = 0
		}
		return []Record{ontoKey(r).with(v)}
	}
}

// thing is what once knows a record by.
type thing struct{ Key, Val, Time int64 }

func (k thing) record(id uint64) Record {
	return Record{Key: k.Key, Val: k.Val, Time: k.Time, Lane: mix(id, uint64(k.Key), uint64(k.Val), uint64(k.Time))}
}

// first lets the first of equal records through.
type first struct {
	id   uint64
	seen state.Value[bool]
}

func (f *first) Open(c operator.Context) error {
	f.seen = state.NewValue[bool](c, "seen")
	return nil
}

func (f *first) Process(c operator.KeyedContext[thing], _ Record, out *operator.Collector[Record]) error {
	if _, seen := f.seen.Get(); !seen {
		f.seen.Set(true)
		out.Emit(c.Key().record(f.id))
	}
	return nil
}

func (x *node) once() {
	key := func(r Record) thing { return thing{r.Key, r.Val, r.Time} }
	out := x.moved(x.Class)
	out.loose = false
	x.one(func(w *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.KeyBy(key).Parallelism(w.parallelism(x.Class)).
			Process(func() operator.Keyed[thing, Record, Record] { return &first{id: x.id} }).Stream
	}, func(in []Record) (out []Record) {
		seen := map[thing]bool{}
		for _, r := range in {
			if k := key(r); !seen[k] {
				seen[k] = true
				out = append(out, k.record(x.id))
			}
		}
		return out
	}, out)
}
