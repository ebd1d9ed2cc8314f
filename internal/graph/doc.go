// Package graph holds a job as its user wrote it, and the plan that the runtime runs.
//
//	Node ── Edge ──> Node ── Edge ──> …      the logical graph, one node an operator
//	└────── Chain ──────┘    └ Chain          the plan: what one task runs by direct calls
//
// A Node knows its name, place in the source code, parallelism and faults; what is typed about it is
// behind Build, which package runtime calls. Plan resolves parallelism and ids, joins nodes into chains,
// and reports all faults of the graph at once.
//
// An edge is chained when a record can pass it by a direct call without changing subtask: a forward edge
// between nodes of equal parallelism, or any edge between two nodes of parallelism one, to a node
// that has no other input.
package graph
