package conformance_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/turgo-io/turgo/inference/onnx"
	"github.com/turgo-io/turgo/inference/onnx/internal/onnxtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestConformance runs every case of the suite against the list of known failures.
func TestConformance(t *testing.T) {
	root := os.Getenv("TURGO_ONNX_SUITE")
	whole := root != ""
	if !whole {
		root = "../testdata/zoo"
	}
	names, err := onnxtest.Folders(os.DirFS(root))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	known := readKnown(t)
	passed := 0
	for _, name := range names {
		err := runCase(os.DirFS(root), name, whole)
		reason, listed := known[name]
		delete(known, name)
		switch {
		case err == nil && listed:
			t.Errorf("%s passes; take it off known.txt (%s)", name, reason)
		case err != nil && !listed:
			t.Errorf("%s: %v", name, err)
		case err == nil:
			passed++
		}
	}
	if whole {
		for name := range known {
			t.Errorf("known.txt lists %s, which the suite does not have", name)
		}
	}
	t.Logf("conformance: %d of %d cases pass", passed, len(names))
}

// runCase loads and runs one case on all its sets. Trained models get the tolerance
// of package onnx's own tests.
func runCase(fsys fs.FS, dir string, official bool) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	m, err := onnxtest.Open(fsys, dir)
	if err != nil {
		return err
	}
	sets, err := onnxtest.Sets(fsys, dir)
	if err != nil {
		return err
	}
	if len(sets) == 0 {
		return fmt.Errorf("no test set")
	}
	tol := tolerance(fsys, dir)
	if !official {
		tol.Abs = 1e-5
	}
	s := m.NewSession(onnx.SessionConfig{})
	for _, set := range sets {
		if err := onnxtest.Run(s, set, tol); err != nil {
			return err
		}
	}
	return nil
}

// tolerance is the suite's default unless the case brings its own.
func tolerance(fsys fs.FS, dir string) onnxtest.Tolerance {
	own := struct{ Rtol, Atol float64 }{1e-3, 1e-7}
	if data, err := fs.ReadFile(fsys, path.Join(dir, "data.json")); err == nil {
		_ = json.Unmarshal(data, &own)
	}
	return onnxtest.Tolerance{Rel: own.Rtol, Abs: own.Atol}
}

// readKnown reads known.txt: a case and its reason on each line.
func readKnown(t *testing.T) map[string]string {
	data, err := os.ReadFile("known.txt")
	require.NoError(t, err)
	known := map[string]string{}
	for _, line := range strings.Split(string(data), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, _ := strings.Cut(line, " ")
		require.NotEmpty(t, strings.TrimSpace(reason), "known.txt: %s has no reason", name)
		known[name] = reason
	}
	return known
}
