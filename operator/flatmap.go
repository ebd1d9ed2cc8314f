package operator

import "iter"

// NewFlatMap returns the operator that turns each record into the values that fn yields for it, in
// their order, with the record's event time.
func NewFlatMap[T, U any](fn func(T) iter.Seq[U]) Factory[T, U] {
	return NewFactory("flatmap", func() Operator[T, U] { return newFlatMapper(fn) })
}

type flatMapper[T, U any] struct {
	Base[U]
	fn    func(T) iter.Seq[U]
	yield func(U) bool // bound once, so that no record allocates a closure
	time  int64
	err   error
	out   U
}

func newFlatMapper[T, U any](fn func(T) iter.Seq[U]) *flatMapper[T, U] {
	o := &flatMapper[T, U]{fn: fn}
	o.yield = o.hand
	return o
}

func (o *flatMapper[T, U]) Push(time int64, v *T) error {
	o.time, o.err = time, nil
	o.Context.Enter()
	if seq := o.fn(*v); seq != nil {
		seq(o.yield)
	}
	return o.err
}

func (o *flatMapper[T, U]) hand(v U) bool {
	o.out = v
	o.err = o.Out.Push(o.time, &o.out)
	o.Context.Enter() // what runs next is fn again
	return o.err == nil
}
