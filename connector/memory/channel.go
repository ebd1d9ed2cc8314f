package memory

import (
	"context"
	"errors"
	"sync"

	"github.com/turgo-io/turgo/operator"
)

// Channel returns a source of what comes on a channel, until it is closed. It has one split, read by subtask 0.
// At most once: what was taken from the channel since the last checkpoint is lost when the job fails.
func Channel[T any](values <-chan T) operator.Source[T] { return channelSource[T]{values} }

type channelSource[T any] struct{ values <-chan T }

// Name returns "channel".
func (s channelSource[T]) Name() string { return "channel" }

// Validate reports a nil channel: nothing would ever come on it.
func (s channelSource[T]) Validate() error {
	if s.values == nil {
		return errors.New("memory: the channel is nil: nothing would ever come on it")
	}
	return nil
}

// Splits lists the one split there is.
func (s channelSource[T]) Splits(context.Context) ([]operator.Split, error) {
	return []operator.Split{{ID: "channel"}}, nil
}

// Reader returns the reader of one subtask.
func (s channelSource[T]) Reader(c operator.Context) (operator.Reader[T], error) {
	return &channelReader[T]{values: s.values, wake: c.Env().Wake, stop: make(chan struct{})}, nil
}

// channelReader takes values in a goroutine of its own, which alone may wait for the channel, and hands
// them to the task in swapped buffers.
type channelReader[T any] struct {
	values <-chan T
	wake   func()
	number int32
	stop   chan struct{}
	pump   sync.WaitGroup
	out    []T // the task's: being emitted
	at     int // values of out that were emitted
	value  T

	mu     sync.Mutex
	in     []T // the pump's
	ended  bool
	room   sync.Cond // in has been taken
	closed bool
	open   bool // the split was added
	said   bool // its end was told
}

// pumpSize bounds what is taken from the channel ahead of the task.
const pumpSize = 1024

// Add starts to take values. A position is of no use to a channel.
func (r *channelReader[T]) Add(_ operator.Split, number int32, _ []byte) error {
	r.number, r.open = number, true
	r.room.L = &r.mu
	r.pump.Go(r.take)
	return nil
}

func (r *channelReader[T]) take() {
	for {
		select {
		case v, ok := <-r.values:
			if !r.put(v, ok) {
				return
			}
		case <-r.stop:
			return
		}
	}
}

// put hands a value over, or that the channel is closed, and reports whether to go on.
func (r *channelReader[T]) put(v T, ok bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.in) >= pumpSize && !r.closed {
		r.room.Wait()
	}
	if r.closed {
		return false
	}
	if ok {
		r.in = append(r.in, v)
	}
	r.ended = !ok
	if len(r.in) <= 1 || !ok {
		r.wake() // the task has seen all before this one, or must see the end
	}
	return ok
}

// Poll emits what has come. The task is woken when more comes.
func (r *channelReader[T]) Poll(out *operator.Emitter[T], limit int) (operator.Status, int64, error) {
	if !r.open {
		return operator.Done, 0, nil // another subtask reads the channel
	}
	if r.at == len(r.out) {
		if ended := r.swap(); len(r.out) == 0 {
			return r.quiet(out, ended)
		}
	}
	out.Split(r.number)
	for n := min(limit, len(r.out)-r.at); n > 0; n-- {
		r.value = r.out[r.at]
		r.at++
		if err := out.Emit(operator.NoTime, &r.value); err != nil {
			return operator.Done, 0, err
		}
	}
	return operator.Ready, 0, nil
}

// swap takes what has come and reports whether nothing follows it.
func (r *channelReader[T]) swap() (ended bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.out)
	r.in, r.out, r.at = r.out[:0], r.in, 0
	r.room.Signal()
	return r.ended
}

// quiet says that nothing is there for now, or ever.
func (r *channelReader[T]) quiet(out *operator.Emitter[T], ended bool) (operator.Status, int64, error) {
	if !ended {
		return operator.Blocked, 0, out.Idle(r.number)
	}
	if r.said {
		return operator.Done, 0, nil
	}
	r.said = true
	return operator.Done, 0, out.Done(r.number)
}

// Positions yields the split without a position: the channel itself is where it is.
func (r *channelReader[T]) Positions(yield func(split string, position []byte)) {
	if r.open {
		yield("channel", nil)
	}
}

// Close stops taking values.
func (r *channelReader[T]) Close() error {
	close(r.stop)
	r.mu.Lock()
	r.closed = true
	if r.open {
		r.room.Signal()
	}
	r.mu.Unlock()
	r.pump.Wait()
	return nil
}
