package async_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/async"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/stream/streamtest"
)

var seeds = flag.Int("seeds", 40, "how many seeds each simulated job runs under; a full run has 1000")

const simulated = 60 // records of a job

// ask is the function of one run: each answer fails a few times by chance, and 7, 14, … always.
type ask struct {
	random *rand.Rand
	tried  map[int]int
}

var errDown = errors.New("down")

func newAsk() *ask { return &ask{rand.New(rand.NewPCG(3, 4)), map[int]int{}} }

func (a *ask) one(_ context.Context, n int) (int, error) {
	a.tried[n]++
	switch {
	case n%11 == 0:
		return 0, async.ErrNotFound
	case n%7 == 0 || a.random.IntN(4) == 0:
		return 0, errDown
	}
	return 10 * n, nil
}

func (a *ask) all(ctx context.Context, ns []int) (out []int, err error) {
	if a.random.IntN(4) == 0 {
		return nil, errDown
	}
	each := make(async.BatchError, len(ns))
	for i, n := range ns {
		v, err := a.one(ctx, n)
		out, each[i] = append(out, v), err
	}
	return out, each
}

// simulatedWant is what comes out for each record: the answer, or what the fallback makes of a lost one.
func simulatedWant() (want []int) {
	for n := 1; n <= simulated; n++ {
		switch {
		case n%11 == 0:
			want = append(want, -n)
		case n%7 == 0:
			want = append(want, -1000-n)
		default:
			want = append(want, 10*n)
		}
	}
	return want
}

func give(n int, err error) (int, error) {
	if errors.Is(err, async.ErrNotFound) {
		return -n, nil
	}
	return -1000 - n, nil
}

// options let a try time out now and then; those that can succeed have tries enough.
func options(more ...async.Option) []async.Option {
	return append([]async.Option{
		async.Capacity(8), async.Timeout(150 * time.Microsecond), async.Fallback(give),
		async.Retries(async.Retry{Attempts: 25, First: 10 * time.Microsecond, Max: 100 * time.Microsecond, Jitter: 0.5}),
	}, more...)
}

// feed writes the records into two splits, with watermarks.
func feed(h *streamtest.Harness) *stream.Stream[int] {
	in := streamtest.Source[int](h)
	for n := 1; n <= simulated; n++ {
		s := in.Split(n % 2)
		s.At(fmt.Sprintf("10:00:%02d", n-1), n)
		if n%8 < 2 {
			s.Watermark(fmt.Sprintf("10:00:%02d", n-1))
		}
	}
	return in.Stream()
}

func explore(t *testing.T, build func(*streamtest.Harness, *ask) *stream.Stream[int], want []int) {
	t.Helper()
	opts := streamtest.With(stream.Restart(stream.FixedDelay(20, time.Millisecond)), stream.CheckpointEvery(200*time.Microsecond))
	streamtest.Explore(t, *seeds, func(h *streamtest.Harness) error {
		out := streamtest.Collect(h, build(h, newAsk()))
		return errors.Join(h.RunErr(t.Context()), out.Diff(want...))
	}, opts, streamtest.MaxSteps(300_000))
}

func TestSimulated(t *testing.T) {
	builds := map[string]func(s *stream.Stream[int], a *ask) *stream.Stream[int]{
		"ordered": func(s *stream.Stream[int], a *ask) *stream.Stream[int] { return s.Async(a.one, options()...) },
		"unordered": func(s *stream.Stream[int], a *ask) *stream.Stream[int] {
			return s.Async(a.one, options(async.Unordered())...)
		},
		"batched": func(s *stream.Stream[int], a *ask) *stream.Stream[int] {
			return s.AsyncBatch(a.all, async.Batch{Max: 4, Delay: 50 * time.Microsecond, Wait: true}, options()...)
		},
		"breaker": func(s *stream.Stream[int], a *ask) *stream.Stream[int] {
			b := async.CircuitBreaker(async.Breaker{Calls: 4, Ratio: 0.75, Open: 80 * time.Microsecond, Wait: true})
			return s.Async(a.one, options(b, async.Unordered())...)
		},
		"lookup": func(s *stream.Stream[int], a *ask) *stream.Stream[int] {
			l := async.Lookup[int, int, int, int]{Key: func(n int) int { return n }, Ask: a.one, Result: func(_, v int) int { return v }}
			return s.Lookup(l, options(async.Cached(async.Cache{Size: 5, For: time.Millisecond, Missing: time.Millisecond}))...)
		},
		"keyed": func(s *stream.Stream[int], a *ask) *stream.Stream[int] {
			return s.KeyBy(func(n int) int { return n % 5 }).Async(a.one, options()...).Stream
		},
	}
	for name, build := range builds {
		t.Run(name, func(t *testing.T) {
			explore(t, func(h *streamtest.Harness, a *ask) *stream.Stream[int] { return build(feed(h), a) }, simulatedWant())
		})
	}
}

// TestSimulatedKeysStay: behind the operator the key is current, and the results of one key come in order; a record
// that was late before is late behind it, and no other.
func TestSimulatedKeysStay(t *testing.T) {
	type last struct{ N, Max int }
	explore(t, func(h *streamtest.Harness, a *ask) *stream.Stream[int] {
		echo := func(ctx context.Context, n int) (int, error) {
			_, err := a.one(ctx, n)
			return n, err
		}
		same := async.Fallback(func(n int, _ error) (int, error) { return n, nil })
		return feed(h).KeyBy(func(n int) int { return n % 4 }).Async(echo, options(same)...).
			WithState(func(s *last, n int) int {
				s.N++
				if s.Max > n || n%4 != s.Max%4 && s.N > 1 {
					return -n // out of order, or of another key
				}
				s.Max = n
				return s.N*1000 + n
			}).Stream
	}, keysStay())
}

func keysStay() (want []int) {
	for n := 1; n <= simulated; n++ {
		count := (n-1)/4 + 1
		want = append(want, count*1000+n)
	}
	return want
}

// TestSimulatedFailures: what fails goes to the side output, once.
func TestSimulatedFailures(t *testing.T) {
	opts := streamtest.With(stream.Restart(stream.FixedDelay(20, time.Millisecond)), stream.CheckpointEvery(100*time.Microsecond))
	streamtest.Explore(t, *seeds, func(h *streamtest.Harness) error {
		side := operator.NewSide[operator.Failure[int]]("failed")
		never := func(_ context.Context, n int) (int, error) {
			if n%3 == 0 {
				return 0, errDown
			}
			return n, nil
		}
		s := feed(h).Async(never, async.FailedTo(side), async.Unordered(),
			async.Retries(async.Retry{Attempts: 4, First: 40 * time.Microsecond}))
		out, failed := streamtest.Collect(h, s), streamtest.Collect(h, s.Side(side).Map(func(f operator.Failure[int]) int { return f.Value }))
		var good, bad []int
		for n := 1; n <= simulated; n++ {
			if n%3 == 0 {
				bad = append(bad, n)
			} else {
				good = append(good, n)
			}
		}
		return errors.Join(h.RunErr(t.Context()), out.Diff(good...), failed.Diff(bad...))
	}, opts, streamtest.MaxSteps(300_000))
}
