package model_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/examples/fraud/features"
	"github.com/turgo-io/turgo/examples/fraud/model"
	"github.com/turgo-io/turgo/examples/fraud/payments"
	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/tensor"
)

// scorer runs the model on rows of features.
type scorer struct {
	session *onnx.Session
	width   int
}

func newScorer(t *testing.T) scorer {
	m, err := onnx.Load(model.ONNX())
	require.NoError(t, err)
	return scorer{m.NewSession(onnx.SessionConfig{}), len(features.Columns())}
}

func (s scorer) run(t *testing.T, x []float32) (labels []int64, p []float32) {
	in, err := tensor.Of([]int{len(x) / s.width, s.width}, x)
	require.NoError(t, err)
	out, err := s.session.RunNamed(map[string]tensor.Value{"x": in})
	require.NoError(t, err)
	labels, err = tensor.Data[int64](out["label"].(*tensor.Tensor))
	require.NoError(t, err)
	p, err = tensor.Data[float32](out["probabilities"].(*tensor.Tensor))
	require.NoError(t, err)
	return labels, p
}

func TestScoresEqualONNXRuntime(t *testing.T) {
	_, rows, err := model.Golden()
	require.NoError(t, err)
	var x []float32
	for _, r := range rows {
		x = append(x, r.X...)
	}
	labels, p := newScorer(t).run(t, x)
	for i, r := range rows {
		require.Equal(t, r.Label, labels[i])
		require.InDelta(t, r.Score, p[2*i+1], 1e-5)
		require.InDelta(t, 1-r.Score, p[2*i], 1e-5)
	}
}

// TestDemoWorld measures what the example prints at its end.
func TestDemoWorld(t *testing.T) {
	sim, err := payments.NewSimulator(payments.Config{Seed: 1})
	require.NoError(t, err)
	s := newScorer(t)
	var x []float32
	var batch []features.Features
	hits, alerts, frauds := 0, 0, 0
	flush := func() {
		_, p := s.run(t, x)
		for i := range batch {
			fraud := batch[i].Payment.Fraud != payments.Legit
			alert := features.Decide(&batch[i], p[2*i+1], model.Threshold) != features.Fine
			frauds += one(fraud)
			alerts += one(alert)
			hits += one(fraud && alert)
		}
		x, batch = x[:0], batch[:0]
	}
	for f := range features.Stream(sim.All()) {
		x, batch = f.AppendRow(x), append(batch, *f)
		if len(batch) == 1000 {
			flush()
		}
	}
	flush()
	precision, recall := float64(hits)/float64(alerts), float64(hits)/float64(frauds)
	t.Logf("frauds %d, alerts %d, precision %.3f, recall %.3f", frauds, alerts, precision, recall)
	require.Greater(t, precision, 0.85)
	require.Greater(t, recall, 0.85)
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
