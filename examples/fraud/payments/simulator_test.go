package payments_test

import (
	"hash/fnv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/examples/fraud/payments"
)

func newSim(t testing.TB, cfg payments.Config) *payments.Simulator {
	t.Helper()
	sim, err := payments.NewSimulator(cfg)
	require.NoError(t, err)
	return sim
}

func TestSimulatorStats(t *testing.T) {
	sim := newSim(t, payments.Config{Seed: 1})
	counts := map[string]int{}
	var first, last payments.Payment
	cards := map[uint64]int{}
	for p := range sim.All() {
		if first.ID == 0 {
			first = p
		}
		last = p
		counts[p.Fraud.String()]++
		cards[p.CardID]++
	}
	t.Log(counts, len(cards), first.Time(), last.Time())
}

func BenchmarkSimulator(b *testing.B) {
	sim := newSim(b, payments.Config{Seed: 1, Payments: 50_000_000, Period: 500 * 24 * time.Hour})
	b.ReportAllocs()
	h := fnv.New64()
	for b.Loop() {
		p, _ := sim.Next()
		_ = p
	}
	_ = h
}
