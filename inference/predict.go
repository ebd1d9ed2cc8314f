package inference

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/turgo-io/turgo/operator"
)

// Batch says how records are gathered for a run of the model. The zero value gathers up to 256 records
// for up to 2 ms, and never waits while there is nothing to read.
type Batch struct {
	// Max is the most records in a batch; 0 is 256. 1: each record by itself.
	Max int
	// Delay is the longest that a record waits for others, in processing time; 0 is 2 ms.
	Delay time.Duration
	// Wait makes a batch that is not full wait for all of Delay. Without it, the batch goes out as soon as
	// the task has nothing more to read: with little load batches are small and nothing is delayed,
	// with much load they fill up by themselves. Wait suits models whose run costs much, however
	// few the records.
	Wait bool
}

func (b Batch) withDefaults() Batch {
	if b.Max == 0 {
		b.Max = 256
	}
	if b.Delay == 0 {
		b.Delay = 2 * time.Millisecond
	}
	return b
}

// Validate reports what is wrong with the numbers.
func (b Batch) Validate() error {
	var errs []error
	if b.Max < 0 || b.Max > maxRows {
		errs = append(errs, fmt.Errorf("inference: Batch.Max is %d: it must be 1 to %d, or 0 for 256", b.Max, maxRows))
	}
	if b.Delay < 0 {
		errs = append(errs, fmt.Errorf("inference: Batch.Delay is %v: it cannot be negative", b.Delay))
	}
	return errors.Join(errs...)
}

// Failed is a record for which the model gave no prediction.
type Failed[In any] struct {
	Value In
	Time  int64 // event time, operator.NoTime if the record has none
	Model string
	Err   string
}

// PredictOption changes what Predict does.
type PredictOption func(*predictSettings)

type predictSettings struct {
	failed    any // an operator.Side[Failed[In]]
	failOnNaN bool
}

// FailedTo puts records for which the model fails on a side output, and the job goes on. A batch that
// fails is halved and run again until the records are found that it is about; the others
// get their predictions. Without it the first failure ends the job's attempt.
//
// A panic in a user's predictor is no failure of a record: it ends the attempt in any case.
func FailedTo[In any](side operator.Side[Failed[In]]) PredictOption {
	return func(s *predictSettings) { s.failed = side }
}

// FailOnNaN makes it a failure of a record if its prediction has a NaN anywhere. Without it NaN is handed on
// as the model gave it.
func FailOnNaN() PredictOption { return func(s *predictSettings) { s.failOnNaN = true } }

// Predict returns the operator that turns each record into result of it and the model's prediction for
// it. Fields of In and Out are bound to the model's inputs and outputs by struct tag; see the
// package documentation. All that does not fit is reported before the job starts, together.
//
// Order and event times stay. Records wait for a batch as Batch says; watermarks between them wait with
// them, in their places. A barrier and the end of the input send out what is gathered first, so that no
// state is kept. The model runs in the task's goroutine.
//
// Counters: "batches", runs of the model, those that look for a failed record not counted; "rows",
// records given to it; "errors", records that failed.
func Predict[In, Out, R any](model *Model, batch Batch, result func(In, Out) R, opts ...PredictOption) operator.Factory[In, R] {
	f := &predictFactory[In, Out, R]{model: model, batch: batch.withDefaults(), result: result}
	for _, o := range opts {
		o(&f.predictSettings)
	}
	f.check = sync.OnceValues(f.plan)
	return f
}

type predictFactory[In, Out, R any] struct {
	predictSettings
	model  *Model
	batch  Batch
	result func(In, Out) R
	check  func() (planned[In, Out], error)
	side   operator.Side[Failed[In]]
}

// Name is what the operator is called unless the user names it.
func (f *predictFactory[In, Out, R]) Name() string { return "predict" }

// Validate reports everything that does not fit. It runs the model once, on a zero record.
func (f *predictFactory[In, Out, R]) Validate() error {
	_, err := f.check()
	return err
}

func (f *predictFactory[In, Out, R]) plan() (planned[In, Out], error) {
	errs := []error{f.batch.Validate()}
	if f.result == nil {
		errs = append(errs, errors.New("inference: the function of Predict is nil: say what becomes of a record and its prediction"))
	}
	if side, ok := f.failed.(operator.Side[Failed[In]]); ok {
		f.side = side
	} else if f.failed != nil {
		errs = append(errs, fmt.Errorf("inference: FailedTo is given an %T; records here are of type %v", f.failed, reflect.TypeFor[In]()))
	}
	p, err := plan[In, Out](f.model)
	if err == nil {
		err = p.trial()
	}
	return p, errors.Join(append(errs, err)...)
}

// New returns an operator for one subtask.
func (f *predictFactory[In, Out, R]) New() operator.Operator[In, R] {
	return &predict[In, Out, R]{predictFactory: f}
}
