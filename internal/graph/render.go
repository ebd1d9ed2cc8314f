package graph

import (
	"fmt"
	"strings"
)

// Text draws the plan as indented lines: a chain a block, with what leaves it.
func (p *Plan) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "job %s\n", p.Job)
	for _, c := range p.Chains {
		fmt.Fprintf(&b, "  task %d × %d: %s\n", c.Index, c.Parallelism, c.Name())
		for _, n := range c.Nodes {
			for _, e := range n.Out {
				if !e.Chained {
					fmt.Fprintf(&b, "    %s ──%s──> %s\n", n.label(), e.label(), e.To.label())
				}
			}
		}
	}
	return b.String()
}

// Mermaid draws the plan as a Mermaid flowchart.
func (p *Plan) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for _, c := range p.Chains {
		fmt.Fprintf(&b, "  subgraph t%d[\"task %d × %d\"]\n", c.Index, c.Index, c.Parallelism)
		for _, n := range c.Nodes {
			fmt.Fprintf(&b, "    n%d%s\n", n.Index, n.mermaidShape())
		}
		b.WriteString("  end\n")
	}
	for _, n := range p.Nodes {
		for _, e := range n.Out {
			fmt.Fprintf(&b, "  n%d -->%s n%d\n", n.Index, e.mermaidLabel(), e.To.Index)
		}
	}
	return b.String()
}

// DOT draws the plan for Graphviz.
func (p *Plan) DOT() string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %q {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n", p.Job)
	for _, c := range p.Chains {
		fmt.Fprintf(&b, "  subgraph cluster_%d {\n    label=%q;\n", c.Index, fmt.Sprintf("task %d × %d", c.Index, c.Parallelism))
		for _, n := range c.Nodes {
			fmt.Fprintf(&b, "    n%d [label=%q];\n", n.Index, n.label())
		}
		b.WriteString("  }\n")
	}
	for _, n := range p.Nodes {
		for _, e := range n.Out {
			fmt.Fprintf(&b, "  n%d -> n%d [label=%q];\n", n.Index, e.To.Index, e.label())
		}
	}
	b.WriteString("}\n")
	return b.String()
}

func (n *Node) label() string {
	if n.Note != "" {
		return n.Name + " (" + n.Note + ")"
	}
	return n.Name
}

func (n *Node) mermaidShape() string {
	label := strings.ReplaceAll(n.label(), `"`, "'")
	switch n.Kind {
	case Source:
		return `(["` + label + `"])`
	case Sink:
		return `[("` + label + `")]`
	}
	return `["` + label + `"]`
}

func (e *Edge) label() string {
	s := e.Kind.String()
	if e.Chained {
		s = "chained"
	}
	if e.Side != "" {
		s += ": " + e.Side
	}
	return s
}

func (e *Edge) mermaidLabel() string {
	if e.Chained && e.Side == "" {
		return ""
	}
	return "|" + e.label() + "|"
}
