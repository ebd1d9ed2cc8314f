package trees_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/trees"
)

// TestConcurrentCalls shares a kernel, its first call included.
func TestConcurrentCalls(t *testing.T) {
	m := syntheticZoo("lgb_200x63", 5)
	k, err := trees.Compile(m.ensemble)
	require.NoError(t, err)
	s := m.sets[0]
	results := make([][]float32, 8)
	var wg sync.WaitGroup
	for i := range results {
		results[i] = make([]float32, s.rows)
		wg.Go(func() {
			for at := 0; at < s.rows; at += 1 + i*40 {
				n := min(1+i*40, s.rows-at)
				if k.Scores(results[i][at:], s.x[at*s.cols:], n, s.cols) != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	for i := range results {
		require.Equal(t, results[0], results[i])
	}
	require.InDelta(t, s.scores[0], results[0][0], 1e-5)
}

// TestNoAllocations covers the three formats and both ways of voting.
func TestNoAllocations(t *testing.T) {
	kinds := map[string]*trees.Ensemble{"narrow": syntheticZoo("xgb_100x6", 1).ensemble, "middle": chain(10), "lists": chain(10)}
	useAll(kinds["middle"], 300)
	kinds["lists"].Votes[0].Weight = 0.1
	for name, e := range kinds {
		k, err := trees.Compile(e)
		require.NoError(t, err)
		const rows = 150
		dst, labels := make([]float64, rows), make([]int64, rows)
		single, double := make([]float32, rows*300), make([]float64, rows*300)
		call := func() {
			err = k.Classify(dst, labels, single, rows, 300)
			if err == nil {
				err = k.Classify(dst, labels, double, rows, 300)
			}
		}
		call()
		require.NoError(t, err)
		require.Zero(t, testing.AllocsPerRun(20, call), name)
	}
}
