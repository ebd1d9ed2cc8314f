package treefile

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx/internal/trees"
)

// ReadLightGBM reads a model saved by Booster.save_model: the text format, versions 2 to 4.
func ReadLightGBM(r io.Reader, o Options) (*Model, error) {
	b, err := o.read(r)
	if err != nil {
		return nil, err
	}
	text := string(b)
	if !strings.HasPrefix(text, "tree") {
		return nil, fmt.Errorf("%w: a LightGBM model begins with a line that says tree", ErrFormat)
	}
	text, _, ended := strings.Cut(text, "\nend of trees")
	if !ended {
		return nil, fmt.Errorf("%w: no end of trees, the file is cut off", ErrFormat)
	}
	head, body, _ := strings.Cut(text, "\nTree=")
	return lgbModel(lgbSection(head), body, o)
}

// lgbSection splits lines of key=value; a line without = is a key.
func lgbSection(text string) map[string]string {
	section := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		section[key] = value
	}
	return section
}

func lgbModel(head map[string]string, body string, o Options) (*Model, error) {
	outputs, err := strconv.Atoi(head["num_tree_per_iteration"])
	if err != nil || outputs < 1 || outputs > 1<<20 {
		return nil, fmt.Errorf("%w: num_tree_per_iteration is %.20q", ErrFormat, head["num_tree_per_iteration"])
	}
	last, err := strconv.Atoi(head["max_feature_idx"])
	if err != nil || last < -1 || last >= math.MaxInt32 {
		return nil, fmt.Errorf("%w: max_feature_idx is %.20q", ErrFormat, head["max_feature_idx"])
	}
	m := &Model{features: last + 1, objective: head["objective"], names: strings.Fields(head["feature_names"])}
	link, scale, err := lgbLink(head["objective"])
	if err != nil {
		return nil, err
	}
	var b builder
	b.Targets = outputs
	if body == "" {
		return m.finish(&b.Ensemble, link, o)
	}
	if _, average := head["average_output"]; average {
		scale /= float64((strings.Count(body, "\nTree=") + outputs) / outputs)
	}
	if o.Raw {
		scale = 1 // LightGBM's raw score is the sum, of a random forest too
	}
	for i, rest := 0, body; rest != ""; i++ {
		var section string
		section, rest, _ = strings.Cut(rest, "\nTree=")
		if err := lgbTree(&b, lgbSection(section), i%outputs, scale); err != nil {
			return nil, fmt.Errorf("tree %d: %w", i, err)
		}
	}
	return m.finish(&b.Ensemble, link, o)
}

// lgbLink reads an objective such as "binary sigmoid:1". Leaves are multiplied by scale where the sigmoid is steeper.
func lgbLink(objective string) (l link, scale float64, err error) {
	words := append(strings.Fields(objective), "")
	scale = 1
	root := false
	for _, w := range words[1:] {
		if s, ok := strings.CutPrefix(w, "sigmoid:"); ok {
			if scale, err = strconv.ParseFloat(s, 64); err != nil {
				return 0, 0, fmt.Errorf("%w: objective %.40q", ErrFormat, objective)
			}
		}
		root = root || w == "sqrt"
	}
	switch words[0] {
	case "binary", "multiclassova":
		return logistic, scale, nil
	case "cross_entropy", "xentropy":
		return logistic, 1, nil
	case "multiclass":
		return softmax, 1, nil
	case "cross_entropy_lambda", "xentlambda":
		return log1pExp, 1, nil
	case "poisson", "gamma", "tweedie":
		return exponent, 1, nil
	case "", "custom", "regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg":
		if root {
			return square, 1, nil
		}
		return identity, 1, nil
	}
	return 0, 0, fmt.Errorf("%w: objective %.40q", ErrUnsupported, objective)
}

// lgbNodes are the lists of a tree. Decisions and leaves are numbered apart; a child is a decision, or ^leaf.
type lgbNodes struct {
	feature, left, right, decision []int64
	threshold, leaf                []float64
	boundaries, bits               []int64 // categorical splits
}

func lgbTree(b *builder, section map[string]string, output int, scale float64) error {
	if s := section["is_linear"]; s != "" && s != "0" {
		return fmt.Errorf("%w: linear trees", ErrUnsupported)
	}
	var t lgbNodes
	for key, list := range map[string]*[]int64{
		"split_feature": &t.feature, "left_child": &t.left, "right_child": &t.right, "decision_type": &t.decision,
		"cat_boundaries": &t.boundaries, "cat_threshold": &t.bits,
	} {
		if err := lgbInts(section[key], list); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrFormat, key, err)
		}
	}
	for key, list := range map[string]*[]float64{"threshold": &t.threshold, "leaf_value": &t.leaf} {
		if err := lgbFloats(section[key], list); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrFormat, key, err)
		}
	}
	n := len(t.left)
	if len(t.right) != n || len(t.feature) != n || len(t.decision) != n || len(t.threshold) != n || len(t.leaf) != n+1 {
		return fmt.Errorf("%w: lists of %d, %d, %d, %d and %d decisions, %d leaves", ErrFormat,
			n, len(t.right), len(t.feature), len(t.decision), len(t.threshold), len(t.leaf))
	}
	return t.addTo(b, output, scale)
}

