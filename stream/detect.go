package stream

import "github.com/turgo-io/turgo/operator/cep"

// Detect looks for a pattern in the events of each key, in the order of their event times, and puts out fn of each match:
//
//	payments.KeyBy(Payment.Card).Detect(pattern, func(card string, m cep.Match[Payment]) Alert { … },
//		cep.TimedOutTo(incomplete))
func (k *Keyed[K, T]) Detect[U any](p *cep.Pattern[T], fn func(key K, m cep.Match[T]) U, opts ...cep.Option) *Keyed[K, U] {
	return keep(k, cep.New(p, fn, opts...))
}

// DetectLive is Detect for a pattern that can be replaced while the job runs.
func (k *Keyed[K, T]) DetectLive[U any](p *cep.Live[T], fn func(key K, m cep.Match[T]) U, opts ...cep.Option) *Keyed[K, U] {
	return keep(k, cep.NewReplaceable(p, fn, opts...))
}
