package contrib_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
)

// TestGoldens compares with what ONNX Runtime gives for one node each, as rewritten
// and as it runs after all passes; testdata/make.py writes them.
func TestGoldens(t *testing.T) {
	fsys := os.DirFS("testdata")
	names, err := onnxtest.Folders(fsys)
	require.NoError(t, err)
	require.Greater(t, len(names), 50)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			sets, err := onnxtest.Sets(fsys, name)
			require.NoError(t, err)
			require.Len(t, sets, 1)
			for _, opts := range [][]onnx.Option{nil, {onnx.WithoutPasses()}} {
				m, err := onnxtest.Open(fsys, name, opts...)
				require.NoError(t, err)
				require.NoError(t, onnxtest.Run(m.NewSession(onnx.SessionConfig{}), sets[0], tolerance(t, fsys, name)))
			}
		})
	}
}

func tolerance(t *testing.T, fsys fs.FS, name string) onnxtest.Tolerance {
	own := struct{ Rtol, Atol float64 }{1e-3, 1e-5}
	if data, err := fs.ReadFile(fsys, path.Join(name, "data.json")); err == nil {
		require.NoError(t, json.Unmarshal(data, &own))
	}
	return onnxtest.Tolerance{Rel: own.Rtol, Abs: own.Atol}
}
