package graph_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/exchange"
	"github.com/turgo-io/turgo/internal/graph"
)

// TestPlan runs the scripts of testdata/plan. The commands are
//
//	text | mermaid | dot [parallelism=4] [max=128] [no-chaining]
//	source NAME [p=2] [id=x] [note=x] [fault=x]
//	NAME < FROM… [p=2] [id=x] [keyed] [sink] [side=x] [hash|rebalance|broadcast|global|custom] [note=x] [fault=x] [invalid=x]
//
// and print the plan, or its faults. A node's place in the source code is its line in the script.
func TestPlan(t *testing.T) {
	datadriven.Walk(t, "testdata/plan", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			o := graph.Options{Parallelism: 4, MaxParallelism: 128, NoChaining: d.HasArg("no-chaining")}
			d.MaybeScanArgs(t, "parallelism", &o.Parallelism)
			d.MaybeScanArgs(t, "max", &o.MaxParallelism)
			p, err := parse(t, d.Input).Plan(o)
			if err != nil {
				return err.Error()
			}
			switch d.Cmd {
			case "mermaid":
				return p.Mermaid()
			case "dot":
				return p.DOT()
			case "ids":
				return ids(p)
			}
			return p.Text()
		})
	})
}

func ids(p *graph.Plan) string {
	var b strings.Builder
	for _, n := range p.Nodes {
		b.WriteString(n.Name + ": " + n.ID + " × " + strconv.Itoa(n.Parallelism) + "\n")
	}
	return b.String()
}

var kinds = map[string]exchange.Kind{
	"hash": exchange.Hash, "rebalance": exchange.Rebalance, "broadcast": exchange.Broadcast,
	"global": exchange.Global, "custom": exchange.Custom,
}

// parse builds a graph from a script.
func parse(t *testing.T, text string) *graph.Graph {
	g := &graph.Graph{Job: "test"}
	nodes := map[string]*graph.Node{}
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		n := &graph.Node{Kind: graph.Operator, Caller: "main.go:" + strconv.Itoa(i+1)}
		var from, rest []string
		if words[0] == "source" {
			n.Kind, n.Name, rest = graph.Source, words[1], words[2:]
		} else {
			n.Name, rest = words[0], words[2:]
			for len(rest) > 0 && nodes[rest[0]] != nil {
				from, rest = append(from, rest[0]), rest[1:]
			}
		}
		kind, side := attributes(t, n, rest)
		g.Add(n)
		for _, f := range from {
			g.Connect(nodes[f], n, kind, side)
		}
		nodes[words[0]] = n
		if n.Kind == graph.Source {
			nodes[words[1]] = n
		}
	}
	return g
}

func attributes(t *testing.T, n *graph.Node, words []string) (kind exchange.Kind, side string) {
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "p":
			p, err := strconv.Atoi(value)
			require.NoError(t, err)
			n.Parallelism = p
		case "id":
			n.ID, n.Explicit = value, true
		case "name":
			n.Name = value
		case "keyed":
			n.Keyed = true
		case "sink":
			n.Kind = graph.Sink
		case "side":
			side = value
		case "note":
			n.Note = value
		case "fault":
			n.Faults = append(n.Faults, errors.New(value))
		case "invalid":
			n.Validate = func() error { return errors.New(value) }
		default:
			k, ok := kinds[key]
			require.True(t, ok, "%q is no attribute", w)
			kind = k
		}
	}
	return kind, side
}

func TestEmptyJob(t *testing.T) {
	_, err := (&graph.Graph{Job: "nothing"}).Plan(graph.Options{Parallelism: 1, MaxParallelism: 128})
	require.EqualError(t, err, "stream: job \"nothing\" cannot run:\nthe job is empty: begin with stream.From")
}

// Faults keep their nodes and causes.
func TestFault(t *testing.T) {
	cause := errors.New("no brokers")
	g := &graph.Graph{Job: "job"}
	n := g.Add(&graph.Node{Kind: graph.Source, Name: "kafka", Caller: "main.go:7", Validate: func() error { return cause }})
	_, err := g.Plan(graph.Options{Parallelism: 1, MaxParallelism: 1})
	require.ErrorIs(t, err, cause)
	var fault *graph.Fault
	require.ErrorAs(t, err, &fault)
	require.Same(t, n, fault.Node)
	require.EqualError(t, fault, "main.go:7: kafka: no brokers")
}

func TestCaller(t *testing.T) {
	require.Regexp(t, `^graph/plan_test\.go:\d+$`, graph.Caller("github.com/turgo-io/turgo/internal/graph"))
	require.Regexp(t, `^testing/testing\.go:\d+$`, graph.Caller("github.com/turgo-io/turgo/internal/graph_test"))
}

// Every node is in one chain, chains follow their inputs, and a chained edge joins a node to its only input.
func TestChainsPartitionNodes(t *testing.T) {
	g := parse(t, strings.Join([]string{
		"source a", "source b p=2", "map < a", "merge < map b", "key < merge hash p=3", "state < key keyed", "out < state sink",
	}, "\n"))
	p, err := g.Plan(graph.Options{Parallelism: 4, MaxParallelism: 128})
	require.NoError(t, err)
	seen := map[*graph.Node]int{}
	for i, c := range p.Chains {
		require.Equal(t, i, c.Index)
		require.Same(t, c.Head, c.Nodes[0])
		for _, n := range c.Nodes {
			seen[n]++
			require.Equal(t, c.Parallelism, n.Parallelism)
			require.Equal(t, n != c.Head, len(n.In) == 1 && n.In[0].Chained)
		}
	}
	require.Len(t, seen, len(p.Nodes))
}
