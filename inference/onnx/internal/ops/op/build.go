package op

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/tensor"
)

// ErrAttribute says that a node's attribute is missing, of the wrong kind, out of
// range or not known to the operator.
var ErrAttribute = errors.New("onnx: bad attribute")

// Kernel is a node made ready to run. It is immutable: one serves all runs.
type Kernel interface {
	// Run computes the outputs. It may be called by several goroutines, each with
	// a Ctx of its own, and must not block. After an error the run is over.
	Run(c *Ctx) error
}

// Keeper is implemented by kernels that have made their own copy of constant inputs:
// these are not kept for the run, and the kernel finds them absent.
type Keeper interface {
	// Kept lists the inputs, of which those that are constants are left out.
	Kept() []int
}

// Func is a Kernel from a function.
type Func func(c *Ctx) error

// Run calls f.
func (f Func) Run(c *Ctx) error { return f(c) }

// Def describes an operator to the engine.
type Def struct {
	Domain string
	Name   string
	// Since is the first version of the operator set that has the operator;
	// differences between later versions are for New to deal with.
	Since int
	// Wide operators compute 16-bit floats in float32: their inputs are widened
	// before and their outputs rounded after the kernel, which never sees a half.
	Wide bool
	// Random operators give another answer each time and are never folded.
	Random bool
	// New builds the kernel for one node.
	New func(b *Build) (Kernel, error)
}

// Sub is a subgraph made ready to run.
type Sub interface {
	// Run runs the subgraph on its declared inputs; captured values are taken from
	// the node's own. The results are valid until the subgraph runs again in the
	// same context.
	Run(c *Ctx, in []tensor.Value) ([]tensor.Value, error)
	// NumIn and NumOut are the numbers of declared inputs and outputs.
	NumIn() int
	NumOut() int
}

// Build is what a kernel is built from: one node. Faulty attributes are gathered
// and reported together by [Build.Err].
type Build struct {
	Node *ir.Node
	// Compile makes a subgraph ready.
	Compile func(g *ir.Graph) (Sub, error)

	seen map[string]bool
	errs []error
}

// Version is the version of the operator set that the node's domain is imported at.
func (b *Build) Version() int { return b.Node.Version }

// NumIn is the number of inputs that the node names, absent ones included.
func (b *Build) NumIn() int { return len(b.Node.Inputs) }

// NumOut is the number of outputs that the node names.
func (b *Build) NumOut() int { return len(b.Node.Outputs) }

// HasIn reports whether input i is given.
func (b *Build) HasIn(i int) bool { return i < len(b.Node.Inputs) && b.Node.Inputs[i] != nil }

// HasOut reports whether output i is wanted.
func (b *Build) HasOut(i int) bool { return i < len(b.Node.Outputs) && b.Node.Outputs[i] != nil }

// Const is input i where it is a constant, else nil.
func (b *Build) Const(i int) *tensor.Tensor {
	if !b.HasIn(i) {
		return nil
	}
	return b.Node.Inputs[i].Const
}

// attr finds an attribute and marks it as known.
func (b *Build) attr(name string, kind ir.AttrKind) *ir.Attr {
	if b.seen == nil {
		b.seen = map[string]bool{}
	}
	b.seen[name] = true
	a := b.Node.Attrs[name]
	if a == nil {
		return nil
	}
	if a.Kind != kind {
		b.Fail("attribute %s is of kind %v, not %v", name, a.Kind, kind)
		return nil
	}
	return a
}

// Has reports whether an attribute is given.
func (b *Build) Has(name string) bool {
	if b.seen == nil {
		b.seen = map[string]bool{}
	}
	b.seen[name] = true
	return b.Node.Attrs[name] != nil
}

// Ignore marks attributes as known that do not change an inference result.
func (b *Build) Ignore(names ...string) {
	for _, n := range names {
		b.Has(n)
	}
}

// Fail records a fault of the node.
func (b *Build) Fail(format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf("%w: "+format, append([]any{ErrAttribute}, args...)...))
}

// Int is an int attribute.
func (b *Build) Int(name string, otherwise int) int {
	if a := b.attr(name, ir.Int); a != nil {
		return int(a.I)
	}
	return otherwise
}

