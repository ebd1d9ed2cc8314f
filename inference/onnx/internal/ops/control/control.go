package control

import (
	"fmt"
	"slices"

	"github.com/turgo-io/turgo/inference/onnx/internal/kernel"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Table lists the family's operators.
func Table() []op.Def {
	return []op.Def{
		{Name: "If", Since: 1, New: newIf},
		{Name: "Loop", Since: 1, New: newLoop},
		{Name: "Scan", Since: 8, New: newScan},
		{Name: "SequenceMap", Since: 17, New: newSequenceMap},
	}
}

// newIf runs one of two subgraphs.
func newIf(b *op.Build) (op.Kernel, error) {
	yes, no := b.Graph("then_branch"), b.Graph("else_branch")
	return op.Func(func(c *op.Ctx) error {
		cond, err := truth(c.In(0))
		if err != nil {
			return err
		}
		branch := no
		if cond {
			branch = yes
		}
		out, err := branch.Run(c, nil)
		if err != nil {
			return err
		}
		for i, v := range out {
			if err := hand(c, i, v); err != nil {
				return err
			}
		}
		return nil
	}), nil
}

// truth is a condition: one bool.
func truth(t *tensor.Tensor) (bool, error) {
	if t == nil || t.Elem() != tensor.Bool || t.Len() != 1 {
		return false, fmt.Errorf("%w: condition %v", op.ErrInput, t)
	}
	return tensor.Slice[bool](t)[0], nil
}

// hand makes a copy of v the node's output i.
func hand(c *op.Ctx, i int, v tensor.Value) error {
	if !c.HasOut(i) {
		return nil
	}
	t, ok := v.(*tensor.Tensor)
	if !ok {
		if v != nil {
			c.Set(i, tensor.Clone(v))
		}
		return nil
	}
	y, err := c.Out(i, t.Elem(), t.Shape())
	if err != nil {
		return err
	}
	copy(y.Bytes(), t.Bytes())
	copy(y.Strings(), t.Strings())
	return nil
}

// carrier copies the values that pass from one iteration to the next, into the same
// tensors every other time.
type carrier struct {
	bufs [2][]*tensor.Tensor
	turn int
}

// next copies from into dst, whose former values may be what the body read from.
func (k *carrier) next(dst, from []tensor.Value) error {
	k.turn = 1 - k.turn
	for len(k.bufs[k.turn]) < len(dst) {
		k.bufs[k.turn] = append(k.bufs[k.turn], &tensor.Tensor{})
	}
	for i, v := range from[:len(dst)] {
		t, ok := v.(*tensor.Tensor)
		if !ok {
			dst[i] = tensor.Clone(v)
			continue
		}
		buf := k.bufs[k.turn][i]
		if err := buf.CopyFrom(t); err != nil {
			return err
		}
		dst[i] = buf
	}
	return nil
}

// stack gathers one scan output, in tensors that are kept from run to run.
type stack struct {
	items []*tensor.Tensor
	n     int // items in use
	bytes int64
}

func (s *stack) add(c *op.Ctx, v tensor.Value) error {
	t, ok := v.(*tensor.Tensor)
	if !ok {
		return fmt.Errorf("%w: a scan output must be a tensor", op.ErrInput)
	}
	if s.n > 0 && !alike(t, s.items[0]) {
		return fmt.Errorf("%w: scan output %v after %v", op.ErrInput, t, s.items[0])
	}
	// What is gathered lies outside the arena, and counts against its limit here.
	s.bytes += int64(len(t.Bytes())) + 64
	if limit := c.Arena().Limit; limit > 0 && s.bytes > limit {
		return fmt.Errorf("%w: scan outputs of %d bytes", op.ErrMemory, s.bytes)
	}
	if s.n == len(s.items) {
		s.items = append(s.items, &tensor.Tensor{})
	}
	s.n++
	return s.items[s.n-1].CopyFrom(t)
}

func (s *stack) reset() { s.n, s.bytes = 0, 0 }

// alike reports whether two tensors have the same type and shape.
func alike(a, b *tensor.Tensor) bool {
	return a.Elem() == b.Elem() && slices.Equal(a.Shape(), b.Shape())
}

// deliver writes the items along a new axis, backwards if asked.
func (s *stack) deliver(c *op.Ctx, i, axis int, reverse bool) error {
	if !c.HasOut(i) {
		return nil
	}
	if s.n == 0 {
		// Nothing says what an iteration would have given.
		shape := [1]int{0}
		_, err := c.Out(i, tensor.Float32, shape[:])
		return err
	}
	first := s.items[0]
	if axis < 0 {
		axis += first.Rank() + 1
	}
	if axis < 0 || axis > first.Rank() || first.Rank() >= kernel.MaxRank {
		return fmt.Errorf("%w: scan axis %d for %v", op.ErrInput, axis, first)
	}
	var buf [kernel.MaxRank]int
	shape := append(append(append(buf[:0], first.Shape()[:axis]...), s.n), first.Shape()[axis:]...)
	y, err := c.Out(i, first.Elem(), shape)
	if err != nil {
		return err
	}
	inner := 1
	for _, d := range first.Shape()[axis:] {
		inner *= d
	}
	for k := range s.n {
		t := s.items[k]
		if reverse {
			t = s.items[s.n-1-k]
		}
		for o := 0; o*inner < t.Len(); o++ {
			move(y, (o*s.n+k)*inner, t, o*inner, inner)
		}
	}
	return nil
}

// move copies n elements between tensors of one type.
func move(dst *tensor.Tensor, to int, src *tensor.Tensor, from, n int) {
	size := src.Elem().Size()
	if size == 0 {
		copy(dst.Strings()[to:to+n], src.Strings()[from:])
		return
	}
	copy(dst.Bytes()[to*size:(to+n)*size], src.Bytes()[from*size:])
}

// newSequenceMap runs its body on each item of a sequence; further inputs are
// sequences of the same length, or tensors that every call gets.
func newSequenceMap(b *op.Build) (op.Kernel, error) {
	body := b.Graph("body")
	n := b.NumIn()
	return op.Func(func(c *op.Ctx) error {
		seq, ok := c.Value(0).(*tensor.Sequence)
		if !ok {
			return fmt.Errorf("%w: SequenceMap wants a sequence", op.ErrInput)
		}
		out := make([]*tensor.Sequence, body.NumOut())
		for i := range out {
			out[i] = &tensor.Sequence{}
		}
		args := make([]tensor.Value, n)
		for i := range seq.Items {
			for k := range args {
				args[k] = c.Value(k)
				if s, ok := args[k].(*tensor.Sequence); ok {
					if i >= len(s.Items) {
						return fmt.Errorf("%w: sequences of %d and %d items", op.ErrInput, len(seq.Items), len(s.Items))
					}
					args[k] = s.Items[i]
				}
			}
			got, err := body.Run(c, args)
			if err != nil {
				return err
			}
			for k, v := range got {
				item := tensor.Clone(v)
				if t, ok := item.(*tensor.Tensor); ok {
					out[k].Elem = t.Elem()
				}
				out[k].Items = append(out[k].Items, item)
			}
		}
		for i, s := range out {
			if c.HasOut(i) {
				c.Set(i, s)
			}
		}
		return nil
	}), nil
}
