package async

import (
	"errors"
	"fmt"
)

var (
	// ErrNotFound is what a function returns when there is no answer and asking again would not help: it is not
	// tried again, is no failure to the circuit breaker, and is remembered for Cache.Missing.
	ErrNotFound = errors.New("async: not found")
	// ErrTimeout is the failure of a try that has taken longer than Timeout.
	ErrTimeout = errors.New("async: no answer within the timeout; make the function faster or the timeout longer")
	// ErrOpen is the failure of a record that came while the circuit breaker was open.
	ErrOpen = errors.New("async: the circuit breaker is open: too many calls have failed")
)

// BatchError is what a batched function returns when some queries failed and others did not: an error for each
// query, nil where the answer is good.
type BatchError []error

// Error says how many failed, and the first of them.
func (e BatchError) Error() string {
	n, first := 0, error(nil)
	for _, err := range e {
		if err != nil {
			if n++; first == nil {
				first = err
			}
		}
	}
	return fmt.Sprintf("async: %d of %d queries failed, the first: %v", n, len(e), first)
}

// Unwrap returns the errors that are not nil.
func (e BatchError) Unwrap() (all []error) {
	for _, err := range e {
		if err != nil {
			all = append(all, err)
		}
	}
	return all
}
