package trees_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/inference/onnx/internal/trees"
)

// special values meet as thresholds and as features, so that equality, neighbours and the ends of the range are common.
var special = []float64{
	0, math.Copysign(0, -1), 1, -1, 2, 3, 0.5, 0.1, math.Inf(1), math.Inf(-1), math.NaN(),
	math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32,
	math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64,
	float64(math.Nextafter32(1, 2)), float64(math.Nextafter32(1, 0)), math.Nextafter(1, 2), math.Nextafter(1, 0),
	1 << 24, 1<<24 + 1, 1e-40, -1e-40, 1e300, -1e300,
}

func drawValue(t *rapid.T, label string) float64 {
	if rapid.IntRange(0, 3).Draw(t, label+" kind") > 0 {
		return rapid.SampledFrom(special).Draw(t, label)
	}
	return rapid.Float64Range(-4, 4).Draw(t, label)
}

// drawEnsemble builds nodes children first. A subtree is sometimes used twice, which makes a graph without cycles of the
// trees; v5 attributes can say that. Weights are multiples of 1/64, so sums do not depend on their order.
func drawEnsemble(t *rapid.T, features int32) *trees.Ensemble {
	e := &trees.Ensemble{
		Targets:   rapid.IntRange(1, 4).Draw(t, "targets"),
		Aggregate: rapid.SampledFrom([]trees.Aggregate{trees.Average, trees.Sum, trees.Min, trees.Max}).Draw(t, "aggregate"),
		Sets:      [][]float64{{}},
		Single:    rapid.IntRange(0, 3).Draw(t, "single") == 0,
	}
	narrow := rapid.Bool().Draw(t, "thresholds are float32")
	modes := rapid.SampledFrom([][]trees.Mode{
		{trees.LEQ},
		{trees.LT},
		{trees.LEQ, trees.LT, trees.GTE, trees.GT},
		{trees.LEQ, trees.LT, trees.GTE, trees.GT, trees.EQ, trees.NEQ, trees.Member},
	}).Draw(t, "modes")
	sameTarget := rapid.Bool().Draw(t, "one vote a leaf")
	for range rapid.IntRange(1, 25).Draw(t, "trees") {
		e.Roots = append(e.Roots, drawTree(t, e, features, modes, narrow, sameTarget))
	}
	if rapid.Bool().Draw(t, "base") {
		for range e.Targets {
			e.Base = append(e.Base, dyadic(t))
		}
	}
	return e
}

func dyadic(t *rapid.T) float64 { return float64(rapid.IntRange(-200, 200).Draw(t, "weight")) / 64 }

func drawTree(t *rapid.T, e *trees.Ensemble, features int32, modes []trees.Mode, narrow, single bool) int32 {
	var open []int32
	target := int32(rapid.IntRange(0, e.Targets-1).Draw(t, "target"))
	for range rapid.IntRange(1, 12).Draw(t, "leaves") {
		open = append(open, drawLeaf(t, e, target, single))
	}
	for len(open) > 1 {
		i := rapid.IntRange(0, len(open)-2).Draw(t, "join")
		n := drawDecision(t, e, features, modes, narrow)
		n.True, n.False = open[i], open[i+1]
		if rapid.IntRange(0, 15).Draw(t, "share") == 0 {
			n.True = rapid.Int32Range(0, int32(len(e.Nodes)-1)).Draw(t, "shared")
		}
		e.Nodes = append(e.Nodes, n)
		open[i] = int32(len(e.Nodes) - 1)
		open = append(open[:i+1], open[i+2:]...)
	}
	return open[0]
}

func drawLeaf(t *rapid.T, e *trees.Ensemble, target int32, single bool) int32 {
	from, votes := int32(len(e.Votes)), 1
	if !single {
		votes = rapid.IntRange(0, 4).Draw(t, "votes")
	}
	for range votes {
		if !single {
			target = int32(rapid.IntRange(0, e.Targets-1).Draw(t, "target"))
		}
		e.Votes = append(e.Votes, trees.Vote{Weight: dyadic(t), Target: target})
	}
	e.Nodes = append(e.Nodes, trees.Node{Mode: trees.Leaf, True: from, False: int32(len(e.Votes))})
	return int32(len(e.Nodes) - 1)
}

func drawDecision(t *rapid.T, e *trees.Ensemble, features int32, modes []trees.Mode, narrow bool) trees.Node {
	n := trees.Node{
		Mode:    rapid.SampledFrom(modes).Draw(t, "mode"),
		Feature: rapid.Int32Range(0, features-1).Draw(t, "feature"),
		Value:   drawValue(t, "threshold"),
		Missing: rapid.Bool().Draw(t, "missing"),
	}
	if narrow {
		n.Value = float64(float32(n.Value))
	}
	if n.Mode == trees.Member {
		var set []float64
		for range rapid.IntRange(0, 6).Draw(t, "members") {
			set = append(set, drawValue(t, "member"))
		}
		n.Set, e.Sets = int32(len(e.Sets)), append(e.Sets, set)
	}
	return n
}

