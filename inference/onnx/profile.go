package onnx

import (
	"fmt"
	"time"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/onnx/internal/plan"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Profile runs a model and adds up the time that each of its nodes takes. It is not
// safe for concurrent use.
type Profile struct {
	model *Model
	frame *plan.Frame
}

// NodeCost is the time that a node has taken in all runs of a [Profile].
type NodeCost struct {
	Node, Op string
	Time     time.Duration
}

// Profile makes a profile by the given clock, such as a function of time.Since.
func (m *Model) Profile(clock func() time.Duration) *Profile {
	p := &Profile{model: m, frame: m.program.NewFrame(&op.Arena{})}
	p.frame.Measure(clock)
	return p
}

// Run runs the model on inputs in its order. The outputs are not kept.
func (p *Profile) Run(in []tensor.Value) (err error) {
	defer recovered(&err)
	defer p.frame.Reset()
	if len(in) != len(p.model.inputs) {
		return fmt.Errorf("%w: the model takes %d inputs, given %d", ErrInput, len(p.model.inputs), len(in))
	}
	for i, v := range in {
		if err := check(v, &p.model.types[i]); err != nil {
			return fmt.Errorf("%w: %s %w", ErrInput, p.model.inputs[i], err)
		}
	}
	if err := p.frame.Run(in, nil); err != nil {
		return fmt.Errorf("onnx: %w", err)
	}
	return nil
}

// Costs lists the nodes of the main graph in the order they run, as passes left
// them. A node with subgraphs includes what these took.
func (p *Profile) Costs() []NodeCost {
	list := p.frame.Costs()
	out := make([]NodeCost, len(list))
	for i, c := range list {
		out[i] = NodeCost(c)
	}
	return out
}
