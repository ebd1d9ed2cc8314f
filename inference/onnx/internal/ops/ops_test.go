package ops_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops"
)

func TestTableIsSound(t *testing.T) {
	set := ops.All()
	n := 0
	set.Names(func(domain, name string) {
		d := set.Find(domain, name)
		require.NotNil(t, d.New, name)
		require.Positive(t, d.Since, name)
		n++
	})
	require.Greater(t, n, 150)
	require.Nil(t, set.Find("", "NoSuchOperator"))
	require.Equal(t, n, ops.Listed(), "an operator is listed twice")
}
