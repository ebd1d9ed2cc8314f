package onnx_test

import (
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
)

// zooRoot is the folder of models with expected outputs: TURGO_ONNX_ZOO, or the
// small ones kept here.
func zooRoot() string {
	if dir := os.Getenv("TURGO_ONNX_ZOO"); dir != "" {
		return dir
	}
	return "testdata/zoo"
}

// TestZoo runs every model on every set, with passes and without.
func TestZoo(t *testing.T) {
	root := zooRoot()
	names, err := onnxtest.Folders(os.DirFS(root))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			runModel(t, os.DirFS(root), name)
		})
		t.Run(name+"/plain", func(t *testing.T) {
			runModel(t, os.DirFS(root), name, onnx.WithoutPasses())
		})
	}
}

func runModel(t *testing.T, fsys fs.FS, dir string, opts ...onnx.Option) {
	m, err := onnxtest.Open(fsys, dir, opts...)
	require.NoError(t, err)
	s := m.NewSession(onnx.SessionConfig{})
	sets, err := onnxtest.Sets(fsys, dir)
	require.NoError(t, err)
	require.NotEmpty(t, sets)
	for _, set := range sets {
		require.NoError(t, onnxtest.Run(s, set, onnxtest.Tolerance{Rel: 1e-3, Abs: 1e-5}))
	}
}
