package operator

// NewFilter returns the operator that hands on the records for which keep is true, as they are.
func NewFilter[T any](keep func(T) bool) Factory[T, T] {
	return NewFactory("filter", func() Operator[T, T] { return &filter[T]{keep: keep} })
}

type filter[T any] struct {
	Base[T]
	keep func(T) bool
}

func (o *filter[T]) Push(time int64, v *T) error {
	o.Context.Enter()
	if !o.keep(*v) {
		return nil
	}
	return o.Out.Push(time, v)
}
