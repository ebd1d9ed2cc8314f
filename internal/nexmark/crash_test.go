package nexmark_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/nexmark"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/stream/streamtest"
)

// A total outlives the crashes of the harness, as a database would; what was not durable is summed up again.
func TestCrashes(t *testing.T) {
	const events = 20_000
	for _, name := range []string{"q4", "q5", "q6", "q7", "q9", "q11", "q13", "q16", "q18", "q20"} {
		q, err := nexmark.Find(name)
		require.NoError(t, err)
		want, err := nexmark.Plain(name, events)
		require.NoError(t, err)
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%s of seed %d", name, seed), func(t *testing.T) {
				var total nexmark.Total
				h := streamtest.New(t, streamtest.Seed(seed), streamtest.With(stream.Parallelism(1+int(seed)), stream.CheckpointEvery(20*time.Microsecond)))
				h.CrashAtBarrier(2).CrashAtBarrier(5).CrashAtStep(60).CrashRandomly(3, 200)
				q.Build(h.Job(), nexmark.Input{Events: events, Splits: 3}, &total)
				h.Run()
				require.GreaterOrEqual(t, h.Crashes(), 4)

				require.Equal(t, want, total.Get())
			})
		}
	}
}
