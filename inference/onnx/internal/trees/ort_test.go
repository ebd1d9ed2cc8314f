package trees_test

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/trees"
)

// number is a JSON number, or one of the strings nan, inf and -inf.
type number float64

func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	*n = number(v)
	return err
}

func numbers[T float32 | float64](in []number) []T {
	out := make([]T, len(in))
	for i, v := range in {
		out[i] = T(v)
	}
	return out
}

// golden is a case of testdata/ort_goldens.json, written by ort_goldens.py.
type golden struct {
	Name       string
	Type       string
	Classifier bool
	X          [][]number
	Scores     []number
	Labels     []int64
	Attributes attributes
}

type attributes struct {
	TreeIDs     []int64  `json:"nodes_treeids"`
	NodeIDs     []int64  `json:"nodes_nodeids"`
	FeatureIDs  []int64  `json:"nodes_featureids"`
	Modes       any      `json:"nodes_modes"`
	Values      []number `json:"nodes_values"`
	Values64    []number `json:"nodes_values_as_tensor"`
	TrueIDs     []int64  `json:"nodes_truenodeids"`
	FalseIDs    []int64  `json:"nodes_falsenodeids"`
	Missing     []int64  `json:"nodes_missing_value_tracks_true"`
	ClassTrees  []int64  `json:"class_treeids"`
	ClassNodes  []int64  `json:"class_nodeids"`
	ClassIDs    []int64  `json:"class_ids"`
	ClassW      []number `json:"class_weights"`
	Labels      []int64  `json:"classlabels_int64s"`
	TargetTrees []int64  `json:"target_treeids"`
	TargetNodes []int64  `json:"target_nodeids"`
	TargetIDs   []int64  `json:"target_ids"`
	TargetW     []number `json:"target_weights"`
	TargetW64   []number `json:"target_weights_as_tensor"`
	Targets     int64    `json:"n_targets"`
	Base        []number `json:"base_values"`
	Aggregate   any      `json:"aggregate_function"`
	Post        any      `json:"post_transform"`

	Roots       []int64  `json:"tree_roots"`
	Splits      []number `json:"nodes_splits"`
	TrueLeafs   []int64  `json:"nodes_trueleafs"`
	FalseLeafs  []int64  `json:"nodes_falseleafs"`
	Members     []number `json:"membership_values"`
	LeafTargets []int64  `json:"leaf_targetids"`
	LeafWeights []number `json:"leaf_weights"`
}

func (c *golden) ensemble() (*trees.Ensemble, error) {
	a := &c.Attributes
	if a.Roots == nil {
		return trees.FromV3(a.v3(c.Classifier))
	}
	if c.Type == "float32" { // the tensors of a v5 node have the type of its input
		for _, list := range [][]number{a.Splits, a.LeafWeights} {
			for i, v := range list {
				list[i] = number(float32(v))
			}
		}
	}
	return trees.FromV5(a.v5())
}

func (a *attributes) v3(classifier bool) trees.V3 {
	text := func(v any) string { s, _ := v.(string); return s }
	d := trees.V3{
		Classifier: classifier, Targets: a.Targets + int64(len(a.Labels)),
		TreeIDs: a.TreeIDs, NodeIDs: a.NodeIDs, FeatureIDs: a.FeatureIDs, TrueIDs: a.TrueIDs, FalseIDs: a.FalseIDs,
		Values: numbers[float32](a.Values), Values64: numbers[float64](a.Values64), Missing: a.Missing,
		VoteTreeIDs: append(a.ClassTrees, a.TargetTrees...), VoteNodeIDs: append(a.ClassNodes, a.TargetNodes...),
		VoteIDs: append(a.ClassIDs, a.TargetIDs...), Weights: numbers[float32](append(a.ClassW, a.TargetW...)),
		Weights64: numbers[float64](a.TargetW64), Base: numbers[float32](a.Base),
		Aggregate: text(a.Aggregate), Post: text(a.Post),
	}
	for _, m := range a.Modes.([]any) {
		d.Modes = append(d.Modes, text(m))
	}
	return d
}

func (a *attributes) v5() trees.V5 {
	number := func(v any) int64 { f, _ := v.(float64); return int64(f) }
	d := trees.V5{
		Targets: a.Targets, Roots: a.Roots, FeatureIDs: a.FeatureIDs, Splits: numbers[float64](a.Splits),
		TrueIDs: a.TrueIDs, FalseIDs: a.FalseIDs, TrueLeafs: a.TrueLeafs, FalseLeafs: a.FalseLeafs,
		Missing: a.Missing, Members: numbers[float64](a.Members), LeafTargets: a.LeafTargets,
		LeafWeights: numbers[float64](a.LeafWeights), Aggregate: number(a.Aggregate), Post: number(a.Post),
	}
	for _, m := range a.Modes.([]any) {
		d.Modes = append(d.Modes, uint8(number(m)))
	}
	return d
}

func readGoldens(tb testing.TB) (cases []golden) {
	b, err := os.ReadFile("testdata/ort_goldens.json")
	require.NoError(tb, err)
	require.NoError(tb, json.Unmarshal(b, &cases))
	require.NotEmpty(tb, cases)
	return cases
}

// TestONNXRuntime compares ensembles of every kind with what ONNX Runtime makes of them: modes, missing values, aggregates,
// base values, post transforms, the special rules for two classes, labels, types of input.
func TestONNXRuntime(t *testing.T) {
	for _, c := range readGoldens(t) {
		t.Run(c.Name, func(t *testing.T) {
			e, err := c.ensemble()
			require.NoError(t, err)
			switch c.Type {
			case "float32":
				checkGolden[float32](t, &c, e)
			case "float64":
				checkGolden[float64](t, &c, e)
			case "int32":
				checkGolden[int32](t, &c, e)
			case "int64":
				checkGolden[int64](t, &c, e)
			}
		})
	}
}

func checkGolden[X trees.Input](t *testing.T, c *golden, e *trees.Ensemble) {
	k, err := trees.CompileFor[X](e)
	require.NoError(t, err)
	cols := len(c.X[0])
	var x []X
	for _, row := range c.X {
		for _, v := range row {
			x = append(x, X(v))
		}
	}
	scores, labels := make([]float32, len(c.Scores)), make([]int64, len(c.X))
	require.Equal(t, len(c.Scores), len(c.X)*k.Outputs())
	require.NoError(t, k.Classify(scores, labels, x, len(c.X), cols))
	for i, want := range c.Scores {
		requireClose(t, float64(want), float64(scores[i]), i)
	}
	if c.Labels != nil {
		require.Equal(t, c.Labels, labels)
	}
}

// requireClose allows for ONNX Runtime's float32 arithmetic, which costs PROBIT some digits near 0.
func requireClose(t *testing.T, want, got float64, i int) {
	if math.IsNaN(want) || math.IsInf(want, 0) {
		require.Equal(t, math.IsNaN(want), math.IsNaN(got), "score %d: %v, want %v", i, got, want)
		if math.IsInf(want, 0) {
			require.Equal(t, want, got)
		}
		return
	}
	require.InDelta(t, want, got, 1e-5*max(1, math.Abs(want)), "score %d", i)
}
