package treefile

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/turgo-io/turgo/inference/onnx/internal/trees"
)

// catFile is the part of CatBoost's JSON that predictions need.
type catFile struct {
	Features struct {
		Float       []catFeature      `json:"float_features"`
		Categorical []json.RawMessage `json:"categorical_features"`
		Text        []json.RawMessage `json:"text_features"`
		Embedding   []json.RawMessage `json:"embedding_features"`
	} `json:"features_info"`
	Info struct {
		Params struct {
			Loss struct {
				Type string `json:"type"`
			} `json:"loss_function"`
		} `json:"params"`
	} `json:"model_info"`
	Oblivious []catOblivious    `json:"oblivious_trees"`
	Trees     []catNode         `json:"trees"`
	Scale     []json.RawMessage `json:"scale_and_bias"`
}

type catFeature struct {
	Index  int32  `json:"feature_index"`      // among float features
	Column int32  `json:"flat_feature_index"` // among all
	NaN    string `json:"nan_value_treatment"`
	Name   string `json:"feature_id"`
}

type catSplit struct {
	Type    string   `json:"split_type"`
	Feature int32    `json:"float_feature_index"`
	Border  *float64 `json:"border"`
}

// catOblivious asks the same question in all nodes of a level. Bit i of a leaf's number is the answer to splits[i].
type catOblivious struct {
	Splits []catSplit `json:"splits"`
	Leaves []float64  `json:"leaf_values"` // per leaf, a value per output
}

type catNode struct {
	Left, Right *catNode
	Split       *catSplit
	Value       values
}

// values reads a number or a list of numbers.
type values []float64

// UnmarshalJSON implements json.Unmarshaler.
func (v *values) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]float64)(v))
	}
	var one float64
	err := json.Unmarshal(b, &one)
	*v = values{one}
	return err
}

// ReadCatBoost reads a model saved by save_model(…, format="json"), with numeric features only.
func ReadCatBoost(r io.Reader, o Options) (*Model, error) {
	b, err := o.read(r)
	if err != nil {
		return nil, err
	}
	var file catFile
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return file.model(o)
}

func (f *catFile) model(o Options) (*Model, error) {
	if n := len(f.Features.Categorical) + len(f.Features.Text) + len(f.Features.Embedding); n > 0 {
		return nil, fmt.Errorf("%w: %d categorical, text or embedding features", ErrUnsupported, n)
	}
	loss := f.Info.Params.Loss.Type
	link, err := catLink(loss)
	if err != nil {
		return nil, err
	}
	if f.Oblivious == nil && f.Trees == nil {
		return nil, fmt.Errorf("%w: neither oblivious_trees nor trees", ErrFormat)
	}
	c := catBuilder{columns: map[int32]catFeature{}}
	c.Single = true
	m := &Model{objective: loss}
	for _, feature := range f.Features.Float {
		c.columns[feature.Index] = feature
		m.features = max(m.features, int(feature.Column)+1)
	}
	m.names = f.names(m.features)
	if err := c.scaleAndBias(f.Scale); err != nil {
		return nil, err
	}
	for i := range f.Oblivious {
		if err := c.oblivious(&f.Oblivious[i]); err != nil {
			return nil, fmt.Errorf("tree %d: %w", i, err)
		}
	}
	for i := range f.Trees {
		root, err := c.tree(&f.Trees[i])
		if err != nil {
			return nil, fmt.Errorf("tree %d: %w", i, err)
		}
		c.Roots = append(c.Roots, root)
	}
	return m.finish(&c.Ensemble, link, o)
}

// names are the columns' names if any has one; a column that no float feature claims has none.
func (f *catFile) names(columns int) []string {
	if columns > 4*len(f.Features.Float)+1024 {
		return nil
	}
	names, any := make([]string, columns), false
	for _, feature := range f.Features.Float {
		if feature.Column >= 0 {
			names[feature.Column] = feature.Name
			any = any || feature.Name != ""
		}
	}
	if !any {
		return nil
	}
	return names
}

