package sim

import (
	"slices"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/stream"
)

// primitives is user code with the kinds of state that are made of others: sums, aggregates, a queue, values by time.
type primitives struct {
	sum   state.Reducing[int64]
	mean  state.Aggregating[int64, account, int64]
	queue state.Queue[int64, int64]
	asOf  state.Versioned[int64]
}

func (f *primitives) Open(c operator.Context) error {
	f.sum = state.NewReducing(c, "sum", func(sum, next int64) int64 { return (2*sum + next) % modulus })
	f.mean = state.NewAggregating(c, "mean", state.Aggregate[int64, account, int64]{
		Add:    func(a *account, v int64) { a.N, a.Sum = a.N+1, a.Sum+v },
		Result: func(a *account) int64 { return a.Sum / a.N },
	})
	f.queue = state.NewQueue[int64, int64](c, "queue")
	f.asOf = state.NewVersioned[int64](c, "as of")
	return nil
}

// Process puts a record's value into all of them and puts out what they say then. The queue is cut at its fourth element.
func (f *primitives) Process(_ operator.KeyedContext[laneKey], r Record, out *operator.Collector[Record]) error {
	f.sum.Add(r.Val)
	f.mean.Add(r.Val)
	f.queue.Push(r.Val, r.Seq%modulus)
	f.asOf.Set(r.Time, r.Val)
	sum, _ := f.sum.Get()
	mean, _ := f.mean.Get()
	least, item := int64(0), int64(0)
	if f.queue.Len() > 3 {
		least, item, _ = f.queue.Pop()
	}
	before, _, _ := f.asOf.AsOf(r.Time - second)
	out.Emit(ontoKey(r).with(sum + 3*mean + 5*least + 7*item + 11*before + 13*int64(f.asOf.Len())))
	return nil
}

// queued is an element of the plain queue: of equal priorities the older comes first.
type queued struct{ priority, number, item int64 }

// plainPrimitives is primitives in plain Go.
func plainPrimitives() func(Record) []Record {
	var sum, total, n int64
	var queue []queued
	asOf := map[int64]int64{}
	return func(r Record) []Record {
		if n++; n == 1 {
			sum = r.Val
		} else {
			sum = (2*sum + r.Val) % modulus
		}
		total += r.Val
		queue = append(queue, queued{r.Val, n, r.Seq % modulus})
		asOf[r.Time] = r.Val
		least := queued{}
		if len(queue) > 3 {
			slices.SortStableFunc(queue, func(a, b queued) int { return int(a.priority - b.priority) })
			least, queue = queue[0], queue[1:]
		}
		newest, before := int64(noMark), int64(0)
		for at, v := range asOf {
			if at <= r.Time-second && at > newest {
				newest, before = at, v
			}
		}
		v := sum + 3*(total/n) + 5*least.priority + 7*least.item + 11*before + 13*int64(len(asOf))
		return []Record{ontoKey(r).with(v)}
	}
}

func (x *node) primitives() {
	x.one(func(w *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.KeyBy(laneKeyOf).Parallelism(w.parallelism(x.Class)).
			Process(func() operator.Keyed[laneKey, Record, Record] { return &primitives{} }).Stream
	}, inLanes(func(laneKey) func(Record) []Record { return plainPrimitives() }), x.moved(x.Class))
}
