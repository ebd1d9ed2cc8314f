package stream_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
)

var errBroken = errors.New("broken")

// places are where user code can fail, and the operator that the error must name.
var places = map[string]string{
	"splits": "count", "reader": "count", "add": "count", "poll": "count", "positions": "count", "source close": "count",
	"key":  "by number",
	"open": "user", "process": "user", "after emit": "user", "timer": "user", "close": "user",
	"map":    "next",
	"writer": "drain", "write": "drain", "flush": "drain", "commit": "drain", "sink close": "drain",
}

// brokenJob fails at a place, as often as its strategy lets it.
func brokenJob(place string, fail func() error, opts ...stream.Option) *stream.Job {
	h := hooks{place: fail}
	job := stream.NewJob("broken", append([]stream.Option{
		stream.Logger(nil), stream.Parallelism(2), stream.CheckpointEvery(time.Millisecond),
	}, opts...)...)
	must := func(place string) {
		if err := h.at(place); err != nil {
			panic(err)
		}
	}
	stream.From(job, count{n: 400, splits: 2, hooks: h}).
		Map(func(v int) int { return v }).Name("before").
		KeyBy(func(v int) int { must("key"); return v % 10 }).Name("by number").
		Process(func() operator.Keyed[int, int, int] { return &user{hooks: h} }).Name("user").
		Map(func(v int) int { must("map"); return v }).Name("next").
		To(drain[int]{hooks: h})
	return job
}

// Wherever user code fails, and however, Run returns an error that names the operator and wraps the cause, and
// every attempt that the strategy allows was made.
func TestFailuresNameTheOperator(t *testing.T) {
	ways := map[string]func() error{"error": func() error { return errBroken }, "panic": func() error { panic(errBroken) }}
	for place, name := range places {
		for way, fail := range ways {
			for _, chaining := range []stream.Option{func(any) stream.Option { return stream.BatchSize(256) }(nil), stream.NoChaining()} {
				t.Run(fmt.Sprintf("%s/%s", place, way), func(t *testing.T) {
					var failures atomic.Int64
					job := brokenJob(place, func() error { failures.Add(1); return fail() }, stream.Restart(stream.FixedDelay(2, 0)), chaining)
					err := job.Run(context.Background())
					require.ErrorIs(t, err, errBroken)
					require.ErrorContains(t, err, name)
					if !strings.HasSuffix(place, "close") { // then all is committed
						require.GreaterOrEqual(t, failures.Load(), int64(3))
					}
					require.NotContains(t, err.Error(), "without having been opened")
					var at *operator.RecordError
					if errors.As(err, &at) {
						require.Equal(t, name, at.Operator, "%v", err)
					}
				})
			}
		}
	}
}
