package async

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// Option changes how records are asked about.
type Option func(*settings)

// settings are what the options say. The zero value has a default for each.
type settings struct {
	order    order
	capacity int
	timeout  time.Duration
	retry    Retry
	batch    Batch
	cache    Cache
	share    bool
	breaker  Breaker
	fallback any // a func(In, error) (Out, error)
	failed   any // an operator.Side[operator.Failure[In]]
	keys     func(operator.KeyScope) (keyAccess, error)
}

// order says which results may overtake which.
type order uint8

const (
	ordered order = iota
	unordered
	perKey
)

// Ordered lets results leave in the order of the records: a slow answer holds back all behind it. It is the default.
func Ordered() Option { return func(s *settings) { s.order = ordered } }

// Unordered lets results leave as they come, up to the next watermark: none passes a watermark in either direction.
func Unordered() Option { return func(s *settings) { s.order = unordered } }

// PerKey is the order of a keyed stream, unless it says otherwise: the records of one key are asked about one after the
// other, and those of different keys overtake each other, up to the next watermark.
func PerKey() Option { return func(s *settings) { s.order = perKey } }

// Capacity sets how many records may be inside at once (100): asked about, waiting to be asked about again, or waiting
// for their turn to leave. With that many the operator takes no more, and the stream before it slows down.
func Capacity(records int) Option { return func(s *settings) { s.capacity = records } }

// Timeout sets how long one try may take; without it there is no limit. The context of the call ends then. A function
// that does not heed it runs on, and what it returns is dropped.
func Timeout(d time.Duration) Option { return func(s *settings) { s.timeout = d } }

// Retry says when a failed query is asked again. The zero value never does.
type Retry struct {
	// Attempts is how often a query is asked at most, the first time included.
	Attempts int
	// First is the wait before the second try (100 ms), and each further wait is Factor times longer (2), up to
	// Max (30 s).
	First, Max time.Duration
	Factor     float64
	// Jitter is how much of a wait is left to chance, 0 to 1: of 1 s with 0.5, the wait is 0.5 to 1 s.
	Jitter float64
	// If says which errors are worth another try; nil is all but ErrNotFound.
	If func(error) bool
}

// Retries has failed queries asked again.
func Retries(r Retry) Option { return func(s *settings) { s.retry = r } }

// Batch says how a batched function's queries are gathered. The zero value gathers up to 100 for up to 5 ms.
type Batch struct {
	// Max is the most queries in a call; 0 is 100.
	Max int
	// Delay is the longest that a query waits for others, in processing time; 0 is 5 ms.
	Delay time.Duration
	// Wait makes a batch that is not full wait for all of Delay. Without it, it goes out as soon as the task has
	// nothing more to read.
	Wait bool
}

// Cache keeps answers of a lookup in memory, the newest used ones. It is no part of a checkpoint: a restarted job asks
// again.
type Cache struct {
	// Size is how many answers are kept at most.
	Size int
	// For is how long an answer is good; 0 is as long as there is room.
	For time.Duration
	// Missing is how long it is remembered that there is no answer, as ErrNotFound says; 0 is not at all.
	Missing time.Duration
}

// Cached keeps the answers of a lookup. Equal keys that are under way then are asked about once, as Shared has it.
func Cached(c Cache) Option { return func(s *settings) { s.cache, s.share = c, true } }

// Shared asks about equal keys of a lookup that are under way once, and gives all of them the answer.
func Shared() Option { return func(s *settings) { s.share = true } }

// Breaker stops asking a system that fails, to let it recover. Of the last Calls calls, if Ratio of them failed, it
// opens: for Open, records fail with ErrOpen at once, or wait. Then one call goes out to try: its success closes
// the breaker, its failure opens it again.
type Breaker struct {
	Calls int           // that are looked at; 0 is no breaker
	Ratio float64       // of failures that opens it; 0 is all of them
	Open  time.Duration // 0 is 10 s
	Wait  bool          // records wait while it is open, and hold the stream up, instead of failing
}

