package state

import "slices"

// Redistribution says which subtask gets the elements of an operator list after a change of parallelism.
type Redistribution uint8

const (
	// Split deals the elements of all subtasks out, one after the other. With unchanged parallelism each subtask
	// gets its own back.
	Split Redistribution = iota
	// Union gives every subtask the elements of all subtasks, in the order of the subtasks.
	Union
)

// OperatorList is state of an operator that hangs on no key, such as the positions of a source. The whole list is
// encoded at each snapshot that finds it changed.
type OperatorList[T any] struct{ l *operatorList[T] }

type operatorList[T any] struct {
	info  *stateInfo
	items []T
	dirty bool
}

// NewOperatorList declares an operator list. Its faults are returned by Backend.Start.
func NewOperatorList[T any](scope Scoped, name string, how Redistribution, opts ...Option) OperatorList[T] {
	kind := KindOperatorSplit
	if how == Union {
		kind = KindOperatorUnion
	}
	info, _ := declare(scope, name, kind)
	return OperatorList[T]{&operatorList[T]{info: info}}
}

// Get returns the elements. They must not be changed in place.
func (o OperatorList[T]) Get() []T { return o.l.items }

// Set replaces the elements by a copy of items.
func (o OperatorList[T]) Set(items []T) {
	o.l.items = slices.Clone(items)
	o.l.dirty = true
}
