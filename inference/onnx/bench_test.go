package onnx_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
	"github.com/turgo-io/turgo/inference/tensor"
)

// BenchmarkZoo runs each model on each set, the outputs used again. Rows of a set
// repeat from run to run, so tree models show their best case at batch 1.
func BenchmarkZoo(b *testing.B) {
	root := zooRoot()
	names, err := onnxtest.Folders(os.DirFS(root))
	require.NoError(b, err)
	for _, name := range names {
		m, err := onnxtest.Open(os.DirFS(root), name)
		if onnx.IsUnsupported(err) {
			continue
		}
		require.NoError(b, err)
		sets, err := onnxtest.Sets(os.DirFS(root), name)
		require.NoError(b, err)
		for _, set := range sets {
			in, out := buffers(b, m, set)
			rows := in[0].(*tensor.Tensor).Dim(0)
			s := m.NewSession(onnx.SessionConfig{})
			b.Run(fmt.Sprintf("%s/%d", name, rows), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := s.RunValues(in, out); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

// buffers reads a set's inputs and makes outputs of the kinds that the model gives.
func buffers(tb testing.TB, m *onnx.Model, set onnxtest.Set) (in, out []tensor.Value) {
	in, err := set.Inputs(m.Inputs())
	require.NoError(tb, err)
	for _, v := range m.Outputs() {
		if v.Kind == tensor.KindSequence {
			out = append(out, &tensor.Sequence{})
			continue
		}
		out = append(out, &tensor.Tensor{})
	}
	return in, out
}

// TestRunAllocatesNothing holds the promise of steady state, on every model and set.
func TestRunAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Log("the race detector allocates; loading and running is all that is checked")
	}
	root := zooRoot()
	names, err := onnxtest.Folders(os.DirFS(root))
	require.NoError(t, err)
	for _, name := range names {
		m, err := onnxtest.Open(os.DirFS(root), name)
		require.NoError(t, err)
		sets, err := onnxtest.Sets(os.DirFS(root), name)
		require.NoError(t, err)
		s := m.NewSession(onnx.SessionConfig{})
		in, out := buffers(t, m, sets[0])
		run := func() {
			if err := s.RunValues(in, out); err != nil {
				t.Fatal(err)
			}
		}
		run()
		if n := testing.AllocsPerRun(3, run); !raceEnabled {
			require.Zero(t, n, name)
		}
	}
}
