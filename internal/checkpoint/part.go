package checkpoint

import "github.com/turgo-io/turgo/state"

// Payload is what an operator put into a checkpoint beside its state: a sink's transaction.
type Payload struct {
	Operator string
	Bytes    []byte
}

// Part is one task's share of a checkpoint.
type Part struct {
	State    *state.Snapshot // complete
	Payloads []Payload
}

// Events is what tasks tell the coordinator, from any goroutine.
type Events interface {
	// Acknowledged says that the task's part of checkpoint n is complete.
	Acknowledged(task int, n int64, p Part)
	// Declined says that the task cannot give its part: the checkpoint fails, the job goes on.
	Declined(task int, n int64, err error)
	// Ended says that the task's input has ended and everything it made has been handed on.
	Ended(task int)
	// Failed says that the task has stopped with an error: the attempt is over.
	Failed(task int, err error)
	// Stopped says that the task is closed; nothing more comes from it. err is of the closing.
	Stopped(task int, err error)
}

// Task is what the coordinator tells tasks.
type Task interface {
	// Trigger asks for checkpoint n; with last, sources read nothing after it.
	Trigger(n int64, last bool)
	// Committed says that checkpoint n is durable.
	Committed(n int64)
	// Abort says that checkpoint n was given up: its snapshot need not be finished.
	Abort(n int64)
	// Stop ends the task; Events.Stopped answers.
	Stop()
}
