package nexmark_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/nexmark"
	"github.com/turgo-io/turgo/stream"
)

// published is what Flink and the other peers give for the first million events.
var published = map[string]nexmark.Sum{
	"q0":  {Rows: 920000, Hash: 0x978d8379bd48aaa6},
	"q1":  {Rows: 920000, Hash: 0x6e20a3c986b47258},
	"q2":  {Rows: 6889, Hash: 0x859e8ce6d4a4032f},
	"q3":  {Rows: 5756, Hash: 0x749f72bdfd3266d1},
	"q4":  {Rows: 57, Hash: 0x41d7311172b36b81},
	"q5":  {Rows: 56, Hash: 0x5066210670ebb137},
	"q5w": {Rows: 255, Hash: 0xcde59bcb1fed9d62},
	"q7":  {Rows: 11, Hash: 0xc0da2212037f5b97},
	"q8":  {Rows: 8521, Hash: 0x04a56d7d08ac3410},
	"q11": {Rows: 19918, Hash: 0x5ef9ae3d9adbafed},
	"q18": {Rows: 293702, Hash: 0xecd8c877fc629547},
	"q19": {Rows: 442548, Hash: 0xb992d873db07852f},
}

// full asks for the published size: some seconds a query.
var full = flag.Bool("full", false, "compare one million events with what the peers published")

func TestPublished(t *testing.T) {
	if !*full {
		require.Subset(t, nexmark.Names(), slices.Collect(maps.Keys(published)))
		return
	}
	for _, q := range nexmark.Queries() {
		t.Run(q.Name, func(t *testing.T) {
			plain, err := nexmark.Plain(q.Name, 1_000_000)
			require.NoError(t, err)
			if want, ok := published[q.Name]; ok { // the others run nothing else
				require.Equal(t, want, plain, "plain")
			}
			for p := 1; p <= 3; p++ {
				require.Equal(t, plain, answer(t, q, 1_000_000, p), "stream of %d", p)
			}
		})
	}
}

// answer runs a query to its end.
func answer(t *testing.T, q nexmark.Query, events int64, parallelism int) nexmark.Sum {
	t.Helper()
	var total nexmark.Total
	j := stream.NewJob(q.Name, stream.Parallelism(parallelism), stream.Logger(slog.New(slog.DiscardHandler)))
	q.Build(j, nexmark.Input{Events: events, Splits: parallelism}, &total)
	require.NoError(t, j.Run(context.Background()))
	return total.Get()
}

func TestQueries(t *testing.T) {
	const events = 100_000
	for _, q := range nexmark.Queries() {
		want, err := nexmark.Plain(q.Name, events)
		require.NoError(t, err)
		for p := 1; p <= 3; p++ {
			t.Run(fmt.Sprintf("%s of %d", q.Name, p), func(t *testing.T) {
				require.Equal(t, want, answer(t, q, events, p))
			})
		}
	}
}
