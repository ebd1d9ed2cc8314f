package inference

import (
	"fmt"
	"slices"
)

// score sets outs to the predictions for rows, and errs to the failures among them, if failures do not
// end the attempt.
func (o *predict[In, Out, R]) score() error {
	n := len(o.rows)
	o.outs = slices.Grow(o.outs[:0], n)[:n]
	o.errs = o.errs[:0]
	o.batches.Add(1)
	o.seen.Add(int64(n))
	err := o.run(0, n)
	if err == nil {
		return o.checkNaN()
	}
	if o.failed == nil || o.Context.Context().Err() != nil {
		o.errors.Add(1)
		return fmt.Errorf("inference: model %s failed on a batch of %d records (FailedTo puts such records aside): %w", o.model, n, err)
	}
	if err := o.search(0, n, err); err != nil {
		return err
	}
	return o.checkNaN()
}

// run predicts for rows from to to.
func (o *predict[In, Out, R]) run(from, to int) error {
	o.Context.Enter()
	outs := o.outs[from:to]
	clear(outs)
	return o.predictor.Predict(o.Context.Context(), o.rows[from:to], outs)
}

// search finds the rows that a failure is about, by halves: one bad record among n costs 2 log n runs.
func (o *predict[In, Out, R]) search(from, to int, err error) error {
	if to-from == 1 {
		o.fail(from, err)
		return nil
	}
	mid := (from + to) / 2
	for _, half := range [2][2]int{{from, mid}, {mid, to}} {
		err := o.run(half[0], half[1])
		if ctx := o.Context.Context().Err(); ctx != nil {
			return ctx
		}
		if err == nil {
			continue
		}
		if err := o.search(half[0], half[1], err); err != nil {
			return err
		}
	}
	return nil
}

// fail notes that a row has no prediction.
func (o *predict[In, Out, R]) fail(row int, err error) {
	if len(o.errs) == 0 {
		n := len(o.rows)
		o.errs = slices.Grow(o.errs, n)[:n]
		clear(o.errs)
	}
	o.errs[row] = err
}

// checkNaN fails the rows whose prediction has a NaN, if that is asked for.
func (o *predict[In, Out, R]) checkNaN() error {
	if len(o.nans) == 0 {
		return nil
	}
	for i := range o.outs {
		if !o.nans.nan(pointerTo(&o.outs[i])) {
			continue
		}
		if o.failed == nil {
			o.errors.Add(1)
			return fmt.Errorf("%w: model %s, record %d of a batch of %d (FailedTo puts such records aside)", ErrNaN, o.model, i, len(o.rows))
		}
		if len(o.errs) == 0 || o.errs[i] == nil {
			o.fail(i, ErrNaN)
		}
	}
	return nil
}
