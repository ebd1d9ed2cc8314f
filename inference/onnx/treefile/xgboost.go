package treefile

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx/internal/trees"
)

// xgbFile is the part of XGBoost's JSON that predictions need (versions 1.0 to 3.x).
type xgbFile struct {
	Learner struct {
		FeatureNames []string `json:"feature_names"`
		Param        struct {
			BaseScore string `json:"base_score"`
			Classes   string `json:"num_class"`
			Features  string `json:"num_feature"`
			Targets   string `json:"num_target"`
		} `json:"learner_model_param"`
		Objective struct {
			Name string `json:"name"`
		} `json:"objective"`
		Booster struct {
			Name       string    `json:"name"`
			Model      *xgbModel `json:"model"`
			WeightDrop []float64 `json:"weight_drop"` // dart
			Tree       *struct {
				Model *xgbModel `json:"model"`
			} `json:"gbtree"` // dart
		} `json:"gradient_booster"`
	} `json:"learner"`
}

type xgbModel struct {
	TreeInfo []int32   `json:"tree_info"` // per tree, the output it adds to
	Trees    []xgbTree `json:"trees"`
}

type xgbTree struct {
	Left         []int32   `json:"left_children"`
	Right        []int32   `json:"right_children"`
	Feature      []int32   `json:"split_indices"`
	Condition    []float32 `json:"split_conditions"` // threshold, or a leaf's weight
	DefaultLeft  flags     `json:"default_left"`
	TypeNumbers  []int32   `json:"split_type"` // 1: categorical
	Categories   []int64   `json:"categories"`
	CategoryNode []int32   `json:"categories_nodes"`
	CategoryFrom []int64   `json:"categories_segments"`
	CategorySize []int64   `json:"categories_sizes"`
	Param        struct {
		LeafVector string `json:"size_leaf_vector"`
	} `json:"tree_param"`
}

// flags reads 0 and 1, or false and true as old versions wrote.
type flags []bool

// UnmarshalJSON implements json.Unmarshaler. b is a valid JSON value.
func (f *flags) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), "[] \t\r\n")
	if text == "" || text == "null" {
		return nil
	}
	for word := range strings.SplitSeq(text, ",") {
		switch strings.TrimSpace(word) {
		case "0", "false":
			*f = append(*f, false)
		case "1", "true":
			*f = append(*f, true)
		default:
			return fmt.Errorf("%w: default_left has %.20q", ErrFormat, word)
		}
	}
	return nil
}

// ReadXGBoost reads a model saved by Booster.save_model("….json"): gbtree or dart.
func ReadXGBoost(r io.Reader, o Options) (*Model, error) {
	b, err := o.read(r)
	if err != nil {
		return nil, err
	}
	var file xgbFile
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return file.model(o)
}

func (f *xgbFile) model(o Options) (*Model, error) {
	l := &f.Learner
	forest := l.Booster.Model
	if l.Booster.Tree != nil {
		forest = l.Booster.Tree.Model
	}
	switch {
	case l.Booster.Name == "gblinear":
		return nil, fmt.Errorf("%w: booster gblinear", ErrUnsupported)
	case forest == nil:
		return nil, fmt.Errorf("%w: no learner.gradient_booster.model", ErrFormat)
	case len(forest.TreeInfo) != len(forest.Trees), l.Booster.WeightDrop != nil && len(l.Booster.WeightDrop) != len(forest.Trees):
		return nil, fmt.Errorf("%w: %d trees, %d outputs of trees, %d weights", ErrFormat,
			len(forest.Trees), len(forest.TreeInfo), len(l.Booster.WeightDrop))
	}
	link, err := xgbLink(l.Objective.Name)
	if err != nil {
		return nil, err
	}
	var b builder
	b.Single = true
	m := &Model{names: l.FeatureNames, objective: l.Objective.Name}
	if err := f.outputs(&b, m, link); err != nil {
		return nil, err
	}
	for i := range forest.Trees {
		weight := 1.0
		if l.Booster.WeightDrop != nil {
			weight = l.Booster.WeightDrop[i]
		}
		if err := forest.Trees[i].addTo(&b, int(forest.TreeInfo[i]), weight); err != nil {
			return nil, fmt.Errorf("tree %d: %w", i, err)
		}
	}
	return m.finish(&b.Ensemble, link, o)
}

