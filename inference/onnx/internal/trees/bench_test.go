package trees_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/trees"
)

// BenchmarkZoo times a call, cycling over all distinct rows: a branch predictor learns one repeated row.
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
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		at := i % batches * batch * s.cols
		if err := k.Classify(dst, labels, s.x[at:], batch, s.cols); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(batch)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
