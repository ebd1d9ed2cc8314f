package operator

// NewPass returns the operator that hands everything on as it is: where streams are merged.
func NewPass[T any](name string) Factory[T, T] {
	return NewFactory(name, func() Operator[T, T] { return &pass[T]{} })
}

type pass[T any] struct{ Base[T] }

func (o *pass[T]) Push(time int64, v *T) error { return o.Out.Push(time, v) }

// NewSplit returns the operator that hands on the records for which first is true, and puts the rest on
// the side output others.
func NewSplit[T any](first func(T) bool, others Side[T]) Factory[T, T] {
	return NewFactory("split", func() Operator[T, T] { return &split[T]{first: first, tag: others} })
}

type split[T any] struct {
	Base[T]
	first  func(T) bool
	tag    Side[T]
	others Receiver[T]
}

func (o *split[T]) Open(c Context, out Receiver[T]) (err error) {
	if o.others, err = o.tag.Receiver(c); err != nil {
		return err
	}
	return o.Base.Open(c, out)
}

func (o *split[T]) Push(time int64, v *T) error {
	o.Context.Enter()
	if o.first(*v) {
		return o.Out.Push(time, v)
	}
	if o.others == nil {
		return nil
	}
	return o.others.Push(time, v)
}
