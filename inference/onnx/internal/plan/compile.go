package plan

import (
	"errors"
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Program is a compiled graph.
type Program struct {
	slots   int
	consts  []constant
	inputs  []int32
	outputs []int32
	// captures are the slots of the graph's captured values, in their order.
	captures []int32
	steps    []step
}

type constant struct {
	slot  int32
	value *tensor.Tensor
}

// step is one node.
type step struct {
	kernel  op.Kernel
	in, out []int32
	last    []bool
	// done lists the slots whose value nobody needs after this step.
	done []int32
	// name and op are the node's, for messages; the node itself would keep the
	// weights that its kernel has laid out anew.
	name, op string
}

// Set finds operators by domain and name.
type Set interface {
	Find(domain, name string) *op.Def
}

// Compile builds the kernels of all nodes. Faults of several nodes are reported
// together, up to a limit.
func Compile(g *ir.Graph, ops Set) (*Program, error) {
	c := &compiler{ops: ops, prog: &Program{}, slot: map[*ir.Value]int32{}}
	for _, v := range g.Inputs {
		c.prog.inputs = append(c.prog.inputs, c.at(v))
	}
	for _, cap := range g.Captures {
		c.prog.captures = append(c.prog.captures, c.at(cap.Inner))
	}
	var errs []error
	for _, n := range g.Nodes {
		if err := c.node(n); err != nil {
			errs = append(errs, fmt.Errorf("node %q (%s): %w", n.Name, n.Op, err))
		}
		if len(errs) == maxErrors {
			break
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, v := range g.Outputs {
		c.prog.outputs = append(c.prog.outputs, c.at(v))
	}
	c.lifetimes()
	c.prog.slots = len(c.slot)
	return c.prog, nil
}

const maxErrors = 20

type compiler struct {
	ops  Set
	prog *Program
	slot map[*ir.Value]int32
}

// at is the slot of a value, -1 for an absent one. Constants are noted on first use.
func (c *compiler) at(v *ir.Value) int32 {
	if v == nil {
		return -1
	}
	if s, ok := c.slot[v]; ok {
		return s
	}
	s := int32(len(c.slot))
	c.slot[v] = s
	if v.Const != nil {
		c.prog.consts = append(c.prog.consts, constant{s, v.Const})
	}
	return s
}

// node adds the step of one node. What its subgraphs capture follows its own
// inputs, so that lifetimes see it.
func (c *compiler) node(n *ir.Node) error {
	d := c.ops.Find(n.Domain, n.Op)
	if d == nil {
		return fmt.Errorf("%w: %s of domain %q", ErrUnknown, n.Op, n.Domain)
	}
	s := step{name: n.Name, op: n.Op}
	first, at := map[*ir.Graph]int{}, len(n.Inputs)
	for _, g := range n.Subgraphs() {
		first[g] = at
		at += len(g.Captures)
	}
	var err error
	s.kernel, err = op.Make(d, n, func(g *ir.Graph) (op.Sub, error) { return c.sub(g, first[g]) })
	kept := map[int]bool{}
	if k, ok := s.kernel.(op.Keeper); ok {
		for _, i := range k.Kept() {
			kept[i] = true
		}
	}
	for i, v := range n.Inputs {
		if kept[i] && v != nil && v.Const != nil {
			v = nil
		}
		s.in = append(s.in, c.at(v))
	}
	for _, g := range n.Subgraphs() {
		for _, capture := range g.Captures {
			s.in = append(s.in, c.at(capture.Outer))
		}
	}
	for _, v := range n.Outputs {
		s.out = append(s.out, c.at(v))
	}
	c.prog.steps = append(c.prog.steps, s)
	return err
}

// ErrUnknown says that no operator of that name is there.
var ErrUnknown = errors.New("onnx: unknown operator")

func (c *compiler) sub(g *ir.Graph, captures int) (op.Sub, error) {
	p, err := Compile(g, c.ops)
	if err != nil {
		return nil, err
	}
	return &sub{prog: p, captures: captures}, nil
}

// lifetimes walks the steps backwards: the first use met is a value's last.
func (c *compiler) lifetimes() {
	needed := make([]bool, len(c.slot))
	keep := func(slots []int32) {
		for _, s := range slots {
			needed[s] = true
		}
	}
	keep(c.prog.inputs)
	keep(c.prog.outputs)
	keep(c.prog.captures)
	for _, k := range c.prog.consts {
		needed[k.slot] = true
	}
	for i := len(c.prog.steps) - 1; i >= 0; i-- {
		s := &c.prog.steps[i]
		for _, o := range s.out {
			if o >= 0 && !needed[o] {
				s.done = append(s.done, o) // made and never used
				needed[o] = true
			}
		}
		s.last = make([]bool, len(s.in))
		for k, in := range s.in {
			if in >= 0 && !needed[in] {
				needed[in] = true
				s.last[k] = true
				s.done = append(s.done, in)
			}
		}
	}
}
