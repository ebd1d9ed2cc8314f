package checkpoint

import (
	"fmt"

	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/state"
)

// Payload is what an operator put into a checkpoint beside its state: a sink's transaction.
type Payload struct {
	Operator string
	Bytes    []byte
}

// Part is one task's share of a checkpoint.
type Part struct {
	State    *state.Snapshot // complete
	Payloads []Payload
	InFlight []InFlight
}

// Channel is one sender and one receiver of an edge.
type Channel struct {
	Edge     string // see EdgeKey
	From, To int    // subtasks
}

// InFlight is the records between a sender's snapshot and its receiver's, where a checkpoint did not wait for them:
// sent before the one, not read before the other.
type InFlight struct {
	Channel
	Schema string // of the records
	Bytes  []byte // see exchange.NextCaptured
	More   bool   // what the sender said by Events.Overtaken follows
}

// EdgeKey names an edge, for the checkpoints that hold its records. Plans that differ elsewhere agree on it.
func EdgeKey(e *graph.Edge) string {
	nth := 0
	for _, other := range e.To.In {
		if other == e {
			break
		}
		if other.From == e.From && other.Side == e.Side {
			nth++
		}
	}
	return fmt.Sprintf("%q %q %d %q", e.From.ID, e.Side, nth, e.To.ID)
}

// Events is what tasks tell the coordinator, from any goroutine.
type Events interface {
	// Acknowledged says that the task's part of checkpoint n is complete.
	Acknowledged(task int, n int64, p Part)
	// Overtaken says what waits at a sender before barrier n. It comes before the receiver's Acknowledged.
	Overtaken(n int64, c Channel, records []byte)
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
	// Overtake says not to wait for the barriers of checkpoint n any longer: what they wait behind is stored.
	Overtake(n int64)
	// Committed says that checkpoint n is durable.
	Committed(n int64)
	// Abort says that checkpoint n was given up: its snapshot need not be finished.
	Abort(n int64)
	// Stop ends the task; Events.Stopped answers.
	Stop()
}
