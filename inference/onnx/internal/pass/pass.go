package pass

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/onnx/internal/plan"
)

// Env is what passes need to know of the engine.
type Env struct {
	Ops plan.Set
	// FoldBytes is the most memory that evaluating one node may take.
	FoldBytes int64
	// Changed, where given, is called after each pass that changed a graph.
	Changed func(pass string, g *ir.Graph)

	main *ir.Graph // set by Apply
}

// Pass is one rewriting step.
type Pass struct {
	Name string
	// Run rewrites g alone, not its subgraphs, and says whether it changed anything.
	Run func(g *ir.Graph, e Env) (changed bool, err error)
}

// Standard is the list that every model goes through.
func Standard() []Pass {
	return []Pass{
		{"identity", identity},
		{"shapes", shapes},
		{"fold", fold},
		{"branch", branch},
		{"common", common},
		{"convpad", convPad},
		{"convnorm", convNorm},
		{"layernorm", layerNorm},
		{"rmsnorm", rmsNorm},
		{"gelu", gelu},
		{"leaves", leaves},
		{"forest", forest},
		{"attention", attention},
		{"product", product},
		{"channels-last", channelsLast},
		{"dead", dead},
		{"silu", silu},
		{"epilogue", epilogue},
	}
}

// maxRounds bounds how often the list is repeated; two or three rounds are usual.
const maxRounds = 8

// Apply runs passes over g and its subgraphs until none finds anything to do.
func Apply(g *ir.Graph, passes []Pass, e Env) error {
	e.main = g
	for range maxRounds {
		changed, err := once(g, passes, e)
		if err != nil || !changed {
			return err
		}
	}
	return nil
}

func once(g *ir.Graph, passes []Pass, e Env) (changed bool, err error) {
	for _, p := range passes {
		c, err := p.Run(g, e)
		if err != nil {
			return false, fmt.Errorf("pass %s: %w", p.Name, err)
		}
		changed = changed || c
		if c && e.Changed != nil {
			e.Changed(p.Name, g)
		}
	}
	g.SyncCaptures()
	for _, n := range g.Nodes {
		for _, sub := range n.Subgraphs() {
			c, err := once(sub, passes, e)
			if err != nil {
				return false, err
			}
			changed = changed || c
		}
	}
	return changed, nil
}

// remove deletes the marked nodes.
func remove(g *ir.Graph, gone map[*ir.Node]bool) {
	keep := g.Nodes[:0]
	for _, n := range g.Nodes {
		if !gone[n] {
			keep = append(keep, n)
		}
	}
	clear(g.Nodes[len(keep):])
	g.Nodes = keep
}

// identity removes nodes that hand their input on unchanged.
func identity(g *ir.Graph, _ Env) (bool, error) {
	gone := map[*ir.Node]bool{}
	with := map[*ir.Value]*ir.Value{}
	for _, n := range g.Nodes {
		if n.Domain == "" && n.Op == "Identity" && len(n.Inputs) == 1 && len(n.Outputs) == 1 && n.Inputs[0] != nil && n.Outputs[0] != nil {
			with[n.Outputs[0]] = n.Inputs[0]
			gone[n] = true
		}
	}
	g.Replace(with)
	remove(g, gone)
	return len(gone) > 0, nil
}

// dead removes nodes none of whose outputs is used, and captures nobody uses.
func dead(g *ir.Graph, _ Env) (bool, error) {
	used := map[*ir.Value]bool{}
	for _, v := range g.Outputs {
		used[v] = true
	}
	gone := map[*ir.Node]bool{}
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := g.Nodes[i]
		if !anyUsed(n, used) {
			gone[n] = true
			continue
		}
		n.Uses(func(v **ir.Value) { used[*v] = true })
	}
	remove(g, gone)
	before := len(g.Captures)
	keep := g.Captures[:0]
	for _, c := range g.Captures {
		if used[c.Inner] {
			keep = append(keep, c)
		}
	}
	g.Captures = keep
	return len(gone) > 0 || len(keep) < before, nil
}

func anyUsed(n *ir.Node, used map[*ir.Value]bool) bool {
	for _, v := range n.Outputs {
		if v != nil && used[v] {
			return true
		}
	}
	return false
}

// fold evaluates nodes whose inputs are all constants. A node that fails, or takes
// too much memory, stays: whether it is ever reached shows at run time.
func fold(g *ir.Graph, e Env) (bool, error) {
	gone := map[*ir.Node]bool{}
	for _, n := range g.Nodes {
		if d := e.Ops.Find(n.Domain, n.Op); d != nil && foldable(n, d) && evaluate(n, e) {
			gone[n] = true
		}
	}
	remove(g, gone)
	return len(gone) > 0, nil
}

func foldable(n *ir.Node, d *op.Def) bool {
	if d.Random || len(n.Subgraphs()) > 0 {
		return false
	}
	for _, v := range n.Inputs {
		if v != nil && v.Const == nil {
			return false
		}
	}
	return true
}

// evaluate sets the outputs of n as constants, if all of them are tensors.
func evaluate(n *ir.Node, e Env) bool {
	results, err := plan.Eval(n, e.Ops, e.FoldBytes)
	if err != nil {
		return false
	}
	for i, v := range n.Outputs {
		if v != nil && results[i] == nil {
			return false
		}
	}
	for i, v := range n.Outputs {
		if v != nil {
			v.Const = results[i]
		}
	}
	return true
}