// checkAgainstReference compares every row and, in batches of the given size, every bit. X is what the rows are made of.
func checkAgainstReference[X trees.Input](t *rapid.T, e *trees.Ensemble, x []X, rows, stride, batch int) {
	k, err := trees.CompileFor[X](e)
	require.NoError(t, err)
	require.LessOrEqual(t, k.Features(), stride)
	got := make([]float64, rows*e.Targets)
	require.NoError(t, k.Scores(got, x, rows, stride))
	for r := range rows {
		want, _ := referenceScores(e, func(f int32) float64 { return compared(x[r*stride+int(f)], e.Single) })
		require.Equal(t, want, got[r*e.Targets:][:e.Targets], "row %d of %d", r, rows)
	}
	again := make([]float64, len(got))
	for at := 0; at < rows; at += batch {
		n := min(batch, rows-at)
		require.NoError(t, k.Scores(again[at*e.Targets:], x[at*stride:], n, stride))
	}
	require.Equal(t, got, again, "batches of %d", batch)
}

// compared is a feature as the specification's implementations compare it.
func compared[X trees.Input](v X, single bool) float64 {
	if d, ok := any(v).(float64); ok && !single {
		return d
	}
	return float64(float32(v))
}

func checkType[X trees.Input](convert func(float64) X) func(*testing.T) {
	return func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			features := rapid.SampledFrom([]int32{1, 2, 3, 13, 130, 300, 5000}).Draw(t, "features")
			e := drawEnsemble(t, features)
			if features >= 300 && rapid.Bool().Draw(t, "all features") {
				useAll(e, features)
			}
			pool := []X{}
			for range 64 {
				pool = append(pool, convert(drawValue(t, "x")))
			}
			rows := rapid.SampledFrom([]int{1, 2, 9, 31, 130, 600}).Draw(t, "rows")
			if features == 5000 {
				rows = min(rows, 9)
			}
			stride := int(features) + rapid.IntRange(0, 2).Draw(t, "padding")
			x := make([]X, rows*stride)
			at := rapid.Uint32().Draw(t, "offset")
			for i := range x { // a linear congruence picks from the pool: drawing each value would take too long
				at = at*1664525 + 1013904223
				x[i] = pool[at>>26]
			}
			checkAgainstReference(t, e, x, rows, stride, rapid.IntRange(1, 600).Draw(t, "batch"))
		})
	}
}

// useAll adds a tree that compares every feature, so that narrow slots do not suffice.
func useAll(e *trees.Ensemble, features int32) {
	leaf := func() int32 {
		e.Votes = append(e.Votes, trees.Vote{Weight: 0.25})
		e.Nodes = append(e.Nodes, trees.Node{Mode: trees.Leaf, True: int32(len(e.Votes) - 1), False: int32(len(e.Votes))})
		return int32(len(e.Nodes) - 1)
	}
	at := leaf()
	for f := range features {
		e.Nodes = append(e.Nodes, trees.Node{Mode: trees.LEQ, Feature: f, Value: 2, True: at, False: leaf()})
		at = int32(len(e.Nodes) - 1)
	}
	e.Roots = append(e.Roots, at)
}

// TestAgainstReference draws ensembles of all modes and votes, and rows of each type of input, and wants the reference walk's
// scores exactly, at every batch size.
func TestAgainstReference(t *testing.T) {
	t.Run("float32", checkType(func(v float64) float32 { return float32(v) }))
	t.Run("float64", checkType(func(v float64) float64 { return v }))
	t.Run("int32", checkType(func(v float64) int32 { return int32(clamp(v, 1<<31-1)) }))
	t.Run("int64", checkType(func(v float64) int64 { return int64(clamp(v, 1<<53)) }))
}

func clamp(v, limit float64) float64 {
	if math.IsNaN(v) {
		return 7
	}
	return min(max(v, -limit), limit)
}

// TestLazyPrograms checks that one kernel serves all types, and that a kernel for one type refuses others.
func TestLazyPrograms(t *testing.T) {
	e := syntheticZoo("xgb_100x6", 3).ensemble
	k, err := trees.Compile(e)
	require.NoError(t, err)
	var single [1]float32
	var double [1]float64
	require.NoError(t, k.Scores(single[:], make([]float32, syntheticFeatures), 1, syntheticFeatures))
	require.NoError(t, k.Scores(double[:], make([]float64, syntheticFeatures), 1, syntheticFeatures))
	require.Equal(t, single[0], float32(double[0]))
	require.NoError(t, k.Scores(double[:], make([]int64, syntheticFeatures), 1, syntheticFeatures))
	require.Equal(t, single[0], float32(double[0]))

	k, err = trees.CompileFor[float32](e)
	require.NoError(t, err)
	require.ErrorIs(t, k.Scores(double[:], make([]float64, syntheticFeatures), 1, syntheticFeatures), trees.ErrInput)
}

func TestShapes(t *testing.T) {
	k, err := trees.CompileFor[float32](syntheticZoo("xgb_100x6", 3).ensemble)
	require.NoError(t, err)
	require.Equal(t, 100, k.Trees())
	require.Equal(t, 1, k.Outputs())
	f := k.Features()
	for _, c := range []struct{ dst, labels, x, rows, stride int }{
		{1, 1, f, 1, f - 1},
		{1, 1, f - 1, 1, f},
		{1, 2, 2*f - 1, 2, f},
		{1, 2, 2 * f, 2, f},
		{2, 1, 2 * f, 2, f},
		{1, 1, f, -1, f},
		{1, 1, f, math.MaxInt, f},
	} {
		err := k.Classify(make([]float32, c.dst), make([]int64, c.labels), make([]float32, c.x), c.rows, c.stride)
		require.ErrorIs(t, err, trees.ErrShape, fmt.Sprint(c))
	}
	require.NoError(t, k.Scores([]float32(nil), []float32(nil), 0, f), "no rows need nothing")
}
