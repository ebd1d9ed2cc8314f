package ir

import (
	"fmt"

	"github.com/turgo-io/turgo/inference/onnx/internal/pb"
)

// sortNodes returns the nodes in dependency order. The format asks writers for
// that order; for those that do not keep it the nodes are sorted, stably.
func sortNodes(list []*pb.Node) ([]*pb.Node, error) {
	producer := make(map[string]int, len(list))
	for i, n := range list {
		for _, out := range n.Outputs {
			if out != "" {
				producer[out] = i
			}
		}
	}
	if inOrder(list, producer) {
		return list, nil
	}
	return topological(list, producer)
}

// inOrder reports whether no node uses a value that it or a later node makes.
func inOrder(list []*pb.Node, producer map[string]int) bool {
	ok := true
	for i, n := range list {
		references(n, func(name string) {
			if p, found := producer[name]; found && p >= i {
				ok = false
			}
		})
	}
	return ok
}

// topological is Kahn's algorithm with a queue, so that independent nodes keep
// their order.
func topological(list []*pb.Node, producer map[string]int) ([]*pb.Node, error) {
	users := make([][]int, len(list))
	waits := make([]int, len(list))
	for i, n := range list {
		references(n, func(name string) {
			if p, ok := producer[name]; ok {
				users[p] = append(users[p], i)
				waits[i]++
			}
		})
	}
	var queue []int
	for i, w := range waits {
		if w == 0 {
			queue = append(queue, i)
		}
	}
	out := make([]*pb.Node, 0, len(list))
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		out = append(out, list[i])
		for _, u := range users[i] {
			if waits[u]--; waits[u] == 0 {
				queue = append(queue, u)
			}
		}
	}
	if len(out) != len(list) {
		return nil, fmt.Errorf("%w: %d nodes depend on each other in a cycle", ErrGraph, len(list)-len(out))
	}
	return out, nil
}

// references calls f with every name a node uses, in its subgraphs too. A name
// that a subgraph defines for itself is reported as well; the format forbids it
// to be a name of the surrounding graph.
func references(n *pb.Node, f func(string)) {
	for _, in := range n.Inputs {
		f(in)
	}
	for _, a := range n.Attributes {
		if a.G != nil {
			for _, inner := range a.G.Nodes {
				references(inner, f)
			}
			for _, out := range a.G.Outputs {
				f(out.Name)
			}
		}
	}
}
