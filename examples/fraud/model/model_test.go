package model_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/turgo-io/turgo/examples/fraud/features"
	"github.com/turgo-io/turgo/examples/fraud/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestGolden(t *testing.T) {
	columns, rows, err := model.Golden()
	require.NoError(t, err)
	require.Equal(t, features.Columns(), columns, "train again: the features have changed")
	require.Len(t, rows, 300)
	alerts := 0
	for _, r := range rows {
		require.Len(t, r.X, len(columns))
		require.Equal(t, r.Score >= 0.5, r.Label == 1)
		require.GreaterOrEqual(t, r.Score, float32(0))
		require.LessOrEqual(t, r.Score, float32(1))
		if r.Score >= model.Threshold {
			alerts++
		}
	}
	require.Greater(t, alerts, 60)
	require.Less(t, alerts, 110, "100 of the rows are frauds")
}

func TestONNXIsSmallAndOwn(t *testing.T) {
	a, b := model.ONNX(), model.ONNX()
	require.Less(t, len(a), 500<<10)
	require.NotEmpty(t, a)
	a[0]++
	require.NotEqual(t, a[0], b[0])
}
