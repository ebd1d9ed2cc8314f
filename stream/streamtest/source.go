package streamtest

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
)

// Script is a source that gives out what the test wrote, in order, and then ends.
type Script[T any] struct {
	h      *Harness
	name   string
	splits [][]line[T]
	at     int // split that is written to
}

// line is a record, or a watermark.
type line[T any] struct {
	time      int64
	value     T
	watermark bool
}

// Source returns a scripted source of a harness.
func Source[T any](h *Harness) *Script[T] {
	return &Script[T]{h: h, name: "script", splits: make([][]line[T], 1)}
}

// Stream begins a stream at the source.
func (s *Script[T]) Stream() *stream.Stream[T] { return stream.From[T](s.h.job, s) }

// Split makes what follows part of split i: splits are read side by side.
func (s *Script[T]) Split(i int) *Script[T] {
	for len(s.splits) <= i {
		s.splits = append(s.splits, nil)
	}
	s.at = i
	return s
}

// At adds a record with an event time: a clock time such as "10:00:02.5" on Day, or RFC 3339.
func (s *Script[T]) At(clock string, v T) *Script[T] {
	return s.add(line[T]{time: s.parse(clock), value: v})
}

// Add adds records without event time.
func (s *Script[T]) Add(values ...T) *Script[T] {
	for _, v := range values {
		s.add(line[T]{time: operator.NoTime, value: v})
	}
	return s
}

// Watermark says that no record of an earlier event time follows. It counts even if the stream takes its event
// time by EventTime right behind the source.
func (s *Script[T]) Watermark(clock string) *Script[T] {
	return s.add(line[T]{time: s.parse(clock), watermark: true})
}

func (s *Script[T]) add(l line[T]) *Script[T] {
	s.splits[s.at] = append(s.splits[s.at], l)
	return s
}

func (s *Script[T]) parse(clock string) int64 {
	t, err := Time(clock)
	if err != nil {
		s.h.t.Helper()
		s.h.t.Fatal(err)
	}
	return t.UnixNano()
}

// Time returns the time that a script means by a text.
func Time(clock string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, clock); err == nil {
		return t, nil
	}
	t, err := time.Parse("15:04:05.999999999", clock)
	if err != nil {
		return t, fmt.Errorf("streamtest: %q is no time; write 10:00:00 or RFC 3339", clock)
	}
	return Day.Add(t.Sub(t.Truncate(24 * time.Hour))), nil
}

// Name implements operator.Source.
func (s *Script[T]) Name() string { return s.name }

// Validate implements operator.Source.
func (s *Script[T]) Validate() error { return nil }

// Splits implements operator.Source.
func (s *Script[T]) Splits(context.Context) (all []operator.Split, err error) {
	for i := range s.splits {
		all = append(all, operator.Split{ID: fmt.Sprint(i), Ord: uint32(i)})
	}
	return all, nil
}

// Reader implements operator.Source.
func (s *Script[T]) Reader(operator.Context) (operator.Reader[T], error) {
	return &scriptReader[T]{script: s}, nil
}

// scriptReader plays the splits of one subtask, a few lines of each in turn.
type scriptReader[T any] struct {
	script *Script[T]
	splits []*playing[T]
	next   int
}

type playing[T any] struct {
	id     string
	number int32
	lines  []line[T]
	at     int
	done   bool
}

func (r *scriptReader[T]) Add(s operator.Split, number int32, position []byte) error {
	p := &playing[T]{id: s.ID, number: number, lines: r.script.splits[s.Ord]}
	if position != nil {
		p.at = int(binary.LittleEndian.Uint64(position))
	}
	r.splits = append(r.splits, p)
	return nil
}

// burst is the most lines of one split that a poll plays: short, so that there is much to interleave.
const burst = 4

func (r *scriptReader[T]) Poll(out *operator.Emitter[T], _ int) (operator.Status, int64, error) {
	for range r.splits {
		p := r.splits[r.next%len(r.splits)]
		r.next++
		if p.done {
			continue
		}
		return operator.Ready, 0, r.play(p, out)
	}
	return operator.Done, 0, nil
}

func (r *scriptReader[T]) play(p *playing[T], out *operator.Emitter[T]) error {
	out.Split(p.number)
	for range 1 + r.script.h.random.IntN(burst) {
		if p.at == len(p.lines) {
			p.done = true
			return out.Done(p.number)
		}
		l := p.lines[p.at]
		p.at++
		if err := r.emit(&l, out); err != nil {
			return err
		}
	}
	return nil
}

func (r *scriptReader[T]) emit(l *line[T], out *operator.Emitter[T]) error {
	if l.watermark {
		return out.Next.Mark(operator.Mark{Kind: operator.Watermark, Value: l.time})
	}
	r.script.h.emitted()
	return out.Emit(l.time, &l.value)
}

func (r *scriptReader[T]) Positions(yield func(string, []byte)) {
	for _, p := range r.splits {
		yield(p.id, binary.LittleEndian.AppendUint64(nil, uint64(p.at)))
	}
}

func (r *scriptReader[T]) Close() error { return nil }

// emitted counts a record of any source, for CrashAtRecord.
func (h *Harness) emitted() {
	h.records++
	if h.plan.records[h.records] {
		h.crash = true
	}
}
