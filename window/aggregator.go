package window

// Aggregator folds records of type T into an accumulator of type A and reads a
// result of type R from it. Implementations hold settings only, no data, and
// serve any number of accumulators and goroutines.
//
// The zero value of A is the empty accumulator. A must be a plain value
// (numbers, strings, structs with exported fields, slices) or implement
// encoding.BinaryMarshaler and BinaryUnmarshaler, so that state can store it.
type Aggregator[T, A, R any] interface {
	// Add folds one record in. Called once per record; it must not keep v,
	// which is reused afterwards, and allocates nothing in steady state.
	Add(acc *A, v *T)
	// Merge folds src, which holds later records, into dst. Src stays valid
	// and unchanged; dst must not alias what src holds.
	Merge(dst, src *A)
	// Result reads the accumulator without changing what it holds: a window
	// may fire more than once. The result shares no memory with acc.
	Result(acc *A) R
}

// Retractor is implemented by aggregators that can take a record out again,
// which keeps sliding windows cheap and serves retractions.
type Retractor[T, A any] interface {
	// Retractable says whether Retract may be called: a combination is
	// retractable only if each of its parts is.
	Retractable() bool
	// Retract undoes the Add of an equal record.
	Retract(acc *A, v *T)
}

// Growing is implemented by aggregators whose accumulator may hold as much as the records themselves. Windows that share
// slices then merge the slices at each firing, instead of keeping sums of them.
type Growing interface{ Grows() bool }

// Grows says whether an aggregator's accumulators grow with the number of records.
func Grows(aggregator any) bool {
	g, ok := aggregator.(Growing)
	return ok && g.Grows()
}

// Validator is implemented by aggregators with settings that can be wrong. A
// planner calls it once before a job starts.
type Validator interface {
	Validate() error
}

// AsRetractor returns the aggregator's way to take records out, if it has one.
func AsRetractor[T, A, R any](a Aggregator[T, A, R]) (Retractor[T, A], bool) {
	r, ok := a.(Retractor[T, A])
	if !ok || !r.Retractable() {
		return nil, false
	}
	return r, true
}

// Validate checks an aggregator's settings; those without any are valid.
func Validate(aggregator any) error {
	if v, ok := aggregator.(Validator); ok {
		return v.Validate()
	}
	return nil
}

// Number is what can be summed.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 |
		~float32 | ~float64
}
