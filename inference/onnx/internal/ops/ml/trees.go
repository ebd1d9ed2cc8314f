package ml

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/onnx/internal/trees"
	"github.com/turgo-io/turgo/inference/tensor"
)

// attributesV3 reads what classifier and regressor have in common; votes is the
// prefix of the attributes that hold the leaves' votes.
func attributesV3(b *op.Build, votes string) trees.V3 {
	return trees.V3{
		TreeIDs:     b.Int64s("nodes_treeids"),
		NodeIDs:     b.Int64s("nodes_nodeids"),
		FeatureIDs:  b.Int64s("nodes_featureids"),
		Modes:       b.Strs("nodes_modes"),
		TrueIDs:     b.Int64s("nodes_truenodeids"),
		FalseIDs:    b.Int64s("nodes_falsenodeids"),
		Values:      b.Floats("nodes_values"),
		Values64:    doubles(b, "nodes_values_as_tensor"),
		Missing:     b.Int64s("nodes_missing_value_tracks_true"),
		VoteTreeIDs: b.Int64s(votes + "_treeids"),
		VoteNodeIDs: b.Int64s(votes + "_nodeids"),
		VoteIDs:     b.Int64s(votes + "_ids"),
		Weights:     b.Floats(votes + "_weights"),
		Weights64:   doubles(b, votes+"_weights_as_tensor"),
		Base:        b.Floats("base_values"),
		Base64:      doubles(b, "base_values_as_tensor"),
		Post:        b.Str("post_transform", "NONE"),
	}
}

// doubles is a tensor attribute of any float type as float64.
func doubles(b *op.Build, name string) []float64 {
	t := b.Tensor(name)
	if t == nil {
		return nil
	}
	switch t.Elem() {
	case tensor.Float64:
		return tensor.Slice[float64](t)
	case tensor.Float32:
		v := make([]float64, t.Len())
		convert(v, tensor.Slice[float32](t))
		return v
	case tensor.Float16:
		v := make([]float64, t.Len())
		for i, h := range tensor.Slice[tensor.F16](t) {
			v[i] = float64(h.Float32())
		}
		return v
	}
	b.Fail("%s is %v, not of a float type", name, t)
	return nil
}

// ignoreHitRates marks statistics that only speed could depend on.
func ignoreHitRates(b *op.Build) {
	b.Ignore("nodes_hitrates", "nodes_hitrates_as_tensor")
}

func newTreeRegressor(b *op.Build) (op.Kernel, error) {
	ignoreHitRates(b)
	d := attributesV3(b, "target")
	d.Targets = int64(b.Int("n_targets", 1))
	d.Aggregate = b.Str("aggregate_function", "SUM")
	return regressor(trees.FromV3(d))
}

func newTreeEnsemble(b *op.Build) (op.Kernel, error) {
	ignoreHitRates(b)
	k, err := regressor(trees.FromV5(trees.V5{
		Targets:     int64(b.Int("n_targets", 1)),
		Roots:       b.Int64s("tree_roots"),
		FeatureIDs:  b.Int64s("nodes_featureids"),
		Modes:       modes(b),
		Splits:      doubles(b, "nodes_splits"),
		TrueIDs:     b.Int64s("nodes_truenodeids"),
		FalseIDs:    b.Int64s("nodes_falsenodeids"),
		TrueLeafs:   b.Int64s("nodes_trueleafs"),
		FalseLeafs:  b.Int64s("nodes_falseleafs"),
		Missing:     b.Int64s("nodes_missing_value_tracks_true"),
		Members:     doubles(b, "membership_values"),
		LeafTargets: b.Int64s("leaf_targetids"),
		LeafWeights: doubles(b, "leaf_weights"),
		Aggregate:   int64(b.Int("aggregate_function", 1)),
		Post:        int64(b.Int("post_transform", 0)),
	}))
	if err == nil {
		k.(*ensemble).keepDouble = true
	}
	return k, err
}

