package contrib

import "github.com/turgo-io/turgo/inference/onnx/internal/ir"

// plainRules are activations, norms and what only carries another name.
func plainRules(name string) rule {
	switch name {
	case "Gelu":
		return func(w *writer) { w.give(0, w.op("Gelu", nil, w.in(0))) }
	case "BiasGelu":
		return func(w *writer) { w.give(0, w.op("Gelu", nil, w.plus(w.in(0), w.in(1)))) }
	case "FastGelu":
		return func(w *writer) { w.give(0, w.op("Gelu", attrs{"approximate": "tanh"}, w.plus(w.in(0), w.in(1)))) }
	case "QuickGelu":
		return func(w *writer) { w.give(0, w.op("Swish", attrs{"alpha": w.Float("alpha", 1.702)}, w.in(0))) }
	case "BiasAdd":
		return func(w *writer) { w.give(0, w.plus(w.in(0), w.in(1), w.in(2))) }
	case "BiasSplitGelu":
		return biasSplitGelu
	case "SkipLayerNormalization":
		return skipNorm
	case "SkipSimplifiedLayerNormalization":
		return skipSimplifiedNorm
	case "SimplifiedLayerNormalization":
		return simplifiedNorm
	case "LayerNormalization":
		return standard("LayerNormalization", 3, "axis", "epsilon", "stash_type")
	case "EmbedLayerNormalization":
		return embedNorm
	case "GroupNorm":
		return groupNorm
	case "BiasSoftmax":
		return biasSoftmax
	case "Trilu":
		return standard("Trilu", 1, "upper")
	case "Range":
		return standard("Range", 1)
	case "Pad":
		return standard("Pad", 1, "mode")
	case "GatherND":
		return standard("GatherND", 1)
	case "ExpandDims":
		return func(w *writer) {
			w.give(0, w.op("Unsqueeze", nil, w.in(0), w.op("Reshape", nil, w.cast(w.in(1), 7), ints(1))))
		}
	case "Unique":
		return func(w *writer) {
			out := w.add("Unique", 4, attrs{"sorted": 0}, w.in(0))
			w.give(0, out[0])
			w.give(1, out[2])
			w.give(2, out[3])
		}
	case "CDist":
		return distances
	}
	return nil
}

// standard is a rule for an operator that the standard has taken over.
func standard(name string, outputs int, known ...string) rule {
	return func(w *writer) {
		n := min(outputs, w.NumOut())
		for i, v := range w.add(name, n, w.copied(known...), w.Node.Inputs...) {
			w.give(i, v)
		}
	}
}

// biasSplitGelu is (x + bias) in two halves, the first times the gelu of the second.
func biasSplitGelu(w *writer) {
	halves := w.parts(w.plus(w.in(0), w.in(1)), 2, -1)
	w.give(0, w.op("Mul", nil, halves[0], w.op("Gelu", nil, halves[1])))
}

func skipNorm(w *writer) {
	w.refuse(nil, []int{1, 2})
	if !w.need(0, 1, 2) {
		return
	}
	sum := w.plus(w.in(0), w.in(1), w.in(4))
	w.give(3, sum)
	w.give(0, w.op("LayerNormalization", attrs{"axis": -1, "epsilon": w.Float("epsilon", 1e-12)}, sum, w.in(2), w.in(3)))
}

func skipSimplifiedNorm(w *writer) {
	w.refuse(nil, []int{1, 2})
	if !w.need(0, 1, 2) {
		return
	}
	sum := w.plus(w.in(0), w.in(1), w.in(3))
	w.give(3, sum)
	w.give(0, w.op("RMSNormalization", attrs{"axis": -1, "epsilon": w.Float("epsilon", 1e-12)}, sum, w.in(2)))
}

