package treefile

import (
	"fmt"
	"math"
	"slices"

	"github.com/turgo-io/turgo/inference/onnx/internal/trees"
)

// builder collects nodes.
type builder struct {
	trees.Ensemble
}

// add appends a node and returns its position.
func (b *builder) add(n trees.Node) int32 {
	b.Nodes = append(b.Nodes, n)
	return int32(len(b.Nodes) - 1)
}

// leaf is a leaf with one vote for target, or for as many targets from there on as there are weights.
func (b *builder) leaf(target int, weights ...float64) trees.Node {
	from := int32(len(b.Votes))
	for i, w := range weights {
		b.Votes = append(b.Votes, trees.Vote{Weight: w, Target: int32(target + i)})
	}
	return trees.Node{Mode: trees.Leaf, True: from, False: int32(len(b.Votes))}
}

// bound is the end of a region of a feature: what is below value lies left of it, and value itself if leq.
type bound struct {
	value float64
	leq   bool
}

// whole are the bounds of whole numbers in ascending order: a feature lies inside if it is one of them once its fraction is
// cut off. negative says that numbers between -1 and 0 become 0, too.
func whole(categories []int64, negative bool) (bounds []bound) {
	for i, c := range categories {
		if i > 0 && c == categories[i-1]+1 {
			bounds[len(bounds)-1].value = float64(c + 1)
			continue
		}
		from := bound{value: float64(c)}
		if c == 0 && negative {
			from = bound{value: -1, leq: true}
		}
		bounds = append(bounds, from, bound{value: float64(c + 1)})
	}
	return bounds
}

// between leads to odd from inside of every second region (after the first bound, after the third, …), otherwise, and for
// NaN, to even. It returns a node that may be put anywhere.
func (b *builder) between(feature int32, bounds []bound, even, odd int32) trees.Node {
	n := trees.Node{Mode: trees.LEQ, Value: math.Inf(1), Feature: feature, True: even, False: even, Missing: true}
	if len(bounds) == 0 {
		return n
	}
	m := len(bounds) / 2
	n.Value = bounds[m].value
	if !bounds[m].leq {
		n.Mode = trees.LT
	}
	n.True = b.region(feature, bounds[:m], even, odd)
	if m%2 == 0 {
		even, odd = odd, even
	}
	n.False = b.region(feature, bounds[m+1:], even, odd)
	return n
}

func (b *builder) region(feature int32, bounds []bound, even, odd int32) int32 {
	if len(bounds) == 0 {
		return even
	}
	return b.add(b.between(feature, bounds, even, odd))
}

// missingFirst sends NaN to one node and everything else to another.
func missingFirst(feature, missing, other int32) trees.Node {
	return trees.Node{Mode: trees.LEQ, Value: math.Inf(1), Feature: feature, True: other, False: missing}
}

// sortedCategories checks categories and sorts them.
func sortedCategories(in []int64) ([]int64, error) {
	out := slices.Clone(in)
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > 0 && (out[0] < 0 || out[len(out)-1] > math.MaxInt32) {
		return nil, fmt.Errorf("%w: category %d", ErrFormat, out[0])
	}
	return out, nil
}
