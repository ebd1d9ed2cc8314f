package operator

import "fmt"

// Side names a side output: a second, third, … output of an operator, of another type. Declare it
// once, as a variable; the operator asks for it in Open, and the stream has it by Stream.Side.
type Side[T any] struct{ name string }

// NewSide returns a tag. The name is unique among the side outputs of an operator.
func NewSide[T any](name string) Side[T] { return Side[T]{name} }

// Name returns the tag's name.
func (s Side[T]) Name() string { return s.name }

// Receiver returns the side output in a running operator, nil if no stream was made of it. Control
// elements reach it by themselves.
func (s Side[T]) Receiver(c Context) (Receiver[T], error) {
	r, ok := c.env.Sides[s.name]
	if !ok {
		return nil, nil
	}
	out, ok := r.(Receiver[T])
	if !ok {
		return nil, fmt.Errorf("operator: side output %q of %s: the operator puts out %T, the stream was made with another type", s.name, c.Name(), *new(T))
	}
	return out, nil
}

// Output returns a collector for the side output. It drops everything if no stream was made of it. Its
// errors are looked after for a Function or a Keyed; an Operator returns its Err after emitting.
func (s Side[T]) Output(c Context) (*Collector[T], error) {
	r, err := s.Receiver(c)
	out := NewCollector(r).of(c)
	if r != nil {
		c.env.outputs = append(c.env.outputs, out)
	}
	return out, err
}

// Connected reports whether a stream was made of the side output.
func (s Side[T]) Connected(c Context) bool {
	_, ok := c.env.Sides[s.name]
	return ok
}
