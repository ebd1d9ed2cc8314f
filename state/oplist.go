package state

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/turgo-io/turgo/internal/bug"
)

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
	info   *stateInfo
	coder  *coder[T]
	items  []T
	stored [][]byte // the elements as bytes, if they have not changed since
}

// OperatorChunk is an operator list in a snapshot.
type OperatorChunk struct {
	Operator string
	Name     string
	Items    [][]byte
}

// listState is an operator list, seen from the backend.
type listState interface {
	state() *stateInfo
	chunk() (OperatorChunk, error)
}

// NewOperatorList declares an operator list. Its faults are returned by Backend.Start. Of a restored backend, its
// elements are there at once.
func NewOperatorList[T any](scope Scoped, name string, how Redistribution, opts ...Option) OperatorList[T] {
	kind := KindOperatorSplit
	if how == Union {
		kind = KindOperatorUnion
	}
	l := newOperatorList[T](scope, name, kind, opts)
	l.info.b.lists = append(l.info.b.lists, l)
	return OperatorList[T]{l}
}

func newOperatorList[T any](scope Scoped, name string, kind Kind, opts []Option) *operatorList[T] {
	info, _ := declare(scope, name, kind, opts)
	l := &operatorList[T]{info: info}
	l.coder = newCoder(info, func() (Codec[T], error) { return codecOf[T](info) })
	info.b.refuse(l.restore())
	return l
}

// Get returns the elements. They must not be changed in place.
func (o OperatorList[T]) Get() []T { return o.l.items }

// Set replaces the elements by a copy of items.
func (o OperatorList[T]) Set(items []T) {
	o.l.items = slices.Clone(items)
	o.l.stored = nil
}

func (l *operatorList[T]) state() *stateInfo { return l.info }

// chunk encodes the list. It happens while the task stands still, so such lists are for small things.
func (l *operatorList[T]) chunk() (OperatorChunk, error) {
	c := OperatorChunk{Operator: l.info.Operator, Name: l.info.Name, Items: l.stored}
	if l.stored != nil || len(l.items) == 0 {
		return c, nil
	}
	for i := range l.items {
		b, err := l.coder.append(nil, &l.items[i], 0)
		if err != nil {
			return c, err
		}
		c.Items = append(c.Items, b)
	}
	l.stored = c.Items
	return c, nil
}

// restore takes this subtask's elements from the parts that are restored.
func (l *operatorList[T]) restore() error {
	mine := l.info.b.restoredItems(l.info)
	if l.coder.readers == nil { // its codec is a fault of its own
		return nil
	}
	l.items = make([]T, len(mine))
	var faults []error
	for i, raw := range mine {
		_, err := l.coder.decode(raw, &l.items[i])
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// restoredItems picks the elements of an operator list that are this subtask's, and makes each begin with the number
// that its schema has in this program.
func (b *Backend) restoredItems(info *stateInfo) [][]byte {
	var mine [][]byte
	o := &b.options
	parts := slices.DeleteFunc(b.partsOf(info), func(p *RestorePart) bool { return p.state(info) == nil })
	same := o.Parallelism == len(parts)
	n := 0
	for i, part := range parts {
		for _, raw := range part.items(info) {
			take := info.Kind == KindOperatorUnion && !(bug.Enabled && bug.On(bug.UnionTornApart))
			if !take && same {
				take = i == o.Subtask
			} else if !take {
				take = n%o.Parallelism == o.Subtask
			}
			n++
			if take {
				mine = append(mine, part.renumber(info, raw))
			}
		}
	}
	return mine
}

func (p *RestorePart) items(info *stateInfo) [][]byte {
	for _, c := range p.Operator {
		if c.Operator == info.Operator && c.Name == info.Name {
			return c.Items
		}
	}
	return nil
}

// renumber gives a value of this part the number that its schema has among those of info. What cannot be read is
// left as it is; decoding refuses it.
func (p *RestorePart) renumber(info *stateInfo, raw []byte) []byte {
	stored := p.state(info)
	id, n := binary.Uvarint(raw)
	if stored == nil || n <= 0 || id >= uint64(len(stored.Values)) {
		return nil
	}
	now := slices.Index(info.Values, stored.Values[id])
	if now == int(id) {
		return raw
	}
	return append(binary.AppendUvarint(nil, uint64(now)), raw[n:]...)
}
