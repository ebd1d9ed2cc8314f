package graph

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/turgo-io/turgo/internal/exchange"
)

// Kind is what a node is.
type Kind uint8

const (
	Source   Kind = iota // has no input
	Operator             // has inputs and outputs
	Sink                 // has no output
)

// Node is one operator of a job.
type Node struct {
	Index       int
	Kind        Kind
	Name        string // shown; need not be unique
	ID          string // unique; given by the user, or derived from the node's place by Plan
	Explicit    bool   // ID was given by the user
	Parallelism int    // 0: that of its input, or the job's, as Plan finds it
	Derived     bool   // Parallelism was found by Plan: the next Plan looks again
	Caller      string // file:line of the user's call
	Keyed       bool   // works on the key of its input: always chained to it
	BySplit     bool   // keeps something for each split of a source: stays in the source's task even without chaining
	Note        string // a guarantee, a window: shown in graphs
	In, Out     []*Edge
	Faults      []error // found when the node was made

	// Validate reports what is wrong with the node's description. It may be nil.
	Validate func() error
	// Build is a runtime.Builder's business; the type is known there.
	Build any
}

// Edge is where records of one node go to another.
type Edge struct {
	From, To *Node
	Kind     exchange.Kind
	Side     string // name of the side output, empty for the main one
	Chained  bool   // set by Plan
	Route    any    // an exchange.Route of the records' type
	spread   bool   // Plan made a rebalance of a forward edge
}

// Graph is the job that a user wrote.
type Graph struct {
	Job   string
	Nodes []*Node
}

// Add appends a node.
func (g *Graph) Add(n *Node) *Node {
	n.Index = len(g.Nodes)
	g.Nodes = append(g.Nodes, n)
	return n
}

// Connect adds an edge.
func (g *Graph) Connect(from, to *Node, kind exchange.Kind, side string) *Edge {
	e := &Edge{From: from, To: to, Kind: kind, Side: side}
	from.Out = append(from.Out, e)
	to.In = append(to.In, e)
	return e
}

// Caller returns file:line of the nearest caller outside the packages whose import paths are given:
// the user's line.
func Caller(skipPackages ...string) string {
	var pcs [24]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if !within(f.Function, skipPackages) || !more {
			return fmt.Sprintf("%s:%d", short(f.File), f.Line)
		}
	}
}

func within(function string, packages []string) bool {
	for _, p := range packages {
		if strings.HasPrefix(function, p+".") {
			return true
		}
	}
	return false
}

// short keeps the last two elements of a path: enough to find the file, and the same on every machine.
func short(file string) string {
	parts := strings.Split(file, "/")
	if len(parts) <= 2 {
		return file
	}
	return strings.Join(parts[len(parts)-2:], "/")
}

// Fault is something wrong with a node, with the user's line.
type Fault struct {
	Node *Node
	Err  error
}

// Error gives the line, the node and the fault.
func (f *Fault) Error() string {
	return fmt.Sprintf("%s: %s: %v", f.Node.Caller, f.Node.Name, f.Err)
}

// Unwrap returns the fault itself.
func (f *Fault) Unwrap() error { return f.Err }
