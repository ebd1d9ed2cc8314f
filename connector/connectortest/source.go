package connectortest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
)

// SourceCase is a source to be tested.
type SourceCase[T any] struct {
	// New returns the source, with the same records each time.
	New func() operator.Source[T]
	// Want is what it gives, splits in any order. A source without an end is read until it has given as many.
	Want []T
	// Sides are the side outputs to connect, by name; nil for none.
	Sides map[string]any
}

// patience is how long a test waits for a source that says nothing.
const patience = 20 * time.Second

// Source runs the suite for a source.
func Source[T any](t *testing.T, c SourceCase[T]) {
	t.Run("description", func(t *testing.T) {
		s := c.New()
		require.NotEmpty(t, s.Name())
		require.NoError(t, s.Validate())
		a, err := s.Splits(t.Context())
		require.NoError(t, err)
		b, err := c.New().Splits(t.Context())
		require.NoError(t, err)
		require.Equal(t, a, b, "Splits must name the same splits each time")
		ids := map[string]bool{}
		for _, split := range a {
			require.False(t, ids[split.ID], "two splits are called %q", split.ID)
			ids[split.ID] = true
		}
	})
	t.Run("all", func(t *testing.T) {
		for _, limit := range []int{1, 7, 256} {
			r := c.start(t, 1, nil)
			r.run(len(c.Want), limit)
			r.close()
			require.ElementsMatch(t, c.Want, r.all())
		}
	})
	t.Run("replay", func(t *testing.T) { c.replay(t, 1, 1, 1) })
	t.Run("rescale", func(t *testing.T) { c.replay(t, 1, 3, 2) })
	t.Run("mutating receiver", c.mutate)
	t.Run("failing receiver", c.fail)
}

// replay cuts the reading at some records, twice, and demands that what is read before and after is what one
// reading gives, split by split.
func (c SourceCase[T]) replay(t *testing.T, parallelism ...int) {
	whole := c.start(t, 1, nil)
	whole.run(len(c.Want), 256)
	whole.close()
	for _, cut := range cuts(len(c.Want)) {
		got := map[string][]T{}
		var positions map[string]mark
		for i, p := range parallelism {
			r := c.start(t, p, positions)
			until := len(c.Want) - count(got)
			if i < len(parallelism)-1 {
				until = min(until, (cut+i)/(i+1))
			}
			r.run(until, 1)
			positions = r.positions()
			r.close()
			for id, values := range r.got {
				got[id] = append(got[id], values...)
			}
		}
		require.Equal(t, whole.got, got, "cut after record %d, parallelism %v", cut, parallelism)
	}
}

// cuts returns some numbers of records from 0 to n: all of a few, some of many.
func cuts(n int) []int {
	step := max(1, n/24)
	var at []int
	for i := 0; i <= n; i += step {
		at = append(at, i)
	}
	return append(at, n)
}

func count[T any](m map[string][]T) (n int) {
	for v := range maps.Values(m) {
		n += len(v)
	}
	return n
}

// mutate demands that a record belongs to its receiver during the call.
func (c SourceCase[T]) mutate(t *testing.T) {
	shared := c.New()
	for range 2 {
		r := c.open(t, shared, 1, nil)
		r.mutate = true
		r.run(len(c.Want), 16)
		r.close()
		require.ElementsMatch(t, c.Want, r.all(), "a receiver changed its copy, and the next reading saw it")
	}
}

var errDownstream = errors.New("the receiver failed")

// fail demands that an error of the receiver comes back from Poll.
func (c SourceCase[T]) fail(t *testing.T) {
	if len(c.Want) == 0 {
		return
	}
	r := c.start(t, 1, nil)
	r.failAt = len(c.Want) / 2
	err := r.poll(len(c.Want), 256)
	r.close()
	require.ErrorIs(t, err, errDownstream)
	require.LessOrEqual(t, count(r.got), r.failAt, "records came after the error")
}

// mark is where to go on in a split.
type mark struct {
	split    operator.Split
	position []byte
}

// reading is one attempt to read a source by some subtasks, all in this goroutine.
type reading[T any] struct {
	t      *testing.T
	tasks  []*sourceTask[T]
	got    map[string][]T
	wake   chan struct{} // of all tasks: who waits then polls each
	mutate bool
	failAt int // -1: never
}

type sourceTask[T any] struct {
	env    *operator.Env
	reader operator.Reader[T]
	out    operator.Emitter[T]
	splits []operator.Split // by number
	to     *reading[T]
	done   bool
}

func (c SourceCase[T]) start(t *testing.T, parallelism int, from map[string]mark) *reading[T] {
	return c.open(t, c.New(), parallelism, from)
}

