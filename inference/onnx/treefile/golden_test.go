package treefile_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/treefile"
)

// feature is a JSON number, null for NaN, or one of the strings inf and -inf.
type feature float64

func (f *feature) UnmarshalJSON(b []byte) (err error) {
	v := math.NaN()
	if text := strings.Trim(string(b), `"`); text != "null" {
		v, err = strconv.ParseFloat(text, 64)
	}
	*f = feature(v)
	return err
}

// goldens is testdata/goldens.json, written by make_goldens.py.
type goldens struct {
	Rows  [][]feature
	Cases []struct {
		File       string
		Rows       [][]feature // instead of the common ones
		Raw        []float64
		Prediction []float64
	}
}

func readGoldens(tb testing.TB) (g goldens) {
	b, err := os.ReadFile(filepath.Join("testdata", "goldens.json"))
	require.NoError(tb, err)
	require.NoError(tb, json.Unmarshal(b, &g))
	require.NotEmpty(tb, g.Cases)
	return g
}

func read(file string, r io.Reader, o treefile.Options) (*treefile.Model, error) {
	switch {
	case strings.HasSuffix(file, ".xgb.json"):
		return treefile.ReadXGBoost(r, o)
	case strings.HasSuffix(file, ".lgb.txt"):
		return treefile.ReadLightGBM(r, o)
	}
	return treefile.ReadCatBoost(r, o)
}

func open(tb testing.TB, file string, o treefile.Options) *treefile.Model {
	b, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(tb, err)
	m, err := read(file, bytes.NewReader(b), o)
	require.NoError(tb, err)
	return m
}

// TestGoldens compares margins and predictions with those of the libraries that made the models, for rows of float32 and of
// float64.
func TestGoldens(t *testing.T) {
	g := readGoldens(t)
	for _, c := range g.Cases {
		rows := g.Rows
		if c.Rows != nil {
			rows = c.Rows
		}
		t.Run(c.File, func(t *testing.T) {
			checkPredictions[float32](t, open(t, c.File, treefile.Options{}), rows, c.Prediction)
			checkPredictions[float64](t, open(t, c.File, treefile.Options{}), rows, c.Prediction)
			if !strings.HasPrefix(c.File, "hinge") { // its margin is 0 or 1 in XGBoost, too
				checkPredictions[float32](t, open(t, c.File, treefile.Options{Raw: true}), rows, c.Raw)
			}
		})
	}
}

func checkPredictions[X treefile.Input](t *testing.T, m *treefile.Model, rows [][]feature, want []float64) {
	var x []X
	for _, row := range rows {
		for _, v := range row {
			x = append(x, X(v))
		}
	}
	require.Equal(t, len(rows[0]), m.Features())
	require.Equal(t, len(want), len(rows)*m.Outputs())
	got := make([]float64, len(want))
	require.NoError(t, m.Predict(got, x, len(rows), m.Features()))
	for i := range want {
		require.InDelta(t, want[i], got[i], 2e-6*max(1, math.Abs(want[i])), "row %d", i/m.Outputs())
	}
	for r := range rows { // row by row gives the same bits
		one := make([]float64, m.Outputs())
		require.NoError(t, m.Predict(one, x[r*m.Features():], 1, m.Features()))
		require.Equal(t, got[r*m.Outputs():][:m.Outputs()], one)
	}
}
