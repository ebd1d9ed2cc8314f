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

// line is a record, or something else that a split does.
type line[T any] struct {
	time  int64
	value T
	kind  lineKind
	wait  time.Duration
}

type lineKind uint8

const (
	recordLine lineKind = iota
	watermarkLine
	idleLine
	pauseLine
)

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
	return s.add(line[T]{time: s.parse(clock), kind: watermarkLine})
}

// Idle says that the split has nothing for now, so that event time does not wait for it. Its next record ends that; it
// may be late, as the others have gone on.
func (s *Script[T]) Idle() *Script[T] { return s.add(line[T]{kind: idleLine}) }

// Pause lets the split give nothing for d of virtual time, once it is played so far. After a restart it waits anew.
func (s *Script[T]) Pause(d time.Duration) *Script[T] {
	return s.add(line[T]{kind: pauseLine, wait: d})
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
func (s *Script[T]) Reader(x operator.Context) (operator.Reader[T], error) {
	return &scriptReader[T]{script: s, context: x}, nil
}

// scriptReader plays the splits of one subtask, a few lines of each in turn.
type scriptReader[T any] struct {
	script  *Script[T]
	context operator.Context
	splits  []*playing[T]
	next    int
	until   int64 // nothing is read before: the source is slow
}

type playing[T any] struct {
	id     string
	number int32
	lines  []line[T]
	at     int
	until  int64 // nothing is played before
	done   bool
	paused bool
}

func (r *scriptReader[T]) Add(s operator.Split, number int32, position []byte) error {
	p := &playing[T]{id: s.ID, number: number, lines: r.script.splits[s.Ord]}
	if position != nil {
		if len(position) != 8 {
			return fmt.Errorf("streamtest: a position of %d bytes", len(position))
		}
		p.at = int(binary.LittleEndian.Uint64(position))
	}
	r.splits = append(r.splits, p)
	return nil
}

// burst is the most lines of one split that a poll plays: short, so that there is much to interleave.
const burst = 4

func (r *scriptReader[T]) Poll(out *operator.Emitter[T], _ int) (operator.Status, int64, error) {
	now := r.context.Env().Clock.Now()
	if now < r.until {
		return operator.Blocked, r.until, nil
	}
	wake, waits := int64(0), false
	for range r.splits {
		p := r.splits[r.next%len(r.splits)]
		r.next++
		switch {
		case p.done:
		case p.paused:
			waits = true
		case now < p.until:
			if wake == 0 || p.until < wake {
				wake = p.until
			}
		default:
			return operator.Ready, 0, r.play(p, out, now)
		}
	}
	if wake != 0 || waits {
		return operator.Blocked, wake, nil
	}
	return operator.Done, 0, nil
}

func (r *scriptReader[T]) play(p *playing[T], out *operator.Emitter[T], now int64) error {
	out.Split(p.number)
	for range 1 + r.script.h.random.IntN(burst) {
		if p.at == len(p.lines) {
			p.done = true
			return out.Done(p.number)
		}
		if p.paused {
			return nil
		}
		l := p.lines[p.at]
		if l.kind == recordLine {
			if wait, err := r.script.h.emitting(); err != nil || wait > 0 {
				r.until = now + int64(wait)
				return err
			}
		}
		p.at++
		if l.kind == pauseLine {
			p.until = now + int64(l.wait)
			return nil
		}
		if err := emit(p, &l, out); err != nil {
			return err
		}
	}
	return nil
}

func emit[T any](p *playing[T], l *line[T], out *operator.Emitter[T]) error {
	switch l.kind {
	case watermarkLine:
		return out.Next.Mark(operator.Mark{Kind: operator.Watermark, Value: l.time})
	case idleLine:
		return out.Idle(p.number)
	default:
		return out.Emit(l.time, &l.value)
	}
}

// Pause implements operator.Pauser.
func (r *scriptReader[T]) Pause(number int32, paused bool) {
	for _, p := range r.splits {
		if p.number == number {
			p.paused = paused
		}
	}
}

func (r *scriptReader[T]) Positions(yield func(string, []byte)) {
	for _, p := range r.splits {
		yield(p.id, binary.LittleEndian.AppendUint64(nil, uint64(p.at)))
	}
}

func (r *scriptReader[T]) Close() error { return nil }

// emitting counts a record that a source is about to emit. One that the source is slow with, or fails to read, is
// counted again when it is read.
func (h *Harness) emitting() (wait time.Duration, err error) {
	h.records++
	if _, now := h.due(CrashRecord, h.records); now {
		h.crash = true
	}
	if _, now := h.due(SourceError, h.records); now {
		return 0, fmt.Errorf("%w: reading record %d", ErrFault, h.records)
	}
	wait, _ = h.due(SourceSlow, h.records)
	return wait, nil
}
