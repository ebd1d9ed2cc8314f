package treefile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/treefile"
)

// TestDamaged replaces a piece of a good file and wants an error that says what is wrong.
func TestDamaged(t *testing.T) {
	for _, c := range []struct {
		file, old, new string
		want           error
		says           string
	}{
		{"binary.xgb.json", `{"learner"`, `{"lerner"`, treefile.ErrFormat, "gradient_booster"},
		{"binary.xgb.json", `"left_children":[1`, `"left_children":[100`, treefile.ErrFormat, "children 100"},
		{"binary.xgb.json", `"left_children":[1`, `"left_children":[0`, treefile.ErrFormat, "leads back"},
		{"binary.xgb.json", `"right_children":[2`, `"right_children":[-2`, treefile.ErrFormat, "-2"},
		{"binary.xgb.json", `"right_children":[2,`, `"right_children":[`, treefile.ErrFormat, "lists of"},
		{"binary.xgb.json", `"default_left":[`, `"default_left":[7,`, treefile.ErrFormat, "default_left"},
		{"binary.xgb.json", `"split_indices":[`, `"split_indices":[-1,`, treefile.ErrFormat, "lists of"},
		{"binary.xgb.json", `"tree_info":[0`, `"tree_info":[1`, treefile.ErrFormat, "target 1 of 1"},
		{"binary.xgb.json", `"tree_info":[0`, `"tree_info":[0,0`, treefile.ErrFormat, "outputs of trees"},
		{"binary.xgb.json", `"[3E-1]"`, `"[3E-1,1]"`, treefile.ErrFormat, "2 base scores"},
		{"binary.xgb.json", `"[3E-1]"`, `"x"`, treefile.ErrFormat, "base_score"},
		{"binary.xgb.json", `"num_class":"0"`, `"num_class":"99999999999"`, treefile.ErrFormat, "99999999999"},
		{"binary.xgb.json", `"binary:logistic"`, `"my:loss"`, treefile.ErrUnsupported, "my:loss"},
		{"binary.xgb.json", `"name":"gbtree"`, `"name":"gblinear"`, treefile.ErrUnsupported, "gblinear"},
		{"binary.xgb.json", `"size_leaf_vector":"1"`, `"size_leaf_vector":"2"`, treefile.ErrUnsupported, "multi_output_tree"},
		{"category.xgb.json", `"categories_sizes":[6`, `"categories_sizes":[60`, treefile.ErrFormat, "categories 0 to 60"},
		{"category.xgb.json", `"categories_segments":[0`, `"categories_segments":[0,0`, treefile.ErrFormat, "category lists"},
		{"category.xgb.json", `"categories":[0`, `"categories":[-4`, treefile.ErrFormat, "category -4"},
		{"dart.xgb.json", `"weight_drop":[`, `"weight_drop":[1,`, treefile.ErrFormat, "7 weights"},

		{"binary.lgb.txt", "tree\n", "forest\n", treefile.ErrFormat, "begins with"},
		{"binary.lgb.txt", "end of trees", "", treefile.ErrFormat, "cut off"},
		{"binary.lgb.txt", "num_tree_per_iteration=1", "num_tree_per_iteration=0", treefile.ErrFormat, "num_tree_per_iteration"},
		{"binary.lgb.txt", "max_feature_idx=4", "max_feature_idx=", treefile.ErrFormat, "max_feature_idx"},
		{"binary.lgb.txt", "sigmoid:1.5", "sigmoid:x", treefile.ErrFormat, "objective"},
		{"binary.lgb.txt", "objective=binary", "objective=mine", treefile.ErrUnsupported, "mine"},
		{"binary.lgb.txt", "is_linear=0", "is_linear=1", treefile.ErrUnsupported, "linear"},
		{"binary.lgb.txt", "left_child=", "left_child=9 ", treefile.ErrFormat, "lists of"},
		{"binary.lgb.txt", "left_child=2 ", "left_child=9 ", treefile.ErrFormat, "children 9"},
		{"binary.lgb.txt", "left_child=2 ", "left_child=-90 ", treefile.ErrFormat, "children -90"},
		{"binary.lgb.txt", "left_child=2 ", "left_child=0 ", treefile.ErrFormat, "leads back"},
		{"binary.lgb.txt", "split_feature=0 ", "split_feature=-2 ", treefile.ErrFormat, "feature -2"},
		{"binary.lgb.txt", "threshold=", "threshold=a ", treefile.ErrFormat, "threshold"},
		{"category.lgb.txt", "cat_boundaries=0 1", "cat_boundaries=0 9", treefile.ErrFormat, "spans"},
		{"category.lgb.txt", "cat_boundaries=0 ", "", treefile.ErrFormat, "category set"},

		{"binary.cat.json", `"oblivious_trees"`, `"no_trees"`, treefile.ErrFormat, "neither"},
		{"binary.cat.json", `"features_info":{`, `"features_info":{"categorical_features":[{}],`, treefile.ErrUnsupported, "categorical"},
		{"binary.cat.json", `"Logloss"`, `"Mine"`, treefile.ErrUnsupported, "Mine"},
		{"binary.cat.json", `"FloatFeature"`, `"OnlineCtr"`, treefile.ErrUnsupported, "OnlineCtr"},
		{"binary.cat.json", `"leaf_values":[`, `"leaf_values":[1,`, treefile.ErrFormat, "leaf values"},
		{"binary.cat.json", `"float_feature_index":`, `"float_feature_index":7`, treefile.ErrFormat, "float feature 7"},
		{"binary.cat.json", `"scale_and_bias":[1,`, `"scale_and_bias":[`, treefile.ErrFormat, "scale_and_bias"},
		{"depthwise.cat.json", `"value":`, `"worth":`, treefile.ErrFormat, "0 values"},
		{"depthwise.cat.json", `"right":`, `"wrong":`, treefile.ErrFormat, "two children"},
	} {
		b, err := os.ReadFile(filepath.Join("testdata", c.file))
		require.NoError(t, err)
		require.Contains(t, string(b), c.old)
		damaged := strings.Replace(string(b), c.old, c.new, 1)
		_, err = read(c.file, strings.NewReader(damaged), treefile.Options{})
		require.ErrorIs(t, err, c.want, "%s: %s", c.file, c.new)
		require.ErrorContains(t, err, c.says, "%s: %s", c.file, c.new)
	}
}

