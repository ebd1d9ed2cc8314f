package op

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/turgo-io/turgo/inference/tensor"
)

var (
	// ErrInput says that an operator was given an input it cannot work on.
	ErrInput = errors.New("onnx: input does not fit")
	// ErrType says that an operator is not defined for the element type given.
	ErrType = errors.New("onnx: element type not supported by the operator")
)

// Slot is where a run keeps one value.
type Slot struct {
	// V is the value, nil while there is none.
	V tensor.Value
	// Ext is the caller's tensor that the value is to be written into, for outputs
	// of the model; else nil.
	Ext tensor.Value

	own tensor.Tensor
	ref ref
}

// Ctx is what a kernel sees of one run. It is used by one goroutine at a time.
type Ctx struct {
	arena *Arena
	slots []Slot
	in    []int32
	out   []int32
	// last[i] is set when input i is not needed after this node.
	last    []bool
	scratch []ref
	// spare holds outputs that nobody wants, until the node is done.
	spare []Slot
	// nested is the context that wrappers run a kernel in; made on first use.
	nested *Ctx
	frames map[any]any
}

// NewCtx makes a context over a run's slots and memory.
func NewCtx(a *Arena, slots []Slot) *Ctx {
	for i := range slots {
		slots[i].ref = noRef
	}
	return &Ctx{arena: a, slots: slots}
}

// Enter points the context at one node: the slots of its inputs and outputs (-1
// for absent ones), and which inputs nobody reads after it.
func (c *Ctx) Enter(in, out []int32, last []bool) { c.in, c.out, c.last = in, out, last }

// Leave gives scratch memory and unwanted outputs back.
func (c *Ctx) Leave() {
	for _, r := range c.scratch {
		c.arena.release(r)
	}
	c.scratch = c.scratch[:0]
	for i := range c.spare {
		if c.spare[i].V != nil {
			c.drop(&c.spare[i])
		}
	}
}

// Drop forgets the value of a slot and gives its memory back.
func (c *Ctx) Drop(slot int32) { c.drop(&c.slots[slot]) }

func (c *Ctx) drop(s *Slot) {
	c.arena.release(s.ref)
	s.V, s.ref = nil, noRef
}

// Arena is the memory of the run.
func (c *Ctx) Arena() *Arena { return c.arena }

// NumIn is the number of inputs that the node names, absent ones included.
func (c *Ctx) NumIn() int { return len(c.in) }

// NumOut is the number of outputs that the node names.
func (c *Ctx) NumOut() int { return len(c.out) }

// In is input i, or nil where it is absent or not a tensor.
func (c *Ctx) In(i int) *tensor.Tensor {
	t, _ := c.Value(i).(*tensor.Tensor)
	return t
}

// Value is input i of whatever kind, nil where it is absent.
func (c *Ctx) Value(i int) tensor.Value {
	if i >= len(c.in) || c.in[i] < 0 {
		return nil
	}
	return c.slots[c.in[i]].V
}

// HasOut reports whether output i is wanted.
func (c *Ctx) HasOut(i int) bool { return i < len(c.out) && c.out[i] >= 0 }

// slot is where output i goes: a spare one if nobody wants it.
func (c *Ctx) slot(i int) *Slot {
	if c.HasOut(i) {
		return &c.slots[c.out[i]]
	}
	for k := range c.spare {
		if c.spare[k].V == nil {
			return &c.spare[k]
		}
	}
	if c.spare == nil {
		c.spare = make([]Slot, 0, maxSpare)
	}
	if len(c.spare) == maxSpare {
		return &Slot{ref: noRef}
	}
	c.spare = append(c.spare, Slot{ref: noRef})
	return &c.spare[len(c.spare)-1]
}

// maxSpare bounds the outputs of one node that nobody wants; beyond it they are
// plain allocations. The list must not move, as tensors in it are pointed at.
const maxSpare = 8

// Out is output i with the given type and shape, ready to be written. Its memory
// is not zeroed, and every element must be written.
func (c *Ctx) Out(i int, e tensor.Elem, shape []int) (*tensor.Tensor, error) {
	s := c.slot(i)
	if ext, ok := s.Ext.(*tensor.Tensor); ok {
		if err := ext.Resize(e, shape); err != nil {
			return nil, err
		}
		s.V = ext
		return ext, nil
	}
	n, err := tensor.Count(shape)
	if err != nil {
		return nil, err
	}
	if e == tensor.String {
		r, mem := c.arena.getStrings(n)
		s.own.OverStrings(shape, mem)
		s.ref, s.V = r, &s.own
		return &s.own, nil
	}
	r, mem, err := c.arena.get(n * e.Size())
	if err != nil {
		return nil, err
	}
	s.own.Over(e, shape, n, mem)
	s.ref, s.V = r, &s.own
	return &s.own, nil
}

