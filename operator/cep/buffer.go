package cep

import "cmp"

// buffer is what is kept of one key: events that partial matches share, as a forest.
//
//	events:  a1    a2    b3              runs:  [after b: b3─b3']  [after a: a2']
//	nodes:   a1' ← a2' ← b3'                     start a1           start a1
//	          ^───────── b3''  (another run that left a2 out)
//
// A node is an event taken into a stage behind another node. Runs that begin alike share their nodes, and all nodes of an
// event share the event; both are counted, and go with the last that needs them. So what is kept is what partial matches
// can still use, and no more.
//
// Fields are exported because they are state.
type buffer[T any] struct {
	Form    uint64 // of the graph that the runs are of
	Events  []event[T]
	Nodes   []node
	Runs    []run // by start, then by age
	Done    []run // complete, and waiting for those that began earlier
	Waiting []waiting[T]
	LastID  int64
	Free    free // slots of Events and Nodes
}

type free struct{ Event, Node int32 } // the first free slot, 0 if there is none; slot 0 is never used

type event[T any] struct {
	Value T
	ID    int64 // 0: free
	Time  int64
	Refs  int32 // of nodes; the next free slot if it is free
}

type node struct {
	Event, Parent, Stage int32 // Parent is 0 at the start
	Refs                 int32 // of nodes and runs; the next free slot if it is free
}

// run is a partial match.
type run struct {
	State, Node int32
	Start       int64 // id of the first event, and its time
	Time        int64
	Free        bool // a greedy stage before it has met its Until
}

// waiting is an event whose turn has not come.
type waiting[T any] struct {
	Value     T
	Time, Seq int64
}

// step is an event of a match.
type step struct {
	stage int32
	event int32
	id    int64
}

func (b *buffer[T]) empty() bool {
	return len(b.Runs) == 0 && len(b.Done) == 0 && len(b.Waiting) == 0
}

// reset makes an empty buffer like new, with its memory.
func (b *buffer[T]) reset() {
	b.Events, b.Nodes, b.Runs, b.Done, b.Waiting = b.Events[:min(1, len(b.Events))], b.Nodes[:min(1, len(b.Nodes))], b.Runs[:0], b.Done[:0], b.Waiting[:0]
	b.LastID, b.Free = 0, free{}
}

// add keeps an event for as long as this call's caller holds it.
func (b *buffer[T]) add(v T, time int64) (slot int32) {
	if len(b.Events) == 0 {
		b.Events, b.Nodes = make([]event[T], 1, 4), make([]node, 1, 4)
	}
	b.LastID++
	e := event[T]{Value: v, ID: b.LastID, Time: time, Refs: 1}
	if slot = b.Free.Event; slot != 0 {
		b.Free.Event, b.Events[slot] = b.Events[slot].Refs, e
		return slot
	}
	b.Events = append(b.Events, e)
	return int32(len(b.Events) - 1)
}

// drop lets go of an event.
func (b *buffer[T]) drop(slot int32) {
	e := &b.Events[slot]
	if e.Refs--; e.Refs == 0 {
		*e = event[T]{Refs: b.Free.Event}
		b.Free.Event = slot
	}
}

// take puts an event behind a node, and returns the new node, held by nobody yet.
func (b *buffer[T]) take(stage, event, parent int32) (slot int32) {
	n := node{Event: event, Parent: parent, Stage: stage}
	b.Events[event].Refs++
	if parent != 0 {
		b.Nodes[parent].Refs++
	}
	if slot = b.Free.Node; slot != 0 {
		b.Free.Node, b.Nodes[slot] = b.Nodes[slot].Refs, n
		return slot
	}
	b.Nodes = append(b.Nodes, n)
	return int32(len(b.Nodes) - 1)
}

func (b *buffer[T]) hold(slot int32) {
	if slot != 0 {
		b.Nodes[slot].Refs++
	}
}

// release lets go of a node, and of all before it that nobody else needs.
func (b *buffer[T]) release(slot int32) {
	for slot != 0 {
		n := &b.Nodes[slot]
		if n.Refs--; n.Refs > 0 {
			return
		}
		parent := n.Parent
		b.drop(n.Event)
		*n = node{Refs: b.Free.Node}
		b.Free.Node = slot
		slot = parent
	}
}

// steps appends what a node stands for, from the first event on.
func (b *buffer[T]) steps(dst []step, slot int32) []step {
	from := len(dst)
	for ; slot != 0; slot = b.Nodes[slot].Parent {
		n := &b.Nodes[slot]
		dst = append(dst, step{n.Stage, n.Event, b.Events[n.Event].ID})
	}
	for i, j := from, len(dst)-1; i < j; i, j = i+1, j-1 {
		dst[i], dst[j] = dst[j], dst[i]
	}
	return dst
}

// wait keeps an event until its turn comes: by time, and of one time as they came.
func (b *buffer[T]) wait(v T, time int64) {
	b.LastID++
	b.Waiting = append(b.Waiting, waiting[T]{v, time, b.LastID})
	for i := len(b.Waiting) - 1; i > 0 && b.Waiting[i-1].Time > time; i-- {
		b.Waiting[i], b.Waiting[i-1] = b.Waiting[i-1], b.Waiting[i]
	}
}

func byStart(a, b run) int { return cmp.Compare(a.Start, b.Start) }
