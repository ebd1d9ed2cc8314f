package control

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// loop repeats its body: inputs are the trip count, the condition and the carried
// state; outputs the final state and what each iteration gives, stacked.
type loop struct {
	body    op.Sub
	carried int
}

func newLoop(b *op.Build) (op.Kernel, error) {
	k := &loop{body: b.Graph("body"), carried: b.NumIn() - 2}
	if k.body != nil && (k.carried < 0 || k.body.NumIn() != 2+k.carried || k.body.NumOut() < 1+k.carried) {
		b.Fail("the body takes %d and gives %d values, for %d carried ones", k.body.NumIn(), k.body.NumOut(), k.carried)
	}
	return k, nil
}

// loopMemory is what a loop keeps from run to run.
type loopMemory struct {
	iteration, condition *tensor.Tensor
	args                 []tensor.Value
	carrier              carrier
	stacks               []stack
}

func (k *loop) memory(c *op.Ctx) *loopMemory {
	m := op.Private(c, k, func() *loopMemory {
		return &loopMemory{
			iteration: tensor.Scalar(int64(0)), condition: tensor.Scalar(true),
			args: make([]tensor.Value, 2+k.carried), stacks: make([]stack, k.body.NumOut()-1-k.carried),
		}
	})
	for i := range m.stacks {
		m.stacks[i].reset()
	}
	return m
}

func (k *loop) Run(c *op.Ctx) error {
	trips, on, err := limits(c)
	if err != nil {
		return err
	}
	m := k.memory(c)
	m.args[0], m.args[1] = m.iteration, m.condition
	for i := range k.carried {
		m.args[2+i] = c.Value(2 + i)
	}
	for i := int64(0); on && i < trips; i++ {
		tensor.Slice[int64](m.iteration)[0] = i
		tensor.Slice[bool](m.condition)[0] = on
		if on, err = k.iterate(c, m); err != nil {
			return err
		}
	}
	for i := range k.carried {
		if err := hand(c, i, m.args[2+i]); err != nil {
			return err
		}
	}
	for i := range m.stacks {
		if err := m.stacks[i].deliver(c, k.carried+i, 0, false); err != nil {
			return err
		}
	}
	return nil
}

// iterate runs the body once and says whether to go on.
func (k *loop) iterate(c *op.Ctx, m *loopMemory) (bool, error) {
	out, err := k.body.Run(c, m.args)
	if err != nil {
		return false, err
	}
	cond, ok := out[0].(*tensor.Tensor)
	if !ok {
		return false, fmt.Errorf("%w: the body's condition is missing", op.ErrInput)
	}
	on, err := truth(cond)
	if err != nil {
		return false, err
	}
	if err := m.carrier.next(m.args[2:], out[1:]); err != nil {
		return false, err
	}
	for i := range m.stacks {
		if err := m.stacks[i].add(c, out[1+k.carried+i]); err != nil {
			return false, err
		}
	}
	return on, nil
}

// limits reads the trip count, none meaning no bound, and the first condition.
func limits(c *op.Ctx) (trips int64, on bool, err error) {
	trips, on = 1<<63-1, true
	if t := c.In(0); t != nil {
		if trips, err = tensor.Item[int64](t); err != nil {
			return 0, false, err
		}
	}
	if t := c.In(1); t != nil {
		on, err = truth(t)
	}
	return trips, on, err
}
