package control

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// scan runs its body on the slices of its inputs along an axis, with carried state;
// what the body gives is stacked along an axis.
type scan struct {
	body          op.Sub
	state, inputs int // numbers of carried values and scanned inputs
	inAxes        []int
	outAxes       []int
	inBack        []int
	outBack       []int
	batched       bool // version 8: a batch dimension in front of everything
}

func newScan(b *op.Build) (op.Kernel, error) {
	k := &scan{body: b.Graph("body"), inputs: b.Int("num_scan_inputs", 1), batched: b.Version() < 9}
	k.inAxes, k.outAxes = b.Ints("scan_input_axes"), b.Ints("scan_output_axes")
	k.inBack, k.outBack = b.Ints("scan_input_directions"), b.Ints("scan_output_directions")
	if k.batched {
		k.inBack = b.Ints("directions")
	}
	if k.body == nil {
		return nil, nil
	}
	k.state = k.body.NumIn() - k.inputs
	if k.state < 0 || k.body.NumOut() < k.state {
		b.Fail("the body takes %d values, %d of them scanned", k.body.NumIn(), k.inputs)
	}
	return k, nil
}

// at is element i of a list that may be shorter, 0 then.
func at(list []int, i int) int {
	if i < len(list) {
		return list[i]
	}
	return 0
}

// scanMemory is what a scan keeps from run to run.
type scanMemory struct {
	args    []tensor.Value // of the node
	call    []tensor.Value // of the body
	slices  []*tensor.Tensor
	carrier carrier
	stacks  []stack
	// whole gathers the results of a batch, item by item.
	whole []stack
	item  []*tensor.Tensor
}

func (k *scan) memory(c *op.Ctx) *scanMemory {
	return op.Private(c, k, func() *scanMemory {
		m := &scanMemory{
			args: make([]tensor.Value, k.state+k.inputs), call: make([]tensor.Value, k.state+k.inputs),
			stacks: make([]stack, k.body.NumOut()-k.state), whole: make([]stack, k.body.NumOut()),
		}
		for range k.state + k.inputs {
			m.slices = append(m.slices, &tensor.Tensor{})
			m.item = append(m.item, &tensor.Tensor{})
		}
		return m
	})
}

func (k *scan) Run(c *op.Ctx) error {
	m := k.memory(c)
	if k.batched {
		return k.runBatched(c, m)
	}
	for i := range m.args {
		m.args[i] = c.Value(i)
	}
	if err := k.once(c, m, -1); err != nil {
		return err
	}
	for i := range k.state {
		if err := hand(c, i, m.call[i]); err != nil {
			return err
		}
	}
	for i := range m.stacks {
		if err := m.stacks[i].deliver(c, k.state+i, at(k.outAxes, i), at(k.outBack, i) != 0); err != nil {
			return err
		}
	}
	return nil
}

