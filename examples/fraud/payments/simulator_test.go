package payments_test

import (
	"fmt"
	"hash/fnv"
	"math"
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

// digest is a hash of all records of a run.
func digest(t testing.TB, cfg payments.Config) string {
	sim, h := newSim(t, cfg), fnv.New64a()
	var buf []byte
	for rec, _, ok := sim.Record(buf); ok; rec, _, ok = sim.Record(rec[:0]) {
		h.Write(rec)
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

func TestSimulatorIsAFunctionOfItsConfig(t *testing.T) {
	cfg := payments.Config{Seed: 1, Payments: 20_000, Corrupt: 3}
	require.Equal(t, digest(t, cfg), digest(t, cfg))
	other := cfg
	other.Seed = 2
	require.NotEqual(t, digest(t, cfg), digest(t, other))
}

// TestDemoWorld pins the first payments of the demo: the model was trained on
// worlds like it. When this changes, train again.
func TestDemoWorld(t *testing.T) {
	sim, h := newSim(t, payments.Config{Seed: 1}), fnv.New64a()
	var buf []byte
	for range 100_000 {
		p, ok := sim.Next()
		require.True(t, ok)
		buf = p.AppendJSON(buf[:0])
		h.Write(buf)
	}
	require.Equal(t, "46431ede2548878c", fmt.Sprintf("%016x", h.Sum64()))
}

func TestSimulatorKeepsItsPromises(t *testing.T) {
	cfg := payments.Config{Seed: 5, Payments: 100_000, Cards: 4_000}
	sim := newSim(t, cfg)
	kinds, dirty := map[payments.Fraud]int{}, 0
	cards := map[uint64]bool{}
	latest, n, late := int64(math.MinInt64), 0, 0
	for p := range sim.All() {
		n++
		require.Equal(t, uint64(n), p.ID)
		require.Zero(t, p.At%1e6, "whole milliseconds")
		if p.At < latest {
			late++
			require.LessOrEqual(t, latest-p.At, int64(payments.MaxDelay))
		}
		latest = max(latest, p.At)
		kinds[p.Fraud]++
		cards[p.CardID] = true
		lower := p.Country[0] >= 'a'
		if p.Cents < 0 || p.Cents > 600_000 || !p.HasLocation() || p.Country == (payments.Country{}) || lower {
			dirty++
		}
	}
	require.Equal(t, cfg.Payments, n)
	require.InDelta(t, 0.01, float64(n-kinds[payments.Legit])/float64(n), 0.003)
	for kind := payments.Stolen; kind <= payments.Takeover; kind++ {
		require.Greater(t, kinds[kind], n/3000, kind.String())
	}
	require.InDelta(t, 0.02, float64(dirty)/float64(n), 0.003)
	require.Greater(t, late, n/50)
	require.Greater(t, len(cards), 3_900)
	days := time.Unix(0, latest).Sub(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)).Hours() / 24
	require.InDelta(t, 5, days, 1)
}

func TestSimulatorWithoutCrimeAndDirt(t *testing.T) {
	sim := newSim(t, payments.Config{Seed: 5, Payments: 5_000, Cards: 1, Merchants: 100, FraudRate: -1, DirtyRate: -1})
	for p := range sim.All() {
		require.Equal(t, payments.Legit, p.Fraud)
		require.True(t, p.HasLocation())
		require.Positive(t, p.Cents)
		require.Equal(t, payments.CardToken(0), p.CardID)
	}
}

func TestRecords(t *testing.T) {
	sim := newSim(t, payments.Config{Seed: 3, Payments: 1_000, Corrupt: 7})
	good, bad := 0, 0
	var buf []byte
	for rec, p, ok := sim.Record(buf); ok; rec, p, ok = sim.Record(rec[:0]) {
		var got payments.Payment
		err := payments.Decode(rec, &got)
		require.NotZero(t, p.CardID, "each record has a key")
		if p.ID == 0 {
			bad++
			require.ErrorIs(t, err, payments.ErrMalformed, string(rec))
			continue
		}
		good++
		require.NoError(t, err)
		requireSame(t, p, got)
	}
	require.Equal(t, 1_000, good)
	require.Equal(t, 7, bad)
}

func TestConfigValidate(t *testing.T) {
	require.NoError(t, payments.Config{}.Validate())
	_, err := payments.NewSimulator(payments.Config{
		Payments: -1, Cards: -1, Merchants: 3, Period: -1, FraudRate: 2,
		DirtyRate: 2, Corrupt: -1, Start: time.Unix(-1e10, 0),
	})
	for _, field := range []string{"Payments", "Cards", "Merchants", "Period", "FraudRate", "DirtyRate", "Corrupt", "Start"} {
		require.ErrorContains(t, err, field)
	}
}

func TestDistanceKm(t *testing.T) {
	require.InDelta(t, 878, payments.DistanceKm(52.52, 13.405, 48.857, 2.352), 5, "Berlin to Paris")
	require.InDelta(t, math.Pi*6371, payments.DistanceKm(0, 0, 0, 180), 1e-6, "half around")
	require.Zero(t, payments.DistanceKm(10, 20, 10, 20))
	require.InDelta(t, 222.4, payments.DistanceKm(0, 179, 0, -179), 0.1, "over the date line")
}

func BenchmarkSimulator(b *testing.B) {
	sim := newSim(b, payments.Config{Seed: 1, Payments: 50_000_000, Period: 500 * 24 * time.Hour})
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := sim.Next(); !ok {
			b.Fatal("too few payments")
		}
	}
}
