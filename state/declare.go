package state

import "fmt"

// Kind is the kind of a state.
type Kind uint8

// Kinds of states. The numbers are stored.
const (
	KindValue Kind = iota + 1
	KindMap
	KindList
	KindTimers
	KindOperatorSplit
	KindOperatorUnion
)

var kindNames = [...]string{"none", "value", "map", "list", "timers", "operator list", "operator union list"}

// String names the kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

func (k Kind) keyed() bool { return k <= KindTimers }

// stateInfo is one declared state.
type stateInfo struct {
	b        *Backend
	operator string
	name     string
	kind     Kind
}

func (s *stateInfo) String() string {
	return fmt.Sprintf("%v %q of operator %q", s.kind, s.name, s.operator)
}

// Option changes how a state is kept.
type Option func(*settings)

type settings struct{}

// declare registers a state; what is wrong with it is kept for Start. The table is that of the scope, or one of
// no key for a keyed state without keys, so that a handle can always be called.
func declare(scope Scoped, name string, kind Kind) (*stateInfo, *table) {
	s := scope.StateScope()
	info := &stateInfo{b: s.b, operator: s.operator, name: name, kind: kind}
	t := s.table
	switch {
	case s.b.started:
		s.b.refuseLate(fmt.Errorf("%w: %v", ErrStarted, info))
	case name == "":
		s.b.refuse(fmt.Errorf("state: a %v of operator %q has no name", kind, s.operator))
	case s.b.declared(info):
		s.b.refuse(fmt.Errorf("state: operator %q declares the name %q twice; give each state its own name", s.operator, name))
	case kind.keyed() && t == nil:
		s.b.refuse(fmt.Errorf("state: %v is keyed but the operator has no keys; put it behind KeyBy, or use an operator list", info))
	}
	if t == nil {
		t = s.b.detached()
	}
	s.b.states = append(s.b.states, info)
	return info, t
}

func (b *Backend) refuseLate(err error) {
	b.refuse(err)
	b.fail(err)
}

func (b *Backend) declared(info *stateInfo) bool {
	for _, s := range b.states {
		if s.operator == info.operator && s.name == info.name {
			return true
		}
	}
	return false
}

// detached is a table in which no key is ever current.
func (b *Backend) detached() *table {
	t := &table{}
	t.init(b, nil)
	return t
}
