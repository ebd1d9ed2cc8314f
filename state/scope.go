package state

// Scope says whose state a handle is: an operator of a backend, and the keys it hangs on. It is made by
// Keys.Operator, or by Backend.Operator for state without a key.
type Scope struct {
	b        *Backend
	table    *table // nil without keys
	operator string
}

// Scoped is what has a Scope: a Scope itself, and the context that an operator gets in Open.
type Scoped interface {
	StateScope() *Scope
}

// StateScope implements Scoped.
func (s *Scope) StateScope() *Scope { return s }

// Operator is the id of the operator.
func (s *Scope) Operator() string { return s.operator }

// Backend is where the state lives.
func (s *Scope) Backend() *Backend { return s.b }
