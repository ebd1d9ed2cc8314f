package ir

import (
	"errors"
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
	"github.com/turgo-io/turgo/inference/tensor"
)

// ErrGraph says that a graph is not well formed: a name used but not defined, or
// defined twice, or a cycle.
var ErrGraph = errors.New("ir: bad graph")

// Config bounds what building may cost.
type Config struct {
	// Nodes is the most nodes after functions are inlined; 0 means 200,000.
	Nodes int
	// DenseElements is the most elements a sparse constant may take when it is
	// made dense; 0 means 2^26.
	DenseElements int
}

// Build resolves a decoded model.
func Build(p *pb.Model, c Config) (*Model, error) {
	if c.Nodes <= 0 {
		c.Nodes = 200_000
	}
	if c.DenseElements <= 0 {
		c.DenseElements = 1 << 26
	}
	m := &Model{
		IRVersion: p.IRVersion, Producer: p.Producer, ProducerVersion: p.ProducerVersion,
		Domain: p.Domain, Version: p.Version, Doc: p.Doc,
		Opsets: opsets(p.Opsets), Metadata: map[string]string{},
	}
	for _, e := range p.Metadata {
		m.Metadata[e.Key] = e.Value
	}
	b := &builder{Config: c, functions: map[functionKey]*pb.Function{}}
	for _, f := range p.Functions {
		b.functions[functionKey{domain(f.Domain), f.Name, f.Overload}] = f
	}
	if n := b.newCounter().graph(p.Graph); n > c.Nodes {
		return m, fmt.Errorf("%w: too many nodes once functions are inlined", pb.ErrLimit)
	}
	g, err := b.graph(p.Graph, &scope{opsets: m.Opsets})
	m.Graph = g
	return m, err
}

// domain maps the two spellings of the default domain to one.
func domain(d string) string {
	if d == "ai.onnx" {
		return ""
	}
	return d
}

func opsets(list []pb.Opset) map[string]int {
	m := make(map[string]int, len(list))
	for _, o := range list {
		m[domain(o.Domain)] = int(o.Version)
	}
	// A file of IR version 2 or older names no opset and means the first one.
	if _, ok := m[""]; !ok {
		m[""] = 1
	}
	return m
}

type functionKey struct{ domain, name, overload string }

// builder carries what is shared by all graphs of one model.
type builder struct {
	Config
	functions map[functionKey]*pb.Function
	calls     int // depth of functions being inlined
}

// scope is the set of names visible at one place. A lookup that ends in a parent
// scope makes a capture. The scope of an inlined function has no parent: it sees
// nothing but its arguments.
type scope struct {
	parent *scope
	values map[string]*Value
	graph  *Graph
	opsets map[string]int
	// args are the call's attributes, nil outside of functions.
	args map[string]*Attr
}

func (s *scope) child(g *Graph) *scope {
	return &scope{parent: s, values: map[string]*Value{}, graph: g, opsets: s.opsets, args: s.args}
}

// define adds a value under a new name.
func (s *scope) define(name string, v *Value) error {
	if _, ok := s.values[name]; ok {
		return fmt.Errorf("%w: value %q is defined twice", ErrGraph, name)
	}
	s.values[name] = v
	return nil
}

// lookup finds a value by name, capturing it where an outer graph defines it.
// The value is nil where a function was called without that argument.
func (s *scope) lookup(name string) (v *Value, found bool) {
	if v, ok := s.values[name]; ok {
		return v, true
	}
	if s.parent == nil || s.parent.values == nil {
		return nil, false
	}
	outer, found := s.parent.lookup(name)
	if outer == nil || outer.Const != nil {
		return outer, found
	}
	inner := &Value{Name: name, Type: outer.Type}
	s.graph.Captures = append(s.graph.Captures, Capture{outer, inner})
	s.values[name] = inner
	return inner, true
}

// graph builds one graph inside a scope.
func (b *builder) graph(p *pb.Graph, outer *scope) (*Graph, error) {
	g := &Graph{Name: p.Name}
	s := outer.child(g)
	if err := b.constants(p, s); err != nil {
		return nil, err
	}
	for _, in := range p.Inputs {
		// Before IR version 4 constants were listed among the inputs as well.
		if _, ok := s.values[in.Name]; ok {
			continue
		}
		v := &Value{Name: in.Name, Type: convertType(in.Type)}
		if err := s.define(in.Name, v); err != nil {
			return nil, err
		}
		g.Inputs = append(g.Inputs, v)
	}
	if err := b.nodes(p.Nodes, s); err != nil {
		return nil, err
	}
	for _, out := range p.Outputs {
		v, _ := s.lookup(out.Name)
		if v == nil {
			return nil, fmt.Errorf("%w: output %q is not defined", ErrGraph, out.Name)
		}
		if v.Type.Elem == tensor.Undefined && v.Type.Of == nil {
			v.Type = convertType(out.Type)
		}
		g.Outputs = append(g.Outputs, v)
	}
	return g, nil
}

