package stream

import (
	"context"

	"github.com/turgo-io/turgo/operator/async"
)

// Async turns each record into fn of it, many at a time: fn is a plain function that may block, such as a call of a
// service. Options of package async say which result may overtake which, how many records are under way, and about
// timeouts, retries, fallbacks and a circuit breaker:
//
//	scored := payments.Async(ask, async.Unordered(), async.Capacity(1000), async.Timeout(2*time.Second),
//		async.Retries(async.Retry{Attempts: 3}), async.FailedTo(unscored))
//
// Records under way are part of checkpoints; after a restart they are asked about again.
func (s *Stream[T]) Async[U any](fn func(context.Context, T) (U, error), opts ...async.Option) *Stream[U] {
	return via(s, async.New(fn, opts...))
}

// AsyncBatch is Async for a function that takes several records at once and returns a result for each.
func (s *Stream[T]) AsyncBatch[U any](fn func(context.Context, []T) ([]U, error), b async.Batch, opts ...async.Option) *Stream[U] {
	return via(s, async.NewBatched(fn, b, opts...))
}

// Lookup joins each record with what a system outside says of its key. Answers can be kept (async.Cached), and equal
// keys under way be asked about once.
func (s *Stream[T]) Lookup[Q comparable, A, U any](l async.Lookup[T, Q, A, U], opts ...async.Option) *Stream[U] {
	return via(s, async.NewLookup(l, opts...))
}

// Async is Stream.Async that keeps the key. The records of one key are asked about one after the other, in order; those
// of different keys overtake each other up to the next watermark.
func (k *Keyed[K, T]) Async[U any](fn func(context.Context, T) (U, error), opts ...async.Option) *Keyed[K, U] {
	return keep(k, async.New(fn, onKeys[K](opts)...))
}

// AsyncBatch is Stream.AsyncBatch that keeps the key; a call has one record of a key at most.
func (k *Keyed[K, T]) AsyncBatch[U any](fn func(context.Context, []T) ([]U, error), b async.Batch, opts ...async.Option) *Keyed[K, U] {
	return keep(k, async.NewBatched(fn, b, onKeys[K](opts)...))
}

// Lookup is Stream.Lookup that keeps the key.
func (k *Keyed[K, T]) Lookup[Q comparable, A, U any](l async.Lookup[T, Q, A, U], opts ...async.Option) *Keyed[K, U] {
	return keep(k, async.NewLookup(l, onKeys[K](opts)...))
}

// onKeys puts what the key says before the user's options, which may say another order.
func onKeys[K comparable](opts []async.Option) []async.Option {
	return append([]async.Option{async.OnKeys[K]()}, opts...)
}
