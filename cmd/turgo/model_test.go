package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestModelExplain: the graph as written and as run, with times where they are asked
// for, and what is wrong with the command line.
func TestModelExplain(t *testing.T) {
	const model = "../../inference/onnx/testdata/zoo/net_mlp/model.onnx"
	var out, errOut bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"model", "explain", model}, &out, &errOut), errOut.String())
	require.Contains(t, out.String(), "as written: ")
	require.Contains(t, out.String(), "product: ")
	require.NotContains(t, out.String(), "µs")
	out.Reset()
	require.Zero(t, run(t.Context(), []string{"model", "explain", "-runs", "3", "-dim", "N=2", model}, &out, &errOut), errOut.String())
	require.Regexp(t, `as run: \d+ nodes\n +[0-9.]+[nµm]s  `, out.String())
	require.Equal(t, 2, run(t.Context(), []string{"model", "explain", "-dim", "N", model}, &out, &errOut))
	require.Equal(t, 1, run(t.Context(), []string{"model", "explain", "model_test.go"}, &out, &errOut))
	require.Equal(t, 1, run(t.Context(), []string{"model", "explain", "missing.onnx"}, &out, &errOut))
}