func (b *builder) constants(p *pb.Graph, s *scope) error {
	for _, t := range p.Initializers {
		c, err := DecodeTensor(t)
		if err != nil {
			return err
		}
		if err := s.define(t.Name, &Value{Name: t.Name, Const: c}); err != nil {
			return err
		}
	}
	for _, t := range p.Sparse {
		c, err := DecodeSparse(t, b.DenseElements)
		if err != nil {
			return err
		}
		if err := s.define(t.Values.Name, &Value{Name: t.Values.Name, Const: c}); err != nil {
			return err
		}
	}
	return nil
}

// nodes builds a list of nodes in dependency order.
func (b *builder) nodes(list []*pb.Node, s *scope) error {
	sorted, err := sortNodes(list)
	if err != nil {
		return err
	}
	for _, p := range sorted {
		if err := b.node(p, s); err != nil {
			return fmt.Errorf("node %q (%s): %w", p.Name, p.Op, err)
		}
	}
	return nil
}

func (b *builder) node(p *pb.Node, s *scope) error {
	if b.Nodes--; b.Nodes < 0 {
		return fmt.Errorf("%w: too many nodes once functions are inlined", pb.ErrLimit)
	}
	n := &Node{Name: p.Name, Op: p.Op, Domain: domain(p.Domain), Attrs: map[string]*Attr{}}
	for _, name := range p.Inputs {
		v, err := s.input(name)
		if err != nil {
			return err
		}
		n.Inputs = append(n.Inputs, v)
	}
	if err := b.attributes(p.Attributes, s, n.Attrs); err != nil {
		return err
	}
	if f := b.functions[functionKey{n.Domain, p.Op, p.Overload}]; f != nil {
		return b.inline(f, n, p.Outputs, s)
	}
	v, ok := s.opsets[n.Domain]
	if !ok {
		return fmt.Errorf("%w: the model imports no operator set of domain %q", ErrGraph, n.Domain)
	}
	n.Version = v
	s.graph.Nodes = append(s.graph.Nodes, n)
	return s.outputs(n, p.Outputs)
}

func (s *scope) input(name string) (*Value, error) {
	if name == "" {
		return nil, nil
	}
	v, ok := s.lookup(name)
	if !ok {
		return nil, fmt.Errorf("%w: input %q is not defined", ErrGraph, name)
	}
	return v, nil
}

func (s *scope) outputs(n *Node, names []string) error {
	for _, name := range names {
		if name == "" {
			n.Outputs = append(n.Outputs, nil)
			continue
		}
		v := &Value{Name: name}
		if err := s.define(name, v); err != nil {
			return err
		}
		n.Outputs = append(n.Outputs, v)
	}
	return nil
}

// maxCalls bounds functions that call functions; a recursive one never ends.
const maxCalls = 32

// inline builds the body of a function in place of a call.
func (b *builder) inline(f *pb.Function, call *Node, outputs []string, outer *scope) error {
	if b.calls++; b.calls > maxCalls {
		return fmt.Errorf("%w: functions call each other more than %d deep", pb.ErrLimit, maxCalls)
	}
	defer func() { b.calls-- }()
	s := &scope{values: map[string]*Value{}, graph: outer.graph, opsets: opsets(f.Opsets), args: call.Attrs}
	if err := b.defaults(f, s); err != nil {
		return err
	}
	for i, name := range f.Inputs {
		if i < len(call.Inputs) && call.Inputs[i] != nil {
			s.values[name] = call.Inputs[i]
		} else {
			s.values[name] = nil
		}
	}
	if err := b.nodes(f.Nodes, s); err != nil {
		return fmt.Errorf("function %s: %w", f.Name, err)
	}
	for i, name := range outputs {
		if name == "" || i >= len(f.Outputs) {
			continue
		}
		v, _ := s.lookup(f.Outputs[i])
		if v == nil {
			return fmt.Errorf("%w: function %s does not define its output %q", ErrGraph, f.Name, f.Outputs[i])
		}
		if err := outer.define(name, v); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) defaults(f *pb.Function, s *scope) error {
	defaults := map[string]*Attr{}
	if err := b.attributes(f.Defaults, &scope{opsets: s.opsets}, defaults); err != nil {
		return err
	}
	for name, a := range defaults {
		if _, ok := s.args[name]; !ok {
			s.args[name] = a
		}
	}
	return nil
}
