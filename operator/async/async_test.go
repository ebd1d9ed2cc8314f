package async_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/async"
	"github.com/turgo-io/turgo/operator/operatortest"
)

func double(_ context.Context, n int) (int, error) { return 2 * n, nil }

var errOdd = errors.New("odd")

func evenOnly(_ context.Context, n int) (int, error) {
	if n%2 != 0 {
		return 0, errOdd
	}
	return n, nil
}

func input() *operatortest.Script[int] {
	return operatortest.Of[int]().At("10:00:00", 1, 2).Watermark("10:00:01").At("10:00:02", 3).Barrier().At("10:00:03", 4, 5).Idle().Untimed(6)
}

func doubled() *operatortest.Script[int] {
	return operatortest.Of[int]().At("10:00:00", 2, 4).Watermark("10:00:01").At("10:00:02", 6).At("10:00:03", 8, 10).Idle().Untimed(12)
}

func TestOrders(t *testing.T) {
	for name, order := range map[string]async.Option{"ordered": async.Ordered(), "unordered": async.Unordered()} {
		for _, capacity := range []int{1, 2, 100} {
			t.Run(fmt.Sprint(name, capacity), func(t *testing.T) {
				operatortest.Run(t, async.New(double, order, async.Capacity(capacity)), input(), doubled(), operatortest.WantCounter("calls", 6))
			})
		}
	}
}

func TestBatched(t *testing.T) {
	all := func(_ context.Context, ns []int) (out []int, err error) {
		for _, n := range ns {
			out = append(out, 2*n)
		}
		return out, nil
	}
	operatortest.Run(t, async.NewBatched(all, async.Batch{Max: 1}), input(), doubled())
}

func key(n int) string { return fmt.Sprint(n % 3) }

func TestKeyed(t *testing.T) {
	operatortest.RunKeyed(t, key, async.New(double, async.OnKeys[string]()), input(), doubled())
}

func TestFailedTo(t *testing.T) {
	side := operator.NewSide[operator.Failure[int]]("failed")
	in := operatortest.Of[int]().At("10:00:00", 1, 2, 3, 4)
	want := operatortest.Of[int]().At("10:00:00", 2, 4)
	at := func(n int) operator.Failure[int] {
		return operator.Failure[int]{Value: n, Time: 1767261600000000000, Err: "odd"}
	}
	operatortest.Run(t, async.New(evenOnly, async.FailedTo(side)), in, want,
		operatortest.WantSide(side, operatortest.Of[operator.Failure[int]]().At("10:00:00", at(1), at(3))),
		operatortest.WantCounter("failed", 2))
}

func TestFallback(t *testing.T) {
	in := operatortest.Of(1, 2)
	fallback := async.Fallback(func(n int, err error) (int, error) { return -n, nil })
	operatortest.Run(t, async.New(evenOnly, fallback), in, operatortest.Of(-1, 2))
}

func TestFails(t *testing.T) {
	operatortest.Run(t, async.New(evenOnly), operatortest.Of(2, 1), operatortest.Of(2), operatortest.Fails("odd"))
	panics := func(context.Context, int) (int, error) { panic("no disk") }
	operatortest.Run(t, async.New(panics), operatortest.Of(2), operatortest.Of[int](), operatortest.Fails("panic: no disk"))
}

// TestTriesAreKept: with a restore behind each record, it is tried as often as without.
func TestTriesAreKept(t *testing.T) {
	never := func(context.Context, int) (int, error) { return 0, errOdd }
	give := async.Fallback(func(n int, _ error) (int, error) { return -n, nil })
	retry := async.Retries(async.Retry{Attempts: 4, First: time.Minute})
	in := operatortest.Of(1).Clock("00:00:59").Clock("00:01").Untimed(2).Clock("00:03").Clock("00:08").Clock("00:20")
	want := operatortest.Of(-1, -2)
	counts := []operatortest.Option{operatortest.WantCounter("calls", 8), operatortest.WantCounter("retries", 6), operatortest.WantCounter("failed", 0)}
	operatortest.Run(t, async.New(never, give, retry), in, want, counts...)
	operatortest.RunKeyed(t, key, async.New(never, give, retry, async.OnKeys[string]()), in, want, counts...)
}

func TestValidate(t *testing.T) {
	side := operator.NewSide[operator.Failure[string]]("failed")
	f := async.New[int, int](nil, async.Capacity(-1), async.PerKey(), async.FailedTo(side), async.Shared(),
		async.Fallback(func(string, error) (int, error) { return 0, nil }), async.Retries(async.Retry{Jitter: 2, Factor: 0.5}),
		async.Timeout(-1), async.CircuitBreaker(async.Breaker{Ratio: 2}))
	err := f.(interface{ Validate() error }).Validate()
	for _, part := range []string{"nil", "Capacity", "PerKey", "FailedTo", "Shared", "Fallback", "Jitter", "Factor", "Timeout", "Breaker"} {
		require.ErrorContains(t, err, part)
	}
}