// outputs reads the header: how many outputs and features there are, and the base score of each output.
func (f *xgbFile) outputs(b *builder, m *Model, l link) error {
	p := &f.Learner.Param
	var counts [3]int
	for i, s := range []string{p.Classes, p.Targets, p.Features} {
		if s == "" {
			continue
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n > math.MaxInt32 {
			return fmt.Errorf("%w: learner_model_param has %.20q", ErrFormat, s)
		}
		counts[i] = n
	}
	b.Targets, m.features = max(counts[0], counts[1], 1), counts[2]
	scores := strings.Split(strings.Trim(p.BaseScore, "[] "), ",")
	if len(scores) != 1 && len(scores) != b.Targets {
		return fmt.Errorf("%w: %d base scores for %d outputs", ErrFormat, len(scores), b.Targets)
	}
	if p.BaseScore == "" || b.Targets > 1<<20 {
		return fmt.Errorf("%w: base_score %q, %d outputs", ErrFormat, p.BaseScore, b.Targets)
	}
	for i := range b.Targets {
		v, err := strconv.ParseFloat(scores[i%len(scores)], 32)
		if err != nil {
			return fmt.Errorf("%w: base_score: %w", ErrFormat, err)
		}
		b.Base = append(b.Base, l.margin(v, f.Learner.Objective.Name))
	}
	return nil
}

func xgbLink(objective string) (link, error) {
	switch objective {
	case "binary:logistic", "reg:logistic":
		return logistic, nil
	case "multi:softprob", "multi:softmax":
		return softmax, nil
	case "count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft":
		return exponent, nil
	case "binary:hinge":
		return hinge, nil
	case "binary:logitraw", "reg:squarederror", "reg:linear", "reg:squaredlogerror", "reg:pseudohubererror",
		"reg:absoluteerror", "reg:quantileerror", "rank:pairwise", "rank:ndcg", "rank:map":
		return identity, nil
	}
	return identity, fmt.Errorf("%w: objective %.40q", ErrUnsupported, objective)
}

// margin turns a base score, kept as a prediction, into what is added to the leaves.
func (l link) margin(v float64, objective string) float64 {
	switch {
	case l == logistic || objective == "binary:logitraw":
		return -math.Log(1/v - 1)
	case l == exponent:
		return math.Log(v)
	}
	return v
}

func (t *xgbTree) addTo(b *builder, output int, weight float64) error {
	n := len(t.Left)
	if v := t.Param.LeafVector; v != "" && v != "0" && v != "1" {
		return fmt.Errorf("%w: leaves with %.20s weights (multi_output_tree)", ErrUnsupported, v)
	}
	if n == 0 || len(t.Right) != n || len(t.Feature) != n || len(t.Condition) != n || len(t.DefaultLeft) != n ||
		t.TypeNumbers != nil && len(t.TypeNumbers) != n {
		return fmt.Errorf("%w: lists of %d, %d, %d, %d, %d and %d nodes", ErrFormat,
			n, len(t.Right), len(t.Feature), len(t.Condition), len(t.DefaultLeft), len(t.TypeNumbers))
	}
	categories, err := t.categories()
	if err != nil {
		return err
	}
	base := int32(len(b.Nodes))
	b.Roots = append(b.Roots, base)
	b.Nodes = append(b.Nodes, make([]trees.Node, n)...)
	for i := range n {
		if t.Left[i] < 0 {
			b.Nodes[int(base)+i] = b.leaf(output, float64(t.Condition[i])*weight)
			continue
		}
		if int(t.Left[i]) >= n || t.Right[i] < 0 || int(t.Right[i]) >= n || t.Feature[i] < 0 {
			return fmt.Errorf("%w: node %d has children %d and %d of %d, feature %d",
				ErrFormat, i, t.Left[i], t.Right[i], n, t.Feature[i])
		}
		b.Nodes[int(base)+i] = t.decision(b, base, i, categories)
	}
	return nil
}

// decision goes left below the threshold, or with a category that is not in the set.
func (t *xgbTree) decision(b *builder, base int32, i int, categories map[int32][]int64) trees.Node {
	left, right := base+t.Left[i], base+t.Right[i]
	if t.TypeNumbers == nil || t.TypeNumbers[i] != 1 {
		return trees.Node{
			Mode: trees.LT, Feature: t.Feature[i], Value: float64(t.Condition[i]), True: left, False: right, Missing: t.DefaultLeft[i],
		}
	}
	n := b.between(t.Feature[i], whole(categories[int32(i)], false), left, right)
	if !t.DefaultLeft[i] {
		n = missingFirst(t.Feature[i], right, b.add(n))
	}
	return n
}

// categories returns the sets of categorical nodes.
func (t *xgbTree) categories() (map[int32][]int64, error) {
	if len(t.CategoryFrom) != len(t.CategoryNode) || len(t.CategorySize) != len(t.CategoryNode) {
		return nil, fmt.Errorf("%w: category lists of %d, %d and %d", ErrFormat,
			len(t.CategoryNode), len(t.CategoryFrom), len(t.CategorySize))
	}
	sets := make(map[int32][]int64, len(t.CategoryNode))
	used := int64(0)
	for i, node := range t.CategoryNode {
		from, size := t.CategoryFrom[i], t.CategorySize[i]
		if from < 0 || size < 0 || from > int64(len(t.Categories)) || size > int64(len(t.Categories))-from {
			return nil, fmt.Errorf("%w: categories %d to %d of %d", ErrFormat, from, from+size, len(t.Categories))
		}
		if used += size; used > int64(len(t.Categories)) {
			return nil, fmt.Errorf("%w: categories of nodes overlap", ErrFormat)
		}
		set, err := sortedCategories(t.Categories[from : from+size])
		if err != nil {
			return nil, err
		}
		sets[node] = set
	}
	return sets, nil
}
