package sim

import (
	"errors"
	"iter"
	"slices"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
)

// operation is a kind of node.
type operation struct {
	name string
	// takes says which streams the operation has an exact answer for; nil: all. On others the node does nothing.
	takes   func(open) bool
	compile func(*node)
}

// operations are all kinds of nodes. Those that keep state are there more than once: most of what can be wrong is in them.
var operations = slices.Concat([]operation{
	{"map", nil, (*node).mapRecords},
	{"filter", nil, (*node).filter},
	{"flatmap", nil, (*node).flatMap},
	{"split", nil, (*node).split},
	{"tee", nil, (*node).tee},
	{"try", nil, (*node).try},
	{"merge", nil, (*node).merge},
	{"rebalance", nil, (*node).rebalance},
	{"broadcast", nil, (*node).broadcast},
	{"global", nil, (*node).global},
	{"partition", nil, (*node).partition},
	{"keyed-map", nil, (*node).keyedMap},
	{"rekey", nil, (*node).rekey},
}, keyedOperations, keyedOperations, timeOperations, timeOperations)

// names of operations, as they stand.
var names = func() (all []string) {
	for _, o := range operations {
		all = append(all, o.name)
	}
	return all
}()

func (x *node) mapRecords() {
	a := int64(x.A)
	fn := func(r Record) Record { return r.with(r.Val*3 + a) }
	x.one(func(_ *wiring, s *stream.Stream[Record]) *stream.Stream[Record] { return s.Map(fn) }, mapped(fn), x.in)
}

func (x *node) filter() {
	n := int64(x.A) + 1
	keep := func(r Record) bool { return r.Val%n != 0 }
	x.one(func(_ *wiring, s *stream.Stream[Record]) *stream.Stream[Record] { return s.Filter(keep) }, each(func(r Record) []Record {
		if keep(r) {
			return []Record{r}
		}
		return nil
	}), x.in)
}

func (x *node) flatMap() {
	n := int64(x.A)
	fn := func(r Record) (all []Record) {
		for i := range r.Val % n % 4 {
			c := r.with(r.Val + i)
			if c.Lane != 0 {
				c.Seq = c.Seq*4 + i
			}
			all = append(all, c)
		}
		return all
	}
	x.one(func(_ *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.FlatMap(func(r Record) iter.Seq[Record] { return slices.Values(fn(r)) })
	}, each(fn), x.in)
}

func (x *node) split() {
	n := int64(x.A) + 1
	first := func(r Record) bool { return r.Val%n == 0 }
	other := func(r Record) Record { return r.onto(x.id, 2) }
	x.add(func(_ *wiring, s *stream.Stream[Record]) []*stream.Stream[Record] {
		yes, no := s.Split(first)
		return []*stream.Stream[Record]{yes, no.Map(other)}
	}, func(in []Record) [][]Record {
		out := make([][]Record, 2)
		for _, r := range in {
			if first(r) {
				out[0] = append(out[0], r)
			} else {
				out[1] = append(out[1], other(r))
			}
		}
		return out
	}, x.in, x.in)
}

// tee uses a stream twice.
func (x *node) tee() {
	second := func(r Record) Record { return r.onto(x.id, 3) }
	x.add(func(_ *wiring, s *stream.Stream[Record]) []*stream.Stream[Record] {
		return []*stream.Stream[Record]{s.Filter(func(Record) bool { return true }), s.Map(second)}
	}, func(in []Record) [][]Record { return [][]Record{in, mapped(second)(in)} }, x.in, x.in)
}

var errOdd = errors.New("an odd value")