// once scans over the arguments, for at most limit steps unless negative. The final
// state is left in m.call, the gathered outputs in m.stacks.
func (k *scan) once(c *op.Ctx, m *scanMemory, limit int) error {
	steps, err := k.steps(m)
	if err != nil {
		return err
	}
	total := steps
	if limit >= 0 {
		steps = min(steps, limit)
	}
	copy(m.call, m.args[:k.state])
	for i := range m.stacks {
		m.stacks[i].reset()
	}
	for s := range steps {
		for i := range k.inputs {
			place := s
			if at(k.inBack, i) != 0 {
				place = total - 1 - s
			}
			if err := slice(m.slices[i], m.args[k.state+i].(*tensor.Tensor), at(k.inAxes, i), place); err != nil {
				return err
			}
			m.call[k.state+i] = m.slices[i]
		}
		out, err := k.body.Run(c, m.call)
		if err != nil {
			return err
		}
		if err := m.carrier.next(m.call[:k.state], out); err != nil {
			return err
		}
		for i := range m.stacks {
			if err := m.stacks[i].add(c, out[k.state+i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// steps is the length of the scanned axes, which all inputs share.
func (k *scan) steps(m *scanMemory) (int, error) {
	steps := -1
	for i := range k.inputs {
		t, ok := m.args[k.state+i].(*tensor.Tensor)
		if !ok {
			return 0, fmt.Errorf("%w: Scan input %d is no tensor", op.ErrInput, i)
		}
		axis := at(k.inAxes, i)
		if axis < 0 {
			axis += t.Rank()
		}
		if axis < 0 || axis >= t.Rank() || t.Rank() > kernel.MaxRank || steps >= 0 && t.Dim(axis) != steps {
			return 0, fmt.Errorf("%w: Scan of %v along axis %d for %d steps", op.ErrInput, t, axis, steps)
		}
		steps = t.Dim(axis)
	}
	return max(steps, 0), nil
}

// slice copies what t has at one place of an axis into out, without that axis.
func slice(out, t *tensor.Tensor, axis, i int) error {
	if axis < 0 {
		axis += t.Rank()
	}
	var buf [kernel.MaxRank]int
	shape := append(append(buf[:0], t.Shape()[:axis]...), t.Shape()[axis+1:]...)
	if err := out.Resize(t.Elem(), shape); err != nil {
		return err
	}
	inner := 1
	for _, d := range t.Shape()[axis+1:] {
		inner *= d
	}
	for o := 0; o*inner < out.Len(); o++ {
		move(out, o*inner, t, (o*t.Dim(axis)+i)*inner, inner)
	}
	return nil
}

// runBatched is version 8: input 0 is the sequence lengths, and every other value
// has the batch as its first dimension.
func (k *scan) runBatched(c *op.Ctx, m *scanMemory) error {
	first := c.In(1)
	if first == nil || first.Rank() == 0 {
		return fmt.Errorf("%w: Scan of %v", op.ErrInput, first)
	}
	batch := first.Dim(0)
	var lens []int64
	if t := c.In(0); t != nil {
		if lens = tensor.Slice[int64](t); len(lens) != batch {
			return fmt.Errorf("%w: lengths %v for a batch of %d", op.ErrInput, t, batch)
		}
	}
	for i := range m.whole {
		m.whole[i].reset()
	}
	for b := range batch {
		if err := k.oneOf(c, m, b, batch, lens); err != nil {
			return err
		}
	}
	for i := range m.whole {
		if err := m.whole[i].deliver(c, i, 0, false); err != nil {
			return err
		}
	}
	return nil
}

// oneOf scans item b of a batch.
func (k *scan) oneOf(c *op.Ctx, m *scanMemory, b, batch int, lens []int64) error {
	for i := range m.args {
		t, err := c.Need(1 + i)
		if err != nil {
			return err
		}
		if t.Rank() == 0 || t.Rank() > kernel.MaxRank || t.Dim(0) != batch {
			return fmt.Errorf("%w: Scan input %v in a batch of %d", op.ErrInput, t, batch)
		}
		if err := slice(m.item[i], t, 0, b); err != nil {
			return err
		}
		m.args[i] = m.item[i]
	}
	limit := -1
	if lens != nil {
		limit = int(max(lens[b], 0))
	}
	if err := k.once(c, m, limit); err != nil {
		return err
	}
	for i := range k.state {
		if err := m.whole[i].add(c, m.call[i]); err != nil {
			return err
		}
	}
	for i := range m.stacks {
		t, err := m.stacks[i].joined()
		if err != nil {
			return err
		}
		if err := m.whole[k.state+i].add(c, t); err != nil {
			return err
		}
	}
	return nil
}

// joined is the items along a new first axis.
func (s *stack) joined() (*tensor.Tensor, error) {
	if s.n == 0 {
		return tensor.New(tensor.Float32, 0)
	}
	first := s.items[0]
	out, err := tensor.New(first.Elem(), append([]int{s.n}, first.Shape()...)...)
	if err != nil {
		return nil, err
	}
	for i, t := range s.items[:s.n] {
		move(out, i*first.Len(), t, 0, first.Len())
	}
	return out, nil
}
