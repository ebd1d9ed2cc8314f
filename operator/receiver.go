package operator

// Receiver takes records and control elements, in order: an operator, an exchange or a sink. All
// calls come from the goroutine of one task.
type Receiver[T any] interface {
	// Push takes a record. *v is the receiver's to read, and to change, during the call only; who
	// keeps the value copies it. An error ends the job's attempt: the caller returns it at once.
	Push(time int64, v *T) error
	// Mark takes a control element. An operator does what it means for it, then hands it on.
	Mark(m Mark) error
}

// Operator turns records of In into records of Out. It is the contract under everything in a
// stream: built-in operators and those of other packages are equal here. Most user code is happier
// with Function and Keyed, which NewFunction and NewKeyed turn into operators.
//
// The runtime calls Open once, then Push and Mark in the order of the stream, then Close; always
// from one goroutine, and Close also after an error of any of them.
//
// An operator hands every Mark on to out, unless it makes marks of that kind itself: one that holds
// records back hands a Watermark on after the records that it held, and has nothing in flight when
// it hands on a Barrier, or has put it into state. When the last operator of a task has returned from
// a Barrier, the task's state is frozen as that checkpoint's.
type Operator[In, Out any] interface {
	Receiver[In]
	// Open gets the operator ready: its state is already restored. It may block.
	Open(c Context, out Receiver[Out]) error
	// Close gives back what Open took. It emits nothing.
	Close() error
}

// Factory makes an operator for each subtask. It is what Stream.Via takes.
type Factory[In, Out any] interface {
	// Name is what the operator is called in graphs, logs and metrics unless the user names it.
	Name() string
	// New returns a new instance. It must not share mutable state with another one.
	New() Operator[In, Out]
}

// Starter is an operator that reads restored state before the first record: in Open it is not there yet.
type Starter interface {
	// Start is called once, when every operator of the task is open and its state can be read.
	Start() error
}

// Timed is an operator that acts at a processing time: the runtime calls Tick soon after the clock
// has passed Deadline, between records.
type Timed interface {
	// Deadline returns the next time of the job's clock (Unix nanoseconds) to be called at, 0 if none.
	Deadline() int64
	// Tick does what is due at now.
	Tick(now int64) error
}

// Committer is an operator with something to do once a checkpoint is durable.
type Committer interface {
	// Committed says that checkpoint n is durable. It comes once for each durable checkpoint, in
	// order, from the task's goroutine; a checkpoint that failed is skipped.
	Committed(n int64) error
}

// Acker is an operator whose part of a checkpoint takes time: when it has handed on the Barrier, the
// runtime calls Prepare, and the checkpoint waits for done. The task goes on meanwhile.
type Acker interface {
	// Prepare starts what must be finished before checkpoint n may be called durable. done is called
	// once, from any goroutine; payload is kept in the checkpoint and comes back in Env.Payloads.
	Prepare(n int64, done func(payload []byte, err error))
}

type factory[In, Out any] struct {
	name string
	new  func() Operator[In, Out]
}

func (f factory[In, Out]) Name() string           { return f.name }
func (f factory[In, Out]) New() Operator[In, Out] { return f.new() }

// NewFactory returns a factory of what new returns.
func NewFactory[In, Out any](name string, new func() Operator[In, Out]) Factory[In, Out] {
	return factory[In, Out]{name, new}
}

// Base is embedded by operators that do nothing of their own at open, marks and close: it keeps the
// context and the output, and hands every mark on.
type Base[Out any] struct {
	Context Context
	Out     Receiver[Out]
}

// Open keeps the context and the output.
func (b *Base[Out]) Open(c Context, out Receiver[Out]) error {
	b.Context, b.Out = c, out
	return nil
}

// Mark hands the mark on.
func (b *Base[Out]) Mark(m Mark) error { return b.Out.Mark(m) }

// Close does nothing.
func (b *Base[Out]) Close() error { return nil }
