package exchange

import (
	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/operator"
)

// Kind is how an exchange deals records to the receiving subtasks.
type Kind uint8

const (
	Forward   Kind = iota // to the subtask of the same number
	Hash                  // by the key group of the record's key
	Rebalance             // in turn
	Broadcast             // to all
	Global                // to the first
	Custom                // as the user's function says
)

var kindNames = [...]string{"forward", "hash", "rebalance", "broadcast", "global", "custom"}

// String names the kind as graphs show it.
func (k Kind) String() string { return kindNames[k] }

// Route says where records go. Hash needs Group, which returns a record's key group, and Groups, how
// many there are; Custom needs Pick.
type Route[T any] struct {
	Kind   Kind
	Group  func(*T) int
	Groups int
	Pick   func(v T, n int) int

	// Running, if not nil, is set to Index before Group or Pick runs: it names the culprit of a panic.
	Running *int32
	Index   int32
}

// newOutput returns the dealing receiver for a route.
func newOutput[T any](senders []*sender[T], r Route[T], from int) operator.Receiver[T] {
	marks := marker[T]{senders}
	if r.Running == nil {
		r.Running = new(int32)
	}
	switch {
	case len(senders) == 1:
		return &oneOut[T]{marks, senders[0]}
	case r.Kind == Hash:
		return newHashOut(marks, r)
	case r.Kind == Rebalance:
		return &turnOut[T]{marks, from % len(senders)}
	case r.Kind == Broadcast:
		return &allOut[T]{marks}
	case r.Kind == Custom:
		return &pickOut[T]{marks, r}
	}
	return &oneOut[T]{marks, senders[0]}
}

// marker sends control elements to every receiver.
type marker[T any] struct{ senders []*sender[T] }

// Mark puts the mark into every open batch. A barrier, an end or idleness waits for nothing.
func (o marker[T]) Mark(m operator.Mark) error {
	if m.Kind.Local() {
		return nil
	}
	for _, s := range o.senders {
		s.mark(m)
		if m.Kind != operator.Watermark {
			s.Flush()
		}
	}
	return nil
}

type oneOut[T any] struct {
	marker[T]
	to *sender[T]
}

func (o *oneOut[T]) Push(time int64, v *T) error {
	o.to.emit(time, v)
	return nil
}

type hashOut[T any] struct {
	marker[T]
	route Route[T]
	owner []uint16
}

func newHashOut[T any](m marker[T], r Route[T]) *hashOut[T] {
	o := &hashOut[T]{m, r, make([]uint16, r.Groups)}
	for g := range o.owner {
		o.owner[g] = uint16(g * len(m.senders) / r.Groups)
	}
	if bug.Enabled && bug.On(bug.OwnerOfLastGroup) {
		o.owner[r.Groups-1] = 0
	}
	return o
}

func (o *hashOut[T]) Push(time int64, v *T) error {
	*o.route.Running = o.route.Index
	o.senders[o.owner[o.route.Group(v)]].emit(time, v)
	return nil
}

type turnOut[T any] struct {
	marker[T]
	next int
}

func (o *turnOut[T]) Push(time int64, v *T) error {
	o.senders[o.next].emit(time, v)
	if o.next++; o.next == len(o.senders) {
		o.next = 0
	}
	return nil
}

type allOut[T any] struct{ marker[T] }

func (o *allOut[T]) Push(time int64, v *T) error {
	for _, s := range o.senders {
		s.emit(time, v)
	}
	return nil
}

type pickOut[T any] struct {
	marker[T]
	route Route[T]
}

func (o *pickOut[T]) Push(time int64, v *T) error {
	n := len(o.senders)
	*o.route.Running = o.route.Index
	i := o.route.Pick(*v, n) % n
	if i < 0 {
		i += n
	}
	o.senders[i].emit(time, v)
	return nil
}