// Bool is an int attribute that is 0 or 1.
func (b *Build) Bool(name string, otherwise bool) bool {
	if a := b.attr(name, ir.Int); a != nil {
		return a.I != 0
	}
	return otherwise
}

// Float is a float attribute.
func (b *Build) Float(name string, otherwise float32) float32 {
	if a := b.attr(name, ir.Float); a != nil {
		return a.F
	}
	return otherwise
}

// Str is a string attribute; when choices are given, it must be one of them.
func (b *Build) Str(name, otherwise string, choices ...string) string {
	s := otherwise
	if a := b.attr(name, ir.String); a != nil {
		s = a.S
	}
	if len(choices) > 0 && !slices.Contains(choices, s) {
		b.Fail("attribute %s is %q, not one of %q", name, s, choices)
	}
	return s
}

// Ints is a list of ints, nil if not given.
func (b *Build) Ints(name string) []int {
	a := b.attr(name, ir.Ints)
	if a == nil {
		return nil
	}
	out := make([]int, len(a.Ints))
	for i, v := range a.Ints {
		out[i] = int(v)
	}
	return out
}

// Int64s is a list of ints as stored, nil if not given.
func (b *Build) Int64s(name string) []int64 {
	if a := b.attr(name, ir.Ints); a != nil {
		return a.Ints
	}
	return nil
}

// Floats is a list of floats, nil if not given.
func (b *Build) Floats(name string) []float32 {
	if a := b.attr(name, ir.Floats); a != nil {
		return a.Floats
	}
	return nil
}

// Strs is a list of strings, nil if not given.
func (b *Build) Strs(name string) []string {
	if a := b.attr(name, ir.Strings); a != nil {
		return a.Strings
	}
	return nil
}

// Tensor is a tensor attribute, nil if not given.
func (b *Build) Tensor(name string) *tensor.Tensor {
	if a := b.attr(name, ir.Tensor); a != nil {
		return a.T
	}
	return nil
}

// Graph is a graph attribute made ready; a missing one is a fault.
func (b *Build) Graph(name string) Sub {
	a := b.attr(name, ir.SubGraph)
	if a == nil {
		b.Fail("attribute %s is missing", name)
		return nil
	}
	s, err := b.Compile(a.G)
	if err != nil {
		b.errs = append(b.errs, err)
	}
	return s
}

// TypeOf is a type attribute, nil if not given.
func (b *Build) TypeOf(name string) *ir.Type {
	if a := b.attr(name, ir.TypeOf); a != nil {
		return a.Type
	}
	return nil
}

// ElemOf is an int attribute that holds an element type.
func (b *Build) ElemOf(name string, otherwise tensor.Elem) tensor.Elem {
	v := b.Int(name, int(otherwise))
	e := tensor.Elem(v)
	if v < 0 || v > 255 || v != 0 && !e.Valid() {
		b.Fail("attribute %s is %d, not an element type", name, v)
	}
	return e
}

// Err is every fault found, attributes that nobody asked about included.
func (b *Build) Err() error {
	var unknown []string
	for name := range b.Node.Attrs {
		if !b.seen[name] && !historic[name] {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		b.Fail("%s does not know attribute %s", b.Node.Op, strings.Join(unknown, ", "))
	}
	return errors.Join(b.errs...)
}

// historic attributes were hints to memory planners of opset 1 to 6.
var historic = map[string]bool{"consumed_inputs": true}

// Make builds a node's kernel from its definition.
func Make(d *Def, n *ir.Node, compile func(*ir.Graph) (Sub, error)) (Kernel, error) {
	b := &Build{Node: n, Compile: compile}
	if n.Version < d.Since {
		return nil, fmt.Errorf("%w: %s came with version %d, the model imports %d", ErrAttribute, n.Op, d.Since, n.Version)
	}
	k, err := d.New(b)
	if err = errors.Join(err, b.Err()); err != nil {
		return nil, err
	}
	if d.Wide {
		return &wide{inner: k}, nil
	}
	return k, nil
}
