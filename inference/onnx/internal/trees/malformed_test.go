package trees_test

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/trees"
)

// stump3 is one decision with two leaves, in v3 attributes.
func stump3() trees.V3 {
	return trees.V3{
		Targets: 1,
		TreeIDs: []int64{0, 0, 0}, NodeIDs: []int64{0, 1, 2}, FeatureIDs: []int64{0, 0, 0},
		Modes:   []string{"BRANCH_LEQ", "LEAF", "LEAF"},
		TrueIDs: []int64{1, 0, 0}, FalseIDs: []int64{2, 0, 0}, Values: []float32{0, 0, 0},
		VoteTreeIDs: []int64{0, 0}, VoteNodeIDs: []int64{1, 2}, VoteIDs: []int64{0, 0}, Weights: []float32{1, 2},
	}
}

// stump5 is the same in v5 attributes.
func stump5() trees.V5 {
	return trees.V5{
		Targets: 1, Roots: []int64{0}, FeatureIDs: []int64{0}, Modes: []uint8{0}, Splits: []float64{0},
		TrueIDs: []int64{0}, FalseIDs: []int64{1}, TrueLeafs: []int64{1}, FalseLeafs: []int64{1},
		LeafTargets: []int64{0, 0}, LeafWeights: []float64{1, 2}, Aggregate: 1,
	}
}

func compile3(d trees.V3) error {
	e, err := trees.FromV3(d)
	if err != nil {
		return err
	}
	_, err = trees.CompileFor[float32](e)
	return err
}

func compile5(d trees.V5) error {
	e, err := trees.FromV5(d)
	if err != nil {
		return err
	}
	_, err = trees.CompileFor[float32](e)
	return err
}

func TestMalformedV3(t *testing.T) {
	require.NoError(t, compile3(stump3()))
	for name, change := range map[string]func(*trees.V3){
		"no targets":           func(d *trees.V3) { d.Targets = 0 },
		"too many targets":     func(d *trees.V3) { d.Targets = 1 << 40 },
		"short tree ids":       func(d *trees.V3) { d.TreeIDs = d.TreeIDs[:2] },
		"short features":       func(d *trees.V3) { d.FeatureIDs = nil },
		"short modes":          func(d *trees.V3) { d.Modes = d.Modes[:1] },
		"short true ids":       func(d *trees.V3) { d.TrueIDs = d.TrueIDs[:2] },
		"short false ids":      func(d *trees.V3) { d.FalseIDs = d.FalseIDs[:2] },
		"long values":          func(d *trees.V3) { d.Values = append(d.Values, 1) },
		"no values":            func(d *trees.V3) { d.Values = nil },
		"values twice":         func(d *trees.V3) { d.Values64 = []float64{0, 0, 0} },
		"weights twice":        func(d *trees.V3) { d.Weights64 = []float64{0, 0} },
		"base twice":           func(d *trees.V3) { d.Base, d.Base64 = []float32{1}, []float64{1} },
		"base of another size": func(d *trees.V3) { d.Base = []float32{1, 2} },
		"short missing":        func(d *trees.V3) { d.Missing = []int64{1} },
		"short votes":          func(d *trees.V3) { d.VoteNodeIDs = d.VoteNodeIDs[:1] },
		"unknown mode":         func(d *trees.V3) { d.Modes[0] = "BRANCH_MEMBER" },
		"unknown aggregate":    func(d *trees.V3) { d.Aggregate = "MEDIAN" },
		"unknown transform":    func(d *trees.V3) { d.Post = "softmax" },
		"negative feature":     func(d *trees.V3) { d.FeatureIDs[0] = -1 },
		"huge feature":         func(d *trees.V3) { d.FeatureIDs[0] = 1 << 33 },
		"missing child":        func(d *trees.V3) { d.TrueIDs[0] = 3 },
		"child 2^32":           func(d *trees.V3) { d.TrueIDs[0] = 1 << 32 },
		"child in other tree":  func(d *trees.V3) { d.TreeIDs[1] = 9 },
		"own child":            func(d *trees.V3) { d.TrueIDs[0] = 0 },
		"cycle":                func(d *trees.V3) { d.Modes[1], d.TrueIDs[1], d.FalseIDs[1] = "BRANCH_LT", 0, 2 },
		"two roots":            func(d *trees.V3) { d.TrueIDs[0] = 2 },
		"node id twice":        func(d *trees.V3) { d.NodeIDs[2] = 1 },
		"vote for no node":     func(d *trees.V3) { d.VoteNodeIDs[0] = 7 },
		"vote for no tree":     func(d *trees.V3) { d.VoteTreeIDs[0] = 7 },
		"vote for no target":   func(d *trees.V3) { d.VoteIDs[0] = 1 },
		"negative target":      func(d *trees.V3) { d.VoteIDs[0] = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			d := stump3()
			change(&d)
			require.ErrorIs(t, compile3(d), trees.ErrMalformed)
		})
	}
}

