package main

import (
	"flag"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/examples/fraud/features"
	"github.com/turgo-io/turgo/examples/fraud/model"
	"github.com/turgo-io/turgo/examples/fraud/payments"
	"github.com/turgo-io/turgo/inference"
	"github.com/turgo-io/turgo/stream"
	"github.com/turgo-io/turgo/stream/streamtest"
)

var seeds = flag.Int("seeds", 100, "how many seeds TestSim runs")

// result is what a run leaves: every alert, and the totals of each card, in full.
type result struct {
	alerts []Alert
	totals []Total
}

// simulate runs the pipeline of the job in virtual time.
func simulate(t *testing.T, all []payments.Payment, seed uint64, crashes int) (result, *streamtest.Harness) {
	t.Helper()
	h := streamtest.New(t, streamtest.Seed(seed), streamtest.With(stream.Parallelism(1+int(seed%3))))
	in := streamtest.Source[Arrival](h)
	for _, p := range all {
		in.Split(partitionOf(p.CardID)).Add(Arrival{Payment: p})
	}
	scorer, err := inference.Load(model.ONNX())
	require.NoError(t, err)
	alerts, totals := Pipeline(in.Stream(), scorer, model.Threshold, inference.Batch{Max: 16, Delay: 100 * time.Microsecond})
	a, b := streamtest.Collect(h, alerts), streamtest.Collect(h, totals.Stream)
	h.CrashRandomly(crashes, 600)
	h.Run()
	return result{a.Values(), b.Values()}, h
}

// reference is the same in plain Go: no engine, no batches, no crash.
func reference(t *testing.T, all []payments.Payment) (r result) {
	t.Helper()
	scorer, err := inference.Load(model.ONNX())
	require.NoError(t, err)
	predictor, err := inference.Bind[Row, Score](scorer)
	require.NoError(t, err)
	totals := map[uint64]*Total{}
	cards := map[uint64]*features.CardState{}
	for _, p := range all {
		features.Clean(&p)
		if cards[p.CardID] == nil {
			cards[p.CardID], totals[p.CardID] = &features.CardState{}, &Total{}
		}
		rows, scores := make([]Row, 1), make([]Score, 1)
		cards[p.CardID].Update(&p, &rows[0].Features)
		require.NoError(t, predictor.Predict(t.Context(), rows, scores))
		v := judge(&rows[0], scores[0].Probabilities[1], model.Threshold)
		if v.Raised {
			r.alerts = append(r.alerts, v.Alert)
		}
		r.totals = append(r.totals, count(totals[p.CardID], v))
	}
	return r
}

func somePayments(t *testing.T) (all []payments.Payment) {
	t.Helper()
	sim, err := payments.NewSimulator(payments.Config{Seed: 3, Payments: 250, Cards: 8, FraudRate: 0.1})
	require.NoError(t, err)
	for p := range sim.All() {
		all = append(all, p)
	}
	return all
}

// TestSim runs the pipeline under many seeds, with up to three crashes each at random steps, and wants exactly
// the alerts and totals that plain Go computes.
func TestSim(t *testing.T) {
	all := somePayments(t)
	want := reference(t, all)
	require.NotEmpty(t, want.alerts)
	crashes := 0
	for seed := range *seeds {
		got, h := simulate(t, all, uint64(seed), seed%4)
		crashes += h.Crashes()
		require.ElementsMatch(t, want.alerts, got.alerts, "seed %d", seed)
		require.ElementsMatch(t, want.totals, got.totals, "seed %d", seed)
	}
	t.Logf("%d seeds, %d crashes", *seeds, crashes)
	require.Greater(t, crashes, *seeds/2, "crashes came after the end of the runs; nothing was tested")
}

// TestSimReplays: one seed takes the same steps each time.
func TestSimReplays(t *testing.T) {
	all := somePayments(t)
	_, first := simulate(t, all, 7, 3)
	for range 100 {
		_, h := simulate(t, all, 7, 3)
		require.Equal(t, first.Trace(), h.Trace())
	}
}
