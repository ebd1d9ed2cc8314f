package trees_test

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/turgo-io/turgo/inference/onnx/internal/trees"
)

// leafOf is the definition of a walk, as close to the specification's words as can be.
func leafOf(e *trees.Ensemble, root int32, x func(feature int32) float64) trees.Node {
	n := e.Nodes[root]
	for n.Mode != trees.Leaf {
		if holds(e, n, x(n.Feature)) {
			n = e.Nodes[n.True]
		} else {
			n = e.Nodes[n.False]
		}
	}
	return n
}

func holds(e *trees.Ensemble, n trees.Node, x float64) bool {
	if math.IsNaN(x) && n.Missing {
		return true
	}
	switch n.Mode {
	case trees.LEQ:
		return x <= n.Value
	case trees.LT:
		return x < n.Value
	case trees.GTE:
		return x >= n.Value
	case trees.GT:
		return x > n.Value
	case trees.EQ:
		return x == n.Value
	case trees.NEQ:
		return x != n.Value
	}
	return slices.Contains(e.Sets[n.Set], x)
}

// referenceScores aggregates votes target by target and adds base values; a target nobody voted for has 0 and is not voted.
// Post transforms and the rules for two classes are tested against ONNX Runtime.
func referenceScores(e *trees.Ensemble, x func(int32) float64) (scores []float64, voted []bool) {
	scores, voted = make([]float64, e.Targets), make([]bool, e.Targets)
	for _, r := range e.Roots {
		leaf := leafOf(e, r, x)
		for _, v := range e.Votes[leaf.True:leaf.False] {
			s := &scores[v.Target]
			switch {
			case e.Aggregate == trees.Min && voted[v.Target]:
				*s = math.Min(*s, v.Weight)
			case e.Aggregate == trees.Max && voted[v.Target]:
				*s = math.Max(*s, v.Weight)
			default:
				*s += v.Weight
			}
			voted[v.Target] = true
		}
	}
	for i := range scores {
		if e.Aggregate == trees.Average {
			scores[i] /= float64(max(1, len(e.Roots)))
		}
		if i < len(e.Base) {
			scores[i] += e.Base[i]
		}
	}
	return scores, voted
}

// shape is what the models of the zoo look like.
type shape struct {
	trees, leaves int
	deepFirst     bool // leaf-wise growth, unbalanced
	mode          trees.Mode
}

var shapes = map[string]shape{
	"xgb_100x6":  {trees: 100, leaves: 49, mode: trees.LT},
	"xgb_500x6":  {trees: 500, leaves: 47, mode: trees.LT},
	"lgb_200x63": {trees: 200, leaves: 63, deepFirst: true, mode: trees.LEQ},
	"rf_100":     {trees: 100, leaves: 2641, deepFirst: true, mode: trees.LEQ},
}

const syntheticFeatures = 13

// syntheticZoo grows an ensemble of a zoo model's shape (the forest with a tenth of its leaves) and takes its reference
// scores as goldens.
func syntheticZoo(name string, seed uint64) *zooModel {
	rnd := rand.New(rand.NewPCG(seed, 1))
	sh := shapes[name]
	e := &trees.Ensemble{Targets: 1, Aggregate: trees.Sum}
	for range sh.trees {
		growTree(e, rnd, sh)
	}
	s := zooSet{rows: 1024, cols: syntheticFeatures}
	for range s.rows * s.cols {
		v := float32(rnd.NormFloat64())
		if rnd.IntN(50) == 0 {
			v = float32(math.NaN())
		}
		s.x = append(s.x, v)
	}
	for r := range s.rows {
		scores, _ := referenceScores(e, func(f int32) float64 { return float64(s.x[r*s.cols+int(f)]) })
		s.scores = append(s.scores, float32(scores[0]))
		label := int64(0)
		if scores[0] > 0 {
			label = 1
		}
		s.labels = append(s.labels, label)
	}
	return &zooModel{name: name, ensemble: e, sets: []zooSet{s}}
}

// growTree splits leaves until there are enough: the shallowest first, or any.
func growTree(e *trees.Ensemble, rnd *rand.Rand, sh shape) {
	leaf := func() int32 {
		e.Votes = append(e.Votes, trees.Vote{Weight: float64(float32(rnd.NormFloat64() / 100))})
		e.Nodes = append(e.Nodes, trees.Node{Mode: trees.Leaf, True: int32(len(e.Votes) - 1), False: int32(len(e.Votes))})
		return int32(len(e.Nodes) - 1)
	}
	open := []int32{leaf()}
	e.Roots = append(e.Roots, open[0])
	for len(open) < sh.leaves {
		pick := 0
		if sh.deepFirst {
			pick = rnd.IntN(len(open))
		}
		at := open[pick]
		open = append(open[:pick], open[pick+1:]...)
		l, r := leaf(), leaf()
		e.Nodes[at] = trees.Node{
			Mode: sh.mode, Feature: int32(rnd.IntN(syntheticFeatures)), Value: float64(float32(rnd.NormFloat64())),
			Missing: rnd.IntN(3) == 0, True: l, False: r,
		}
		open = append(open, l, r)
	}
}
