package op

import "github.com/turgo-io/turgo/inference/tensor"

// wide runs a kernel that knows no 16-bit floats: it widens such inputs to
// float32, and rounds the kernel's float32 outputs to the type that came in.
type wide struct{ inner Kernel }

func (w *wide) Run(c *Ctx) error {
	half := tensor.Undefined
	for i := range c.in {
		if t := c.In(i); t != nil && t.Elem().IsHalf() {
			half = t.Elem()
			break
		}
	}
	if half == tensor.Undefined {
		return w.inner.Run(c)
	}
	n, err := c.widened()
	if err != nil {
		return err
	}
	if err := w.inner.Run(n); err != nil {
		return err
	}
	return n.narrow(c, half)
}

// widened is a context with the same inputs, halves widened, and outputs of its own.
func (c *Ctx) widened() (*Ctx, error) {
	if c.nested == nil {
		c.nested = &Ctx{arena: c.arena}
	}
	n := c.nested
	total := len(c.in) + len(c.out)
	if len(n.slots) < total {
		n.slots = make([]Slot, total)
		n.in, n.out = make([]int32, total), make([]int32, total)
		for i := range n.slots {
			n.slots[i].ref = noRef
		}
	}
	n.in, n.out = n.in[:len(c.in)], n.out[:len(c.out)]
	n.last = nil
	for i := range c.in {
		if err := n.widen(c, i); err != nil {
			return nil, err
		}
	}
	for i := range c.out {
		n.out[i] = int32(len(c.in) + i)
		if c.out[i] < 0 {
			n.out[i] = -1
		}
	}
	return n, nil
}

func (c *Ctx) widen(from *Ctx, i int) error {
	v := from.Value(i)
	if v == nil {
		c.in[i] = -1
		return nil
	}
	c.in[i] = int32(i)
	s := &c.slots[i]
	t, ok := v.(*tensor.Tensor)
	if !ok || !t.Elem().IsHalf() {
		s.V = v
		return nil
	}
	r, mem, err := c.arena.get(4 * t.Len())
	if err != nil {
		return err
	}
	s.own.Over(tensor.Float32, t.Shape(), t.Len(), mem)
	s.V, s.ref = &s.own, r
	tensor.Widen(tensor.Slice[float32](&s.own), t)
	return nil
}

// narrow moves the outputs of c to the context it was made for, and clears c.
func (c *Ctx) narrow(to *Ctx, half tensor.Elem) error {
	for i, s := range c.out {
		if s < 0 {
			continue
		}
		t, ok := c.slots[s].V.(*tensor.Tensor)
		if !ok {
			to.Set(i, c.slots[s].V)
			continue
		}
		elem := t.Elem()
		if elem == tensor.Float32 {
			elem = half
		}
		out, err := to.Out(i, elem, t.Shape())
		if err != nil {
			return err
		}
		if elem == half {
			tensor.Narrow(out, tensor.Slice[float32](t))
		} else {
			copy(out.Bytes(), t.Bytes())
			copy(out.Strings(), t.Strings())
		}
	}
	for i := range c.slots {
		if c.slots[i].V != nil {
			c.drop(&c.slots[i])
		}
	}
	c.Leave()
	return nil
}
