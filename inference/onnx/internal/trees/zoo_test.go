package trees_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/turgo-io/turgo/inference/onnx/internal/trees"
)

// A model of the zoo: a folder named by TURGO_ONNX_ZOO with NAME/model.onnx and NAME/test_data_set_K/{input,output}_I.pb.
type zooModel struct {
	name     string
	ensemble *trees.Ensemble
	sets     []zooSet
}

type zooSet struct {
	x          []float32
	rows, cols int
	labels     []int64
	scores     []float32
}

// message is a parsed protobuf message: the values of each field number, in order.
type message map[protowire.Number][]value

type value struct {
	n uint64
	b []byte
}

func parse(tb testing.TB, b []byte) message {
	m := message{}
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		checkLength(tb, n)
		b = b[n:]
		var v value
		switch typ {
		case protowire.VarintType:
			v.n, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var f uint32
			f, n = protowire.ConsumeFixed32(b)
			v.n = uint64(f)
		case protowire.BytesType:
			v.b, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		checkLength(tb, n)
		b, m[num] = b[n:], append(m[num], v)
	}
	return m
}

func (m message) str(f protowire.Number) string {
	if len(m[f]) == 0 {
		return ""
	}
	return string(m[f][0].b)
}

// checkLength costs less than require, a million times.
func checkLength(tb testing.TB, n int) {
	if n < 0 {
		tb.Fatal(protowire.ParseError(n))
	}
}

// ints and floats read a repeated field, packed or not.
func (m message) ints(f protowire.Number) (out []int64) {
	for _, v := range m[f] {
		if v.b == nil {
			out = append(out, int64(v.n))
		}
		for b := v.b; len(b) > 0; {
			x, n := protowire.ConsumeVarint(b)
			out, b = append(out, int64(x)), b[n:]
		}
	}
	return out
}

func (m message) floats(f protowire.Number) (out []float32) {
	for _, v := range m[f] {
		if v.b == nil {
			out = append(out, math.Float32frombits(uint32(v.n)))
		}
		for b := v.b; len(b) > 0; b = b[4:] {
			out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(b)))
		}
	}
	return out
}

func (m message) strings(f protowire.Number) (out []string) {
	for _, v := range m[f] {
		out = append(out, string(v.b))
	}
	return out
}

// readZoo finds the one tree operator of a model and its test sets; other operators (casts, zip maps) are passed over.
func readZoo(tb testing.TB, dir, name string) *zooModel {
	b, err := os.ReadFile(filepath.Join(dir, name, "model.onnx"))
	require.NoError(tb, err)
	m := &zooModel{name: name}
	graph := parse(tb, parse(tb, b)[7][0].b)
	for _, n := range graph[1] {
		node := parse(tb, n.b)
		if op := node.str(4); op == "TreeEnsembleClassifier" || op == "TreeEnsembleRegressor" {
			m.ensemble = readNode(tb, node, op == "TreeEnsembleClassifier")
		}
	}
	require.NotNil(tb, m.ensemble)
	for k := 0; ; k++ {
		set := filepath.Join(dir, name, fmt.Sprintf("test_data_set_%d", k))
		if _, err := os.Stat(set); err != nil {
			break
		}
		m.sets = append(m.sets, readSet(tb, set))
	}
	require.NotEmpty(tb, m.sets)
	return m
}

func readNode(tb testing.TB, node message, classifier bool) *trees.Ensemble {
	at := map[string]message{}
	for _, a := range node[5] {
		p := parse(tb, a.b)
		at[p.str(1)] = p
	}
	prefix := "target_"
	d := trees.V3{
		Classifier: classifier,
		TreeIDs:    at["nodes_treeids"].ints(8), NodeIDs: at["nodes_nodeids"].ints(8),
		FeatureIDs: at["nodes_featureids"].ints(8), Modes: at["nodes_modes"].strings(9),
		TrueIDs: at["nodes_truenodeids"].ints(8), FalseIDs: at["nodes_falsenodeids"].ints(8),
		Values: at["nodes_values"].floats(7), Missing: at["nodes_missing_value_tracks_true"].ints(8),
		Base: at["base_values"].floats(7), Post: at["post_transform"].str(4), Aggregate: at["aggregate_function"].str(4),
	}
	if classifier {
		prefix = "class_"
		d.Targets = int64(len(at["classlabels_int64s"].ints(8)) + len(at["classlabels_strings"].strings(9)))
	} else {
		d.Targets = at["n_targets"].ints(3)[0]
	}
	d.VoteTreeIDs, d.VoteNodeIDs = at[prefix+"treeids"].ints(8), at[prefix+"nodeids"].ints(8)
	d.VoteIDs, d.Weights = at[prefix+"ids"].ints(8), at[prefix+"weights"].floats(7)
	e, err := trees.FromV3(d)
	require.NoError(tb, err)
	return e
}

func readSet(tb testing.TB, dir string) (s zooSet) {
	file := func(name string) message {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(tb, err)
		return parse(tb, b)
	}
	x := file("input_0.pb")
	dims := x.ints(1)
	s.rows, s.cols, s.x = int(dims[0]), int(dims[1]), rawFloats(x)
	y := file("output_1.pb")
	s.scores = rawFloats(y)
	l := file("output_0.pb")
	for b := []byte(l.str(9)); len(b) > 0; b = b[8:] {
		s.labels = append(s.labels, int64(binary.LittleEndian.Uint64(b)))
	}
	return s
}

func rawFloats(m message) (out []float32) {
	for b := []byte(m.str(9)); len(b) > 0; b = b[4:] {
		out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return out
}

// TestZooGoldens compares every model of the zoo with ONNX Runtime's outputs, at batch sizes that fill groups and blocks in
// every way. Without the folder it runs on the synthetic models, against the reference walk.
func TestZooGoldens(t *testing.T) {
	for _, m := range zoo(t) {
		t.Run(m.name, func(t *testing.T) {
			k, err := trees.CompileFor[float32](m.ensemble)
			require.NoError(t, err)
			for _, s := range m.sets {
				whole := make([]float32, s.rows*k.Outputs())
				labels := make([]int64, s.rows)
				require.NoError(t, k.Classify(whole, labels, s.x, s.rows, s.cols))
				require.Equal(t, s.labels, labels)
				for i := range whole {
					require.InDelta(t, s.scores[i], whole[i], 1e-5, "score %d", i)
				}
				for _, batch := range []int{1, 2, 3, 7, 8, 9, 10, 31, 32, 33, 127, 128, 129, 256, 600} {
					checkBatches(t, k, s, batch, whole)
				}
			}
		})
	}
}

// checkBatches wants the same bits in batches as in one call.
func checkBatches(t *testing.T, k *trees.Kernel, s zooSet, batch int, whole []float32) {
	got := make([]float32, len(whole))
	for at := 0; at < s.rows; at += batch {
		n := min(batch, s.rows-at)
		require.NoError(t, k.Scores(got[at*k.Outputs():], s.x[at*s.cols:], n, s.cols))
	}
	require.Equal(t, whole, got, "batch %d", batch)
}

var zooNames = []string{"xgb_100x6", "xgb_500x6", "lgb_200x63", "rf_100"}

// zoo reads the models of TURGO_ONNX_ZOO, or makes ensembles of the same shapes.
func zoo(tb testing.TB) (models []*zooModel) {
	dir := os.Getenv("TURGO_ONNX_ZOO")
	for i, name := range zooNames {
		if dir != "" {
			models = append(models, readZoo(tb, dir, name))
		} else {
			models = append(models, syntheticZoo(name, uint64(i)))
		}
	}
	return models
}
