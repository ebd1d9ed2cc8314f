package sim

import (
	"slices"
	"time"

	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/stream/streamtest"
)

// program is a job compiled: what each node makes of numbered streams, for the engine and for the oracle.
type program struct {
	parts []part
	ends  []open // the streams that sinks take
	next  int
}

// part makes streams of others, twice: with the engine, and in plain Go on all records at once.
type part struct {
	in, out []int
	run     func(w *wiring, in []*stream.Stream[Record]) []*stream.Stream[Record]
	eval    func(in [][]Record) [][]Record
}

// open is a stream that somebody may still take, and what is known of it.
type open struct {
	stream int
	class  int  // of parallelism
	loose  bool // some of its records are on no lane
	marked bool // its watermarks are those of a Marked source
	strict bool // its records come as the source gave them, one after the other: lateness is known
	hasty  bool // its records may be older than its watermark: nothing may wait for event time
	// idles: its source says at times that it is idle. What comes back from idleness comes back by one subtask after the
	// other, so that the answers of one subtask's windows may be late for a second window behind them.
	idles bool
}

// wiring is what the engine's side of a part needs: one life of the process.
type wiring struct {
	job  *Job
	life int
}

func (w *wiring) parallelism(class int) int { return w.job.parallelism(class, w.life) }

// builder compiles.
type builder struct {
	program
	open     []open
	rescales bool
}

func (j *Job) compile() *program {
	b := &builder{rescales: j.Run.Rescale}
	for i, s := range j.Sources {
		b.next++
		b.open = append(b.open, open{stream: i, class: s.Class, marked: s.Kind == Marked, strict: s.Kind != Wide, hasty: s.Kind != Wide, idles: s.idles()})
	}
	for i, n := range j.Nodes {
		x := &node{Node: n, builder: b, id: uint64(i), at: n.In % len(b.open)}
		x.in = b.open[x.at]
		if op := operations[slices.Index(names, n.Op)]; op.takes == nil || op.takes(x.in) {
			op.compile(x)
		}
	}
	b.ends = b.open
	return &b.program
}

// node is a node while it is compiled: its input is open[at].
type node struct {
	Node
	*builder
	id uint64
	at int
	in open
}

// add adds a part from the node's input to outputs of the given properties: the first takes the place of the input,
// the others are open as well.
func (x *node) add(run func(w *wiring, s *stream.Stream[Record]) []*stream.Stream[Record], eval func(in []Record) [][]Record, outs ...open) {
	p := part{
		in:   []int{x.open[x.at].stream},
		run:  func(w *wiring, in []*stream.Stream[Record]) []*stream.Stream[Record] { return run(w, in[0]) },
		eval: func(in [][]Record) [][]Record { return eval(in[0]) },
	}
	for i, o := range outs {
		o.stream = x.next
		x.next++
		p.out = append(p.out, o.stream)
		if i == 0 {
			x.open[x.at] = o
		} else {
			x.open = append(x.open, o)
		}
	}
	x.parts = append(x.parts, p)
}

// one is add for a part of one output.
func (x *node) one(run func(w *wiring, s *stream.Stream[Record]) *stream.Stream[Record], eval func(in []Record) []Record, out open) {
	x.add(func(w *wiring, s *stream.Stream[Record]) []*stream.Stream[Record] {
		return []*stream.Stream[Record]{run(w, s)}
	}, func(in []Record) [][]Record { return [][]Record{eval(in)} }, out)
}

// each evaluates what is done to each record alone.
func each(fn func(Record) []Record) func([]Record) []Record {
	return func(in []Record) (out []Record) {
		for _, r := range in {
			out = append(out, fn(r)...)
		}
		return out
	}
}

// mapped evaluates a map.
func mapped(fn func(Record) Record) func([]Record) []Record {
	return each(func(r Record) []Record { return []Record{fn(r)} })
}

// answer is what plain Go makes of the job's input: the records at each end.
func (p *program) answer(j *Job) [][]Record {
	streams := make([][]Record, p.next)
	for i := range j.Sources {
		for _, split := range j.lines(i) {
			for _, l := range split {
				streams[i] = append(streams[i], l.Record)
			}
		}
	}
	for _, part := range p.parts {
		in := make([][]Record, len(part.in))
		for i, n := range part.in {
			in[i] = streams[n]
		}
		for i, out := range part.eval(in) {
			streams[part.out[i]] = out
		}
	}
	all := make([][]Record, len(p.ends))
	for i, e := range p.ends {
		all[i] = slices.SortedFunc(slices.Values(streams[e.stream]), compare)
	}
	return all
}

// Answer is what plain Go makes of the job, the records of all ends, in order.
func (j *Job) Answer() (all []Record) { return slices.Concat(j.compile().answer(j)...) }

func count(all [][]Record) (n int) {
	for _, records := range all {
		n += len(records)
	}
	return n
}

// wire builds the job for one life of the process, between sources and sinks that outlive it.
func (p *program) wire(w *wiring, sources []*streamtest.Script[Record], sinks []*streamtest.Collected[Record]) {
	streams := make([]*stream.Stream[Record], p.next)
	for i, s := range w.job.Sources {
		streams[i] = timed(s, sources[i].Stream().Parallelism(w.parallelism(s.Class)))
	}
	for _, part := range p.parts {
		in := make([]*stream.Stream[Record], len(part.in))
		for i, n := range part.in {
			in[i] = streams[n]
		}
		for i, out := range part.run(w, in) {
			streams[part.out[i]] = out
		}
	}
	for i, e := range p.ends {
		sinks[i].From(streams[e.stream]).Parallelism(w.parallelism(e.class))
	}
}

func timed(s Source, in *stream.Stream[Record]) *stream.Stream[Record] {
	switch s.Kind {
	case Wide:
		return in.EventTime(Record.time, stream.OutOfOrder((delay+2)*time.Second))
	case Strict:
		return in.EventTime(Record.time, stream.OutOfOrder(strictBy*time.Second))
	}
	return in
}
