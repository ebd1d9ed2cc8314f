package operator

// Failure is a record for which a function of Try returned an error.
type Failure[T any] struct {
	Value T
	Time  int64 // event time, NoTime if the record has none
	Err   string
}

// NewTry returns the operator that turns each record into fn of it; a record for which fn fails goes
// to the side output failed instead, and the job goes on. Records of both outputs keep their order.
func NewTry[T, U any](fn func(T) (U, error), failed Side[Failure[T]]) Factory[T, U] {
	return NewFactory("try", func() Operator[T, U] { return &try[T, U]{fn: fn, tag: failed} })
}

type try[T, U any] struct {
	Base[U]
	fn     func(T) (U, error)
	tag    Side[Failure[T]]
	failed *Collector[Failure[T]]
	count  *Counter
	out    U
}

func (o *try[T, U]) Open(c Context, out Receiver[U]) (err error) {
	o.count = c.Counter("failed")
	if o.failed, err = o.tag.Output(c); err != nil {
		return err
	}
	return o.Base.Open(c, out)
}

func (o *try[T, U]) Push(time int64, v *T) error {
	o.Context.Enter()
	u, err := o.fn(*v)
	if err == nil {
		o.out = u
		return o.Out.Push(time, &o.out)
	}
	o.count.Add(1)
	o.failed.At(time)
	o.failed.Emit(Failure[T]{Value: *v, Time: time, Err: err.Error()})
	return o.failed.Err()
}
