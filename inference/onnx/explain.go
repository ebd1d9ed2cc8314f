package onnx

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops"
	"github.com/turgo-io/turgo/inference/onnx/internal/pass"
)

// Explanation tells what loading made of a model's graph, step by step.
type Explanation struct {
	// Steps begins with the graph as written; each later one is a pass that changed it.
	Steps []Step
}

// Step is the main graph after one pass.
type Step struct {
	// Pass is the pass's name, empty for the graph as written.
	Pass  string
	Nodes []Node
}

// Node is one node of a step.
type Node struct {
	Name string
	// Text shows operator, version, operands and results.
	Text string
	// New says that the step before did not have the node in this form.
	New bool
	// ConstBytes is the size of its constant operands.
	ConstBytes int64
	// Time is what it took, where costs were given; 0 otherwise.
	Time time.Duration
}

// Explain goes through the passes that [Load] takes a model through, and keeps a
// picture of the main graph before and after each that changes it.
func Explain(data []byte, opts ...Option) (e *Explanation, err error) {
	defer recovered(&err)
	c := configure(opts)
	built, err := build(data, c)
	if err != nil {
		return nil, err
	}
	if err := unsupported(built.Graph, ops.All()); err != nil {
		return nil, err
	}
	e = &Explanation{}
	e.add("", built.Graph)
	env := pass.Env{Ops: ops.Compiled(), FoldBytes: c.limits.FoldBytes, Changed: func(name string, g *ir.Graph) {
		if g == built.Graph {
			e.add(name, g)
		}
	}}
	if err := pass.Apply(built.Graph, pass.Standard(), env); err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return e, nil
}

func (e *Explanation) add(name string, g *ir.Graph) {
	before := map[string]bool{}
	if n := len(e.Steps); n > 0 {
		for _, k := range e.Steps[n-1].Nodes {
			before[k.Text] = true
		}
	}
	s := Step{Pass: name}
	for _, n := range g.Nodes {
		k := Node{Name: n.Name, Text: n.String()}
		k.New = len(e.Steps) > 0 && !before[k.Text]
		for _, v := range n.Inputs {
			if v != nil && v.Const != nil {
				k.ConstBytes += int64(len(v.Const.Bytes()))
			}
		}
		s.Nodes = append(s.Nodes, k)
	}
	e.Steps = append(e.Steps, s)
}

// AddCosts puts the times of a [Profile] of the same model beside the nodes of the
// last step.
func (e *Explanation) AddCosts(costs []NodeCost) error {
	last := e.Steps[len(e.Steps)-1].Nodes
	if len(costs) != len(last) {
		return fmt.Errorf("%w: costs of %d nodes for a graph of %d: they are of another model, or one loaded with other options", ErrInput, len(costs), len(last))
	}
	for i, c := range costs {
		last[i].Time = c.Time
	}
	return nil
}

// Write prints the steps: every node of the first and the last, and of those between
// the nodes that are new.
func (e *Explanation) Write(w io.Writer) error {
	var b strings.Builder
	for i, s := range e.Steps {
		if i == 0 {
			fmt.Fprintf(&b, "as written: %d nodes\n", len(s.Nodes))
		} else {
			fmt.Fprintf(&b, "%s: %d nodes, before %d\n", s.Pass, len(s.Nodes), len(e.Steps[i-1].Nodes))
		}
		for _, n := range s.Nodes {
			if i == 0 || n.New {
				n.write(&b)
			}
		}
	}
	last := e.Steps[len(e.Steps)-1]
	fmt.Fprintf(&b, "as run: %d nodes\n", len(last.Nodes))
	for _, n := range last.Nodes {
		n.write(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (n Node) write(b *strings.Builder) {
	b.WriteString("  ")
	if n.Time > 0 {
		fmt.Fprintf(b, "%10v  ", n.Time)
	}
	b.WriteString(n.Text)
	if n.ConstBytes > 0 {
		fmt.Fprintf(b, "  [%d constant bytes]", n.ConstBytes)
	}
	b.WriteByte('\n')
}