func (c SourceCase[T]) open(t *testing.T, s operator.Source[T], parallelism int, from map[string]mark) *reading[T] {
	t.Helper()
	r := &reading[T]{t: t, got: map[string][]T{}, wake: make(chan struct{}, 1), failAt: -1}
	splits, err := s.Splits(t.Context())
	require.NoError(t, err)
	for i := range parallelism {
		task := &sourceTask[T]{env: Env(t.Context(), i, parallelism), to: r}
		task.env.Wake = func() {
			select {
			case r.wake <- struct{}{}:
			default:
			}
		}
		maps.Copy(task.env.Sides, c.Sides)
		task.out = operator.Emitter[T]{Next: task, Task: task.env.Task}
		task.reader, err = s.Reader(operator.NewContext(task.env))
		require.NoError(t, err)
		task.add(splits, from)
		r.tasks = append(r.tasks, task)
	}
	return r
}

// add hands the task its splits: restored ones first, as a runtime does.
func (s *sourceTask[T]) add(found []operator.Split, from map[string]mark) {
	for _, id := range slices.Sorted(maps.Keys(from)) {
		s.addOne(from[id].split, slices.Clone(from[id].position))
	}
	for _, split := range found {
		if _, ok := from[split.ID]; !ok {
			s.addOne(split, nil)
		}
	}
}

func (s *sourceTask[T]) addOne(split operator.Split, position []byte) {
	if int(split.Ord)%s.env.Parallelism != s.env.Subtask {
		return
	}
	s.splits = append(s.splits, split)
	require.NoError(s.to.t, s.reader.Add(split, int32(len(s.splits)-1), position))
	for i := range position {
		position[i] = 0xAA // it was the reader's during the call
	}
}

// Push takes a record: the task is its own receiver.
func (s *sourceTask[T]) Push(_ int64, v *T) error {
	r := s.to
	if r.failAt >= 0 && count(r.got) >= r.failAt {
		return errDownstream
	}
	id := s.splits[s.env.Task.Split].ID
	r.got[id] = append(r.got[id], *v)
	if r.mutate {
		var zero T
		*v = zero
	}
	return nil
}

// Mark takes a control element.
func (s *sourceTask[T]) Mark(operator.Mark) error { return nil }

// run reads until there are n records, or all.
func (r *reading[T]) run(n, limit int) {
	r.t.Helper()
	require.NoError(r.t, r.poll(n, limit))
}

func (r *reading[T]) poll(n, limit int) error {
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	for count(r.got) < n {
		progress, err := r.round(n, limit)
		if err != nil {
			return err
		}
		if progress {
			continue
		}
		if r.finished() {
			return nil
		}
		r.wait(ctx)
	}
	return nil
}

// round polls each task once, and reports whether one of them wants to be polled again.
func (r *reading[T]) round(n, limit int) (progress bool, err error) {
	for _, task := range r.tasks {
		left := n - count(r.got)
		if task.done || left <= 0 {
			continue
		}
		status, deadline, err := task.reader.Poll(&task.out, min(limit, left))
		if err != nil {
			return false, err
		}
		task.done = status == operator.Done
		progress = progress || status == operator.Ready
		if status == operator.Blocked && deadline != 0 {
			task.env.Clock.(*Clock).Set(deadline)
			progress = true
		}
	}
	return progress, nil
}

func (r *reading[T]) finished() bool {
	return !slices.ContainsFunc(r.tasks, func(s *sourceTask[T]) bool { return !s.done })
}

// wait waits until a reader calls Wake.
func (r *reading[T]) wait(ctx context.Context) {
	select {
	case <-r.wake:
	case <-ctx.Done():
		require.FailNow(r.t, "the source neither gave records nor said that it ended", "got %d records", count(r.got))
	}
}

// positions returns where to go on, as a checkpoint would keep it.
func (r *reading[T]) positions() map[string]mark {
	at := map[string]mark{}
	for _, task := range r.tasks {
		task.reader.Positions(func(id string, position []byte) {
			i := slices.IndexFunc(task.splits, func(s operator.Split) bool { return s.ID == id })
			require.GreaterOrEqual(r.t, i, 0, "a position of split %q, which was not added", id)
			at[id] = mark{task.splits[i], slices.Clone(position)}
			for i := range position {
				position[i] = 0xAA // the slice is the reader's to reuse: it must not depend on what is in it
			}
		})
	}
	return at
}

// all returns what was read, splits in the order of their names.
func (r *reading[T]) all() (values []T) {
	for _, id := range slices.Sorted(maps.Keys(r.got)) {
		values = append(values, r.got[id]...)
	}
	return values
}

func (r *reading[T]) close() {
	r.t.Helper()
	for _, task := range r.tasks {
		require.NoError(r.t, task.reader.Close())
	}
}
