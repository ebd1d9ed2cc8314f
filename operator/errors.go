package operator

import (
	"errors"
	"fmt"
)

// RecordError is an error of user code, with where it was.
type RecordError struct {
	Operator string // name of the operator
	Subtask  int
	Position string // where the record came from, as far as it is known
	Stack    string // of a panic, else empty
	Err      error
}

// Error says operator, subtask and cause; a panic's stack follows.
func (e *RecordError) Error() string {
	s := fmt.Sprintf("operator: %s[%d]: %v", e.Operator, e.Subtask, e.Err)
	if e.Position != "" {
		s += " (at " + e.Position + ")"
	}
	if e.Stack != "" {
		s += "\n" + e.Stack
	}
	return s
}

// Unwrap returns the cause.
func (e *RecordError) Unwrap() error { return e.Err }

// permanent marks an error that a restart would only repeat.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent says that restarting cannot help: the job fails at once, whatever its restart strategy.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// IsPermanent reports whether err, or what it wraps, was marked by Permanent.
func IsPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p)
}
