package trees_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/trees"
)

// BenchmarkZoo times calls one by one, as the comparison with ONNX Runtime does (docs/bench/trees.md), cycling over all distinct
// rows: a branch predictor learns one repeated row. It reports the fastest call and the median beside the mean; the former
// say something on a machine with neighbours, too.
func BenchmarkZoo(b *testing.B) {
	for _, m := range zoo(b) {
		k, err := trees.CompileFor[float32](m.ensemble)
		require.NoError(b, err)
		s := m.sets[len(m.sets)-1]
		for _, batch := range []int{1, 2, 4, 8, 16, 31, 32, 256} {
			b.Run(fmt.Sprintf("%s/batch=%d", m.name, batch), func(b *testing.B) {
				benchmarkBatch(b, k, s, batch)
			})
		}
	}
}

func benchmarkBatch(b *testing.B, k *trees.Kernel, s zooSet, batch int) {
	dst := make([]float32, batch*k.Outputs())
	labels := make([]int64, batch)
	batches := s.rows / batch
	calls := make([]time.Duration, 0, 1<<16)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		at := i % batches * batch * s.cols
		start := time.Now()
		if err := k.Classify(dst, labels, s.x[at:], batch, s.cols); err != nil {
			b.Fatal(err)
		}
		if len(calls) < cap(calls) {
			calls = append(calls, time.Since(start))
		}
		i++
	}
	slices.Sort(calls)
	b.ReportMetric(float64(calls[0]), "min-ns")
	b.ReportMetric(float64(calls[len(calls)/2]), "p50-ns")
}