func TestCutOff(t *testing.T) {
	for _, file := range []string{"binary.xgb.json", "binary.lgb.txt", "binary.cat.json"} {
		b, err := os.ReadFile(filepath.Join("testdata", file))
		require.NoError(t, err)
		for _, n := range []int{0, 1, 10, len(b) / 2, len(b) * 9 / 10} {
			_, err := read(file, bytes.NewReader(b[:n]), treefile.Options{})
			require.ErrorIs(t, err, treefile.ErrFormat, "%s: %d bytes", file, n)
		}
		_, err = read(file, bytes.NewReader(b), treefile.Options{MaxBytes: int64(len(b) - 1)})
		require.ErrorIs(t, err, treefile.ErrLimit)
		_, err = read(file, bytes.NewReader(b), treefile.Options{MaxBytes: int64(len(b))})
		require.NoError(t, err)
	}
}

// TestModel covers what a Model says of itself, and a call that is too short.
func TestModel(t *testing.T) {
	m := open(t, "multi.lgb.txt", treefile.Options{})
	require.Equal(t, 3, m.Outputs())
	require.Equal(t, 5, m.Features())
	require.Equal(t, 12, m.Trees())
	require.Equal(t, "multiclass num_class:3", m.Objective())
	require.Equal(t, []string{"Column_0", "Column_1", "Column_2", "Column_3", "Column_4"}, m.FeatureNames())
	require.ErrorContains(t, m.Predict(make([]float32, 2), make([]float32, 5), 1, 5), "room for 2 scores, want 3")
	var dst [3]float32
	require.NoError(t, m.Predict(dst[:], make([]int64, 5), 1, 5))
	require.InDelta(t, 1, dst[0]+dst[1]+dst[2], 1e-6)
	require.Nil(t, open(t, "binary.cat.json", treefile.Options{}).FeatureNames())

	p := open(t, "poisson.xgb.json", treefile.Options{})
	x, out := make([]float64, 5*40), make([]float32, 40)
	require.Zero(t, testing.AllocsPerRun(10, func() {
		if err := p.Predict(out, x, 40, 5); err != nil {
			t.Error(err)
		}
	}))
}

// fuzz seeds with all files of a kind. Whatever is read, predicts.
func fuzz(f *testing.F, suffix string) {
	files, err := filepath.Glob(filepath.Join("testdata", "*"+suffix))
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := read(suffix, bytes.NewReader(b), treefile.Options{MaxBytes: 1 << 20})
		if err != nil || m.Features() > 1<<16 || m.Outputs() > 1<<10 {
			return
		}
		dst := make([]float32, m.Outputs())
		require.NoError(t, m.Predict(dst, make([]float32, m.Features()), 1, m.Features()))
		require.NoError(t, m.Predict(dst, make([]float64, m.Features()), 1, m.Features()))
	})
}

func FuzzXGBoost(f *testing.F)  { fuzz(f, ".xgb.json") }
func FuzzLightGBM(f *testing.F) { fuzz(f, ".lgb.txt") }
func FuzzCatBoost(f *testing.F) { fuzz(f, ".cat.json") }