// CircuitBreaker has a breaker between the operator and the function, one for each subtask.
func CircuitBreaker(b Breaker) Option { return func(s *settings) { s.breaker = b } }

// Fallback gives the result of a record for which all tries failed. If it returns an error too, that is the record's.
func Fallback[In, Out any](fn func(v In, err error) (Out, error)) Option {
	return func(s *settings) { s.fallback = fn }
}

// FailedTo puts records for which all tries failed on a side output, and the job goes on. Without it the first
// ends the attempt of the job.
func FailedTo[In any](side operator.Side[operator.Failure[In]]) Option {
	return func(s *settings) { s.failed = side }
}

// OnKeys says that the operator stands behind a KeyBy of that type: records under way are kept with their keys, move
// with them when the parallelism changes, and their results leave under them. Streams with keys say it by themselves.
func OnKeys[K comparable]() Option {
	return func(s *settings) {
		s.order, s.keys = perKey, func(scope operator.KeyScope) (keyAccess, error) {
			keys, ok := scope.(*state.Keys[K])
			if !ok {
				return nil, fmt.Errorf("async: works on keys of type %v, but its input is keyed by %T: put it right behind KeyBy", reflect.TypeFor[K](), scope)
			}
			return &keyColumn[K]{keys: keys, last: map[K]int32{}}, nil
		}
	}
}

// withDefaults fills what was left at zero.
func (s settings) withDefaults() settings {
	defaults := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	if s.capacity == 0 {
		s.capacity = max(100, 2*s.batch.Max)
	}
	s.retry.Attempts = max(s.retry.Attempts, 1)
	if s.retry.Factor == 0 {
		s.retry.Factor = 2
	}
	if s.breaker.Ratio == 0 {
		s.breaker.Ratio = 1
	}
	defaults(&s.retry.First, 100*time.Millisecond)
	defaults(&s.retry.Max, 30*time.Second)
	defaults(&s.breaker.Open, 10*time.Second)
	return s
}

func (b Batch) withDefaults() Batch {
	if b.Max == 0 {
		b.Max = 100
	}
	if b.Delay == 0 {
		b.Delay = 5 * time.Millisecond
	}
	return b
}

// validate reports everything that is wrong with the options.
func (s *settings) validate() error {
	var faults []error
	add := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("async: "+format, args...))
		}
	}
	add(s.capacity < 1, "Capacity is %d: it must be at least 1", s.capacity)
	add(s.timeout < 0, "Timeout is %v: it cannot be negative", s.timeout)
	add(s.retry.First < 0 || s.retry.Max < 0, "Retry waits from %v to %v: they cannot be negative", s.retry.First, s.retry.Max)
	add(s.retry.Factor < 1, "Retry.Factor is %v: it must be at least 1", s.retry.Factor)
	add(s.retry.Jitter < 0 || s.retry.Jitter > 1, "Retry.Jitter is %v: it must be 0 to 1", s.retry.Jitter)
	add(s.batch.Max < 0 || s.batch.Delay < 0, "Batch of %d within %v: neither can be negative", s.batch.Max, s.batch.Delay)
	add(s.batch.Max > s.capacity, "Batch.Max is %d, and Capacity %d: a batch could never be full", s.batch.Max, s.capacity)
	add(s.cache.Size < 0 || s.cache.For < 0 || s.cache.Missing < 0, "Cache %+v: nothing in it can be negative", s.cache)
	add(s.breaker.Calls < 0 || s.breaker.Ratio < 0 || s.breaker.Ratio > 1 || s.breaker.Open < 0, "Breaker %+v: Ratio must be 0 to 1, and nothing negative", s.breaker)
	add(s.order == perKey && s.keys == nil, "PerKey needs a keyed stream: put it behind KeyBy")
	return errors.Join(faults...)
}
