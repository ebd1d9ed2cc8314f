package operator

// Guarantee is what a sink promises about each record after failures and restarts.
type Guarantee uint8

const (
	// AtLeastOnce: every record arrives; after a restart some arrive again.
	AtLeastOnce Guarantee = iota
	// Idempotent: records that arrive again change nothing, since they have a key.
	Idempotent
	// ExactlyOnce: every record takes effect once: two-phase, or with a commit token in the target's own transaction.
	ExactlyOnce
)

var guaranteeNames = [...]string{"at-least-once", "idempotent", "exactly-once"}

// String names the guarantee.
func (g Guarantee) String() string { return guaranteeNames[g] }

// Sink is where records go. A Sink is a description: it may be used by several subtasks.
type Sink[T any] interface {
	// Name is what the sink is called in graphs, logs and metrics unless the user names it.
	Name() string
	// Validate reports every fault of the description, joined, before anything starts.
	Validate() error
	// Guarantee says what the sink promises.
	Guarantee() Guarantee
	// Writer opens the writer of one subtask. It may block.
	Writer(c Context) (Writer[T], error)
}

// Writer writes the records of one subtask. Write, Flush, Prepare and Commit come from the task's
// goroutine, in the order of the stream, and must not block for long: a writer that talks to
// the outside does so in the background and blocks in Write only when it is too far ahead.
//
// At a barrier Prepare is called; Writes that follow belong to the next checkpoint. Once the
// checkpoint is durable Commit is called, in order. A checkpoint can fail: it gets no Commit, and what was prepared
// for it belongs to the next one that is durable. So the payload of Prepare names everything that is not committed
// yet, and Commit n commits all up to n. After a restart, before the first Write, the
// payloads of the restored checkpoint are in Env.Payloads (those of several writers after a change of
// parallelism): a two-phase writer commits them again, and aborts what later checkpoints left.
type Writer[T any] interface {
	// Write takes a record; *v is valid during the call.
	Write(time int64, v *T) error
	// Flush says that nothing more is to be expected for the moment: send what is buffered, do not wait.
	Flush() error
	// Prepare starts to make everything written so far durable (at least once) or ready to commit
	// (exactly once). done is called once, from any goroutine.
	Prepare(checkpoint int64, done func(payload []byte, err error))
	// Commit says that the checkpoint is durable.
	Commit(checkpoint int64) error
	// Close ends the writer and waits for its goroutines; what was not prepared is dropped.
	Close() error
}
