package stream_test

import (
	"context"
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/turgo-io/turgo/operator"
)

// hooks are called by the fakes, if they are set, at the places that they name.
type hooks map[string]func() error

func (h hooks) at(place string) error {
	if f := h[place]; f != nil {
		return f()
	}
	return nil
}

// count is a source of the numbers from 0 to n-1 in some splits, with hooks at every call.
type count struct {
	n, splits int
	hooks     hooks
	idle      func() // called when a subtask has given all; the source then waits for ever
}

func (s count) Name() string    { return "count" }
func (s count) Validate() error { return nil }

func (s count) Splits(ctx context.Context) (all []operator.Split, err error) {
	for i := range max(1, s.splits) {
		all = append(all, operator.Split{ID: string(rune('a' + i)), Ord: uint32(i)})
	}
	return all, s.hooks.at("splits")
}

func (s count) Reader(c operator.Context) (operator.Reader[int], error) {
	if err := s.hooks.at("reader"); err != nil {
		return nil, err
	}
	return &countReader{count: s}, nil
}

type countReader struct {
	count
	all []*countSplit
}

type countSplit struct {
	id       string
	number   int32
	next     int
	finished bool
}

func (r *countReader) Add(s operator.Split, number int32, position []byte) error {
	at := int(s.Ord)
	if position != nil {
		at = int(binary.LittleEndian.Uint64(position))
	}
	r.all = append(r.all, &countSplit{id: s.ID, number: number, next: at})
	return r.hooks.at("add")
}

func (r *countReader) Poll(out *operator.Emitter[int], most int) (operator.Status, int64, error) {
	more := false
	for _, s := range r.all {
		if s.finished {
			continue
		}
		more = true
		out.Split(s.number)
		for range min(most, 16) {
			if s.next >= r.n {
				if r.idle == nil {
					s.finished = true
					if err := out.Done(s.number); err != nil {
						return operator.Done, 0, err
					}
				} else {
					more = false
				}
				break
			}
			v := s.next
			s.next += max(1, r.splits)
			if err := out.Emit(operator.NoTime, &v); err != nil {
				return operator.Done, 0, err
			}
		}
	}
	if err := r.hooks.at("poll"); err != nil {
		return operator.Done, 0, err
	}
	switch {
	case more:
		return operator.Ready, 0, nil
	case r.idle != nil && len(r.all) > 0:
		r.idle()
		return operator.Blocked, 0, nil
	}
	return operator.Done, 0, nil
}

func (r *countReader) Positions(yield func(string, []byte)) {
	if err := r.hooks.at("positions"); err != nil {
		panic(err)
	}
	for _, s := range r.all {
		yield(s.id, binary.LittleEndian.AppendUint64(nil, uint64(s.next)))
	}
}

func (r *countReader) Close() error { return r.hooks.at("source close") }

// drain is a sink that counts what it gets, with hooks at every call.
type drain[T any] struct {
	hooks hooks
	n     *atomic.Int64
	work  func(T)
}

func (s drain[T]) Name() string                  { return "drain" }
func (s drain[T]) Validate() error               { return nil }
func (s drain[T]) Guarantee() operator.Guarantee { return operator.AtLeastOnce }

func (s drain[T]) Writer(operator.Context) (operator.Writer[T], error) {
	if err := s.hooks.at("writer"); err != nil {
		return nil, err
	}
	return s, nil
}

func (s drain[T]) Write(_ int64, v *T) error {
	if s.n != nil {
		s.n.Add(1)
	}
	if s.work != nil {
		s.work(*v)
	}
	return s.hooks.at("write")
}

func (s drain[T]) Flush() error                              { return s.hooks.at("flush") }
func (s drain[T]) Commit(int64) error                        { return s.hooks.at("commit") }
func (s drain[T]) Close() error                              { return s.hooks.at("sink close") }
func (s drain[T]) Prepare(_ int64, done func([]byte, error)) { done(nil, s.hooks.at("prepare")) }

// user is a keyed function that hands numbers on, with hooks at every call.
type user struct {
	hooks hooks
	open  bool
}

func (u *user) Open(operator.Context) error {
	u.open = true
	return u.hooks.at("open")
}

func (u *user) Process(c operator.KeyedContext[int], v int, out *operator.Collector[int]) error {
	if err := u.hooks.at("process"); err != nil {
		return err
	}
	c.SetProcessingTimer(c.Now())
	out.Emit(v)
	return u.hooks.at("after emit")
}

func (u *user) OnTimer(operator.KeyedContext[int], time.Time, *operator.Collector[int]) error {
	return u.hooks.at("timer")
}

func (u *user) Close() error {
	if !u.open {
		panic("closed without having been opened")
	}
	return u.hooks.at("close")
}
