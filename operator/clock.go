package operator

import (
	"fmt"
	"runtime/debug"
	"time"
)

// SystemClock is the clock of the machine: the one place, with the runtime's timers, that reads it.
type SystemClock struct{}

// Now returns the machine's time.
func (SystemClock) Now() int64 { return time.Now().UnixNano() }

// Recovered turns what recover returned into an error with the stack of the panic.
func Recovered(name string, subtask int, cause any) *RecordError {
	err, ok := cause.(error)
	if ok {
		err = fmt.Errorf("panic: %w", err)
	} else {
		err = fmt.Errorf("panic: %v", cause)
	}
	return &RecordError{Operator: name, Subtask: subtask, Err: err, Stack: string(debug.Stack())}
}