func TestMalformedV5(t *testing.T) {
	require.NoError(t, compile5(stump5()))
	for name, change := range map[string]func(*trees.V5){
		"no targets":           func(d *trees.V5) { d.Targets = 0 },
		"short features":       func(d *trees.V5) { d.FeatureIDs = nil },
		"short splits":         func(d *trees.V5) { d.Splits = nil },
		"short true ids":       func(d *trees.V5) { d.TrueIDs = nil },
		"short false leafs":    func(d *trees.V5) { d.FalseLeafs = nil },
		"short leaf targets":   func(d *trees.V5) { d.LeafTargets = d.LeafTargets[:1] },
		"long missing":         func(d *trees.V5) { d.Missing = []int64{1, 1} },
		"leaf for no target":   func(d *trees.V5) { d.LeafTargets[1] = 1 },
		"root behind the end":  func(d *trees.V5) { d.Roots[0] = 1 },
		"negative root":        func(d *trees.V5) { d.Roots[0] = -1 },
		"unknown mode":         func(d *trees.V5) { d.Modes[0] = 7 },
		"negative feature":     func(d *trees.V5) { d.FeatureIDs[0] = -3 },
		"leaf behind the end":  func(d *trees.V5) { d.TrueIDs[0] = 2 },
		"child behind the end": func(d *trees.V5) { d.TrueLeafs[0], d.TrueIDs[0] = 0, 1 },
		"own child":            func(d *trees.V5) { d.TrueLeafs[0] = 0 },
		"unknown aggregate":    func(d *trees.V5) { d.Aggregate = 4 },
		"negative transform":   func(d *trees.V5) { d.Post = -1 },
		"set missing":          func(d *trees.V5) { d.Modes[0] = uint8(trees.Member) },
		"set too many":         func(d *trees.V5) { d.Members = []float64{1, math.NaN()} },
	} {
		t.Run(name, func(t *testing.T) {
			d := stump5()
			change(&d)
			require.ErrorIs(t, compile5(d), trees.ErrMalformed)
		})
	}
}

func TestMalformedEnsemble(t *testing.T) {
	leaf := trees.Node{Mode: trees.Leaf}
	for name, e := range map[string]trees.Ensemble{
		"root behind the end":  {Targets: 1, Roots: []int32{1}, Nodes: []trees.Node{leaf}},
		"child behind the end": {Targets: 1, Roots: []int32{0}, Nodes: []trees.Node{{True: 1, False: 0}}},
		"negative child":       {Targets: 1, Roots: []int32{0}, Nodes: []trees.Node{{True: -1, False: -1}}},
		"votes behind the end": {Targets: 1, Roots: []int32{0}, Nodes: []trees.Node{{Mode: trees.Leaf, False: 1}}},
		"votes backwards":      {Targets: 1, Roots: []int32{0}, Nodes: []trees.Node{{Mode: trees.Leaf, True: 1}}, Votes: make([]trees.Vote, 1)},
		"vote for no target": {
			Targets: 1, Roots: []int32{0}, Nodes: []trees.Node{{Mode: trees.Leaf, False: 1}},
			Votes: []trees.Vote{{Target: 1}},
		},
		"set behind the end": {Targets: 1, Roots: []int32{0}, Nodes: []trees.Node{{Mode: trees.Member, True: 1, False: 1}, leaf}},
		"mode":               {Targets: 1, Roots: []int32{0}, Nodes: []trees.Node{{Mode: 8}}},
		"aggregate":          {Targets: 1, Aggregate: 4},
		"three base values":  {Targets: 2, Classifier: true, Base: []float64{1, 2, 3}},
	} {
		_, err := trees.Compile(&e)
		require.ErrorIs(t, err, trees.ErrMalformed, name)
	}
}

// chain is a tree that is as deep as it has decisions.
func chain(depth int) *trees.Ensemble {
	e := &trees.Ensemble{Targets: 1, Aggregate: trees.Sum, Roots: []int32{0}, Votes: []trees.Vote{{Weight: 1}}}
	for i := range depth {
		e.Nodes = append(e.Nodes, trees.Node{Value: float64(-i), True: int32(i + 1), False: int32(depth)})
	}
	e.Nodes = append(e.Nodes, trees.Node{Mode: trees.Leaf, False: 1})
	return e
}

// TestDepth: depth is bounded, and within the bound costs neither stack nor more than linear time.
func TestDepth(t *testing.T) {
	_, err := trees.Compile(chain(1 << 17))
	require.ErrorIs(t, err, trees.ErrLimit)
	k, err := trees.CompileFor[float32](chain(60_000))
	require.NoError(t, err)
	var z [1]float32
	require.NoError(t, k.Scores(z[:], []float32{float32(math.Inf(-1))}, 1, 1))
	require.Equal(t, float32(1), z[0])
}

