package operator

import "github.com/turgo-io/turgo/state"

// NewCount returns the operator that counts the records of each key and emits, after each record,
// result of the key and its count.
func NewCount[K comparable, T, R any](result func(K, int64) R, opts ...state.Option) Factory[T, R] {
	return NewFactory("count", func() Operator[T, R] { return &count[K, T, R]{result: result, opts: opts} })
}

type count[K comparable, T, R any] struct {
	Base[R]
	result func(K, int64) R
	opts   []state.Option
	keys   *state.Keys[K]
	n      state.Value[int64]
	out    R
}

func (o *count[K, T, R]) Open(c Context, out Receiver[R]) (err error) {
	if o.keys, err = keysOf[K](c); err != nil {
		return err
	}
	o.n = state.NewValue[int64](c, "count", o.opts...)
	return o.Base.Open(c, out)
}

func (o *count[K, T, R]) Push(time int64, _ *T) error {
	o.Context.Enter()
	n := o.n.Ref()
	*n++
	k, _ := o.keys.Current()
	o.out = o.result(k, *n)
	return o.Out.Push(time, &o.out)
}
