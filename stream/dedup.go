package stream

import (
	"time"

	"github.com/turgo-io/turgo/operator"
)

// Dedup hands on the first record of each key and drops the others, for as long as keepFor says of event time; 0 is for ever.
func (k *Keyed[K, T]) Dedup[D interface{ time.Duration }](keepFor D) *Keyed[K, T] {
	return keep(k, operator.NewDedup[T](time.Duration(keepFor)))
}

// DedupBloom drops records of a key whose id has been there before, in little memory and with a stated error: see
// operator.Bloom.
func (k *Keyed[K, T]) DedupBloom[I comparable](id func(T) I, b operator.Bloom) *Keyed[K, T] {
	return keep(k, operator.NewDedupBloom(id, b))
}

// Sample hands on a share of the records (0 to 1), chosen by chance from a seed.
func (s *Stream[T]) Sample[N int | float64](share N, seed uint64) *Stream[T] {
	return via(s, operator.NewSample[T](float64(share), seed))
}

// SampleBy hands on all records of a share of the keys: the same keys in every run.
func (s *Stream[T]) SampleBy[K comparable](key func(T) K, share float64) *Stream[T] {
	return via(s, operator.NewSampleBy(key, share))
}

// Throttle hands on at most so many records a second in each subtask, and slows the stream before it down to that.
func (s *Stream[T]) Throttle[N int | float64](perSecond N) *Stream[T] {
	return via(s, operator.NewThrottle[T](float64(perSecond)))
}
