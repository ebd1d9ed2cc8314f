package operator

// TwoInput is an operator of two inputs. Its contract is that of Operator but for the two ways in: records of either come
// in the order of that input, marks are what both inputs agree to.
type TwoInput[L, R, Out any] interface {
	PushLeft(time int64, v *L) error
	PushRight(time int64, v *R) error
	Mark(m Mark) error
	Open(c Context, out Receiver[Out]) error
	Close() error
}

// TwoFactory makes an operator of two inputs for each subtask.
type TwoFactory[L, R, Out any] interface {
	Name() string
	New() TwoInput[L, R, Out]
}

// NewTwoFactory returns a factory of what new returns.
func NewTwoFactory[L, R, Out any](name string, new func() TwoInput[L, R, Out]) TwoFactory[L, R, Out] {
	return twoFactory[L, R, Out]{name, new}
}

type twoFactory[L, R, Out any] struct {
	name string
	new  func() TwoInput[L, R, Out]
}

func (f twoFactory[L, R, Out]) Name() string             { return f.name }
func (f twoFactory[L, R, Out]) New() TwoInput[L, R, Out] { return f.new() }

// LeftOf is the left input of an operator as a receiver.
func LeftOf[L, R, Out any](o TwoInput[L, R, Out]) Receiver[L] { return leftPort[L, R, Out]{o} }

// RightOf is the right input of an operator as a receiver.
func RightOf[L, R, Out any](o TwoInput[L, R, Out]) Receiver[R] { return rightPort[L, R, Out]{o} }

type leftPort[L, R, Out any] struct{ to TwoInput[L, R, Out] }

func (p leftPort[L, R, Out]) Push(time int64, v *L) error { return p.to.PushLeft(time, v) }
func (p leftPort[L, R, Out]) Mark(m Mark) error           { return p.to.Mark(m) }

type rightPort[L, R, Out any] struct{ to TwoInput[L, R, Out] }

func (p rightPort[L, R, Out]) Push(time int64, v *R) error { return p.to.PushRight(time, v) }
func (p rightPort[L, R, Out]) Mark(m Mark) error           { return p.to.Mark(m) }

// Either is a record of one of two inputs: the other pointer is nil.
type Either[L, R any] struct {
	Left  *L
	Right *R
}

// NewEither returns the operator of two inputs as one of a single input, for streams that are merged already and for
// operatortest. Of a record, what the pointers refer to is the operator's during Push only.
func NewEither[L, R, Out any](f TwoFactory[L, R, Out]) Factory[Either[L, R], Out] {
	return eitherFactory[L, R, Out]{f}
}

type eitherFactory[L, R, Out any] struct{ of TwoFactory[L, R, Out] }

func (f eitherFactory[L, R, Out]) Name() string { return f.of.Name() }

func (f eitherFactory[L, R, Out]) New() Operator[Either[L, R], Out] {
	op := f.of.New()
	e := &either[L, R, Out]{TwoInput: op}
	if t, ok := op.(Timed); ok {
		return &timedEither[L, R, Out]{e, t}
	}
	return e
}

// Validate passes on to a factory that can.
func (f eitherFactory[L, R, Out]) Validate() error {
	if v, ok := f.of.(interface{ Validate() error }); ok {
		return v.Validate()
	}
	return nil
}

type either[L, R, Out any] struct{ TwoInput[L, R, Out] }

func (o *either[L, R, Out]) Push(time int64, v *Either[L, R]) error {
	if v.Left != nil {
		return o.PushLeft(time, v.Left)
	}
	return o.PushRight(time, v.Right)
}

// Start passes on to an operator that wants to read restored state.
func (o *either[L, R, Out]) Start() error {
	if s, ok := o.TwoInput.(Starter); ok {
		return s.Start()
	}
	return nil
}

type timedEither[L, R, Out any] struct {
	*either[L, R, Out]
	Timed
}
