package ir

import (
	"fmt"
	"strings"

	"github.com/turgo-io/turgo/inference/tensor"
)

// Model is a whole model: its main graph and what the file says about itself.
type Model struct {
	Graph           *Graph
	IRVersion       int64
	Producer        string
	ProducerVersion string
	Domain          string
	Version         int64
	Doc             string
	Opsets          map[string]int
	Metadata        map[string]string
}

// Graph is a list of nodes in execution order.
type Graph struct {
	Name    string
	Inputs  []*Value
	Outputs []*Value
	Nodes   []*Node
	// Captures lists the values of surrounding graphs that this one uses.
	Captures []Capture
}

// Capture binds a value of the surrounding graph to its stand-in inside.
type Capture struct{ Outer, Inner *Value }

// Value is one edge of the graph. Values are compared by identity.
type Value struct {
	Name string
	// Type is what the file declares; the zero Type if it declares nothing.
	Type Type
	// Const is set when the value is known before any run.
	Const *tensor.Tensor
}

// Node is one application of an operator.
type Node struct {
	Name    string
	Op      string
	Domain  string
	Version int      // of the operator set that Domain is imported at
	Inputs  []*Value // nil where an optional input is not given
	Outputs []*Value // nil where an optional output is not wanted
	Attrs   map[string]*Attr
}

// Type is the declared type of a value.
type Type struct {
	Kind tensor.Kind
	// Elem is a tensor's element type, or a map's key type; Undefined if not declared.
	Elem tensor.Elem
	// HasShape tells a declared scalar from an undeclared shape.
	HasShape bool
	Dims     []Dim
	// Of is the element type of a sequence or optional, the value type of a map.
	Of *Type
}

// Dim is one declared dimension: Size, or -1 and a name, which may be empty.
type Dim struct {
	Size int64
	Name string
}

// Attr is one attribute. Only the field that fits its kind is set.
type Attr struct {
	Kind    AttrKind
	F       float32
	I       int64
	S       string
	T       *tensor.Tensor
	G       *Graph
	Type    *Type
	Floats  []float32
	Ints    []int64
	Strings []string
	Tensors []*tensor.Tensor
	Graphs  []*Graph
}

// AttrKind tells the kinds of attributes apart.
type AttrKind uint8

// The kinds of attributes.
const (
	Float AttrKind = iota + 1
	Int
	String
	Tensor
	SubGraph
	Floats
	Ints
	Strings
	Tensors
	SubGraphs
	TypeOf
)

// String is the kind's name.
func (k AttrKind) String() string {
	names := [...]string{"undefined", "float", "int", "string", "tensor", "graph", "floats", "ints", "strings", "tensors", "graphs", "type"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Subgraphs lists the graphs among the node's attributes, in a fixed order.
func (n *Node) Subgraphs() []*Graph {
	var out []*Graph
	for _, name := range []string{"then_branch", "else_branch", "body", "score_mod", "prob_mod"} {
		if a := n.Attrs[name]; a != nil && a.G != nil {
			out = append(out, a.G)
		}
	}
	return out
}

// Uses calls f with the address of every reference the node makes to a value of
// its own graph: inputs, and what its subgraphs capture.
func (n *Node) Uses(f func(**Value)) {
	for i := range n.Inputs {
		if n.Inputs[i] != nil {
			f(&n.Inputs[i])
		}
	}
	for _, g := range n.Subgraphs() {
		for i := range g.Captures {
			f(&g.Captures[i].Outer)
		}
	}
}

// Replace redirects every use of the keys of with to their values, in one sweep.
// Chains (a to b, b to c) are followed.
func (g *Graph) Replace(with map[*Value]*Value) {
	if len(with) == 0 {
		return
	}
	redirect := func(v **Value) {
		for next, ok := with[*v]; ok; next, ok = with[*v] {
			*v = next
		}
	}
	for _, n := range g.Nodes {
		n.Uses(redirect)
	}
	for i := range g.Outputs {
		redirect(&g.Outputs[i])
	}
}

// SyncCaptures hands constants of the surrounding graph down to subgraphs, which
// then no longer capture them.
func (g *Graph) SyncCaptures() {
	for _, n := range g.Nodes {
		for _, sub := range n.Subgraphs() {
			keep := sub.Captures[:0]
			for _, c := range sub.Captures {
				if c.Outer.Const != nil {
					c.Inner.Const = c.Outer.Const
					continue
				}
				keep = append(keep, c)
			}
			sub.Captures = keep
		}
	}
}

// String names operator, version and operands.
func (n *Node) String() string {
	var b strings.Builder
	if n.Domain != "" {
		b.WriteString(n.Domain + ".")
	}
	fmt.Fprintf(&b, "%s-%d(%s) -> (%s)", n.Op, n.Version, names(n.Inputs), names(n.Outputs))
	return b.String()
}

func names(vs []*Value) string {
	parts := make([]string, len(vs))
	for i, v := range vs {
		parts[i] = "-"
		if v != nil {
			parts[i] = v.Name
		}
	}
	return strings.Join(parts, ", ")
}

// String is the type as text, such as tensor(float32)[batch,13].
func (t Type) String() string {
	switch t.Kind {
	case tensor.KindSequence, tensor.KindOptional:
		if t.Of == nil {
			return t.Kind.String()
		}
		return fmt.Sprintf("%v(%v)", t.Kind, *t.Of)
	case tensor.KindMap:
		if t.Of == nil {
			return t.Kind.String()
		}
		return fmt.Sprintf("map(%v, %v)", t.Elem, *t.Of)
	}
	if !t.HasShape {
		return t.Elem.String()
	}
	dims := make([]string, len(t.Dims))
	for i, d := range t.Dims {
		dims[i] = d.String()
	}
	return fmt.Sprintf("%v[%s]", t.Elem, strings.Join(dims, ","))
}

// String is the size, the name, or a question mark.
func (d Dim) String() string {
	switch {
	case d.Size >= 0:
		return fmt.Sprint(d.Size)
	case d.Name != "":
		return d.Name
	}
	return "?"
}