func simplifiedNorm(w *writer) {
	w.refuse(nil, []int{1})
	w.Ignore("stash_type")
	w.give(0, w.op("RMSNormalization", attrs{"axis": w.Int("axis", -1), "epsilon": w.Float("epsilon", 1e-5)}, w.in(0), w.in(1)))
}

// embedNorm adds up to three embeddings of [batch, steps] and normalizes the sum.
func embedNorm(w *writer) {
	if !w.need(0, 2, 3, 5, 6) {
		return
	}
	ids := w.in(0)
	sum := w.op("Gather", nil, w.in(2), ids)
	if w.HasIn(8) {
		sum = w.plus(sum, w.op("Gather", nil, w.in(3), w.in(8)))
	} else {
		sum = w.plus(sum, w.op("Slice", nil, w.in(3), ints(0), w.size(ids, 1), ints(0)))
	}
	if w.HasIn(1) && w.HasIn(4) {
		sum = w.plus(sum, w.op("Gather", nil, w.in(4), w.in(1)))
	}
	w.give(2, sum)
	w.give(0, w.op("LayerNormalization", attrs{"axis": -1, "epsilon": w.Float("epsilon", 1e-12)}, sum, w.in(5), w.in(6)))
	w.Ignore("mask_index_type")
	if w.HasOut(1) && w.need(7) {
		w.give(1, w.op("ReduceSum", attrs{"keepdims": 0}, w.in(7), ints(1)))
	}
}

// toChannelsFirst moves the last of four dimensions to the second place, and
// toChannelsLast back.
var (
	toChannelsFirst = []int64{0, 3, 1, 2}
	toChannelsLast  = []int64{0, 2, 3, 1}
)

// groupNorm normalizes groups of channels, which come last unless told otherwise.
func groupNorm(w *writer) {
	last := w.Bool("channels_last", true)
	x := w.in(0)
	if last {
		x = w.op("Transpose", attrs{"perm": toChannelsFirst}, x)
	}
	y := w.op("GroupNormalization", attrs{"num_groups": w.Int("groups", 1), "epsilon": w.Float("epsilon", 1e-5)}, x, w.in(1), w.in(2))
	if w.Int("activation", 0) == 1 {
		y = w.op("Swish", nil, y)
	}
	if last {
		y = w.op("Transpose", attrs{"perm": toChannelsLast}, y)
	}
	w.give(0, y)
}

// biasSoftmax takes the last dimensions, from axis on, as one line; only the last
// one alone is the same as the standard's.
func biasSoftmax(w *writer) {
	w.Ignore("is_inner_broadcast", "broadcast_type") // the standard's rules of broadcasting cover both
	axis := w.Int("axis", 1)
	if r := rank(w.in(0), 0); axis != -1 && (r == 0 || axis != r-1) {
		w.Fail("BiasSoftmax along axis %d of a rank of %d", axis, r)
	}
	w.give(0, w.op("Softmax", attrs{"axis": -1}, w.plus(w.in(0), w.in(1))))
}

// distances is the distance of each row of the first operand to each of the second,
// from |a|² + |b|² − 2ab.
func distances(w *writer) {
	metric := w.Str("metric", "sqeuclidean", "euclidean", "sqeuclidean")
	squares := func(v *ir.Value, keep bool) *ir.Value {
		return w.op("ReduceSumSquare", attrs{"keepdims": keep}, v, ints(1))
	}
	sum := w.op("Add", nil, squares(w.in(0), true), squares(w.in(1), false))
	product := w.op("MatMul", nil, w.in(0), w.op("Transpose", attrs{"perm": []int64{1, 0}}, w.in(1)))
	two := w.op("CastLike", nil, scalar(2), w.in(0))
	zero := w.op("CastLike", nil, scalar(0), w.in(0))
	d := w.op("Max", nil, w.op("Sub", nil, sum, w.op("Mul", nil, product, two)), zero)
	if metric == "euclidean" {
		d = w.op("Sqrt", nil, d)
	}
	w.give(0, d)
}