func modes(b *op.Build) []uint8 {
	t := b.Tensor("nodes_modes")
	if t == nil || t.Elem() != tensor.Uint8 {
		b.Fail("nodes_modes is %v, not a tensor of uint8", t)
		return nil
	}
	return tensor.Slice[uint8](t)
}

// ensemble runs a tree kernel. Version 5 gives doubles for doubles; the older
// operators give float32 whatever comes in.
type ensemble struct {
	kernel     *trees.Kernel
	labels     labels
	classifier bool
	keepDouble bool
}

func regressor(e *trees.Ensemble, err error) (op.Kernel, error) {
	if err != nil {
		return nil, err
	}
	k, err := trees.Compile(e)
	return &ensemble{kernel: k}, err
}

func newTreeClassifier(b *op.Build) (op.Kernel, error) {
	ignoreHitRates(b)
	d := attributesV3(b, "class")
	l := newLabels(b)
	d.Classifier, d.Targets = true, int64(l.len())
	e, err := trees.FromV3(d)
	if err != nil {
		return nil, err
	}
	k, err := trees.Compile(e)
	return &ensemble{kernel: k, labels: l, classifier: true}, err
}

func (k *ensemble) Run(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	if x.Elem().IsHalf() {
		return k.runHalf(c, x)
	}
	switch x.Elem() {
	case tensor.Float32:
		return treesOn[float32](c, k, x, tensor.Slice[float32](x))
	case tensor.Float64:
		return treesOn[float64](c, k, x, tensor.Slice[float64](x))
	case tensor.Int64:
		return treesOn[int64](c, k, x, tensor.Slice[int64](x))
	case tensor.Int32:
		return treesOn[int32](c, k, x, tensor.Slice[int32](x))
	}
	return fmt.Errorf("%w: trees on %v", op.ErrType, x)
}

// runHalf widens 16-bit features, and rounds the scores back.
func (k *ensemble) runHalf(c *op.Ctx, x *tensor.Tensor) error {
	v, err := op.Scratch[float32](c, x.Len())
	if err != nil {
		return err
	}
	tensor.Widen(v, x)
	rows, width := extent(x)
	scores, err := op.Scratch[float32](c, rows*k.kernel.Outputs())
	if err != nil {
		return err
	}
	if err := k.kernel.Scores(scores, v, rows, width); err != nil {
		return err
	}
	shape := [2]int{rows, k.kernel.Outputs()}
	y, err := c.Out(0, x.Elem(), shape[:])
	if err != nil {
		return err
	}
	tensor.Narrow(y, scores)
	return nil
}

func treesOn[X trees.Input](c *op.Ctx, k *ensemble, x *tensor.Tensor, v []X) error {
	rows, width := extent(x)
	shape := [2]int{rows, k.kernel.Outputs()}
	if k.classifier {
		return classify(c, k, v, rows, width, shape[:])
	}
	if k.keepDouble && x.Elem() == tensor.Float64 {
		y, err := c.Out(0, tensor.Float64, shape[:])
		if err != nil {
			return err
		}
		return k.kernel.Scores(tensor.Slice[float64](y), v, rows, width)
	}
	y, err := c.Out(0, tensor.Float32, shape[:])
	if err != nil {
		return err
	}
	return k.kernel.Scores(tensor.Slice[float32](y), v, rows, width)
}

func classify[X trees.Input](c *op.Ctx, k *ensemble, v []X, rows, width int, shape []int) error {
	y, err := c.Out(1, tensor.Float32, shape)
	if err != nil {
		return err
	}
	class, err := op.Scratch[int64](c, rows)
	if err != nil {
		return err
	}
	if err := k.kernel.Classify(tensor.Slice[float32](y), class, v, rows, width); err != nil {
		return err
	}
	w, err := k.labels.out(c, 0, rows)
	if err != nil {
		return err
	}
	for r, i := range class {
		if err := w.set(r, int(i)); err != nil {
			return err
		}
	}
	return nil
}
