package graph

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/turgo-io/turgo/internal/exchange"
)

// Options are the job's settings that a plan needs.
type Options struct {
	Parallelism    int // of nodes that say nothing
	MaxParallelism int // number of key groups
	NoChaining     bool
}

// Plan is a graph that is ready to run.
type Plan struct {
	Job            string
	Nodes          []*Node
	Chains         []*Chain
	MaxParallelism int
}

// Chain is what one task runs: nodes joined by direct calls, the head first.
type Chain struct {
	Index       int
	Head        *Node
	Nodes       []*Node
	Parallelism int
}

// Name joins the names of the chain's nodes; where it forks, the branches stand in brackets.
func (c *Chain) Name() string { return c.Head.path() }

// path is the node's name and those of what is chained to it.
func (n *Node) path() string {
	var next []string
	for _, e := range n.Out {
		if e.Chained {
			next = append(next, e.To.path())
		}
	}
	switch len(next) {
	case 0:
		return n.Name
	case 1:
		return n.Name + " → " + next[0]
	}
	return n.Name + " → (" + strings.Join(next, ", ") + ")"
}

// Plan checks the graph and resolves it. All faults come back joined, each with the user's line.
func (g *Graph) Plan(o Options) (*Plan, error) {
	p := &Plan{Job: g.Job, Nodes: g.Nodes, MaxParallelism: o.MaxParallelism}
	var faults []error
	for _, n := range g.Nodes {
		n.forget()
		n.resolveParallelism(o)
		faults = append(faults, n.faults(o)...)
	}
	if len(g.Nodes) == 0 {
		faults = append(faults, errors.New("the job is empty: begin with stream.From"))
	}
	faults = append(faults, g.nameAll()...)
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("stream: job %q cannot run:\n%w", g.Job, err)
	}
	p.spread()
	p.chain(o)
	return p, nil
}

// spread makes a forward edge between nodes of different parallelism one that deals records out.
func (p *Plan) spread() {
	for _, n := range p.Nodes {
		for _, e := range n.In {
			if e.Kind == exchange.Forward && e.From.Parallelism != e.To.Parallelism {
				e.Kind, e.spread = exchange.Rebalance, true
			}
		}
	}
}

// forget takes back what an earlier plan has found: the user may have looked at the graph and changed it since.
func (n *Node) forget() {
	if n.Derived {
		n.Parallelism, n.Derived = 0, false
	}
	for _, e := range n.In {
		if e.Chained = false; e.spread {
			e.Kind, e.spread = exchange.Forward, false
		}
	}
}

// resolveParallelism gives a node that says nothing the parallelism of its input if that comes by a
// forward edge, else the job's. Nodes stand behind their inputs, so those are resolved already.
func (n *Node) resolveParallelism(o Options) {
	if n.Parallelism != 0 {
		return
	}
	n.Parallelism, n.Derived = o.Parallelism, true
	for _, e := range n.In {
		switch e.Kind {
		case exchange.Forward:
			n.Parallelism = e.From.Parallelism
			return
		case exchange.Global:
			n.Parallelism = 1
			return
		}
	}
}

func (n *Node) faults(o Options) (faults []error) {
	add := func(err error) { faults = append(faults, &Fault{n, err}) }
	for _, err := range n.Faults {
		add(err)
	}
	if n.Validate != nil {
		if err := n.Validate(); err != nil {
			add(err)
		}
	}
	if n.Parallelism < 1 || n.Parallelism > o.MaxParallelism {
		add(fmt.Errorf("parallelism %d is not within 1 and the maximum of %d", n.Parallelism, o.MaxParallelism))
	}
	for _, e := range n.In {
		if n.Keyed && e.Kind == exchange.Forward && e.From.Parallelism != n.Parallelism {
			add(fmt.Errorf("parallelism %d differs from %d of its keyed input %s: set it on the first operator after KeyBy", n.Parallelism, e.From.Parallelism, e.From.Name))
		}
	}
	if len(n.Out) == 0 && n.Kind != Sink {
		add(errors.New("its records go nowhere: end it with To, or drop it"))
	}
	return faults
}

// nameAll gives an id to every node that has none: its name and how often that came before. Such an
// id holds as long as no operator of that name is put before it; ID fixes it.
func (g *Graph) nameAll() (faults []error) {
	owner := map[string]*Node{}
	for _, n := range g.Nodes {
		if !n.Explicit {
			continue
		}
		if other := owner[n.ID]; other != nil {
			faults = append(faults, &Fault{n, fmt.Errorf("the id %q is taken by %s at %s", n.ID, other.Name, other.Caller)})
		}
		owner[n.ID] = n
	}
	for _, n := range g.Nodes {
		if n.Explicit {
			continue
		}
		n.ID = n.Name
		for i := 2; owner[n.ID] != nil; i++ {
			n.ID = n.Name + "-" + strconv.Itoa(i)
		}
		owner[n.ID] = n
	}
	return faults
}

// chain marks the chained edges and collects the chains in order of their heads.
func (p *Plan) chain(o Options) {
	head := map[*Node]*Chain{}
	for _, n := range p.Nodes {
		if len(n.In) == 1 && n.In[0].chains(o, head) {
			n.In[0].Chained = true
			c := head[n.In[0].From]
			c.Nodes = append(c.Nodes, n)
			head[n] = c
			continue
		}
		c := &Chain{Index: len(p.Chains), Head: n, Nodes: []*Node{n}, Parallelism: n.Parallelism}
		p.Chains = append(p.Chains, c)
		head[n] = c
	}
}

// chains reports whether the edge is a direct call; head has the chains of all nodes before.
func (e *Edge) chains(o Options, head map[*Node]*Chain) bool {
	if e.To.Keyed && e.Kind == exchange.Forward {
		return true // the key of the current record is known only here
	}
	if o.NoChaining && (head[e.From].Head.Kind != Source || !e.To.leadsToSplits()) {
		return false
	}
	return e.direct()
}

// direct reports whether a record can pass the edge without changing subtask.
func (e *Edge) direct() bool {
	if e.From.Parallelism == 1 && e.To.Parallelism == 1 {
		return true
	}
	return e.Kind == exchange.Forward && e.From.Parallelism == e.To.Parallelism
}

// leadsToSplits reports whether the node, or one that it reaches by direct calls, must know the split of a record.
func (n *Node) leadsToSplits() bool {
	if n.BySplit {
		return true
	}
	for _, e := range n.Out {
		if len(e.To.In) == 1 && e.direct() && e.To.leadsToSplits() {
			return true
		}
	}
	return false
}