// try sends what fails to a side output.
func (x *node) try() {
	n := int64(x.A) + 1
	fn := func(r Record) (Record, error) {
		if r.Val%n == 0 {
			return r, errOdd
		}
		return r.with(r.Val + 1), nil
	}
	failed := func(r Record) Record { return r.onto(x.id, 4) }
	x.add(func(_ *wiring, s *stream.Stream[Record]) []*stream.Stream[Record] {
		tag := operator.NewSide[operator.Failure[Record]]("failed")
		good := s.Try(fn, tag)
		return []*stream.Stream[Record]{good, good.Side(tag).Map(func(f operator.Failure[Record]) Record { return failed(f.Value) })}
	}, func(in []Record) [][]Record {
		out := make([][]Record, 2)
		for _, r := range in {
			if v, err := fn(r); err == nil {
				out[0] = append(out[0], v)
			} else {
				out[1] = append(out[1], failed(r))
			}
		}
		return out
	}, x.in, x.in)
}

// merge puts two streams together. Where the second changes its parallelism on the way, its order is lost.
func (x *node) merge() {
	with := x.With % len(x.open)
	if with == x.at {
		return
	}
	other := x.open[with]
	moves := other.class != x.in.class && x.in.class != 1
	p := part{in: []int{x.in.stream, other.stream}, out: []int{x.next}}
	p.run = func(_ *wiring, in []*stream.Stream[Record]) []*stream.Stream[Record] {
		if moves {
			in[1] = in[1].Map(Record.loose)
		}
		return []*stream.Stream[Record]{in[0].Merge(in[1])}
	}
	p.eval = func(in [][]Record) [][]Record {
		if moves {
			in[1] = mapped(Record.loose)(in[1])
		}
		return [][]Record{slices.Concat(in[0], in[1])}
	}
	x.open[x.at] = open{
		stream: x.next, class: x.in.class,
		loose: x.in.loose || other.loose || moves, hasty: x.in.hasty || other.hasty, idles: x.in.idles || other.idles,
	}
	x.next++
	x.open = slices.Delete(x.open, with, with+1)
	x.parts = append(x.parts, p)
}

// moved is the input's stream on other subtasks.
func (x *node) moved(class int) open {
	o := x.in
	o.class, o.strict = class, false
	return o
}

func (x *node) rebalance() {
	out := x.moved(x.Class)
	out.loose = out.loose || x.Class != 1
	fn := func(r Record) Record { return r }
	if x.Class != 1 {
		fn = Record.loose
	}
	x.one(func(w *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.Rebalance().Map(fn).Parallelism(w.parallelism(x.Class))
	}, mapped(fn), out)
}

// numbered says on which subtask a record came.
type numbered struct{ subtask uint64 }

func (f *numbered) Open(c operator.Context) error {
	f.subtask = uint64(c.Env().Subtask)
	return nil
}

func (f *numbered) Process(_ operator.RecordContext, r Record, out *operator.Collector[Record]) error {
	out.Emit(r.onto(f.subtask))
	return nil
}

// broadcast sends every record to each of a fixed number of subtasks.
func (x *node) broadcast() {
	copies := 1 + x.A%3
	out := x.moved(fixedClass + copies)
	x.one(func(_ *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.Broadcast().Do(func() operator.Function[Record, Record] { return &numbered{} }).Parallelism(copies)
	}, each(func(r Record) (all []Record) {
		for i := range copies {
			all = append(all, r.onto(uint64(i)))
		}
		return all
	}), out)
}

func (x *node) global() {
	fn := func(r Record) Record { return r }
	x.one(func(_ *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.Global().Map(fn).Parallelism(1)
	}, mapped(fn), x.moved(1))
}

// partition sends records where their value says. Those of one remainder stay together, whatever the parallelism is.
func (x *node) partition() {
	const places = 12
	fn := func(r Record) Record { return r.onto(x.id, uint64(r.Val%places)) }
	x.one(func(w *wiring, s *stream.Stream[Record]) *stream.Stream[Record] {
		return s.Partition(func(r Record, _ int) int { return int(r.Val % places) }).Map(fn).Parallelism(w.parallelism(x.Class))
	}, mapped(fn), x.moved(x.Class))
}
