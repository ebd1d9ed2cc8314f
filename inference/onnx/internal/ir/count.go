package ir

import "github.com/turgo-io/turgo/inference/onnx/internal/pb"

// counter finds how many nodes a model has once its functions are inlined, before
// anything is built: functions that call each other twice double at each step.
type counter struct {
	functions map[functionKey]*pb.Function
	known     map[*pb.Function]int
	limit     int
}

func (b *builder) newCounter() *counter {
	return &counter{functions: b.functions, known: map[*pb.Function]int{}, limit: b.Nodes + 1}
}

// graph is the number of nodes of a graph and all below it, or limit if it is more.
func (c *counter) graph(g *pb.Graph) int {
	if g == nil {
		return 0
	}
	return c.nodes(g.Nodes)
}

func (c *counter) nodes(list []*pb.Node) int {
	n := 0
	for _, p := range list {
		n += 1 + c.function(c.functions[functionKey{domain(p.Domain), p.Op, p.Overload}])
		for _, a := range p.Attributes {
			n += c.graph(a.G)
			for _, g := range a.Graphs {
				n += c.graph(g)
			}
			n = min(n, c.limit)
		}
		if n = min(n, c.limit); n == c.limit {
			break
		}
	}
	return n
}

// function is the number of nodes of a function's body. One that calls itself counts
// as a node here; building it fails on its depth.
func (c *counter) function(f *pb.Function) int {
	if f == nil {
		return 0
	}
	n, ok := c.known[f]
	if !ok {
		c.known[f] = 1
		n = c.nodes(f.Nodes)
		c.known[f] = n
	}
	return n
}