func catLink(loss string) (link, error) {
	switch loss {
	case "Logloss", "CrossEntropy", "MultiClassOneVsAll", "MultiLogloss", "MultiCrossEntropy":
		return logistic, nil
	case "MultiClass":
		return softmax, nil
	case "Poisson", "Tweedie":
		return exponent, nil
	case "", "RMSE", "MAE", "Quantile", "MultiQuantile", "LogLinQuantile", "MAPE", "Huber", "Expectile", "Lq", "Focal", "MultiRMSE",
		"MultiRMSEWithMissingValues", "QueryRMSE", "YetiRank", "YetiRankPairwise", "PairLogit", "PairLogitPairwise", "QuerySoftMax",
		"StochasticRank", "LambdaMart", "LogCosh":
		return identity, nil
	}
	return identity, fmt.Errorf("%w: loss function %.40q", ErrUnsupported, loss)
}

type catBuilder struct {
	builder
	columns map[int32]catFeature
	scale   float64
}

// scaleAndBias reads [scale, [bias, …]] or [scale, bias]; there is a bias for each output.
func (c *catBuilder) scaleAndBias(in []json.RawMessage) error {
	c.scale, c.Base, c.Targets = 1, []float64{0}, 1
	if len(in) == 0 {
		return nil
	}
	var bias values
	if len(in) != 2 || json.Unmarshal(in[0], &c.scale) != nil || json.Unmarshal(in[1], &bias) != nil || len(bias) == 0 {
		return fmt.Errorf("%w: scale_and_bias", ErrFormat)
	}
	c.Base, c.Targets = bias, len(bias)
	return nil
}

func (c *catBuilder) weights(in []float64) []float64 {
	out := make([]float64, len(in))
	for i, w := range in {
		out[i] = w * c.scale
	}
	return out
}

// decision is x > border; NaN answers as the feature's nan_value_treatment says.
func (c *catBuilder) decision(s *catSplit, yes, no int32) (trees.Node, error) {
	if s.Type != "" && s.Type != "FloatFeature" {
		return trees.Node{}, fmt.Errorf("%w: split of type %.40q", ErrUnsupported, s.Type)
	}
	feature, ok := c.columns[s.Feature]
	if !ok || feature.Column < 0 || s.Border == nil {
		return trees.Node{}, fmt.Errorf("%w: split on float feature %d", ErrFormat, s.Feature)
	}
	return trees.Node{
		Mode: trees.GT, Feature: feature.Column, Value: float64(float32(*s.Border)), True: yes, False: no, Missing: feature.NaN == "AsTrue",
	}, nil
}

func (c *catBuilder) oblivious(t *catOblivious) error {
	depth := len(t.Splits)
	if depth > 30 || len(t.Leaves) != c.Targets<<depth {
		return fmt.Errorf("%w: %d splits, %d leaf values, %d outputs", ErrFormat, depth, len(t.Leaves), c.Targets)
	}
	level := make([]int32, 1<<depth)
	for i := range level {
		level[i] = c.add(c.leaf(0, c.weights(t.Leaves[i*c.Targets:][:c.Targets])...))
	}
	for i := range t.Splits { // bit i tells neighbours of a level apart
		next := level[:len(level)/2]
		for j := range next {
			n, err := c.decision(&t.Splits[i], level[2*j+1], level[2*j])
			if err != nil {
				return err
			}
			next[j] = c.add(n)
		}
		level = next
	}
	c.Roots = append(c.Roots, level[0])
	return nil
}

// tree recurses; encoding/json has refused nesting deeper than 10,000.
func (c *catBuilder) tree(n *catNode) (int32, error) {
	if len(c.Nodes) >= math.MaxInt32/2 {
		return 0, fmt.Errorf("%w: nodes", ErrLimit)
	}
	if n.Split == nil {
		if len(n.Value) != c.Targets || n.Left != nil || n.Right != nil {
			return 0, fmt.Errorf("%w: leaf with %d values for %d outputs", ErrFormat, len(n.Value), c.Targets)
		}
		return c.add(c.leaf(0, c.weights(n.Value)...)), nil
	}
	if n.Left == nil || n.Right == nil {
		return 0, fmt.Errorf("%w: split without two children", ErrFormat)
	}
	no, err := c.tree(n.Left)
	if err != nil {
		return 0, err
	}
	yes, err := c.tree(n.Right)
	if err != nil {
		return 0, err
	}
	node, err := c.decision(n.Split, yes, no)
	if err != nil {
		return 0, err
	}
	return c.add(node), nil
}
