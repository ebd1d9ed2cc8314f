package memory

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/turgo-io/turgo/operator"
)

// ErrPosition says that a checkpoint's position does not fit the values: they are not those it was taken with.
var ErrPosition = errors.New("memory: the restored position is not one of this source")

// Source gives values of the process. Of, Lines, Slice, Seq and Generate make one.
type Source[T any] struct {
	splits int
	own    int // splits that the values come in, 0 if they can be dealt to any number
	seq    func(split, splits int) iter.Seq[T]
}

// Of returns a source of the values, in order.
func Of[T any](values ...T) *Source[T] { return Slice(values) }

// Lines returns a source of strings, in order.
func Lines(lines ...string) *Source[string] { return Slice(lines) }

// Slice returns a source of the slice's values, in order. The slice must not change while a job reads it.
func Slice[T any](values []T) *Source[T] {
	return &Source[T]{splits: 1, seq: func(split, splits int) iter.Seq[T] {
		return func(yield func(T) bool) {
			for i := split; i < len(values); i += splits {
				if !yield(values[i]) {
					return
				}
			}
		}
	}}
}

// Seq returns a source of what seq yields; it may be endless. seq is ranged over once for each run and split, and
// must yield the same values each time.
func Seq[T any](seq iter.Seq[T]) *Source[T] {
	s := &Source[T]{splits: 1}
	if seq != nil {
		s.seq = func(split, splits int) iter.Seq[T] { return every(seq, split, splits) }
	}
	return s
}

// every yields each splits-th value of seq, from the one numbered split.
func every[T any](seq iter.Seq[T], split, splits int) iter.Seq[T] {
	return func(yield func(T) bool) {
		i := 0
		for v := range seq {
			if i%splits == split && !yield(v) {
				return
			}
			i++
		}
	}
}

// Generate returns a source of as many splits, each with the values that seq yields for its number, from 0.
// Unlike Seq with Spread, no value is made and thrown away.
func Generate[T any](splits int, seq func(split int) iter.Seq[T]) *Source[T] {
	s := &Source[T]{splits: splits, own: splits}
	if seq != nil {
		s.seq = func(split, _ int) iter.Seq[T] { return seq(split) }
	}
	return s
}

// Spread returns the source with its values dealt to n splits in turn. A source of Generate has its splits
// already: it cannot be spread to another number.
func (s *Source[T]) Spread(n int) *Source[T] {
	return &Source[T]{splits: n, own: s.own, seq: s.seq}
}

// Name returns "memory".
func (s *Source[T]) Name() string { return "memory" }

// Validate reports a source without values or splits.
func (s *Source[T]) Validate() error {
	var errs []error
	if s.seq == nil {
		errs = append(errs, errors.New("memory: the sequence is nil; make the source by Of, Lines, Slice, Seq or Generate"))
	}
	if s.splits < 1 {
		errs = append(errs, fmt.Errorf("memory: %d splits; there must be one at least", s.splits))
	}
	if s.own != 0 && s.splits != s.own {
		errs = append(errs, fmt.Errorf("memory: a source of %d generated splits cannot be spread to %d", s.own, s.splits))
	}
	return errors.Join(errs...)
}

// Splits lists the splits: "0", "1", ….
func (s *Source[T]) Splits(context.Context) ([]operator.Split, error) {
	splits := make([]operator.Split, s.splits)
	for i := range splits {
		splits[i] = operator.Split{ID: strconv.Itoa(i), Ord: uint32(i)}
	}
	return splits, nil
}

// Reader returns the reader of one subtask.
func (s *Source[T]) Reader(operator.Context) (operator.Reader[T], error) {
	return &reader[T]{source: s}, nil
}

// pullSize is how many values are drawn from a sequence at a time: a switch of coroutines costs as much as
// many values.
const pullSize = 256

type reader[T any] struct {
	source *Source[T]
	splits []*sequence[T]
	open   int // splits that are not at their end
	turn   int // the split to look at next
	value  T
}

// sequence is a split that is being read.
type sequence[T any] struct {
	id     string
	number int32
	taken  uint64 // values emitted, or skipped as emitted before
	skip   uint64 // of them to be skipped yet
	batch  []T    // drawn from the sequence, not yet emitted
	next   func() ([]T, bool)
	stop   func()
	done   bool
}

// Add opens a split behind its position.
func (r *reader[T]) Add(s operator.Split, number int32, position []byte) error {
	index, err := strconv.Atoi(s.ID)
	if err != nil || index < 0 || index >= r.source.splits {
		return fmt.Errorf("%w: split %q of %d splits", ErrPosition, s.ID, r.source.splits)
	}
	skip, n := uint64(0), 0
	if position != nil {
		if skip, n = binary.Uvarint(position); n != len(position) || n <= 0 {
			return fmt.Errorf("%w: split %q at %x", ErrPosition, s.ID, position)
		}
	}
	q := &sequence[T]{id: s.ID, number: number, taken: skip, skip: skip}
	q.next, q.stop = iter.Pull(q.batches(r.source.seq(index, r.source.splits)))
	r.splits = append(r.splits, q)
	r.open++
	return nil
}

// batches yields the values of seq behind those to be skipped, some at a time. A batch is valid until the next
// one is drawn.
func (q *sequence[T]) batches(seq iter.Seq[T]) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		batch := make([]T, 0, pullSize)
		for v := range seq {
			if q.skip > 0 {
				q.skip--
				continue
			}
			if batch = append(batch, v); len(batch) == cap(batch) {
				if !yield(batch) {
					return
				}
				batch = batch[:0]
			}
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
}

// Poll emits values of the next split that has some.
func (r *reader[T]) Poll(out *operator.Emitter[T], limit int) (operator.Status, int64, error) {
	if r.open == 0 {
		return operator.Done, 0, nil
	}
	q := r.splits[r.turn%len(r.splits)]
	for q.done {
		r.turn++
		q = r.splits[r.turn%len(r.splits)]
	}
	r.turn++
	return operator.Ready, 0, r.emit(q, out, limit)
}

func (r *reader[T]) emit(q *sequence[T], out *operator.Emitter[T], limit int) error {
	if len(q.batch) == 0 && !q.draw() {
		if q.skip > 0 {
			return fmt.Errorf("%w: split %q has %d values less than the checkpoint had seen", ErrPosition, q.id, q.skip)
		}
		r.open--
		return out.Done(q.number)
	}
	out.Split(q.number)
	n := min(limit, len(q.batch))
	for i := range n {
		r.value = q.batch[i] // a copy: who receives it may change it
		q.taken++
		if err := out.Emit(operator.NoTime, &r.value); err != nil {
			return err
		}
	}
	q.batch = q.batch[n:]
	return nil
}

// draw takes the next values from the sequence, and reports whether there were any.
func (q *sequence[T]) draw() bool {
	batch, ok := q.next()
	q.batch, q.done = batch, !ok
	return ok
}

// Positions yields how many values of each split were emitted.
func (r *reader[T]) Positions(yield func(split string, position []byte)) {
	var buf [binary.MaxVarintLen64]byte
	for _, q := range r.splits {
		yield(q.id, binary.AppendUvarint(buf[:0], q.taken))
	}
}

// Close ends the sequences.
func (r *reader[T]) Close() error {
	for _, q := range r.splits {
		q.stop()
	}
	return nil
}
