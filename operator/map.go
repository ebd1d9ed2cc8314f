package operator

// NewMap returns the operator that turns each record into fn of it. Order and event times stay.
func NewMap[T, U any](fn func(T) U) Factory[T, U] {
	return NewFactory("map", func() Operator[T, U] { return &mapper[T, U]{fn: fn} })
}

type mapper[T, U any] struct {
	Base[U]
	fn  func(T) U
	out U
}

func (o *mapper[T, U]) Push(time int64, v *T) error {
	o.Context.Enter()
	o.out = o.fn(*v)
	return o.Out.Push(time, &o.out)
}

// NewUpdate returns the operator that lets fn change each record in place: a map without a copy, for
// large records.
func NewUpdate[T any](fn func(*T)) Factory[T, T] {
	return NewFactory("update", func() Operator[T, T] { return &updater[T]{fn: fn} })
}

type updater[T any] struct {
	Base[T]
	fn func(*T)
}

func (o *updater[T]) Push(time int64, v *T) error {
	o.Context.Enter()
	o.fn(v)
	return o.Out.Push(time, v)
}
