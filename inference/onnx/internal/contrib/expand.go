package contrib

import (
	"fmt"
	"strconv"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// Domain is where the operators come from.
const Domain = "com.microsoft"

// version is that of the operator sets the written nodes belong to.
const version = 24

// rule takes one node apart.
type rule func(w *writer)

// rules finds the rule for an operator, nil if there is none.
func rules(domain, name string) rule {
	if domain == "" {
		// Exporters write this one into the standard's own domain.
		if name == "SimplifiedLayerNormalization" {
			return simplifiedNorm
		}
		return nil
	}
	if domain != Domain {
		return nil
	}
	for _, table := range []func(string) rule{plainRules, productRules, attentionRules, quantRules} {
		if r := table(name); r != nil {
			return r
		}
	}
	return nil
}

// Expand rewrites g and its subgraphs.
func Expand(g *ir.Graph) error {
	with := map[*ir.Value]*ir.Value{}
	var nodes []*ir.Node
	for _, n := range g.Nodes {
		for _, sub := range n.Subgraphs() {
			if err := Expand(sub); err != nil {
				return err
			}
		}
		r := rules(n.Domain, n.Op)
		if r == nil {
			nodes = append(nodes, n)
			continue
		}
		w := &writer{Build: &op.Build{Node: n}, with: with}
		r(w)
		if err := w.Err(); err != nil {
			return fmt.Errorf("node %q (%s.%s): %w", n.Name, n.Domain, n.Op, err)
		}
		nodes = append(nodes, w.nodes...)
	}
	g.Nodes = nodes
	g.Replace(with)
	return nil
}

// writer collects the nodes that one node becomes. The embedded Build reads the
// node's attributes and gathers faults.
type writer struct {
	*op.Build
	nodes []*ir.Node
	with  map[*ir.Value]*ir.Value
}

// attrs are the attributes of a written node.
type attrs map[string]any

func attr(v any) *ir.Attr {
	switch v := v.(type) {
	case int:
		return &ir.Attr{Kind: ir.Int, I: int64(v)}
	case bool:
		a := &ir.Attr{Kind: ir.Int}
		if v {
			a.I = 1
		}
		return a
	case float32:
		return &ir.Attr{Kind: ir.Float, F: v}
	case string:
		return &ir.Attr{Kind: ir.String, S: v}
	case []int64:
		return &ir.Attr{Kind: ir.Ints, Ints: v}
	}
	return v.(*ir.Attr)
}

// in is input i of the node, nil if it is not given.
func (w *writer) in(i int) *ir.Value {
	if i < len(w.Node.Inputs) {
		return w.Node.Inputs[i]
	}
	return nil
}

// add writes a node with several outputs.
func (w *writer) add(name string, outputs int, a attrs, in ...*ir.Value) []*ir.Value {
	n := &ir.Node{Name: w.Node.Name + "/" + name + strconv.Itoa(len(w.nodes)), Op: name, Version: version, Inputs: in, Attrs: map[string]*ir.Attr{}}
	for k, v := range a {
		n.Attrs[k] = attr(v)
	}
	for i := range outputs {
		n.Outputs = append(n.Outputs, &ir.Value{Name: n.Name + ":" + strconv.Itoa(i)})
	}
	w.nodes = append(w.nodes, n)
	return n.Outputs
}

// op writes a node with one output.
func (w *writer) op(name string, a attrs, in ...*ir.Value) *ir.Value {
	return w.add(name, 1, a, in...)[0]
}

// give makes v the node's output i, if that is wanted.
func (w *writer) give(i int, v *ir.Value) {
	if w.HasOut(i) {
		w.with[w.Node.Outputs[i]] = v
	}
}

// refuse makes inputs and outputs that the rule does not cover a fault.
func (w *writer) refuse(inputs, outputs []int) {
	for _, i := range inputs {
		if w.HasIn(i) {
			w.Fail("input %d is not supported", i)
		}
	}
	for _, i := range outputs {
		if w.HasOut(i) {
			w.Fail("output %d is not supported", i)
		}
	}
}

// need is a list of inputs that must be given.
func (w *writer) need(inputs ...int) bool {
	for _, i := range inputs {
		if !w.HasIn(i) {
			w.Fail("input %d is missing", i)
			return false
		}
	}
	return true
}

func ints(v ...int64) *ir.Value {
	return &ir.Value{Name: "const", Const: tensor.Vector(v...)}
}

func scalarInt(v int64) *ir.Value { return &ir.Value{Name: "const", Const: tensor.Scalar(v)} }

func scalar(v float32) *ir.Value { return &ir.Value{Name: "const", Const: tensor.Scalar(v)} }

// plus adds the operands that are given.
func (w *writer) plus(first *ir.Value, others ...*ir.Value) *ir.Value {
	for _, v := range others {
		if v != nil {
			first = w.op("Add", nil, first, v)
		}
	}
	return first
}

// rank is the declared rank of a value, or otherwise.
func rank(v *ir.Value, otherwise int) int {
	switch {
	case v == nil:
		return 0
	case v.Const != nil:
		return v.Const.Rank()
	case v.Type.HasShape:
		return len(v.Type.Dims)
	}
	return otherwise
}

// size is the length of one dimension, as a vector of one int64.
func (w *writer) size(v *ir.Value, dim int) *ir.Value {
	return w.op("Shape", attrs{"start": dim, "end": dim + 1}, v)
}

// count is 0, 1, … below a vector of one int64.
func (w *writer) count(n *ir.Value) *ir.Value {
	return w.op("Range", nil, scalarInt(0), w.op("Reshape", nil, n, ints()), scalarInt(1))
}

func (w *writer) cast(v *ir.Value, e tensor.Elem) *ir.Value {
	return w.op("Cast", attrs{"to": int(e)}, v)
}

// parts splits v evenly along an axis.
func (w *writer) parts(v *ir.Value, n, axis int) []*ir.Value {
	return w.add("Split", n, attrs{"axis": axis, "num_outputs": n}, v)
}

// copied takes attributes over as they are.
func (w *writer) copied(names ...string) attrs {
	a := attrs{}
	for _, name := range names {
		if w.Has(name) {
			a[name] = w.Node.Attrs[name]
		}
	}
	return a
}
