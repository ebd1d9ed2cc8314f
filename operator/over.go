package operator

import (
	"errors"

	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/window"
)

// NewOver returns the operator that gives fn, with each record, the rolling aggregates of value over the
// time ranges that end with the newest record of the key: count, sum, mean, minimum and maximum. A
// record costs O(1) amortized, whatever the ranges hold. A record without event time is an error.
//
// State: for each key the records' times and values within the widest range.
func NewOver[T, U any](ranges window.Ranges, value func(T) float64, fn func(T, *window.Rolling) U) Factory[T, U] {
	return overFactory[T, U]{ranges, value, fn}
}

type overFactory[T, U any] struct {
	ranges window.Ranges
	value  func(T) float64
	fn     func(T, *window.Rolling) U
}

func (f overFactory[T, U]) Name() string { return "over" }

func (f overFactory[T, U]) New() Operator[T, U] { return &over[T, U]{overFactory: f} }

// Validate reports what is wrong with the ranges.
func (f overFactory[T, U]) Validate() error {
	if f.value == nil || f.fn == nil {
		return errors.New("over: a function is nil")
	}
	return f.ranges.Validate()
}

type over[T, U any] struct {
	Base[U]
	overFactory[T, U]
	rolling state.Value[window.Rolling]
	out     U
}

func (o *over[T, U]) Open(c Context, out Receiver[U]) error {
	o.rolling = state.NewValue[window.Rolling](c, "rolling")
	return o.Base.Open(c, out)
}

func (o *over[T, U]) Push(time int64, v *T) error {
	o.Context.Enter()
	if time == NoTime {
		return errors.New("operator: over: the record has no event time; put EventTime before it")
	}
	r := o.rolling.Ref()
	r.Add(&o.ranges, time, o.value(*v))
	o.out = o.fn(*v, r)
	return o.Out.Push(time, &o.out)
}
