package trees_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/trees"
)

// TestMerge folds single trees, each on columns of its own and with scored leaves, and wants what scoring them one by one gives.
func TestMerge(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const columns, rows = 20, 50
	var parts []trees.Part
	for i := range 23 {
		e := &trees.Ensemble{Targets: 1, Aggregate: trees.Aggregate(i % 4), Base: []float64{float64(i)}}
		growTree(e, rnd, shape{leaves: 1 + i, deepFirst: true, mode: trees.LEQ})
		p := trees.Part{Ensemble: e, Score: func(w float64) float64 { return math.Round(64 * (w*w + 1)) }}
		for range syntheticFeatures {
			p.Columns = append(p.Columns, int32(rnd.IntN(columns)))
		}
		parts = append(parts, p)
	}
	m, err := trees.Merge(parts)
	require.NoError(t, err)
	k, err := trees.CompileFor[float64](m)
	require.NoError(t, err)
	require.Equal(t, len(parts), k.Trees())
	x := make([]float64, rows*columns)
	for i := range x {
		x[i] = rnd.NormFloat64()
	}
	got := make([]float64, rows)
	require.NoError(t, k.Scores(got, x, rows, columns))
	for r := range rows {
		want := 0.0
		for _, p := range parts {
			s, _ := referenceScores(p.Ensemble, func(f int32) float64 { return x[r*columns+int(p.Columns[f])] })
			want += p.Score(s[0])
		}
		require.Equal(t, want, got[r])
	}
}

// TestMergeSums keeps weights and base values of parts of several trees.
func TestMergeSums(t *testing.T) {
	a, b := syntheticZoo("xgb_100x6", 1).ensemble, syntheticZoo("lgb_200x63", 2).ensemble
	a.Base, b.Base, b.Aggregate = []float64{1}, []float64{2}, trees.Average
	m, err := trees.Merge([]trees.Part{{Ensemble: a}, {Ensemble: b}})
	require.NoError(t, err)
	k, err := trees.CompileFor[float64](m)
	require.NoError(t, err)
	x := func(f int32) float64 { return float64(f)/6 - 1 }
	var row []float64
	for f := range int32(syntheticFeatures) {
		row = append(row, x(f))
	}
	want, _ := referenceScores(a, x)
	more, _ := referenceScores(b, x)
	var got [1]float64
	require.NoError(t, k.Scores(got[:], row, 1, len(row)))
	require.InDelta(t, want[0]+more[0], got[0], 1e-12)
}

func TestMergeRefuses(t *testing.T) {
	leaf := func(change func(*trees.Ensemble)) *trees.Ensemble {
		e := &trees.Ensemble{
			Targets: 1, Aggregate: trees.Sum, Roots: []int32{0}, Votes: []trees.Vote{{Weight: 1}},
			Nodes: []trees.Node{{Mode: trees.LEQ, Feature: 1, True: 1, False: 1}, {Mode: trees.Leaf, False: 1}},
		}
		change(e)
		return e
	}
	keep := func(w float64) float64 { return w }
	for name, p := range map[string]trees.Part{
		"malformed":      {Ensemble: leaf(func(e *trees.Ensemble) { e.Roots[0] = 2 })},
		"targets":        {Ensemble: leaf(func(e *trees.Ensemble) { e.Targets = 2 })},
		"classifier":     {Ensemble: leaf(func(e *trees.Ensemble) { e.Classifier = true })},
		"post transform": {Ensemble: leaf(func(e *trees.Ensemble) { e.Post = trees.Probit })},
		"exact post":     {Ensemble: leaf(func(e *trees.Ensemble) { e.Post, e.Exact = trees.Logistic, true })},
		"extremes":       {Ensemble: leaf(func(e *trees.Ensemble) { e.Aggregate, e.Roots = trees.Min, []int32{0, 0} })},
		"two trees":      {Ensemble: leaf(func(e *trees.Ensemble) { e.Roots = []int32{0, 0} }), Score: keep},
		"no vote":        {Ensemble: leaf(func(e *trees.Ensemble) { e.Nodes[1].False = 0 }), Score: keep},
		"no column":      {Ensemble: leaf(func(*trees.Ensemble) {}), Columns: []int32{0}},
	} {
		_, err := trees.Merge([]trees.Part{p})
		require.ErrorIs(t, err, trees.ErrMalformed, name)
	}
}
