package plan

import (
	"fmt"
	"time"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Frame is the memory of one run at a time. It is not safe for concurrent use.
type Frame struct {
	prog  *Program
	slots []op.Slot
	ctx   *op.Ctx
	// clock and spent measure steps; clock is nil unless asked for.
	clock func() time.Duration
	spent []time.Duration
}

// NewFrame makes a frame whose values lie in the given arena.
func (p *Program) NewFrame(a *op.Arena) *Frame {
	f := &Frame{prog: p, slots: make([]op.Slot, p.slots)}
	f.ctx = op.NewCtx(a, f.slots)
	for _, c := range p.consts {
		f.slots[c.slot].V = c.value
	}
	return f
}

// Run executes the program. Where out has a value, the output is written into it;
// [Frame.Output] gives all outputs until Reset, which must follow, after an error
// too. The caller has checked the inputs' number and types.
func (f *Frame) Run(in, out []tensor.Value) error {
	for i, s := range f.prog.inputs {
		f.slots[s].V = in[i]
	}
	for i, v := range out {
		if s := &f.slots[f.prog.outputs[i]]; s.Ext == nil && s.V == nil {
			s.Ext = v
		}
	}
	for i := range f.prog.steps {
		s := &f.prog.steps[i]
		if err := f.step(i, s); err != nil {
			return fmt.Errorf("node %q (%s): %w", s.name, s.op, err)
		}
		for _, slot := range s.done {
			f.ctx.Drop(slot)
		}
	}
	return f.deliver(out)
}

func (f *Frame) step(i int, s *step) error {
	f.ctx.Enter(s.in, s.out, s.last)
	if f.clock == nil {
		err := s.kernel.Run(f.ctx)
		f.ctx.Leave()
		return err
	}
	begin := f.clock()
	err := s.kernel.Run(f.ctx)
	f.spent[i] += f.clock() - begin
	f.ctx.Leave()
	return err
}

// Measure adds up the time that each step takes, by the given clock. The sums are
// read by [Frame.Costs].
func (f *Frame) Measure(clock func() time.Duration) {
	f.clock, f.spent = clock, make([]time.Duration, len(f.prog.steps))
}

// Cost is what a step of a measured frame has taken.
type Cost struct {
	Node, Op string
	Time     time.Duration
}

// Costs lists the steps with their time, in the order they run.
func (f *Frame) Costs() []Cost {
	list := make([]Cost, len(f.spent))
	for i, t := range f.spent {
		list[i] = Cost{Node: f.prog.steps[i].name, Op: f.prog.steps[i].op, Time: t}
	}
	return list
}

// deliver copies the outputs that were not made in place: those that are views,
// inputs, constants, or wanted twice.
func (f *Frame) deliver(out []tensor.Value) error {
	for i, want := range out {
		have := f.Output(i)
		if want == nil || want == have {
			continue
		}
		if err := tensor.Assign(want, have); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	return nil
}

// Output is output i of the last Run. It is valid until Reset.
func (f *Frame) Output(i int) tensor.Value { return f.slots[f.prog.outputs[i]].V }

// Reset forgets all values of the last run, and keeps the memory.
func (f *Frame) Reset() {
	f.ctx.Leave()
	for i := range f.slots {
		f.slots[i].Ext = nil
		if f.slots[i].V != nil {
			f.ctx.Drop(int32(i))
		}
	}
	for _, c := range f.prog.consts {
		f.slots[c.slot].V = c.value
	}
}

// sub is a subgraph of a node: its program, and where among the node's inputs the
// values begin that it captures.
type sub struct {
	prog     *Program
	captures int
}

// NumIn is the number of declared inputs.
func (s *sub) NumIn() int { return len(s.prog.inputs) }

// NumOut is the number of outputs.
func (s *sub) NumOut() int { return len(s.prog.outputs) }

// subFrame is a frame with the list its results are returned in.
type subFrame struct {
	*Frame
	results []tensor.Value
}

// Run runs the subgraph in a frame that the node's context keeps for it.
func (s *sub) Run(c *op.Ctx, in []tensor.Value) ([]tensor.Value, error) {
	f := op.Private(c, s, func() *subFrame {
		return &subFrame{s.prog.NewFrame(c.Arena()), make([]tensor.Value, len(s.prog.outputs))}
	})
	f.Reset()
	if len(in) != len(s.prog.inputs) {
		return nil, fmt.Errorf("%w: subgraph takes %d inputs, given %d", op.ErrInput, len(s.prog.inputs), len(in))
	}
	for k, slot := range s.prog.captures {
		f.slots[slot].V = c.Value(s.captures + k)
	}
	if err := f.Frame.Run(in, nil); err != nil {
		f.Reset()
		return nil, err
	}
	for i := range f.results {
		f.results[i] = f.Output(i)
	}
	return f.results, nil
}
