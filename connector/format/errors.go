package format

import (
	"errors"
	"fmt"
	"runtime/debug"
)

var (
	// ErrSkip is returned by a decoder for a payload that is no record and no fault either, such as the
	// null value that deletes a key of a compacted topic. The connector counts it as "skipped" and goes on.
	ErrSkip = errors.New("format: skip this payload")
	// ErrNull is returned by an encoder for a value that is to be written as null: a tombstone.
	ErrNull = errors.New("format: write a null payload")
	// ErrUnavailable is returned by a codec that needs a service which does not answer, such as a schema registry. It
	// is no fault of the record: a connector ends the attempt, whatever its policy for bad records.
	ErrUnavailable = errors.New("format: a service of the codec is not available")
)

// panicked turns a recovered panic into an error with the stack, so that the culprit can be found.
func panicked(what string, cause any) error {
	return fmt.Errorf("format: %s panicked: %v\n%s", what, cause, debug.Stack())
}
