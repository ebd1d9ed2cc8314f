package inference

import (
	"context"
	"errors"
	"fmt"
	"reflect"
)

// Predictor predicts for batches of records: a model ready for use by one goroutine.
//
// Predict sets out[i] to the prediction for in[i]; both have the same length, at least 1, and out's
// elements are zero values. Neither slice is kept after the call. The prediction for a record must not
// depend on the others in the batch: batches are cut as the load has it, and after an error again, to
// find the record that it is about. A call may block, and gives up when ctx ends.
type Predictor[In, Out any] interface {
	Predict(ctx context.Context, in []In, out []Out) error
}

// Bind makes a model ready for use by one goroutine, outside of any stream. Fields of In and Out are
// bound by their tags as Predict does it; all faults are in one *MismatchError.
func Bind[In, Out any](m *Model) (Predictor[In, Out], error) {
	p, err := plan[In, Out](m)
	if err != nil {
		return nil, err
	}
	if err := p.trial(); err != nil {
		return nil, err
	}
	return p.open(context.Background())
}

// planned is a model checked against two types: it makes predictors for them.
type planned[In, Out any] struct {
	binding *binding // of an ONNX model
	custom  func(context.Context) (Predictor[In, Out], error)
}

// plan checks a model against the types. Nothing is run.
func plan[In, Out any](m *Model) (planned[In, Out], error) {
	var p planned[In, Out]
	switch {
	case m == nil:
		return p, errors.New("inference: the model is nil: open it before the job is built")
	case m.fault != nil:
		return p, m.fault
	case m.onnx != nil:
		b, err := bind(m, reflect.TypeFor[In](), reflect.TypeFor[Out]())
		p.binding = b
		return p, err
	}
	open, ok := m.custom.(func(context.Context) (Predictor[In, Out], error))
	if !ok {
		fault := fmt.Sprintf("model %s turns %v into %v; it is used to turn %v into %v", m.name, m.in, m.out, reflect.TypeFor[In](), reflect.TypeFor[Out]())
		return p, &MismatchError{Model: m.name, Faults: []string{fault}}
	}
	p.custom = open
	return p, nil
}

// trial runs an ONNX model once, to see whether its outputs are what its file says; see binding.trial.
func (p planned[In, Out]) trial() error {
	if p.binding == nil {
		return nil
	}
	return p.binding.trial(context.Background())
}

// open makes a predictor for one goroutine.
func (p planned[In, Out]) open(ctx context.Context) (Predictor[In, Out], error) {
	if p.binding != nil {
		return bound[In, Out]{newRunner(p.binding)}, nil
	}
	made, err := p.custom(ctx)
	if err == nil && made == nil {
		err = errors.New("the function given to Custom returned no predictor")
	}
	return made, err
}

// bound predicts by an ONNX model.
type bound[In, Out any] struct{ *runner }

// Predict runs the model.
func (b bound[In, Out]) Predict(ctx context.Context, in []In, out []Out) error {
	if len(in) != len(out) {
		return fmt.Errorf("inference: %d records in, room for %d predictions", len(in), len(out))
	}
	return b.run(ctx, firstOf(in), firstOf(out), len(in))
}