// TestSharedSubtrees: 60 decisions whose children are the same node would unfold into 2^60 of them.
func TestSharedSubtrees(t *testing.T) {
	e := &trees.Ensemble{Targets: 1, Aggregate: trees.Sum, Votes: []trees.Vote{{Weight: 1}, {Weight: 2}}}
	for i := range int32(60) {
		e.Nodes = append(e.Nodes,
			trees.Node{Value: float64(i), True: 2*i + 2, False: 2*i + 3}, trees.Node{Value: float64(-i), True: 2*i + 3, False: 2*i + 2})
	}
	e.Nodes = append(e.Nodes, trees.Node{Mode: trees.Leaf, False: 1}, trees.Node{Mode: trees.Leaf, True: 1, False: 2})
	e.Roots = slices.Repeat([]int32{0}, 1000)
	k, err := trees.CompileFor[float32](e)
	require.NoError(t, err)
	want, _ := referenceScores(e, func(int32) float64 { return 3 })
	var z [1]float64
	require.NoError(t, k.Scores(z[:], []float32{3}, 1, 1))
	require.Equal(t, want[0], z[0])
}

// fuzzInts reads an attribute: a length, then small numbers, -1 now and then.
type fuzzBytes struct{ b []byte }

func (f *fuzzBytes) next() int64 {
	if len(f.b) == 0 {
		return 0
	}
	v := int64(int8(f.b[0]))
	f.b = f.b[1:]
	return v
}

func (f *fuzzBytes) ints(n int64) (out []int64) {
	for range n + f.next()/120 { // hardly ever another length
		out = append(out, f.next())
	}
	return out
}

// FuzzV3 and FuzzV5 feed attributes made of bytes: whatever they are, there is an error or a kernel that agrees with the
// reference walk, in bounded time.
func FuzzV3(f *testing.F) {
	f.Add([]byte{3, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 2, 2, 1, 0, 0, 2, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		in := &fuzzBytes{b: b}
		n := in.next() & 63
		d := trees.V3{
			Classifier: n&1 == 1, Targets: 1 + n%3,
			TreeIDs: in.ints(n), NodeIDs: in.ints(n), FeatureIDs: in.ints(n), TrueIDs: in.ints(n), FalseIDs: in.ints(n),
			Missing: in.ints(n), VoteTreeIDs: in.ints(n), VoteNodeIDs: in.ints(n), VoteIDs: in.ints(n),
		}
		modes := []string{"BRANCH_LEQ", "LEAF", "BRANCH_LT", "LEAF", "BRANCH_EQ", "BRANCH_NEQ", "BRANCH_GT", "BRANCH_GTE"}
		for range n {
			d.Modes = append(d.Modes, modes[in.next()&7])
			d.Values = append(d.Values, float32(in.next())/2)
			d.Weights = append(d.Weights, float32(in.next()))
		}
		if e, err := trees.FromV3(d); err == nil {
			fuzzRun(t, e, in)
		}
	})
}

func FuzzV5(f *testing.F) {
	f.Add([]byte{2, 0, 1, 0, 0, 1, 0, 1, 2, 0, 1, 1, 1, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		in := &fuzzBytes{b: b}
		n := in.next() & 31
		d := trees.V5{
			Targets: 2, Roots: in.ints(1), FeatureIDs: in.ints(n), TrueIDs: in.ints(n), FalseIDs: in.ints(n),
			TrueLeafs: in.ints(n), FalseLeafs: in.ints(n), Missing: in.ints(n), LeafTargets: in.ints(n),
			Aggregate: in.next() & 3, Post: 0,
		}
		for range n {
			d.Modes = append(d.Modes, uint8(in.next()&7))
			d.Splits = append(d.Splits, float64(in.next())/2)
			d.LeafWeights = append(d.LeafWeights, float64(in.next()))
			d.Members = append(d.Members, float64(in.next()), math.NaN())
		}
		if e, err := trees.FromV5(d); err == nil {
			fuzzRun(t, e, in)
		}
	})
}

func fuzzRun(t *testing.T, e *trees.Ensemble, in *fuzzBytes) {
	k, err := trees.CompileFor[float32](e)
	if err != nil {
		return
	}
	x := make([]float32, k.Features())
	seed := binary.LittleEndian.Uint32(append(slices.Clone(in.b), 0, 0, 0, 0))
	for i := range x {
		seed = seed*1664525 + 1013904223
		x[i] = float32(int8(seed>>24)) / 2
	}
	got := make([]float64, k.Outputs())
	require.NoError(t, k.Scores(got, x, 1, len(x)))
	if e.Classifier {
		return // special rules; TestONNXRuntime
	}
	want, _ := referenceScores(e, func(f int32) float64 { return float64(x[f]) })
	for i := range want {
		require.InDelta(t, want[i], got[i], 1e-9)
	}
}
