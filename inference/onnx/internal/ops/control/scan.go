package control

import (
	"fmt"

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
	return op.Func(k.Run), nil
}

// at is element i of a list that may be shorter, 0 then.
func at(list []int, i int) int {
	if i < len(list) {
		return list[i]
	}
	return 0
}

func (k *scan) Run(c *op.Ctx) error {
	if k.batched {
		return k.runBatched(c)
	}
	args := make([]tensor.Value, k.state+k.inputs)
	for i := range args {
		args[i] = c.Value(i)
	}
	state, outs, err := k.once(c, args, -1)
	if err != nil {
		return err
	}
	for i, v := range state {
		if err := hand(c, i, v); err != nil {
			return err
		}
	}
	for i := range outs {
		if err := outs[i].deliver(c, k.state+i, at(k.outAxes, i), at(k.outBack, i) != 0); err != nil {
			return err
		}
	}
	return nil
}

// once scans over one set of arguments, for at most limit steps unless negative.
func (k *scan) once(c *op.Ctx, args []tensor.Value, limit int) (state []tensor.Value, outs []stack, err error) {
	steps := -1
	for i := range k.inputs {
		t, ok := args[k.state+i].(*tensor.Tensor)
		if !ok {
			return nil, nil, fmt.Errorf("%w: Scan input %d is no tensor", op.ErrInput, i)
		}
		axis := at(k.inAxes, i)
		if axis < 0 {
			axis += t.Rank()
		}
		if axis < 0 || axis >= t.Rank() || steps >= 0 && t.Dim(axis) != steps {
			return nil, nil, fmt.Errorf("%w: Scan of %v along axis %d for %d steps", op.ErrInput, t, axis, steps)
		}
		steps = t.Dim(axis)
	}
	if limit >= 0 {
		steps = min(steps, limit)
	}
	call := make([]tensor.Value, len(args))
	copy(call, args[:k.state])
	outs = make([]stack, k.body.NumOut()-k.state)
	for s := range steps {
		for i := range k.inputs {
			t := args[k.state+i].(*tensor.Tensor)
			if call[k.state+i], err = slice(t, at(k.inAxes, i), s, steps, at(k.inBack, i) != 0); err != nil {
				return nil, nil, err
			}
		}
		out, err := k.body.Run(c, call)
		if err != nil {
			return nil, nil, err
		}
		for i := range k.state {
			call[i] = tensor.Clone(out[i])
		}
		for i := range outs {
			if err := outs[i].add(c, out[k.state+i]); err != nil {
				return nil, nil, err
			}
		}
	}
	return call[:k.state], outs, nil
}

// slice is a copy of t at one place of an axis, without that axis.
func slice(t *tensor.Tensor, axis, i, steps int, reverse bool) (*tensor.Tensor, error) {
	if axis < 0 {
		axis += t.Rank()
	}
	if reverse {
		i = steps - 1 - i
	}
	shape := append(append([]int(nil), t.Shape()[:axis]...), t.Shape()[axis+1:]...)
	out, err := tensor.New(t.Elem(), shape...)
	if err != nil || out.Len() == 0 {
		return out, err
	}
	inner := 1
	for _, d := range t.Shape()[axis+1:] {
		inner *= d
	}
	for o := 0; o*inner < out.Len(); o++ {
		move(out, o*inner, t, (o*t.Dim(axis)+i)*inner, inner)
	}
	return out, nil
}

// runBatched is version 8: input 0 is the sequence lengths, and every other value
// has the batch as its first dimension.
func (k *scan) runBatched(c *op.Ctx) error {
	first, ok := c.Value(1).(*tensor.Tensor)
	if !ok || first.Rank() == 0 {
		return fmt.Errorf("%w: Scan of %v", op.ErrInput, first)
	}
	batch := first.Dim(0)
	lens := c.In(0)
	all := make([]stack, k.body.NumOut())
	for b := range batch {
		args := make([]tensor.Value, k.state+k.inputs)
		for i := range args {
			t, err := c.Need(1 + i)
			if err != nil {
				return err
			}
			if t.Rank() == 0 || t.Dim(0) != batch {
				return fmt.Errorf("%w: Scan input %v in a batch of %d", op.ErrInput, t, batch)
			}
			if args[i], err = slice(t, 0, b, batch, false); err != nil {
				return err
			}
		}
		limit := -1
		if lens != nil {
			limit = int(tensor.Slice[int64](lens)[b])
		}
		state, outs, err := k.once(c, args, limit)
		if err != nil {
			return err
		}
		for i, v := range state {
			if err := all[i].add(c, v); err != nil {
				return err
			}
		}
		for i := range outs {
			t, err := outs[i].joined()
			if err != nil {
				return err
			}
			if err := all[k.state+i].add(c, t); err != nil {
				return err
			}
		}
	}
	for i := range all {
		if err := all[i].deliver(c, i, 0, false); err != nil {
			return err
		}
	}
	return nil
}

// joined is the items along a new first axis.
func (s *stack) joined() (*tensor.Tensor, error) {
	if len(s.items) == 0 {
		return tensor.New(tensor.Float32, 0)
	}
	first := s.items[0]
	out, err := tensor.New(first.Elem(), append([]int{len(s.items)}, first.Shape()...)...)
	if err != nil {
		return nil, err
	}
	for i, t := range s.items {
		move(out, i*first.Len(), t, 0, first.Len())
	}
	return out, nil
}
