package operator

import "github.com/turgo-io/turgo/state"

// NewWithState returns the operator that gives fn a struct for each key, to read and change in place;
// a new key's is the zero value. The struct is the key's until the key's state expires by an option.
// Order and event times stay.
func NewWithState[S, T, U any](fn func(*S, T) U, opts ...state.Option) Factory[T, U] {
	return NewFactory("with-state", func() Operator[T, U] { return &withState[S, T, U]{fn: fn, opts: opts} })
}

type withState[S, T, U any] struct {
	Base[U]
	fn    func(*S, T) U
	opts  []state.Option
	state state.Value[S]
	out   U
}

func (o *withState[S, T, U]) Open(c Context, out Receiver[U]) error {
	o.state = state.NewValue[S](c, "state", o.opts...)
	return o.Base.Open(c, out)
}

func (o *withState[S, T, U]) Push(time int64, v *T) error {
	o.Context.Enter()
	o.out = o.fn(o.state.Ref(), *v)
	return o.Out.Push(time, &o.out)
}

// NewReduce returns the operator that keeps one value for each key: the first record, then fn of it and
// each further record. It emits the value after each record, with that record's event time.
func NewReduce[T any](fn func(sum, next T) T, opts ...state.Option) Factory[T, T] {
	return NewFactory("reduce", func() Operator[T, T] { return &reduce[T]{fn: fn, opts: opts} })
}

type reduce[T any] struct {
	Base[T]
	fn    func(T, T) T
	opts  []state.Option
	state state.Value[T]
	out   T
}

func (o *reduce[T]) Open(c Context, out Receiver[T]) error {
	o.state = state.NewValue[T](c, "sum", o.opts...)
	return o.Base.Open(c, out)
}

func (o *reduce[T]) Push(time int64, v *T) error {
	o.Context.Enter()
	sum, ok := o.state.Get()
	if o.out = *v; ok {
		o.out = o.fn(sum, *v)
	}
	o.state.Set(o.out)
	return o.Out.Push(time, &o.out)
}