func (t *lgbNodes) addTo(b *builder, output int, scale float64) error {
	base, n := int32(len(b.Nodes)), len(t.left)
	b.Roots = append(b.Roots, base)
	b.Nodes = append(b.Nodes, make([]trees.Node, n)...)
	for _, w := range t.leaf {
		b.add(b.leaf(output, w*scale))
	}
	child := func(c int64) (int32, bool) {
		if c < 0 {
			return base + int32(n) + int32(^c), int(^c) < len(t.leaf)
		}
		return base + int32(c), c < int64(n)
	}
	for i := range n {
		left, ok1 := child(max(t.left[i], math.MinInt32))
		right, ok2 := child(max(t.right[i], math.MinInt32))
		if f := t.feature[i]; !ok1 || !ok2 || f < 0 || f >= math.MaxInt32 {
			return fmt.Errorf("%w: decision %d of %d has children %d and %d, feature %d", ErrFormat, i, n, t.left[i], t.right[i], f)
		}
		node, err := t.node(b, i, left, right)
		if err != nil {
			return err
		}
		b.Nodes[int(base)+i] = node
	}
	return nil
}

// The bits of decision_type.
const (
	lgbCategorical = 1
	lgbDefaultLeft = 2
	lgbMissing     = 3 << 2 // what counts as missing:
	lgbMissingZero = 1 << 2
	lgbMissingNaN  = 2 << 2

	// lgbZero is the largest value taken for zero.
	lgbZero = float64(float32(1e-35))
)

// node goes left at x <= threshold. A NaN that does not count as missing is compared as zero. Where zero counts as
// missing, what is within lgbZero of it goes the default way.
func (t *lgbNodes) node(b *builder, i int, left, right int32) (trees.Node, error) {
	kind, threshold, feature := t.decision[i], t.threshold[i], int32(t.feature[i])
	byDefault := kind&lgbDefaultLeft != 0
	n := trees.Node{Mode: trees.LEQ, Feature: feature, Value: threshold, True: left, False: right, Missing: 0 <= threshold}
	switch {
	case kind&lgbCategorical != 0:
		return t.category(b, i, left, right)
	case kind&lgbMissing == lgbMissingNaN:
		n.Missing = byDefault
	case kind&lgbMissing == lgbMissingZero:
		zero := right
		if byDefault {
			zero = left
		}
		other := b.add(n)
		inside := b.add(trees.Node{Mode: trees.LEQ, Feature: feature, Value: lgbZero, True: zero, False: other, Missing: true})
		n = trees.Node{Mode: trees.LT, Feature: feature, Value: -lgbZero, True: other, False: inside}
	}
	return n, nil
}

// category goes left with the categories of a bit set; NaN is in none.
func (t *lgbNodes) category(b *builder, i int, left, right int32) (trees.Node, error) {
	k := int64(t.threshold[i])
	if !(t.threshold[i] >= 0) || k >= int64(len(t.boundaries))-1 {
		return trees.Node{}, fmt.Errorf("%w: decision %d tests category set %v of %d", ErrFormat, i, t.threshold[i], len(t.boundaries)-1)
	}
	from, to := t.boundaries[k], t.boundaries[k+1]
	if from < 0 || to < from || to > int64(len(t.bits)) {
		return trees.Node{}, fmt.Errorf("%w: category set %d spans %d to %d of %d", ErrFormat, k, from, to, len(t.bits))
	}
	if len(b.Nodes)+int(to-from)*64 > 1<<27 {
		return trees.Node{}, fmt.Errorf("%w: category sets", ErrLimit)
	}
	var set []int64
	for w, word := range t.bits[from:to] {
		for bit := range int64(32) {
			if word>>bit&1 != 0 {
				set = append(set, int64(w)*32+bit)
			}
		}
	}
	return b.between(int32(t.feature[i]), whole(set, true), right, left), nil
}

func lgbInts(s string, out *[]int64) error {
	for word := range strings.FieldsSeq(s) {
		v, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return err
		}
		*out = append(*out, v)
	}
	return nil
}

func lgbFloats(s string, out *[]float64) error {
	for word := range strings.FieldsSeq(s) {
		v, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return err
		}
		*out = append(*out, v)
	}
	return nil
}
