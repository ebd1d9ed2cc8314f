package operator

import "github.com/turgo-io/turgo/state"

// KeyBy makes key(record) the current key of a scope before it hands the record on: what follows in the
// task finds its keyed state by it. It stands behind an exchange by the same key.
type KeyBy[K comparable, T any] struct {
	Base[T]
	key   func(T) K
	keys  *state.Keys[K]
	batch []K
}

// NewKeyBy returns the operator for a scope.
func NewKeyBy[K comparable, T any](key func(T) K, keys *state.Keys[K]) *KeyBy[K, T] {
	return &KeyBy[K, T]{key: key, keys: keys}
}

// Push looks the record's key up and hands the record on.
func (o *KeyBy[K, T]) Push(time int64, v *T) error {
	o.Context.Enter()
	o.keys.Seek(o.key(*v))
	if err := o.Out.Push(time, v); err != nil {
		return err
	}
	return o.Context.env.Backend.Err()
}

// PushBatch looks the keys of a batch up together, so that their cache misses overlap.
func (o *KeyBy[K, T]) PushBatch(recs []Record[T]) error {
	o.Context.Enter()
	o.batch = o.batch[:0]
	for i := range recs {
		o.batch = append(o.batch, o.key(recs[i].Value))
	}
	o.keys.Prepare(o.batch)
	for i := range recs {
		o.keys.Select(i)
		if err := o.Out.Push(recs[i].Time, &recs[i].Value); err != nil {
			return err
		}
	}
	return o.Context.env.Backend.Err()
}
