package inference

import (
	"errors"
	"strings"
)

var (
	// ErrMismatch says that a model and the Go types bound to it do not fit. The error is a
	// *MismatchError, which lists every fault.
	ErrMismatch = errors.New("inference: model and types do not fit")
	// ErrOutput says that a run gave an output of another type or shape than the fields bound to it
	// take. What a model file declares about its outputs can be wrong, so this is found by running.
	ErrOutput = errors.New("inference: the model's output does not fit")
	// ErrRow says that a record's values cannot be put into the model's input: a slice of a wrong length.
	ErrRow = errors.New("inference: the record does not fit the model's input")
	// ErrNaN says that a model gave NaN, where FailOnNaN was asked for.
	ErrNaN = errors.New("inference: the model gave NaN")
)

// MismatchError lists all faults found between a model and the types bound to it. Each fault names
// both sides.
type MismatchError struct {
	Model  string
	Faults []string
}

// Error gives one fault in a line, several in a line each.
func (e *MismatchError) Error() string {
	return "inference: " + strings.Join(e.Faults, "\n\tinference: ")
}

// Is makes errors.Is(err, ErrMismatch) true.
func (e *MismatchError) Is(target error) bool { return target == ErrMismatch }