// OutZero is Out with every element zero.
func (c *Ctx) OutZero(i int, e tensor.Elem, shape []int) (*tensor.Tensor, error) {
	t, err := c.Out(i, e, shape)
	if err == nil {
		clear(t.Bytes())
		clear(t.Strings())
	}
	return t, err
}

// OutOver is Out for kernels that read each element of input j before they write
// the same element of the output: where nobody else reads the input, its memory
// becomes the output's.
func (c *Ctx) OutOver(i, j int, e tensor.Elem, shape []int) (*tensor.Tensor, error) {
	if !c.canTake(i, j, e, shape) {
		return c.Out(i, e, shape)
	}
	in, s := &c.slots[c.in[j]], &c.slots[c.out[i]]
	src := in.V.(*tensor.Tensor)
	s.own.Over(e, shape, src.Len(), src.Bytes())
	s.ref, s.V = in.ref, &s.own
	c.arena.retain(s.ref) // the input's own reference is dropped when the node is done
	return &s.own, nil
}

func (c *Ctx) canTake(i, j int, e tensor.Elem, shape []int) bool {
	if j >= len(c.last) || !c.last[j] || !c.HasOut(i) || c.slots[c.out[i]].Ext != nil || e == tensor.String {
		return false
	}
	in := &c.slots[c.in[j]]
	src, ok := in.V.(*tensor.Tensor)
	if !ok || src != &in.own || !c.arena.sole(in.ref) || src.Elem() != e {
		return false
	}
	n, err := tensor.Count(shape)
	return err == nil && n == src.Len()
}

// View makes output i the elements of input j in another shape, without a copy
// where the output is not the caller's own.
func (c *Ctx) View(i, j int, shape []int) error {
	src := c.In(j)
	if src == nil {
		return fmt.Errorf("%w: input %d is absent", ErrInput, j)
	}
	return c.ViewRange(i, j, 0, src.Len(), shape)
}

// ViewRange is View of n elements of input j, from element from on.
func (c *Ctx) ViewRange(i, j, from, n int, shape []int) error {
	in := &c.slots[c.in[j]]
	src := in.V.(*tensor.Tensor)
	s := c.slot(i)
	if s.Ext != nil || unsafe.Pointer(s) == unsafe.Pointer(in) {
		return c.copyRange(i, src, from, n, shape)
	}
	if err := s.own.AliasRange(src, from, shape); err != nil {
		return err
	}
	if s.own.Len() != n {
		return fmt.Errorf("%w: %v cannot be seen as %v", ErrInput, src, s.own.Shape())
	}
	c.arena.retain(in.ref)
	s.ref, s.V = in.ref, &s.own
	return nil
}

// copyRange is ViewRange where the output has memory of its own.
func (c *Ctx) copyRange(i int, src *tensor.Tensor, from, n int, shape []int) error {
	out, err := c.Out(i, src.Elem(), shape)
	if err != nil {
		return err
	}
	if out.Len() != n || from < 0 || from+n > src.Len() {
		return fmt.Errorf("%w: %v cannot be seen as %v", ErrInput, src, out.Shape())
	}
	size := src.Elem().Size()
	if size == 0 {
		copy(out.Strings(), src.Strings()[from:from+n])
		return nil
	}
	copy(out.Bytes(), src.Bytes()[from*size:(from+n)*size])
	return nil
}

// Set makes v the value of output i. A tensor must not lie in the run's arena.
func (c *Ctx) Set(i int, v tensor.Value) {
	s := c.slot(i)
	s.V = v
}

// Pass makes output i the very value of input j.
func (c *Ctx) Pass(i, j int) error {
	if t := c.In(j); t != nil {
		return c.View(i, j, t.Shape())
	}
	c.Set(i, c.Value(j))
	return nil
}

// Ext is the caller's value for output i, nil if there is none; kernels whose
// output is a sequence or map fill it in place.
func (c *Ctx) Ext(i int) tensor.Value {
	if !c.HasOut(i) {
		return nil
	}
	return c.slots[c.out[i]].Ext
}

// Scratch is n elements of memory that lives until the node is done, not zeroed.
func Scratch[T tensor.Type](c *Ctx, n int) ([]T, error) {
	var zero T
	r, mem, err := c.arena.get(n * int(unsafe.Sizeof(zero)))
	if err != nil {
		return nil, err
	}
	c.scratch = append(c.scratch, r)
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(mem))), n), nil
}

// Need is input i, or an error that says it is missing.
func (c *Ctx) Need(i int) (*tensor.Tensor, error) {
	if t := c.In(i); t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("%w: input %d is missing or not a tensor", ErrInput, i)
}

// Private is a value that a kernel keeps for one run's context from run to run,
// such as the frame of a subgraph; made on first use.
func Private[T any](c *Ctx, key any, make func() T) T {
	if v, ok := c.frames[key]; ok {
		return v.(T)
	}
	if c.frames == nil {
		c.frames = map[any]any{}
	}
	v := make()
	c.frames[key] = v
	return v
}
